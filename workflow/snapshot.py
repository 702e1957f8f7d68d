"""The state as it is carried into another run: by continue-as-new, or by resuming a closed run."""

from __future__ import annotations

from wire import Json
from workflow.state import Mode, Outcome, Phase, State, Visit


def carried(state: State) -> dict[str, Json]:
    """The state for a run that continues this one: nothing is open there, waits keep their end."""
    copy = _detached(state)
    for work in copy.works.values():
        if work.phase is Phase.WAITING:
            work.phase = Phase.BACKOFF
        elif work.in_flight:
            work.phase, work.cancel_requested = Phase.READY, False
    return copy.to_json()


def resumable(state: State) -> dict[str, Json]:
    """The state for a run that is resumed at a step: results and undos kept, no work."""
    copy = _detached(state)
    for work in copy.works.values():
        if work.kind == "step":
            _abandon(copy, copy.visit(work.entry))
    copy.works, copy.notes, copy.stop, copy.current = {}, [], None, None
    copy.mode, copy.ending, copy.cancel, copy.blocked = Mode.FORWARD, "", False, ""
    copy.options, copy.rollback = None, None
    return copy.to_json()


def _detached(state: State) -> State:
    copy = State.from_json(state.to_json())
    copy.open, copy.options_recorded, copy.started = {}, False, {}
    copy.closed, copy.event_id, copy.held, copy.no_timers = "", 0, False, ""
    return copy


def _abandon(state: State, visit: Visit) -> None:
    if visit.outcome is Outcome.OPEN:
        visit.outcome, visit.closed = Outcome.ABANDONED, state.count()
