"""What `WorkflowStarter` is made of: checks, runs, history, status, resuming, batches.

Every function takes a `SwfClient` and plain values; nothing here prints or reads settings.
"""
