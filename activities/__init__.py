"""The business functions of the process, and what they need.

Nothing here knows SWF: a worker (or a test, or a runner in-process) hands in the input and
enters a `TaskContext`.
"""

from activities.context import TaskContext, current_task
from activities.effects import effect_table, write
from activities.registry import ACTIVITIES, Activity

__all__ = [
    "ACTIVITIES",
    "Activity",
    "TaskContext",
    "current_task",
    "effect_table",
    "write",
]
