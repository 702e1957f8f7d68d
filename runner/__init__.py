"""Running a definition in-process: activities called directly, on a real or a virtual clock.

The same pure core decides as on SWF; `Engine` gives it the events that SWF would write.  Nothing
is kept: for simulations, for tests of users' own processes, and for work that need not be durable.

    from runner import execute
    ended = execute(definition, {"order_id": "1"}, {"Greet": lambda order: {"said": "hello"}})

`express` is the same as Step Functions tells it: status, output, error and cause.
`runner.testing` is for users' tests, `runner.simulation` for asking what would happen.
"""

from runner.clock import RealClock, VirtualClock
from runner.engine import Engine, Run, execute
from runner.express import express
from runner.outcomes import Completed, Ended, Failed, Outcome, Task, TimedOut
from runner.workers import Functions, Script

__all__ = [
    "Completed",
    "Ended",
    "Engine",
    "Failed",
    "Functions",
    "Outcome",
    "RealClock",
    "Run",
    "Script",
    "Task",
    "TimedOut",
    "VirtualClock",
    "execute",
    "express",
]
