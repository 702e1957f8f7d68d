"""States Language: its documents read into the graph, and how data go through its states.

A state's fields are compiled once (`fields`); `documents` is the flow of data that the core asks
for them.  Documents are taken to be valid: `asl.validate` says what is wrong with one.
"""
