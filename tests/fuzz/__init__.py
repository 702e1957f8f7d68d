"""Whatever comes from outside, made up: a clear error, no traceback, no half-done work."""
