"""Load: ten times what can be done, many waiting executions, and hours of the same."""
