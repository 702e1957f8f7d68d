"""Many executions: lists, searches, counts, and how the engine as a whole is doing."""
