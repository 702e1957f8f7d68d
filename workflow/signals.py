"""Signals of operators: which acts in which state, and how each is answered.

A signal acts once: its `request_id` is kept.  Each is answered by the marker
`SIGNAL_HANDLED`.  Signals that are unknown, malformed or refused change nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from errors import SignalRefusedError, UnknownStepError
from wire import Json, loads
from workflow import markers, steps
from workflow.machine import Machine
from workflow.state import Mode, Undone

RESUME_FROM_STEP = "RESUME_FROM_STEP"

Handler = Callable[[Machine, dict[str, Json]], str]


def handle(machine: Machine, name: str, text: str | None) -> None:
    """Let a signal act, wait or be refused, and have the answer recorded."""
    payload = loads(text)
    request: dict[str, Json] = dict(payload) if isinstance(payload, dict) else {}
    request_id = str(request.get("request_id") or f"event-{machine.event_id}")
    if request_id in machine.state.handled:
        return
    machine.state.handled.append(request_id)
    request["request_id"] = request_id
    try:
        outcome, why = _act(machine, name, request, payload), ""
    except (SignalRefusedError, UnknownStepError) as refusal:
        outcome, why = "refused", str(refusal)
    machine.tell("signal", signal=name, outcome=outcome, why=why, actor=request.get("actor"))
    machine.note(
        markers.SIGNAL_HANDLED,
        request_id=request_id,
        signal=name,
        event_id=machine.event_id,
        outcome=outcome,
        why=why,
    )


def _act(machine: Machine, name: str, request: dict[str, Json], payload: Any) -> str:
    handler = HANDLERS.get(name)
    if handler is None:
        raise SignalRefusedError(f"unknown signal {name}; known: {', '.join(sorted(HANDLERS))}")
    if not isinstance(payload, dict):
        raise SignalRefusedError(f"the input of {name} must be a JSON object")
    _check_seen_visit(machine, request)
    return handler(machine, request)


def _check_seen_visit(machine: Machine, request: dict[str, Json]) -> None:
    """`if_at` is the visit that the operator saw; the state may have moved on since."""
    seen = request.get("if_at")
    entry = machine.state.current
    if seen is None:
        return
    visit = None if entry is None else machine.state.visit(entry)
    at = None if visit is None else f"{visit.path}:{visit.number}"
    if seen != at:
        raise SignalRefusedError(f"the execution has moved on: it is at {at}, not at {seen}")


def _resume_from_step(machine: Machine, request: dict[str, Json]) -> str:
    name = request.get("step_name")
    if not isinstance(name, str):
        raise SignalRefusedError("RESUME_FROM_STEP needs step_name, the name of a step")
    check_resume(machine, name, force=bool(request.get("force")))
    steps.jump(machine, request)
    return "waiting" if machine.state.stop is not None else "done"


def check_resume(machine: Machine, name: str, *, force: bool = False) -> None:
    """Refuse a jump that cannot be made: unknown step, rollback going on, or a lost effect."""
    machine.definition.state(name)
    state = machine.state
    if not state.closed and state.mode in (Mode.ROLLING_BACK, Mode.COMPENSATING):
        raise SignalRefusedError("a rollback is going on; resume when the execution has closed")
    if state.cancel and not state.closed:
        raise SignalRefusedError("the execution is being canceled; resume when it has closed")
    instead = first_undone(machine, before=name)
    if instead is not None and not force:
        raise SignalRefusedError(
            f"step {instead} comes before {name} and its effect was undone; "
            f"resume from {instead} instead"
        )


def first_undone(machine: Machine, before: str) -> str | None:
    """The earliest step before the given one whose last visit was undone."""
    for name in machine.definition.steps:
        if name == before:
            return None
        visit = steps.last_visit(machine, name)
        if visit is not None and visit.undone is Undone.YES:
            return name
    return None


HANDLERS: dict[str, Handler] = {RESUME_FROM_STEP: _resume_from_step}
