"""Events, descriptions and statuses as the starter's tests need them."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, cast

from starter.executions.status import Status
from starter.runs import Event, Info

MOMENT = datetime.fromtimestamp(1_000.5, timezone.utc)


def info(**members: Any) -> Info:
    """An `executionInfo`, of an open run unless said otherwise."""
    return {
        "execution": {"workflowId": "w-1", "runId": "r-1"},
        "workflowType": {"name": "BusinessProcess", "version": "1.0"},
        "startTimestamp": MOMENT,
        "executionStatus": "OPEN",
        "cancelRequested": False,
        **members,
    }


def event(kind: str, event_id: int = 1, **facts: Any) -> Event:
    """One event in SWF's own shape."""
    member = f"{kind[0].lower()}{kind[1:]}EventAttributes"
    return {"eventId": event_id, "eventTimestamp": MOMENT, "eventType": kind, member: facts}


def started(text: str, **facts: Any) -> Event:
    """The first event of a run whose input is `text`."""
    return event("WorkflowExecutionStarted", input=text, **facts)


def closing(how: str, **facts: Any) -> Event:
    """The event that closes a run: `closing("Failed", reason=...)`."""
    return event(f"WorkflowExecution{how}", 9, **facts)


def status(**members: Any) -> Status:
    """A status of an open execution, with what is given over it."""
    found = {
        "workflow_id": "w-1",
        "run_id": "r-1",
        "type": "BusinessProcess",
        "version": "1.0",
        "state": "RUNNING",
        "tags": [],
        "started_at": 1_000.5,
        "closed_at": None,
        "cancel_requested": False,
        **dict.fromkeys(
            ("step", "visit", "attempt", "next_retry_at", "last_error", "blocked", "progress",
             "waits_until", "waits_for", "failed", "places", "previous_run_id", "next_run_id",
             "reason", "error", "cause", "details", "result")
        ),
        **members,
    }  # fmt: skip
    return cast("Status", found)
