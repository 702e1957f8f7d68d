"""The state as it is carried into another run: by continue-as-new, or by resuming a closed run."""

from __future__ import annotations

from typing import Any

from wire import Json
from workflow.definition import Definition
from workflow.graph import compensation_of
from workflow.state import ROOT, Frame, Mode, Outcome, Phase, State, Undone, Via, Visit

NAMELESS = "event-"
"""What the ids of requests begin with that came without one: they are of one run only."""

_HEARD = (Via.SIGNAL, Via.TOKEN)

ENDLESS = 4  # visits per path, from which on those that no result depends on are dropped


def carried(state: State, definition: Definition) -> dict[str, Json]:
    """The state for a run that continues this one: nothing is open there, waits keep their end."""
    copy = _detached(state)
    for work in copy.works.values():
        if work.phase is Phase.WAITING and (work.via not in _HEARD or work.due is not None):
            work.phase = Phase.BACKOFF
        elif work.in_flight and work.via is Via.CHILD:
            work.told = True
        elif work.in_flight:
            work.phase, work.cancel_requested = Phase.READY, False
    return prune(copy, definition).to_json()


def resumable(state: State, definition: Definition) -> dict[str, Json]:
    """The state for a run that is resumed at a step: results and undos kept, no work."""
    copy = _detached(state)
    for visit in copy.visits.values():
        if visit.outcome is Outcome.OPEN:
            visit.outcome, visit.closed = Outcome.ABANDONED, copy.count()
    for frame in copy.frames.values():
        frame.current, frame.halted, frame.queue = None, "", []
    if copy.frames:
        copy.root.next, copy.root.done = None, False
    copy.works, copy.stops = {}, {}
    copy.mode, copy.ending, copy.cancel, copy.blocked = Mode.FORWARD, "", False, ""
    copy.options, copy.rollback, copy.failure = None, None, None
    copy.paused, copy.deadline, copy.report = False, None, ""
    return prune(copy, definition).to_json()


def _detached(state: State) -> State:
    copy = State.from_json(state.to_json())
    copy.open, copy.options_recorded, copy.started = {}, False, {}
    copy.closed, copy.event_id, copy.held, copy.no_timers = "", 0, False, ""
    copy.unwanted, copy.yielding, copy.watched = [], False, 0
    copy.timers_full, copy.timers_pace, copy.timers_pressed = False, 0, False
    copy.notes = []  # recorded beside the decision that ends the run
    copy.handled = [name for name in copy.handled if not name.startswith(NAMELESS)]
    for work in copy.works.values():
        work.opened = 0
    return copy


# --- what is not needed any more --------------------------------------------------------------


def prune(state: State, definition: Definition) -> State:
    """Drop what nothing depends on: without it, a process that loops would grow for ever.

    Kept are the last visit of every path, those whose results it follows, and those that can
    still be undone.
    """
    if len(state.visits) <= ENDLESS * len(state.latest):
        return state
    kept = {entry for entry in state.latest.values() if entry in state.visits}
    kept |= {v.entry for v in state.visits.values() if _can_be_undone(v, definition)}
    kept |= {work.entry for work in state.works.values() if work.kind != "transaction"}
    for frame in state.frames.values():
        kept |= _in_force(state, frame.trail)
    waiting, in_force = list(kept), set[int]()
    while waiting:
        visit = state.visits[waiting.pop()]
        in_force |= _in_force(state, visit.previous) | _in_force(state, visit.sees or None)
        owner = state.frames[visit.frame].owner
        if owner is not None and owner not in kept:
            kept.add(owner)
            waiting.append(owner)
    kept |= in_force
    _relink(state, kept)
    state.visits = {entry: visit for entry, visit in state.visits.items() if entry in kept}
    _prune_frames(state)
    return state


def _can_be_undone(visit: Visit, definition: Definition) -> bool:
    effect = visit.outcome is Outcome.DONE or visit.given_out or visit.undone is Undone.FAILED
    place = definition.places.get(visit.name)  # this version may have it no more
    open_to_undo = effect and visit.undone is not Undone.YES and place is not None
    return open_to_undo and place is not None and compensation_of(place.state) is not None


def _in_force(state: State, end: int | None) -> set[int]:
    """The visits of a trail whose results count: the newest of each path."""
    found: set[int] = set()
    paths: set[str] = set()
    while end is not None and end in state.visits:
        visit = state.visits[end]
        if visit.path not in paths:
            paths.add(visit.path)
            found.add(end)
        end = visit.previous
    return found


def _relink(state: State, kept: set[int]) -> None:
    """Have every trail skip the visits that are dropped."""

    def next_kept(entry: int | None) -> int | None:
        while entry is not None and entry not in kept:
            visit = state.visits.get(entry)
            entry = None if visit is None else visit.previous
        return entry

    for entry in kept:
        visit = state.visits[entry]
        visit.previous = next_kept(visit.previous)
        if visit.sees:
            visit.sees = next_kept(visit.sees) or 0
    for frame in state.frames.values():
        frame.trail = next_kept(frame.trail)


def _prune_frames(state: State) -> None:
    used = {ROOT} | {visit.frame for visit in state.visits.values()}
    used |= {number for visit in state.visits.values() for number in visit.frames}
    waiting = list(used)
    while waiting:
        frame = state.frames[waiting.pop()]
        owner = None if frame.owner is None else state.visits.get(frame.owner)
        if owner is not None and owner.frame not in used:
            used.add(owner.frame)
            waiting.append(owner.frame)
    state.frames = {number: frame for number, frame in state.frames.items() if number in used}
    state.sweep()


# --- snapshots of the first revision ----------------------------------------------------------


def restored(document: Any, definition: Definition) -> State:
    """The state of a snapshot, of this revision or of the first one."""
    if isinstance(document.get("visits"), list):
        return _of_first_revision(document, definition)
    return State.from_json(document)


def _of_first_revision(document: dict[str, Any], definition: Definition) -> State:
    """One sequence, visits and inputs as lists, one stop at most."""
    current = document.get("current")
    frame = Frame(ROOT, "", None, 0, document["input"], current, document.get("trail"))
    found = {key: item for key, item in document.items() if key in _SAME}
    found |= {
        "inputs": dict(enumerate(document["inputs"])),
        "inputs_made": len(document["inputs"]),
        "frames": {},
        "frames_made": 1,
        "visits": {item["entry"]: {**item, "frame": ROOT} for item in document["visits"]},
        "entries": len(document["visits"]),
        "works": {key: _work(item) for key, item in document["works"].items()},
        "rollback": document.get("rollback"),
    }
    state = State.from_json(found)
    state.frames[ROOT] = frame
    return state


_SAME = frozenset(
    {
        "start_id",
        "options",
        "mode",
        "latest",
        "notes",
        "counter",
        "cancel",
        "rollbacks",
        "ending",
        "handled",
        "blocked",
        "held_times",
        "now",
    }
)


def _work(document: dict[str, Any]) -> dict[str, Any]:
    return {key: item for key, item in document.items() if key != "via"}
