"""What people see of an execution while they watch it: one row a state, and the last events.

Times are seconds since 1970.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import wire
from errors import BusinessProcessError, UnknownExecutionError
from pictures import Seen
from starter import replays, runs
from starter.runs import Event, attributes
from starter.sightings import LINKS, WAITING, Sightings, Trace, Traces, untraced
from starter.status import Status, seconds
from swf.events import decoded_for_core
from swf_client import SwfClient
from wire import Json
from workflow import Definition, Execution
from workflow.definition import Place
from workflow.graph import Map, Parallel, Pass
from workflow.state import Outcome, Phase, State, Via, Visit, Work

LAST_EVENTS = 12  # that a scene tells of
EARLIER_RUNS = 20  # of a chain that are read for attempts and times, at most


@dataclass(frozen=True)
class Row:
    """What happened to one state; of all items of a map together."""

    name: str
    depth: int = 0
    """How many composite states lie around it."""
    branch: int | None = None
    """In which branch of a parallel state it lies."""
    outcome: str = ""
    """A word of `pictures.Seen`, `undoing`, or empty: not entered yet."""
    visits: int = 1
    attempts: int = 1
    begun: float | None = None
    ended: float | None = None
    """None while it goes on."""
    error: str = ""
    retry_at: float | None = None
    """When the next attempt goes out, while none is under way."""
    until: float | None = None
    """When it goes on by itself, while it waits."""
    awaits: str = ""
    """What it waits for: a signal, or its task token."""
    items: dict[str, int] | None = None
    """How many items are `done`, `open` and `failed`; of a map, and of the states in one."""


@dataclass(frozen=True)
class Happening:
    """One event in words."""

    at: float
    subject: str
    """The path of the state that it is about; empty for the execution as a whole."""
    words: str


@dataclass(frozen=True)
class Scene:
    """An execution as it stands."""

    status: Status
    rows: tuple[Row, ...]
    """In the order of the definition; none where the definition is not on this machine."""
    happenings: tuple[Happening, ...]
    """The last events, oldest first."""
    begun: float
    """When the first run of its chain began."""


class Run:
    """The history of one run as far as it was read, and the scene that it makes."""

    def __init__(self, client: SwfClient, workflow_id: str, run_id: str) -> None:
        self._client = client
        self._ids = workflow_id, run_id
        self._events: list[Event] = []
        self._earlier: list[list[Event]] | None = None
        self._definition: Definition | None = None
        self._execution: Execution | None = None
        self._readable = True
        """Whether the definition is here, and all that the core has to read."""

    def take(self, news: Iterable[Event]) -> None:
        """Take further events, oldest first."""
        # What came during a decision counts after it (`workflow.history.in_order`): begin anew.
        known = 0 if _decides(self._events) else len(self._events)
        self._events += self._decoded(list(news))
        try:
            self._fold(known)
        except BusinessProcessError:
            self._give_up()

    def _decoded(self, events: list[Event]) -> list[Event]:
        """Events as the core reads them; as they are where that cannot be."""
        try:
            return [decoded_for_core(event, self._client.payloads) for event in events]
        except BusinessProcessError:  # sealed under a key that is not here, say
            self._give_up()
            return events

    def _give_up(self) -> None:
        """Tell no more of the states: the status has to do."""
        self._readable, self._execution = False, None

    def _fold(self, known: int) -> None:
        """Bring the execution up to date; it knows so many events."""
        if not self._readable:
            return
        if self._definition is None:
            self._definition = replays.definition_of(attributes(self._events[0])["workflowType"])
        if self._definition is None:
            self._give_up()
            return
        if self._execution is None or not known:
            self._execution, known = replays.begun(self._client, self._definition, *self._ids), 0
        self._execution.apply(self._events[known:])

    def scene(self, status: Status, now: float) -> Scene:
        """How it stands, at a moment."""
        visits = {} if self._execution is None else self._execution.state.visits
        happenings = tuple(_happenings(self._events, visits))[-LAST_EVENTS:]
        if self._execution is None:
            return Scene(status, (), happenings, status["started_at"])
        told = rows(self._execution, self._traces(self._execution), now)
        begun = self._execution.state.begun or status["started_at"]
        return Scene(status, told, happenings, begun)

    def _traces(self, execution: Execution) -> Traces:
        traces = Traces()
        traces.take(self._events)
        if self._earlier is None and untraced(execution, traces):
            self._earlier = list(_before(self._client, self._ids[0], self._events[0]))
        for events in self._earlier or ():
            traces.take(events)
        return traces


def _before(client: SwfClient, workflow_id: str, first: Event) -> Iterator[list[Event]]:
    """The events of the runs that a run continues, newest run first."""
    for _ in range(EARLIER_RUNS):
        previous = runs.origin_of(first, "").previous_run_id
        if previous is None:
            return
        try:
            events = replays.events_of(client, workflow_id, previous)
        except UnknownExecutionError:
            return  # retention has removed it
        yield events
        first = events[0]


def _decides(events: list[Event]) -> bool:
    """Whether a decision is being made at the end of these events."""
    for event in reversed(events):
        if event["eventType"].startswith("DecisionTask"):
            return bool(event["eventType"] == "DecisionTaskStarted")
    return False


# --- rows ---------------------------------------------------------------------------------------


def rows(execution: Execution, traces: Traces, now: float) -> tuple[Row, ...]:
    """One row for each state of the definition, but for places in Python to pass through."""
    seen = Sightings(execution, traces, now).seen()
    visits: defaultdict[str, list[Visit]] = defaultdict(list)
    for entry in execution.state.latest.values():
        if visit := execution.state.visits.get(entry):
            visits[visit.name].append(visit)
    places = execution.definition.places
    found = {
        name: _Told(execution.state, traces, place, visits[name]).row(
            seen[name], _placed(name, places)
        )
        if name in seen
        else _placed(name, places)
        for name, place in places.items()
    }
    for name in reversed(list(places)):  # what lies within comes after what is around it
        owner = places[name].owner
        if owner is not None:
            found[owner] = _around(found[owner], found[name])
    silent = () if execution.definition.by_document else (Pass,)
    return tuple(row for name, row in found.items() if not isinstance(places[name].state, silent))


def _placed(name: str, places: Mapping[str, Place]) -> Row:
    """A row before anything happened."""
    place, depth, owner = places[name], 0, places[name].owner
    branch = None
    around = None if owner is None else places[owner].state
    if isinstance(around, Parallel):
        branch = place.branch
    while owner is not None:
        depth, owner = depth + 1, places[owner].owner
    return Row(name, depth, branch)


def _around(row: Row, inner: Row) -> Row:
    """A composite state took as long as what is within, where nothing else tells."""
    if not row.outcome or inner.begun is None:
        return row
    begun = inner.begun if row.begun is None else min(row.begun, inner.begun)
    if row.outcome in OPEN or inner.ended is None:
        return replace(row, begun=begun, ended=None if row.outcome in OPEN else row.ended)
    return replace(row, begun=begun, ended=max(row.ended or 0.0, inner.ended))


OPEN = ("running", "waiting", "retrying", "undoing")
"""Outcomes of what still goes on."""


class _Told:
    """What state and events tell of the last visits of one state."""

    def __init__(self, state: State, traces: Traces, place: Place, visits: list[Visit]) -> None:
        self._state = state
        self._visits = visits
        self._place = place
        self._traces = [traces.of.get(visit.entry) or Trace() for visit in visits]
        works = [state.works.get(f"{kind}{v.entry}") for v in visits for kind in ("s", "u")]
        self._works = [] if state.closed else [work for work in works if work is not None]

    def row(self, seen: Seen, empty: Row) -> Row:
        """The row, from what a picture shows and what it leaves out."""
        undoing = [work for work in self._works if work.kind == "undo"]
        outcome = "undoing" if undoing else seen.outcome
        attempts = max(work.attempt for work in undoing) if undoing else seen.attempts
        rests = [_end(self._state, w) for w in self._works if _rests(w)]
        waits = [_end(self._state, w) for w in self._works if w.via in WAITING]
        begun, ended = self._span(outcome)
        return replace(
            empty,
            outcome=outcome,
            visits=seen.visits,
            attempts=attempts,
            begun=begun,
            ended=ended,
            error=self._error(seen, undoing),
            retry_at=min(filter(None, rests), default=None),
            until=min(filter(None, waits), default=None),
            awaits=next(filter(None, map(_awaits, self._works)), ""),
            items=self._items(seen),
        )

    def _span(self, outcome: str) -> tuple[float | None, float | None]:
        pairs = list(zip(self._visits, self._traces, strict=True))
        begins = [v.entered or trace.begun for v, trace in pairs]
        ends = [v.left_at or trace.ended for v, trace in pairs]
        begun = min(filter(None, begins), default=None)
        return begun, None if outcome in OPEN else max(filter(None, ends), default=None)

    def _error(self, seen: Seen, undoing: list[Work]) -> str:
        if undoing:
            return next((work.error for work in undoing if work.error), "")
        if seen.outcome in ("failed", "caught"):
            return seen.note
        if seen.outcome not in OPEN:
            return ""
        told = next((work.error for work in self._works if work.error), "")
        return told or next((trace.error for trace in self._traces if trace.error), "")

    def _items(self, seen: Seen) -> dict[str, int] | None:
        if isinstance(self._place.state, Map):
            return self._items_of(max(self._visits, key=lambda visit: visit.entry))
        if isinstance(self._place.state, Parallel) or len(self._visits) < 2:
            return None
        return _counted(len(self._visits), seen.open, seen.failed)

    def _items_of(self, visit: Visit) -> dict[str, int]:
        """Of a map: its items, begun or not."""
        frames = [self._state.frames.get(number) for number in visit.frames]
        halted = sum(frame is not None and bool(frame.halted) for frame in frames)
        every = max(len(visit.items or ()), len(visit.frames))
        failed = visit.missed + halted
        if visit.outcome is Outcome.FAILED:
            failed = max(failed, 1)
        return _counted(every, max(0, visit.left - halted), failed)


def _counted(every: int, still: int, failed: int) -> dict[str, int]:
    return {"done": max(0, every - still - failed), "open": still, "failed": failed}


def _rests(work: Work) -> bool:
    """Whether its next attempt is still to come."""
    if work.via in WAITING or work.via is Via.FRAMES:
        return False
    return work.phase in (Phase.BACKOFF, Phase.WAITING)


def _end(state: State, work: Work) -> float | None:
    if work.due is not None:
        return work.due
    return state.now + work.delay if work.phase is Phase.BACKOFF else None


def _awaits(work: Work) -> str:
    words = {Via.SIGNAL: f"signal {work.activity}", Via.TOKEN: "task token"}
    return words.get(work.via, "")


# --- events -------------------------------------------------------------------------------------

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


def _happenings(events: list[Event], visits: Mapping[int, Visit]) -> Iterator[Happening]:
    """Events in words, but for those of decision tasks."""
    subjects: dict[int, str] = {}
    for event in events[-10 * LAST_EVENTS :]:
        kind, told = event["eventType"], attributes(event)
        if kind.startswith("DecisionTask"):
            continue
        linked = (subjects[told[link]] for link in LINKS if told.get(link) in subjects)
        subject = _subject(told, visits) or next(linked, "") or str(told.get("timerId") or "")
        subjects[event["eventId"]] = subject
        named = next((str(told[name]) for name in NAMES if told.get(name)), "")
        said = f"{_words(kind)} {named}".strip()
        words = ": ".join(filter(None, (said, _reason(told))))
        yield Happening(seconds(event["eventTimestamp"]) or 0.0, subject, words)


def _subject(told: dict[str, Json], visits: Mapping[int, Visit]) -> str:
    control = wire.loads(told.get("control"))
    if isinstance(control, dict) and (control.get("path") or control.get("work")):
        work = str(control.get("work") or "")[1:]
        visit = visits.get(int(work)) if work.isdigit() else None
        return str(control.get("path") or (visit and visit.path) or "")
    if told.get("markerName"):
        details = wire.loads(told.get("details"))
        step = details.get("step") if isinstance(details, dict) else None
        return step if isinstance(step, str) else ""
    kind = told.get("activityType") or {}
    return str(kind.get("name") or "")


def _reason(told: dict[str, Json]) -> str:
    found = next((str(told[name]) for name in REASONS if told.get(name)), "")
    seconds_told = told.get("startToFireTimeout")
    return found or (f"{seconds_told} s" if seconds_told else "")


def _words(kind: str) -> str:
    prefix = next((prefix for prefix in PREFIXES if kind.startswith(prefix)), "")
    rest = kind.removeprefix(prefix)
    split = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in rest)
    return PREFIXES.get(prefix, "") + split.strip()
