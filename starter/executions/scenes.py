"""What people see of an execution while they watch it: one row a state, and the last events.

Times are seconds since 1970.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace

from pictures import Seen
from starter.executions.happenings import Happening
from starter.executions.sightings import WAITING, Sightings, Trace, Traces
from starter.executions.status import Status
from workflow import Execution
from workflow.definition import Place
from workflow.graph import Map, Parallel, Pass
from workflow.state import Outcome, Phase, State, Via, Visit, Work

LAST_EVENTS = 12  # that a scene tells of


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
class Scene:
    """An execution as it stands."""

    status: Status
    rows: tuple[Row, ...]
    """In the order of the definition; none where the definition is not on this machine."""
    happenings: tuple[Happening, ...]
    """The last events, oldest first."""
    begun: float
    """When the first run of its chain began."""


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
