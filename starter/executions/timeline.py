"""When each visit was worked on and when it waited: what a Gantt chart shows.

Times are seconds since 1970.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import wire
from starter.executions.sightings import LINKS, OPENINGS, error_of
from starter.runs import Event, attributes
from wire import Json
from workflow import Execution
from workflow.graph import Map, Parallel
from workflow.history import seconds
from workflow.state import Outcome, State, Visit

QUEUED, WORK, RETRY, WAIT, AROUND = "queued", "work", "retry", "wait", "around"
"""Kinds of segments: until somebody takes it, at work, before the next attempt, a wait of the
process; and a composite state as a whole."""

TRANSACTION = "t"
"""How the activity id of a rollback's record begins: it belongs to no visit."""

ENDS = {
    "Completed": "succeeded",
    "Fired": "succeeded",
    "Failed": "failed",
    "Terminated": "failed",
    "TimedOut": "timed out",
    "Canceled": "canceled",
}
"""How an event type ends, and how the segment ended then."""


@dataclass(frozen=True)
class Segment:
    """A part of the time of a visit."""

    kind: str
    begun: float
    ended: float | None = None
    """None while it goes on."""
    attempt: int = 1
    outcome: str = ""
    """`succeeded`, `failed`, `timed out` or `canceled`; empty for what only passed."""
    error: str = ""


@dataclass(frozen=True)
class Bar:
    """The time of one visit, or of its undoing."""

    path: str
    visit: int
    undo: bool
    depth: int
    begun: float
    ended: float | None
    segments: tuple[Segment, ...]


class Spans:
    """The segments that events tell of, by the work that they belong to."""

    def __init__(self) -> None:
        self.of: defaultdict[str, list[Segment]] = defaultdict(list)
        """By the key of a work: `s12` for a visit's step, `u12` for its undoing."""
        self._opened: dict[int, tuple[str, int]] = {}

    def begin(self) -> None:
        """What is taken from now on is of the next run; runs come oldest first."""
        self._opened = {}

    def take(self, events: Iterable[Event]) -> None:
        """Take further events of a run, oldest first."""
        opened = self._opened
        for event in events:
            kind, told, at = event["eventType"], attributes(event), seconds(event)
            key = _key(kind, told)
            if key:
                control = _control(told)
                what = (WAIT if kind == "TimerStarted" else QUEUED) if key else ""
                self.of[key].append(Segment(what, at, attempt=int(control.get("attempt") or 1)))
                opened[event["eventId"]] = key, len(self.of[key]) - 1
                continue
            place = next((opened[told[link]] for link in LINKS if told.get(link) in opened), None)
            if place is not None:
                opened[event["eventId"]] = place
                self._moved(kind, told, place, at)

    def _moved(self, kind: str, told: Any, place: tuple[str, int], at: float) -> None:
        key, index = place
        segments = self.of[key]
        last = segments[-1] if index < len(segments) else None
        if last is None:
            return
        if kind.endswith("Started"):
            segments[-1] = replace(last, ended=at)
            segments.append(replace(last, kind=WORK, begun=at, ended=None))
            return
        word = next((word for end, word in ENDS.items() if kind.endswith(end)), None)
        if word is not None and last.ended is None:
            error = error_of(kind, told)
            segments[-1] = replace(last, ended=at, outcome=word, error=error)


def _key(kind: str, told: Any) -> str:
    """The work for which an event opens something; empty for other events."""
    control = _control(told)
    if kind == "TimerStarted":
        return str(control.get("work") or "") if control.get("timer") == "retry" else ""
    if kind not in OPENINGS:
        return ""
    entry = control.get("entry")
    if str(told.get("activityId", "")).startswith(TRANSACTION):
        return ""
    if entry is None and kind == "StartChildWorkflowExecutionInitiated":
        entry = [*str(told.get("workflowId")).rsplit(".", 2), "", ""][1]
    return "" if entry in (None, "") else f"{'u' if control.get('undo') else 's'}{entry}"


def _control(told: Any) -> dict[str, Json]:
    found = wire.loads(told.get("control"))
    return found if isinstance(found, dict) else {}


# --- bars ---------------------------------------------------------------------------------------


def bars(execution: Execution, spans: Spans, now: float) -> list[Bar]:
    """One bar for each visit that took time, in the order in which they began."""
    state = execution.state
    found = []
    for visit in state.visits.values():
        depth = _depth(state, visit)
        for undo, key in ((False, f"s{visit.entry}"), (True, f"u{visit.entry}")):
            segments = _told(execution, visit, spans.of.get(key, []))
            if not segments and not undo:
                segments = _own(visit)
            if segments:
                found.append(_bar(visit, segments, undo=undo, depth=depth))
    return sorted(_around(execution, found), key=lambda bar: (bar.begun, bar.depth))


def _told(execution: Execution, visit: Visit, segments: list[Segment]) -> tuple[Segment, ...]:
    """The segments of a visit; a timer of what has attempts is the wait before one of them."""
    tried = any(segment.kind in (QUEUED, WORK) for segment in segments)
    told = [replace(s, kind=RETRY) if tried and s.kind == WAIT else s for s in segments]
    if execution.state.closed or visit.outcome is not Outcome.OPEN:
        end = max((s.ended or s.begun for s in told), default=0.0)
        told = [replace(s, ended=end) if s.ended is None else s for s in told]
    return tuple(told)


def _own(visit: Visit) -> tuple[Segment, ...]:
    """Of a visit of which no event tells: what the state itself knows, in States Language."""
    if not visit.entered or visit.frames:
        return ()
    ended = visit.left_at or (visit.entered if visit.outcome is not Outcome.OPEN else None)
    return (Segment(WAIT if ended is None else WORK, visit.entered, ended),)


def _bar(visit: Visit, segments: tuple[Segment, ...], *, undo: bool, depth: int) -> Bar:
    ends = [segment.ended for segment in segments]
    known = [end for end in ends if end is not None]
    ended = max(known) if len(known) == len(ends) else None
    return Bar(visit.path, visit.number, undo, depth, segments[0].begun, ended, segments)


def _depth(state: State, visit: Visit) -> int:
    depth, frame = 0, state.frames.get(visit.frame)
    while frame is not None and frame.owner is not None:
        depth += 1
        owner = state.visits.get(frame.owner)
        frame = None if owner is None else state.frames.get(owner.frame)
    return depth


def _around(execution: Execution, found: list[Bar]) -> list[Bar]:
    """The bars with one for each composite state, as long as what lies within."""
    state, places = execution.state, execution.definition.places
    known = {(bar.path, bar.visit): bar for bar in found if not bar.undo}
    for entry in sorted(state.visits, reverse=True):
        visit = state.visits[entry]
        place = places.get(visit.name)
        bar = known.get((visit.path, visit.number))
        if bar is not None and place is not None and isinstance(place.state, Parallel | Map):
            open_now = visit.outcome is Outcome.OPEN and not state.closed
            known[visit.path, visit.number] = bar = _closed(bar, open_now=open_now)
        frame = state.frames.get(visit.frame)
        owner = state.visits.get(frame.owner) if frame and frame.owner is not None else None
        if bar is None or owner is None:
            continue
        around = known.get((owner.path, owner.number))
        if around is None:
            around = Bar(owner.path, owner.number, False, _depth(state, owner), bar.begun, None, ())
        begun = min(around.begun, bar.begun)
        ended = max(filter(None, (around.ended, bar.ended)), default=None)
        segments = (Segment(AROUND, begun, ended),)
        known[owner.path, owner.number] = replace(
            around, begun=begun, ended=ended, segments=segments
        )
    return [*known.values(), *(bar for bar in found if bar.undo)]


def _closed(bar: Bar, *, open_now: bool) -> Bar:
    if not open_now:
        return bar
    return replace(bar, ended=None, segments=(Segment(AROUND, bar.begun),))
