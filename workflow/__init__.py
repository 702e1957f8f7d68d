"""The pure core: what has happened goes in, what to do next comes out.

No sockets, clocks, files, threads, randomness or logging: the same history gives the same
decisions on every machine and at every replay.
"""

from workflow.builder import (
    Retry,
    child,
    choice,
    fail,
    map_items,
    parallel,
    process,
    step,
    wait,
    wait_for_signal,
    where,
)
from workflow.definition import (
    Definition,
    Rollback,
    definition_from_json,
    definition_to_json,
)
from workflow.execution import Execution
from workflow.graph import Task
from workflow.machine import Fact
from workflow.policy import Policy

__all__ = [
    "Definition",
    "Execution",
    "Fact",
    "Policy",
    "Retry",
    "Rollback",
    "Task",
    "child",
    "choice",
    "definition_from_json",
    "definition_to_json",
    "fail",
    "map_items",
    "parallel",
    "process",
    "step",
    "wait",
    "wait_for_signal",
    "where",
]
