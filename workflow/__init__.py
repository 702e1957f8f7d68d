"""The pure core: what has happened goes in, what to do next comes out.

No sockets, clocks, files, threads, randomness or logging: the same history gives the same
decisions on every machine and at every replay.
"""

from workflow.definition import (
    Definition,
    Rollback,
    Task,
    definition_from_json,
    definition_to_json,
    process,
    step,
)
from workflow.execution import Execution
from workflow.machine import Fact
from workflow.policy import Policy

__all__ = [
    "Definition",
    "Execution",
    "Fact",
    "Policy",
    "Rollback",
    "Task",
    "definition_from_json",
    "definition_to_json",
    "process",
    "step",
]
