"""Who did what, when and why, and which data that changed: read from the histories alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias, TypedDict

import wire
from starter import runs
from starter.executions import replays
from starter.executions.status import seconds
from starter.runs import Event, attributes
from swf_client import SwfClient
from wire import Json

CLOSED_BY = {
    "WorkflowExecutionCancelRequested": "CANCEL",
    "WorkflowExecutionTerminated": "TERMINATE",
}
"""What people do through SWF itself, which is no signal."""


class Entry(TypedDict):
    """One thing that somebody did to an execution."""

    at: float
    """Seconds since 1970."""
    run_id: str
    event_id: int
    what: str
    """The signal's name; `CANCEL`, `TERMINATE`."""
    step: str | None
    actor: str | None
    """None where SWF does not say it."""
    reason: str | None
    request_id: str | None
    outcome: str
    """`done`, `waiting`, `refused`; `recorded` where no decider answers."""
    why: str | None
    changes: list[dict[str, Json]]
    """Data `before` and `after`, of the `what` (input or result) at a `path`."""


def audit(client: SwfClient, workflow_id: str, run_id: str) -> list[Entry]:
    """Everything that operators did to the chain of runs that holds `run_id`, oldest first."""
    members = runs.chain(client, workflow_id, run_id)
    histories = ((member, replays.events_of(client, workflow_id, member)) for member in members)
    return of_runs(client, workflow_id, histories)


def of_runs(
    client: SwfClient, workflow_id: str, histories: Iterable[tuple[str, list[Event]]]
) -> list[Entry]:
    """The same of runs that were read already: run id and events of each, oldest run first."""
    entries: list[Entry] = []
    edits: list[Edit] = []
    for member, events in histories:
        entries += _of_run(client, workflow_id, member, events, edits)
    for run, fields in edits:  # told before the answer of the same run, or in a later run
        asked = [entry for entry in entries if entry["request_id"] == fields["request_id"]]
        for entry in [entry for entry in asked if entry["run_id"] == run][:1] or asked[-1:]:
            entry["changes"].append({k: v for k, v in fields.items() if k != "request_id"})
    return entries


Edit: TypeAlias = tuple[str, dict[str, Json]]
"""In which run data was edited, and the fact that tells of it."""


def _of_run(
    client: SwfClient, workflow_id: str, run_id: str, events: list[Event], edits: list[Edit]
) -> list[Entry]:
    """What was done to one run; what changed by it goes into `edits`."""
    definition = replays.definition_of(attributes(events[0])["workflowType"])
    if definition is None:
        return asked(events, run_id)
    execution = replays.begun(client, definition, workflow_id, run_id)
    execution.apply(events)
    by_id = {event["eventId"]: event for event in events}
    facts = execution.facts()
    edits += [(run_id, fact.fields) for fact in facts if fact.kind == "edited"]
    signals = [fact for fact in facts if fact.kind == "signal"]
    entries = [_entry(fact.fields, by_id[fact.event_id], run_id) for fact in signals]
    entries += [_by_swf(event, run_id) for event in events if event["eventType"] in CLOSED_BY]
    return sorted(entries, key=lambda entry: entry["event_id"])


def _entry(fields: dict[str, Json], event: Event, run_id: str) -> Entry:
    return Entry(
        at=seconds(event["eventTimestamp"]) or 0.0,
        run_id=run_id,
        event_id=event["eventId"],
        what=fields["signal"],
        step=fields.get("step_name"),
        actor=fields.get("actor"),
        reason=fields.get("reason"),
        request_id=fields.get("request_id"),
        outcome=fields["outcome"],
        why=fields.get("why") or None,
        changes=[],
    )


def _by_swf(event: Event, run_id: str) -> Entry:
    facts = attributes(event)
    fields = {
        "signal": CLOSED_BY[event["eventType"]],
        "reason": facts.get("reason"),
        "actor": facts.get("cause"),
        "outcome": "recorded",
    }
    return _entry(fields, event, run_id)


def asked(events: list[Event], run_id: str) -> list[Entry]:
    """What was asked of a run that cannot be told further: signals as they were sent."""
    entries = [_by_swf(event, run_id) for event in events if event["eventType"] in CLOSED_BY]
    signaled = [event for event in events if event["eventType"] == "WorkflowExecutionSignaled"]
    entries += [_unanswered(event, run_id) for event in signaled]
    return sorted(entries, key=lambda entry: entry["event_id"])


def _unanswered(event: Event, run_id: str) -> Entry:
    facts: Any = attributes(event)
    payload = wire.loads(facts.get("input"))
    fields = payload if isinstance(payload, dict) else {}
    names = ("step_name", "actor", "reason", "request_id")
    told = {name: fields.get(name) for name in names}
    return _entry({**told, "signal": facts["signalName"], "outcome": "recorded"}, event, run_id)
