"""Where an execution stands: SWF's own facts and the context that deciders leave.

All times are seconds since 1970; every value is JSON.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import datetime
from typing import Any, TypedDict, cast

import wire
from errors import UnknownExecutionError
from starter.clock import written
from starter.runs import CLOSINGS, Event, Info, attributes, last_event, origin, origin_of, unknown
from swf_client import SwfClient
from wire import Json

CONTEXT = (
    "visit",
    "attempt",
    "next_retry_at",
    "waits_until",
    "last_error",
    "blocked",
    "progress",
    "places",
    "waits_for",
    "failed",
)
"""What a status takes from the execution context under the same names."""


class Summary(TypedDict):
    """One line of a list of executions."""

    workflow_id: str
    run_id: str
    type: str
    version: str
    state: str
    """`OPEN`, or the close status of SWF (`COMPLETED`, `FAILED`, ...)."""
    tags: list[str]
    started_at: float
    closed_at: float | None
    cancel_requested: bool


class Status(Summary):
    """Where one execution stands.  `state` tells more than in a summary: `RETRYING`, say."""

    step: str | None
    """Path of the step in hand, or of the last one."""
    visit: int | None
    attempt: int | None
    next_retry_at: float | None
    """When the waiting retry goes out; None when none waits."""
    waits_until: float | None
    """When a step that only waits (for a time, a signal) goes on by itself."""
    last_error: str | None
    """Why the last attempt of the step in hand failed; None when none did."""
    blocked: str | None
    """Why deciders cannot go on, when they cannot."""
    progress: dict[str, int] | None
    """Steps `done` `of` all."""
    places: list[str] | None
    """Paths of the steps in hand, where there are several; 20 at most."""
    waits_for: list[dict[str, Json]] | None
    """What steps wait for: `signal` or (task) `token`, `path`, `until` (seconds since 1970, or
    None)."""
    failed: list[dict[str, Json]] | None
    """Steps that failed and wait for an operator: `path`, `error`."""
    previous_run_id: str | None
    """The run that this one continues."""
    next_run_id: str | None
    """The run that continues this one, where SWF continued it as new."""
    reason: str | None
    """Why it failed, was terminated or timed out."""
    error: str | None
    """Of a failed execution in States Language: the error's name, if it has one."""
    cause: str | None
    details: Json
    result: Json
    """What a completed execution gave back; in States Language, its output."""


local_time = written  # by the name that others call it

STATUS_MEMBERS = (*Summary.__annotations__, *Status.__annotations__)


def summary(info: Info) -> Summary:
    """A line of a list from an `executionInfo`."""
    return Summary(
        workflow_id=info["execution"]["workflowId"],
        run_id=info["execution"]["runId"],
        type=info["workflowType"]["name"],
        version=info["workflowType"]["version"],
        state=info.get("closeStatus") or info["executionStatus"],
        tags=list(info.get("tagList") or ()),
        started_at=seconds(info["startTimestamp"]) or 0.0,
        closed_at=seconds(info.get("closeTimestamp")),
        cancel_requested=bool(info.get("cancelRequested")),
    )


def status(client: SwfClient, workflow_id: str, run_id: str) -> Status:
    """Where that run stands: three calls at most, whatever the length of its history."""
    try:
        description = client.describe(workflow_id, run_id)
    except UnknownExecutionError:
        raise unknown(client, workflow_id, run_id) from None
    facts = summary(description["executionInfo"])
    closed = facts["state"] in CLOSINGS.values()
    found: dict[str, Json] = {
        **dict.fromkeys(STATUS_MEMBERS),
        **facts,
        **_of_context(description.get("latestExecutionContext")),
        "previous_run_id": origin(client, workflow_id, run_id).previous_run_id,
    }
    if closed:
        found |= outcome(client.decode_event(last_event(client, workflow_id, run_id)))
    elif found["state"] == "OPEN":
        found["state"] = "RUNNING"  # no decider has said anything yet
    return cast("Status", found)


def told_by(first: Event, workflow_id: str, run_id: str) -> Status:
    """Where a run stands after its first event, whose envelope is readable; no call is made."""
    facts = attributes(first)
    summed = Summary(
        workflow_id=workflow_id,
        run_id=run_id,
        type=facts["workflowType"]["name"],
        version=facts["workflowType"]["version"],
        state="RUNNING",
        tags=list(facts.get("tagList") or ()),
        started_at=seconds(first["eventTimestamp"]) or 0.0,
        closed_at=None,
        cancel_requested=False,
    )
    previous = origin_of(first, run_id).previous_run_id
    empty = dict.fromkeys(STATUS_MEMBERS)
    return cast("Status", {**empty, **summed, "previous_run_id": previous})


def advanced(client: SwfClient, known: Status, newest_first: Iterable[Event]) -> Status:
    """`known` brought up to date with the events that came after it."""
    context: str | None = None
    ending: dict[str, Json] = {}
    asked: dict[str, Json] = {}
    for event in newest_first:
        if event["eventType"] == "WorkflowExecutionCancelRequested":
            asked = {"cancel_requested": True}
        telling = event["eventType"] in CLOSINGS or not context
        if event["eventType"] in _TELLING and telling:
            decoded = client.decode_event(event)
            ending = ending or outcome(decoded)
            context = context or attributes(decoded).get("executionContext")
    return cast("Status", {**known, **asked, **_of_context(context), **ending})


_TELLING = frozenset({*CLOSINGS, "DecisionTaskCompleted"})


def outcome(last: Event) -> dict[str, Json]:
    """What a decoded closing event says of a status; nothing for another event."""
    if last["eventType"] not in CLOSINGS:
        return {}
    facts = attributes(last)
    details = wire.loads(facts.get("details"))
    return {
        "state": CLOSINGS[last["eventType"]],
        "closed_at": seconds(last["eventTimestamp"]),
        "reason": facts.get("reason") or facts.get("cause") or _timeout(facts),
        "details": details,
        **_error_output(last["eventType"], details),
        "result": wire.loads(facts.get("result")),
        "next_run_id": facts.get("newExecutionRunId"),
        "next_retry_at": None,
        "waits_until": None,
        "blocked": None,
        "waits_for": None,
        "failed": None,
        "places": None,
    }


def _error_output(event_type: str, details: Json) -> dict[str, Json]:
    """Error and cause of an execution in States Language, which may have timed out of itself."""
    if event_type != "WorkflowExecutionFailed" or not isinstance(details, dict):
        return {}
    told: dict[str, Json] = {"error": details.get("Error"), "cause": details.get("Cause")}
    return told | ({"state": "TIMED_OUT"} if details.get("TimedOut") else {})


def line(found: Status) -> str:
    """One line for people: the time, state, step, attempt, retry, progress, reason."""
    parts = [written(time.time()), found["workflow_id"], found["state"]]
    if found["step"] and found["closed_at"] is None:
        parts.append(f"{found['step']} (attempt {found['attempt'] or 1})")
    if found["next_retry_at"]:
        parts.append(f"next retry {written(found['next_retry_at'])}")
    if found["waits_until"]:
        parts.append(f"waits until {written(found['waits_until'])}")
    if found["progress"]:
        parts.append(f"{found['progress']['done']} of {found['progress']['of']} steps")
    parts.extend(str(found[name]) for name in ("blocked", "reason") if found[name])
    return "  ".join(parts)


def seconds(moment: datetime | float | None) -> float | None:
    """Seconds since 1970, to the millisecond, as SWF keeps them."""
    if isinstance(moment, datetime):
        return round(moment.timestamp(), 3)
    return moment


def _timeout(facts: dict[str, Any]) -> str | None:
    kind = facts.get("timeoutType")
    return f"timed out: {kind}" if kind else None


def _of_context(text: str | None) -> dict[str, Json]:
    """What an execution context says; nothing where there is none or it is not ours."""
    context = wire.loads(text)
    if not isinstance(context, dict):
        return {}
    named = {name: context.get(name) for name in CONTEXT}
    state = context.get("state")
    return {**named, "step": context.get("path"), **({"state": state} if state else {})}
