"""The status of an execution, as each decision records it in SWF's execution context."""

from __future__ import annotations

from wire import Json
from workflow.machine import Machine
from workflow.state import Mode, Outcome, Phase, State, Work

RUNNING, RETRYING = "RUNNING", "RETRYING"
ROLLING_BACK, COMPENSATING = "ROLLING_BACK", "COMPENSATING"
ENDINGS = {"complete": "COMPLETED", "fail": "FAILED", "cancel": "CANCELED"}
BLOCKED = "BLOCKED"


def status(machine: Machine) -> dict[str, Json]:
    """State, place, attempt, next retry (seconds since 1970), progress and when all this held."""
    state = machine.state
    work = next(iter(state.works.values()), None)
    visit = None if state.current is None else state.visit(state.current)
    document: dict[str, Json] = {
        "state": _state(state, work),
        "path": _path(machine, work),
        "visit": None if visit is None else visit.number,
        "attempt": None if work is None else work.attempt,
        "next_retry_at": _next_retry(state, work),
        "last_error": work.error if work is not None and work.error else None,
        "progress": {"done": _done(machine), "of": len(machine.definition.steps)},
        "blocked": state.blocked or None,
        "at": state.now,
    }
    return {key: value for key, value in document.items() if value is not None}


def _state(state: State, work: Work | None) -> str:
    if state.closed:
        return state.closed
    if state.blocked:
        return BLOCKED
    if state.mode is Mode.ENDING:
        return ENDINGS[state.ending]
    if state.mode is Mode.ROLLING_BACK:
        return ROLLING_BACK
    if state.mode is Mode.COMPENSATING:
        return COMPENSATING
    return RETRYING if work is not None and (work.attempt > 1 or work.tries) else RUNNING


def _path(machine: Machine, work: Work | None) -> str | None:
    if work is None:
        return None
    return work.activity if work.kind == "transaction" else machine.state.visit(work.entry).path


def _next_retry(state: State, work: Work | None) -> float | None:
    if work is None or work.phase not in (Phase.BACKOFF, Phase.WAITING):
        return None
    return work.due if work.due is not None else state.now + work.delay


def _done(machine: Machine) -> int:
    trail = machine.trail(machine.state.trail)
    return sum(1 for visit in trail if visit.outcome is Outcome.DONE)
