"""Activities called in this process as an activity worker calls them, for the runner."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import wire
from activities import functions, services
from activities.context import TaskContext
from activities.execution import Completed as Done
from activities.execution import Failed as Refused
from activities.execution import execute
from activities.registry import ACTIVITIES, FUNCTIONS, Activity
from config import Settings
from runner import Completed, Failed, Outcome, Script, Task
from wire import REASON_CHARACTERS, cut


@dataclass(frozen=True)
class Told(Failed):
    """A failure with the details that an activity worker would send."""

    text: str = ""

    @property
    def details(self) -> str:
        """The JSON that the core reads."""
        return self.text


class Activities:
    """The registered activities, the functions that stand for Lambda's, and AWS itself.

    What `script` says of a step comes before all of them.
    """

    def __init__(self, settings: Settings, workflow_id: str, script: Script | None = None) -> None:
        self._settings = settings
        self._workflow_id = workflow_id
        self._script = script

    def __call__(self, task: Task) -> Outcome | None:
        """How a task went; None for a child, which is run by its definition."""
        if self._script is not None and self._script.says(task):
            return self._script(task)
        if task.is_child:
            return None
        function = _function(task.activity)
        if function is None:
            why = (
                f"there is no activity {task.activity!r} in this process: register its function "
                "in activities/registry.py, or say its outcome"
            )
            error = "States.TaskFailed"
            return Failed(cut(f"{error}: {why}", REASON_CHARACTERS), error=error, cause=why)
        outcome = execute(function, task.input, self._context(task))
        if isinstance(outcome, Done):
            return Completed(wire.loads(outcome.result))
        if isinstance(outcome, Refused):
            return Told(outcome.reason, text=outcome.details)
        return Failed("ActivityCanceled: it stopped, and nobody had asked it to")

    def _context(self, task: Task) -> TaskContext:
        envelope = task.envelope
        return TaskContext(
            workflow_id=self._workflow_id,
            run_id=self._workflow_id,
            start_id=str(envelope.get("start_id", self._workflow_id)),
            path=task.path,
            visit=task.visit,
            attempt=task.attempt,
            undo=task.undo,
            activity=task.activity,
            poll=envelope.get("poll"),
            credentials=envelope.get("credentials"),
            any_json=task.any_json,
            settings=self._settings,
        )


def _function(name: str) -> Activity | None:
    if name in functions.NAMES:
        return partial(functions.invoke, {**ACTIVITIES, **FUNCTIONS})
    return ACTIVITIES.get(name) or services.find(name)
