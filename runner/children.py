"""Children: run in-process by their definition, or played by a given outcome."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from errors import DefinitionError
from runner.history import History
from runner.outcomes import Completed, Failed, Outcome, Task
from wire import Json, dumps, loads

if TYPE_CHECKING:
    from runner.engine import Run

REPORT_TO_PARENT, CHILD_CLOSED = "REPORT_TO_PARENT", "CHILD_CLOSED"


def start(run: Run, history: History, initiated: int, block: Mapping[str, Any]) -> None:
    """Start a child, unless its parent's run has closed meanwhile."""
    if run.history is not history or history.closed:
        return
    engine, kind = run.engine, block["workflowType"]
    definition = engine.definitions(kind["name"], kind["version"])
    control = loads(block["control"])
    task = Task(
        activity=kind["name"],
        path=control["path"],
        visit=control["visit"],
        attempt=control["attempt"],
        undo=False,
        process=run.definition.name,
        text=block["input"],
        child=definition,
        is_child=True,
    )
    outcome = engine.worker(task)
    run.hear("ChildWorkflowExecutionStarted", {"initiatedEventId": initiated})
    if outcome is not None:
        engine.runs[block["workflowId"]] = Played(run, initiated, block, outcome)
    elif definition is None:
        raise DefinitionError(
            f"step {task.path} starts {kind['name']}@{kind['version']}, "
            "of which no definition is here"
        )
    else:
        engine.begin_child(run, initiated, definition, block)


class Played:
    """A child of which only the outcome is given."""

    def __init__(
        self, parent: Run, initiated: int, block: Mapping[str, Any], outcome: Outcome
    ) -> None:
        self.workflow_id: str = block["workflowId"]
        self.closed = ""
        self.histories: list[History] = []
        self._parent, self._history = parent, parent.history
        self._initiated = initiated
        self._outcome = outcome
        self._reports = False
        limit = block.get("executionStartToCloseTimeout")
        usual = float(limit) if limit not in (None, "NONE") else 0.0
        after = usual if outcome.after is None else outcome.after
        parent.engine.after(after, lambda: self._close(*_ending(outcome)))

    def hear(self, event_type: str, attributes: Mapping[str, Json]) -> None:
        """Take a request to stop, or the one to report to a parent that goes on in another run."""
        if event_type == "WorkflowExecutionCancelRequested" and self._outcome.stops:
            self._close("Canceled", {})
        elif attributes.get("signalName") == REPORT_TO_PARENT:
            self._reports = True

    def _close(self, how: str, told: Mapping[str, Json]) -> None:
        if self.closed:
            return
        self.closed = how.upper()
        parent = self._parent
        if parent.history is self._history:
            kind = f"ChildWorkflowExecution{how}"
            parent.hear(kind, {**told, "initiatedEventId": self._initiated})
        elif self._reports:
            _, entry, attempt = self.workflow_id.rsplit(".", 2)
            payload = {"work": f"s{entry}", "attempt": int(attempt), "status": self.closed}
            result = loads(told.get("result"))
            text = dumps({**payload, "result": result, "reason": told.get("reason", how)})
            parent.hear("WorkflowExecutionSignaled", {"signalName": CHILD_CLOSED, "input": text})


def _ending(outcome: Outcome) -> tuple[str, dict[str, Json]]:
    if isinstance(outcome, Completed):
        return "Completed", {"result": dumps(outcome.result)}
    if isinstance(outcome, Failed):
        return "Failed", {"reason": outcome.reason, "details": outcome.details}
    return "TimedOut", {"timeoutType": "START_TO_CLOSE"}
