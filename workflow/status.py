"""The status of an execution, as each decision records it in SWF's execution context."""

from __future__ import annotations

from itertools import chain, islice

from wire import Json
from workflow import jumps, places
from workflow.language import context
from workflow.machine import Machine
from workflow.state import Mode, Phase, State, Via, Work

RUNNING, RETRYING = "RUNNING", "RETRYING"
ROLLING_BACK, COMPENSATING = "ROLLING_BACK", "COMPENSATING"
PAUSED, BLOCKED = "PAUSED", "BLOCKED"
ENDINGS = {"complete": "COMPLETED", "fail": "FAILED", "cancel": "CANCELED"}

_WAITS = (Via.SIGNAL, Via.TIMER, Via.TOKEN)

PLACES = 20  # that a status names, when the execution is in many at once


def status(machine: Machine) -> dict[str, Json]:
    """State, place, attempt, next retry (seconds since 1970), progress and when all this held."""
    state = machine.state
    work = _work(machine)
    visit = None if work is None or work.kind == "transaction" else machine.visit(work.entry)
    if work is None and state.frames:
        visit = next(iter(jumps.live_visits(machine)), None)
    document: dict[str, Json] = {
        "state": _state(machine, work),
        "path": work.activity if work and work.kind == "transaction" else visit and visit.path,
        "visit": None if visit is None or (work and work.kind != "step") else visit.number,
        "attempt": None if work is None else work.attempt,
        "next_retry_at": _next_retry(state, work),
        "waits_until": _waits_until(state, work),
        "last_error": work.error if work is not None and work.error else None,
        "progress": {"done": _done(machine), "of": len(machine.definition.steps)},
        "blocked": state.blocked or None,
        "at": state.now,
        **_several(machine),
    }
    return {key: value for key, value in document.items() if value is not None}


def _work(machine: Machine) -> Work | None:
    """The work that a status is about: the first that is done by somebody, else any."""
    works = machine.leaves or machine.state.works
    return next(iter(works.values()), None)


def _several(machine: Machine) -> dict[str, Json]:
    """What else there is to tell: more places than one, failed steps, what people are asked for."""
    told: dict[str, Json] = {}
    inner = machine.leaves.values()
    if len(inner) > 1:
        told["places"] = [_path(machine, work) for work in islice(inner, PLACES)]
        told["open"] = len(inner)
    waiting = islice(chain(machine.by[Via.SIGNAL].values(), machine.by[Via.TOKEN].values()), PLACES)
    if waits := [_waits_for(machine, work) for work in waiting]:
        told["waits_for"] = waits
    halted = list(islice(machine.halted.values(), PLACES))
    if halted:
        told["failed"] = [
            {"path": places.join(f.path, f.next or ""), "error": f.halted} for f in halted
        ]
    return told


def _path(machine: Machine, work: Work) -> str:
    return work.activity if work.kind == "transaction" else machine.visit(work.entry).path


def _state(machine: Machine, work: Work | None) -> str:
    state = machine.state
    if state.closed or state.blocked:
        return state.closed or BLOCKED
    if state.paused or (work is None and machine.halted):
        return PAUSED
    if state.mode is Mode.ENDING:
        return ENDINGS[state.ending]
    if state.mode is not Mode.FORWARD:
        jumping = state.rollback is not None and state.rollback.ending == "jump"
        compensating = jumping or state.mode is Mode.COMPENSATING
        return COMPENSATING if compensating else ROLLING_BACK
    return RETRYING if work is not None and (work.attempt > 1 or work.tries) else RUNNING


def _waits_for(machine: Machine, work: Work) -> dict[str, Json]:
    visit, until = machine.visit(work.entry), _end(machine.state, work)
    if work.via is Via.TOKEN:
        token = context.token_of(machine, visit, work)
        return {"token": token, "path": visit.path, "until": until}
    return {"signal": work.activity, "path": visit.path, "until": until}


def _next_retry(state: State, work: Work | None) -> float | None:
    """When the next attempt goes out, where one waits."""
    if work is None or work.via in _WAITS:
        return None
    return _end(state, work) if work.phase in (Phase.BACKOFF, Phase.WAITING) else None


def _waits_until(state: State, work: Work | None) -> float | None:
    """When a step that only waits goes on by itself."""
    if work is None or work.via not in _WAITS:
        return None
    return _end(state, work)


def _end(state: State, work: Work) -> float | None:
    """When a work's wait ends, seconds since 1970; None where it has no end."""
    if work.due is not None:
        return work.due
    return state.now + work.delay if work.phase is Phase.BACKOFF else None


def _done(machine: Machine) -> int:
    root = machine.state.frames.get(0)
    return 0 if root is None else len(machine.known(root))
