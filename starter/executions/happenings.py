"""Events in words: what each is about, and what it says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import wire
from starter.executions.sightings import LINKS
from starter.executions.status import seconds
from starter.runs import Event, attributes
from wire import Json
from workflow.state import Visit

PREFIXES = {
    "ActivityTask": "",
    "LambdaFunction": "function ",
    "StartLambdaFunction": "function start ",
    "StartChildWorkflowExecution": "child ",
    "ChildWorkflowExecution": "child ",
    "StartTimer": "timer start ",
    "Timer": "timer ",
    "ExternalWorkflowExecution": "other ",
    "WorkflowExecution": "",
    "MarkerRecorded": "marker",
}
"""How the beginning of an event type is said; the rest is said in words."""

NAMES = ("signalName", "markerName")
REASONS = ("reason", "timeoutType", "cause")
DECISION_TASK = "DecisionTask"


@dataclass(frozen=True)
class Happening:
    """One event in words."""

    at: float
    """Seconds since 1970."""
    subject: str
    """The path of the state that it is about; empty for the execution as a whole."""
    words: str
    event_id: int = 0
    kind: str = ""
    """SWF's event type."""


def happenings(events: Iterable[Event], visits: Mapping[int, Visit]) -> Iterator[Happening]:
    """Events of one run in words, in their order."""
    subjects: dict[int, str] = {}
    undoing: set[int] = set()
    for event in events:
        kind, told = event["eventType"], attributes(event)
        if kind.startswith(DECISION_TASK):
            subject = ""
        else:
            linked = (subjects[told[link]] for link in LINKS if told.get(link) in subjects)
            subject = _subject(told, visits) or next(linked, "") or str(told.get("timerId") or "")
            subjects[event["eventId"]] = subject
        if _undoes(told) or any(told.get(link) in undoing for link in LINKS):
            undoing.add(event["eventId"])
        named = next((str(told[name]) for name in NAMES if told.get(name)), "")
        undo = "undo " if event["eventId"] in undoing else ""
        said = f"{undo}{_words(kind)} {named}".strip()
        words = ": ".join(filter(None, (said, _reason(told))))
        at = seconds(event["eventTimestamp"]) or 0.0
        yield Happening(at, subject, words, event["eventId"], kind)


def _subject(told: dict[str, Json], visits: Mapping[int, Visit]) -> str:
    control = wire.loads(told.get("control"))
    if isinstance(control, dict) and (control.get("path") or control.get("work")):
        work = str(control.get("work") or "")[1:]
        visit = visits.get(int(work)) if work.isdecimal() else None
        return str(control.get("path") or (visit and visit.path) or "")
    if told.get("markerName"):
        details = wire.loads(told.get("details"))
        step = details.get("step") if isinstance(details, dict) else None
        return step if isinstance(step, str) else ""
    kind = told.get("activityType") or {}
    return str(kind.get("name") or "")


def _undoes(told: dict[str, Json]) -> bool:
    """Whether an activity or function is scheduled to undo its subject."""
    control = wire.loads(told.get("control"))
    return isinstance(control, dict) and bool(control.get("undo"))


def _reason(told: dict[str, Json]) -> str:
    found = next((str(told[name]) for name in REASONS if told.get(name)), "")
    seconds_told = told.get("startToFireTimeout")
    return found or (f"{seconds_told} s" if seconds_told else "")


def _words(kind: str) -> str:
    prefix = next((prefix for prefix in PREFIXES if kind.startswith(prefix)), "")
    rest = kind.removeprefix(prefix)
    split = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in rest)
    return PREFIXES.get(prefix, "") + split.strip()
