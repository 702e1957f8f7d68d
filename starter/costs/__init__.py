"""What executions cost, and how near they come to SWF's limits."""
