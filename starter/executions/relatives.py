"""Which executions an execution is related to: its parent, its children, other runs of its id."""

from __future__ import annotations

from itertools import islice
from typing import TypedDict

from starter import runs
from starter.executions.readings import Reading
from starter.executions.status import Summary, summary
from starter.runs import attributes
from swf_client import SwfClient

OTHER_RUNS = 20  # of a workflow id that are listed
CHILDREN = 500  # of one run that are listed

ENDS = {
    "ChildWorkflowExecutionStarted": "OPEN",
    "ChildWorkflowExecutionCompleted": "COMPLETED",
    "ChildWorkflowExecutionFailed": "FAILED",
    "ChildWorkflowExecutionTimedOut": "TIMED_OUT",
    "ChildWorkflowExecutionCanceled": "CANCELED",
    "ChildWorkflowExecutionTerminated": "TERMINATED",
}


class Relative(TypedDict):
    """An execution that began or was begun by another."""

    workflow_id: str
    run_id: str
    type: str
    version: str
    state: str
    """`OPEN` or its close status, as far as the other one was told."""
    step: str
    """The path of the state that it does the work of."""


def parent(reading: Reading) -> dict[str, str] | None:
    """`workflow_id` and `run_id` of the execution that began this one."""
    found = runs.origin_of(reading.events[0], reading.run_id).parent
    return found and {"workflow_id": found["workflowId"], "run_id": found["runId"]}


def children(reading: Reading) -> list[Relative]:
    """The executions that this run began, in their order."""
    found: dict[str, Relative] = {}
    subjects = {item.event_id: item.subject for item in reading.happenings()}
    for event in reading.events:
        state = ENDS.get(event["eventType"])
        if state is None:
            continue
        told = attributes(event)
        ids, kind = told["workflowExecution"], told["workflowType"]
        found[ids["runId"]] = Relative(
            workflow_id=ids["workflowId"],
            run_id=ids["runId"],
            type=kind["name"],
            version=kind["version"],
            state=state,
            step=subjects.get(event["eventId"], ""),
        )
    return list(islice(found.values(), CHILDREN))


def other_runs(client: SwfClient, workflow_id: str) -> list[Summary]:
    """The runs of a workflow id, newest first: earlier and later ones of the same execution."""
    open_ones = client.open_executions(workflow_id=workflow_id)
    closed = client.closed_executions(workflow_id=workflow_id)
    found = [*open_ones, *islice(closed, OTHER_RUNS)]
    return [summary(info) for info in found]
