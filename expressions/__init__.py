"""The expressions of States Language: paths, intrinsic functions, templates, conditions, JSONata.

Pure and deterministic: the same text on the same values gives the same result, or the same
error, on every machine.  Time and chance come in through a `Scope`.  What an evaluation may cost
is counted in steps and bytes, never in seconds.
"""
