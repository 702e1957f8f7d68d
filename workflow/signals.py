"""Signals of operators: which acts in which state, and how each is answered.

A signal acts once: its `request_id` is kept.  Each is answered by the marker
`SIGNAL_HANDLED`.  Signals that are unknown, malformed or refused change nothing else.

| Situation | What acts |
|---|---|
| going forward, paused, standing still at a failed step, about to complete | all |
| stopping for a jump or a skip | all; a later jump takes the place of the earlier one |
| rolling back, undoing for a jump | `PAUSE`, `CONTINUE` |
| being canceled, stopping for a rollback | `PAUSE`, `CONTINUE` |
| failed, and about to close | `RESUME_FROM_STEP` |

Signals that steps wait for are taken by the step that waits, or kept until it does.  Those that
answer a task token (`TASK_SUCCESS`, `TASK_FAILURE`, `TASK_HEARTBEAT`) act where its attempt is
open.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from errors import SignalRefusedError, UnknownStepError
from expressions.errors import ExpressionError
from wire import Json, cut, loads
from workflow import answers, children, data, flow, jumps, markers, saga
from workflow.graph import STEPS, compensation_of
from workflow.machine import Machine
from workflow.snapshot import NAMELESS
from workflow.state import ROOT, Mode, Outcome, Stop, Via, Visit
from workflow.unwinding import stop

RESUME_FROM_STEP = "RESUME_FROM_STEP"
GO_BACK = "GO_BACK"
REPROCESS_STEP = "REPROCESS_STEP"
SKIP_STEP = "SKIP_STEP"
PAUSE = "PAUSE"
CONTINUE = "CONTINUE"
ROLL_BACK = "ROLL_BACK"

DONE, WAITING, REFUSED = "done", "waiting", "refused"

HANDLED = 10_000  # request ids that are remembered
WHY_CHARACTERS = 1_000  # of a refusal, which may name every step there is

Handler = Callable[[Machine, dict[str, Json]], str]

_OURS = frozenset({"request_id", "if_at", "step_name"})


def handle(machine: Machine, name: str, text: str | None) -> None:
    """Let a signal act, wait or be refused, and have the answer recorded."""
    payload = machine.content(loads(text))
    if name in children.SIGNALS:
        children.SIGNALS[name](machine, payload)
        return
    if name == answers.TASK_HEARTBEAT:
        answers.heartbeat(machine, payload)
        return
    request: dict[str, Json] = dict(payload) if isinstance(payload, dict) else {}
    request_id = str(request.get("request_id") or f"{NAMELESS}{machine.event_id}")
    if request_id in machine.state.handled:
        return
    machine.state.handled.append(request_id)
    del machine.state.handled[:-HANDLED]
    request["request_id"], request["signal"] = request_id, name
    try:
        outcome, why = _act(machine, name, request, payload), ""
    except (SignalRefusedError, UnknownStepError) as refusal:
        outcome, why = REFUSED, str(refusal)
    told = {key: request.get(key) for key in ("actor", "reason", "step_name", "request_id")}
    machine.tell("signal", signal=name, outcome=outcome, why=why, **told)
    machine.note(
        markers.SIGNAL_HANDLED,
        request_id=request_id,
        signal=name,
        event_id=machine.event_id,
        outcome=outcome,
        why=cut(why, WHY_CHARACTERS),
    )


def _act(machine: Machine, name: str, request: dict[str, Json], payload: Any) -> str:
    if name in machine.definition.signals:
        return _deliver(machine, name, request, payload)
    handler = HANDLERS.get(name)
    if handler is None:
        known = ", ".join(sorted([*HANDLERS, *machine.definition.signals]))
        raise SignalRefusedError(f"unknown signal {name}; known: {known}")
    if not isinstance(payload, dict) and payload not in (None, ""):  # by hand, with no input
        raise SignalRefusedError(f"the input of {name} must be a JSON object")
    _check_seen_visit(machine, request)
    if name not in _ALWAYS:
        _check_free(machine, name)
    return handler(machine, request)


def _check_seen_visit(machine: Machine, request: dict[str, Json]) -> None:
    """`if_at` is the visit that the operator saw; the state may have moved on since."""
    seen = request.get("if_at")
    if seen is None:
        return
    here = [f"{visit.path}:{visit.number}" for visit in jumps.live_visits(machine)]
    if seen not in here:
        at = " and ".join(here[:5]) or "no step"
        raise SignalRefusedError(f"the execution has moved on: it is at {at}, not at {seen}")


def _check_free(machine: Machine, name: str) -> None:
    """Refuse what cannot act in the state as it is."""
    state = machine.state
    if state.closed:
        return
    if state.mode in (Mode.ROLLING_BACK, Mode.COMPENSATING):
        raise SignalRefusedError("a rollback is going on; resume when the execution has closed")
    if state.cancel:
        raise SignalRefusedError("the execution is being canceled; resume when it has closed")
    ahead = state.stops.get(ROOT)
    if ahead is not None and ahead.then in ("rollback", "fail"):
        raise SignalRefusedError("the execution is about to roll back; resume when it has closed")
    if state.report in ("sending", "told"):
        raise SignalRefusedError(
            "the execution has reported its end; it can be resumed when closed"
        )
    if state.mode is Mode.ENDING and state.ending != "complete" and name != RESUME_FROM_STEP:
        raise SignalRefusedError("the execution is about to close; resume it when it has")


# --- jumps ------------------------------------------------------------------------------------


def _resume_from_step(machine: Machine, request: dict[str, Json]) -> str:
    target = jumps.find(machine, _step_name(request))
    jumps.check(machine, target, force=bool(request.get("force")))
    jumps.jump(machine, target, request)
    return _outcome(machine)


def _go_back(machine: Machine, request: dict[str, Json]) -> str:
    steps = request.get("steps", 1)
    if not isinstance(steps, int) or isinstance(steps, bool) or steps < 1:
        raise SignalRefusedError(f"steps {steps!r} must be a whole number from 1")
    target = jumps.find(machine, before(machine, steps, request.get("step_name")).path)
    jumps.check(machine, target, force=bool(request.get("force")))
    request["step_name"] = target.path  # for the audit too, which tells where it led
    jumps.jump(machine, target, request)
    return _outcome(machine)


def before(machine: Machine, steps: int, step_name: Json = None) -> Visit:
    """The visit so many steps before the one in progress; in the process, or where a step is."""
    frame = machine.state.root
    if isinstance(step_name, str):
        frame = machine.frame(_live(machine, step_name))
    current = machine.current(frame)
    end = frame.trail if current is None else current.previous
    for _ in range(steps - 1):
        end = None if end is None else machine.visit(end).previous
    if end is None:
        raise SignalRefusedError(f"no step ran {steps} before the one in progress")
    return machine.visit(end)


def _reprocess(machine: Machine, request: dict[str, Json]) -> str:
    target = jumps.find(machine, _step_name(request))
    jumps.check(machine, target, force=bool(request.get("force")))
    if machine.definition.by_document and not isinstance(
        machine.definition.state(target.name), STEPS
    ):
        raise SignalRefusedError(f"{target.path} does no work that could be repeated")
    if machine.last_visit(target.path) is None:
        raise SignalRefusedError(f"step {target.path} has not run yet; there is nothing to repeat")
    return WAITING if jumps.again(machine, target, request) else DONE


def _skip(machine: Machine, request: dict[str, Json]) -> str:
    visit = _live(machine, _step_name(request))
    frame = machine.frame(visit)
    result = request.get("result", {})
    _check_result(machine, visit, result)
    told = {"request_id": request["request_id"], "what": "result"}
    machine.tell("edited", **told, path=visit.path, before=visit.result, after=result)
    if frame.halted:
        machine.stand(frame, "")
        flow.finish(machine, visit, result, Outcome.SKIPPED)
        return DONE
    stop(machine, frame, Stop("skip", {"entry": visit.entry, "result": result}))
    return _outcome(machine)


def _check_result(machine: Machine, visit: Visit, result: Json) -> None:
    """Refuse a result that cannot go where the step's result goes."""
    try:
        data.of(machine).check_result(machine, visit, result)
    except ExpressionError as error:
        raise SignalRefusedError(f"that cannot be the result of {visit.path}: {error}") from error


def _live(machine: Machine, step_name: str) -> Visit:
    """The visit in progress at a step; refused where there is none, or more than one."""
    path = jumps.find(machine, step_name).path
    for visit in jumps.live_visits(machine):
        if visit.path == path:
            return visit
    raise SignalRefusedError(f"step {path} is not in progress")


def _step_name(request: dict[str, Json]) -> str:
    name = request.get("step_name")
    if not isinstance(name, str):
        raise SignalRefusedError(f"{request['signal']} needs step_name, the name of a step")
    return name


def _outcome(machine: Machine) -> str:
    stopping = any(what.waiting for what in machine.state.stops.values())
    return WAITING if stopping else DONE


# --- pausing, rolling back --------------------------------------------------------------------


def _pause(machine: Machine, _: dict[str, Json]) -> str:
    machine.state.paused = True
    return WAITING if any(work.in_flight for work in machine.state.works.values()) else DONE


def _continue(machine: Machine, _: dict[str, Json]) -> str:
    """Go on after a pause; steps that stand still are tried again."""
    machine.state.paused = False
    for frame in list(machine.halted.values()):
        machine.stand(frame, "")
    flow.wake_all(machine)
    return DONE


def _roll_back(machine: Machine, request: dict[str, Json]) -> str:
    live = jumps.live_visits(machine)
    at = live[-1].path if live else ""
    who = request.get("actor") or "an operator"
    what = {"reason": f"Rolled back by {who}", "error": str(request.get("reason") or ""), "at": at}
    machine.state.mode, machine.state.ending, machine.state.paused = Mode.FORWARD, "", False
    stop(machine, machine.state.root, Stop("rollback", what))
    return _outcome(machine)


# --- signals that steps wait for --------------------------------------------------------------


def _deliver(machine: Machine, name: str, request: dict[str, Json], payload: Any) -> str:
    """Give a signal to the step that waits for it, or keep it until one does."""
    value = payload
    if isinstance(payload, dict):
        value = {key: item for key, item in payload.items() if key not in _OURS}
    path = request.get("step_name")
    if path is not None:
        path = jumps.find(machine, str(path)).path
    works = machine.by[Via.SIGNAL].values()
    visits = [machine.visit(work.entry) for work in works if work.activity == name]
    found = [visit for visit in visits if _waits(machine, visit, path)]
    if len(found) > 1:
        places = ", ".join(visit.path for visit in found[:5])
        raise SignalRefusedError(f"{name} is waited for in {len(found)} places; name one: {places}")
    if found:
        flow.finish(machine, found[0], value)
        return DONE
    arrived = {"signal": name, "payload": value, "step_name": path}
    machine.state.arrived.append({key: item for key, item in arrived.items() if item is not None})
    return WAITING


def _waits(machine: Machine, visit: Visit, path: Json) -> bool:
    return path in (None, visit.path) and not machine.within(machine.frame(visit))


# --- what the starter asks beforehand ---------------------------------------------------------


def check_resume(machine: Machine, name: str, *, force: bool = False) -> None:
    """Refuse a resume that cannot be made: unknown step, rollback going on, or a lost effect."""
    if machine.state.closed and name in undo_activities(machine):
        if not saga.not_undone_visits(machine):
            raise SignalRefusedError(f"nothing is left to undo, so {name} cannot be resumed")
        return
    target = jumps.find(machine, name)
    _check_free(machine, RESUME_FROM_STEP)
    jumps.check(machine, target, force=force)


def undo_activities(machine: Machine) -> frozenset[str]:
    """Names by which a rollback that could not undo everything is resumed."""
    rollback = machine.definition.rollback
    states = [place.state for place in machine.definition.places.values()]
    ours = {rollback.step, rollback.transaction, *map(compensation_of, states)}
    return frozenset({name for name in ours if name} - {s.name for s in states})


_ALWAYS = (PAUSE, CONTINUE, answers.TASK_SUCCESS, answers.TASK_FAILURE)
"""Signals that act whatever the execution as a whole is doing."""

HANDLERS: dict[str, Handler] = {
    **answers.HANDLERS,
    RESUME_FROM_STEP: _resume_from_step,
    GO_BACK: _go_back,
    REPROCESS_STEP: _reprocess,
    SKIP_STEP: _skip,
    PAUSE: _pause,
    CONTINUE: _continue,
    ROLL_BACK: _roll_back,
}
"""The signals that mean the same in every process."""
