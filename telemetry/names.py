"""The metrics: names, units, what they count.  Those of Step Functions have its names.

Attributes: `process` and `version` (of executions, steps, retries, rollbacks), `step` (indexes of
items and branches left out), `outcome`, `kind` (`activity`, `decision`), `operation`.
"""

from __future__ import annotations

COUNTERS = {
    "ExecutionsStarted": "Executions that a decider saw begin; runs that continue one are not new.",
    "ExecutionsSucceeded": "Executions that completed.",
    "ExecutionsFailed": "Executions that failed, by a decision.",
    "ExecutionsAborted": "Executions that were canceled.",
    "ExecutionsTimedOut": "Executions whose own time limit was over, by a decision.",
    "process.attempts": "Attempts that ended, by step and outcome.",
    "process.retries": "Attempts after the first, by step.",
    "process.rollbacks": "Rollbacks that began.",
    "process.cache.lookups": "Looks of deciders into their memory, by found (true, false).",
    "swf.calls": "Calls of SWF, polls too, by operation and outcome.",
    "swf.throttles": "Calls that SWF refused for its rates, by operation.",
}

IN_MILLISECONDS = {"ExecutionTime": "From the start of an execution to its end."}

IN_SECONDS = {
    "process.step.duration": "From the first attempt's scheduling to the step's end.",
    "process.attempt.duration": "From an attempt's start to its end.",
    "process.queue.age": "From scheduled to started, by kind.",
    "process.decision.duration": "From a decision task's arrival to the accepted answer.",
    "swf.call.duration": "Calls of SWF without polls, by operation.",
}

OPEN = "OpenExecutionCount"
OPEN_TOLD = "Executions that are open in the domain, as SWF counts them, at most once a minute."

LAG = "process.loop.lag"
LAG_TOLD = "How late an event loop was within the last ten seconds, at most."

SLOTS = "process.poller.slots"
SLOTS_TOLD = "Threads of a worker by state: busy, polling, idle."

SECONDS = (
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 3600, 86_400,
)  # fmt: skip
"""Bounds of the buckets: from a local call to a day."""
