"""Finding runs: the newest of a workflow id, and the chain that a run belongs to.

A chain is what began with one start: the runs that continued as new, and those that an
operator made by resuming a closed one.  All of them carry the same start id.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias, TypedDict

import wire
from errors import UnknownExecutionError
from swf.events import attributes
from swf_client import SwfClient
from wire import Json

__all__ = ["attributes"]  # beside what is defined here

Event: TypeAlias = dict[str, Any]
"""One history event in SWF's own shape."""

Info: TypeAlias = dict[str, Any]
"""One `executionInfo` in SWF's own shape."""


class Started(TypedDict):
    """The two ids that name a run."""

    workflow_id: str
    run_id: str


CLOSINGS = {
    "WorkflowExecutionCompleted": "COMPLETED",
    "WorkflowExecutionFailed": "FAILED",
    "WorkflowExecutionCanceled": "CANCELED",
    "WorkflowExecutionTerminated": "TERMINATED",
    "WorkflowExecutionTimedOut": "TIMED_OUT",
    "WorkflowExecutionContinuedAsNew": "CONTINUED_AS_NEW",
}
"""The event that closes a run, and SWF's close status for it."""


@dataclass(frozen=True)
class Origin:
    """What the first event of a run says about where it comes from."""

    start_id: str
    previous_run_id: str | None
    parent: Json
    """`{"workflowId", "runId"}` of the parent execution, or None."""
    resume: dict[str, Json]
    """Who resumed a closed run and how; empty for other runs."""


def run_id_of(info: Info) -> str:
    """The run id in an `executionInfo`."""
    return str(info["execution"]["runId"])


def open_run(client: SwfClient, workflow_id: str) -> Info | None:
    """The open run of a workflow id; SWF allows one at most."""
    return next(client.open_executions(workflow_id=workflow_id), None)


def newest_run(client: SwfClient, workflow_id: str) -> str:
    """Run id of the open run, else of the one that closed last."""
    found = open_run(client, workflow_id)
    if found is None:
        found = next(client.closed_executions(workflow_id=workflow_id), None)
    if found is None:
        raise unknown(client, workflow_id)
    return run_id_of(found)


def unknown(client: SwfClient, workflow_id: str, run_id: str = "") -> UnknownExecutionError:
    """The error for an execution that the engine does not know."""
    which = f"run {run_id} of workflow {workflow_id}" if run_id else f"workflow {workflow_id}"
    return UnknownExecutionError(
        f"no {which} in domain {client.domain}: check the id with 'workflow_starter.py list'; "
        "closed runs are kept only as long as the domain's retention says",
        workflow_id,
        run_id,
    )


def last_event(client: SwfClient, workflow_id: str, run_id: str) -> Event:
    """The newest event of a run; for a closed run it is the closing one."""
    return next(client.history(workflow_id, run_id, reverse=True, page_size=1))


def origin(client: SwfClient, workflow_id: str, run_id: str) -> Origin:
    """Where a run comes from, read from its first event."""
    return origin_of(client.first_event(workflow_id, run_id), run_id)


def origin_of(first: Event, run_id: str) -> Origin:
    """Where a run comes from; `first` is its WorkflowExecutionStarted, the envelope readable."""
    facts = attributes(first)
    _, envelope = wire.unwrap_start(wire.loads(facts.get("input")))
    return Origin(
        start_id=str(envelope.get("start_id") or run_id),
        previous_run_id=envelope.get("previous_run_id") or facts.get("continuedExecutionRunId"),
        parent=facts.get("parentWorkflowExecution"),
        resume=envelope.get("resume") or {},
    )


def chain(client: SwfClient, workflow_id: str, run_id: str) -> list[str]:
    """Run ids of the whole chain that holds `run_id`, oldest first.

    Links lead backwards only, so that the newer runs are found among those of the same
    workflow id.  Runs that retention has removed are left out.
    """
    own = origin(client, workflow_id, run_id)
    found: list[tuple[float, str]] = []
    for info in runs_of(client, workflow_id):
        candidate = run_id_of(info)
        if candidate == run_id or _start_id(client, workflow_id, candidate) == own.start_id:
            found.append((info["startTimestamp"].timestamp(), candidate))
    return [candidate for _, candidate in sorted(found)] or [run_id]


def runs_of(client: SwfClient, workflow_id: str) -> list[Info]:
    """Every run of a workflow id that the engine still knows, newest first."""
    running = open_run(client, workflow_id)
    closed = list(client.closed_executions(workflow_id=workflow_id))
    return closed if running is None else [running, *closed]


def _start_id(client: SwfClient, workflow_id: str, run_id: str) -> str | None:
    try:
        return origin(client, workflow_id, run_id).start_id
    except UnknownExecutionError:
        return None  # removed by retention while we looked
