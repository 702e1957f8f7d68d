"""The attempts at one state: what each was given, what it gave back, and when."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import wire
from starter.executions.readings import Reading
from starter.executions.sightings import LINKS, OPENINGS, error_of
from starter.executions.status import seconds
from starter.runs import Event, attributes
from wire import Json
from workflow import places

GIVES = ("result", "details")
"""Members that tell what came of an attempt."""


@dataclass
class Attempt:
    """One attempt at a state or at its undoing.  Times are seconds since 1970."""

    path: str
    visit: int | None
    number: int
    undo: bool
    what: str
    """The activity, function or child that was asked."""
    scheduled: float
    started: float | None = None
    ended: float | None = None
    outcome: str = ""
    """The word of the event that ended it (`Completed`, `Failed`, ...); empty while it runs."""
    identity: str = ""
    """Which worker took it."""
    input: Json = None
    result: Json = None
    """What it gave back; of a failure, its details."""
    error: str = ""
    reason: str = ""
    child: dict[str, str] | None = None
    """`workflow_id` and `run_id` of the execution that it was, of a child."""
    event_ids: list[int] = field(default_factory=list)


def attempts(reading: Reading, name: str) -> list[Attempt]:
    """The attempts at the state of that name in a run, oldest first; of all items of a map."""
    found: list[Attempt] = []
    opened: dict[int, Attempt] = {}
    for event in reading.events:
        told = attributes(event)
        if event["eventType"] in OPENINGS:
            made = _opened(reading, event, name)
            if made is not None:
                found.append(made)
                opened[event["eventId"]] = made
            continue
        link = next((told[link] for link in LINKS if told.get(link) in opened), None)
        if link is not None:
            _take(reading, opened[link], event)
            opened[event["eventId"]] = opened[link]
    return found


def _opened(reading: Reading, event: Event, name: str) -> Attempt | None:
    told = attributes(event)
    control = wire.loads(told.get("control"))
    if not isinstance(control, dict) or places.name_of(str(control.get("path") or "")) != name:
        return None
    kind: Any = told.get("activityType") or told.get("workflowType") or {}
    return Attempt(
        path=str(control["path"]),
        visit=control.get("visit"),
        number=int(control.get("attempt") or 1),
        undo=bool(control.get("undo")),
        what=str(kind.get("name") or told.get("name") or ""),
        scheduled=seconds(event["eventTimestamp"]) or 0.0,
        input=_given(reading, event),
        event_ids=[event["eventId"]],
    )


def _given(reading: Reading, event: Event) -> Json:
    """What an attempt got, as its function sees it."""
    decoded = attributes(reading.client.decode_event(event))
    value = wire.loads(decoded.get("input"))
    if event["eventType"] == "ActivityTaskScheduled":
        return wire.activity_input(value)[0]
    return wire.unwrap_start(value)[0]


def _take(reading: Reading, attempt: Attempt, event: Event) -> None:
    kind, told = event["eventType"], attributes(event)
    attempt.event_ids.append(event["eventId"])
    at = seconds(event["eventTimestamp"]) or 0.0
    if kind.startswith("ChildWorkflowExecution"):
        ids = told["workflowExecution"]
        attempt.child = {"workflow_id": ids["workflowId"], "run_id": ids["runId"]}
    if kind.endswith("Started"):
        attempt.started, attempt.identity = at, str(told.get("identity") or "")
        return
    if kind.endswith("CancelRequested"):
        return
    decoded = attributes(reading.client.decode_event(event))
    attempt.ended = at
    attempt.outcome = next((word for word in _ENDS if kind.endswith(word)), kind)
    attempt.error, attempt.reason = error_of(kind, decoded), str(told.get("reason") or "")
    attempt.result = next((wire.loads(decoded[g]) for g in GIVES if decoded.get(g)), None)


_ENDS = ("Completed", "Failed", "TimedOut", "Canceled", "Terminated")
