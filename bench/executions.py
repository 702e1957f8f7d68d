"""Running the shapes and reading from the history how long each took."""

from __future__ import annotations

from collections import deque
from typing import Any

from bench import shapes
from bench.processes import Application
from wire import Json
from workflow import Definition
from workflow_starter import WorkflowStarter

LOOK_SECONDS = 0.1  # seldom enough that looking costs nothing


def seconds(app: Application, definition: Definition, value: Json = shapes.INPUT) -> float:
    """Run one execution; what passed between its start and its end, by the engine's clock."""
    starter = WorkflowStarter(app.settings, swf_client=app.client)
    run = starter.start_workflow(value, definition=definition)
    first, last = _ends(app, run["workflow_id"], run["run_id"])
    begun = first["eventTimestamp"]
    while last["eventType"] == "WorkflowExecutionContinuedAsNew":
        run_id = last["workflowExecutionContinuedAsNewEventAttributes"]["newExecutionRunId"]
        _, last = _ends(app, run["workflow_id"], run_id)
    if last["eventType"] != "WorkflowExecutionCompleted":
        raise RuntimeError(f"the execution ended with {last['eventType']}: {last}")
    took: float = (last["eventTimestamp"] - begun).total_seconds()
    return took


def _ends(app: Application, workflow_id: str, run_id: str) -> tuple[Any, Any]:
    follow = app.client.follow
    events = follow(
        workflow_id, run_id, shortest_interval=LOOK_SECONDS, longest_interval=LOOK_SECONDS
    )
    first = next(events)
    return first, deque(events, maxlen=1)[-1]
