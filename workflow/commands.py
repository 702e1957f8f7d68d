"""What to do next: SWF decisions read from the state, without moving it.

Everything here is derived: what the state wants and SWF does not have yet.  So a response
that never reached SWF is simply read again.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

from errors import UndecidableError
from wire import (
    ENVELOPE,
    PAYLOAD_CHARACTERS,
    REASON_CHARACTERS,
    Json,
    cut,
    dumps,
    is_reference,
    wrap_start,
)
from workflow import markers
from workflow.machine import Machine
from workflow.policy import patience
from workflow.snapshot import carried
from workflow.state import CORE_REVISION, Mode, Phase, Work
from workflow.steps import results

Decision: TypeAlias = dict[str, Any]
"""One SWF decision as boto3 takes it: decisionType and xxxDecisionAttributes."""

RESPONSE_DECISIONS = 100  # SWF takes more at times, and promises none
RESPONSE_BYTES = 900_000  # SWF's limit is 1 MB with headers
HISTORY_SOFT_LIMIT = 8_000  # events after which a run starts nothing new and continues as new
HISTORY_HARD_LIMIT = 15_000  # events after which it does so whatever is open


def decide(machine: Machine) -> list[Decision]:
    """The decisions for the state as it is, cut to what one response holds."""
    state = machine.state
    if state.closed:
        return []
    if state.no_timers:
        raise UndecidableError(state.no_timers)
    if state.held:
        return _hold(machine)
    first = [*_run_options(machine), *_markers(machine), *_unwanted_timers(machine)]
    if state.mode is Mode.ENDING and state.stop is None:
        return _closing(machine, first, _close)
    if _must_continue(machine):
        return _closing(machine, [*first, *_all_timers(machine)], _continue_as_new)
    decisions = [*first, *_stopping(machine), *_work(machine)]
    return _awake(machine, _fitting(machine, decisions))


def _closing(
    machine: Machine, before: list[Decision], close: Callable[[Machine], Decision]
) -> list[Decision]:
    """A response that closes the run, or as much of what comes before as fits."""
    fitting = _fitting(machine, before)
    return [*before, close(machine)] if fitting == before else fitting


def _fitting(machine: Machine, decisions: list[Decision]) -> list[Decision]:
    """As many decisions as one response holds; a wake timer brings the rest."""
    room, size, kept = RESPONSE_DECISIONS - 1, 0, 0
    for decision in decisions[:room]:
        size += _wire_bytes(decision)
        if size > RESPONSE_BYTES and kept:
            break
        kept += 1
    if kept == len(decisions):
        return decisions
    return [*decisions[:kept], _wake(machine)]


def _wire_bytes(decision: Decision) -> int:
    """An upper bound of a decision's bytes: longer payloads travel as references."""
    block = decision[_block(decision["decisionType"])]
    return 1_500 + sum(_text_bytes(text) for text in block.values() if isinstance(text, str))


def _text_bytes(text: str) -> int:
    """As JSON: quotes are escaped, characters of other alphabets take six bytes."""
    each = 2 if text.isascii() else 6
    return each * min(len(text), PAYLOAD_CHARACTERS)


def _awake(machine: Machine, decisions: list[Decision]) -> list[Decision]:
    """Never wait for something that wakes nobody (markers and timer cancels do not)."""
    if not decisions and not machine.state.open:
        raise UndecidableError("the execution waits for nothing; report this as a bug")
    wakes = {"ScheduleActivityTask", "StartTimer"}
    cancels = {
        decision["cancelTimerDecisionAttributes"]["timerId"]
        for decision in decisions
        if decision["decisionType"] == "CancelTimer"
    }
    staying = [item for item in machine.state.open.values() if item.id not in cancels]
    if staying or any(decision["decisionType"] in wakes for decision in decisions):
        return decisions
    return [*decisions, _wake(machine)]


# --- markers --------------------------------------------------------------------------------


def _run_options(machine: Machine) -> list[Decision]:
    if machine.state.options_recorded:
        return []
    return [_marker(markers.RUN_OPTIONS, machine.state.options or run_options(machine))]


def run_options(machine: Machine) -> dict[str, Json]:
    """What the run keeps for its life, as `RUN_OPTIONS` records it."""
    definition = machine.definition
    return {
        "definition": {
            "name": definition.name,
            "version": definition.version,
            "hash": definition.hash,
        },
        "core": CORE_REVISION,
        "policy": machine.policy.to_json(),
        "start_id": machine.state.start_id,
    }


def _markers(machine: Machine) -> list[Decision]:
    return [_marker(note.name, note.details) for note in machine.state.notes]


def _marker(name: str, details: dict[str, Json]) -> Decision:
    return _decision("RecordMarker", markerName=name, details=dumps(details))


# --- work -----------------------------------------------------------------------------------


def _work(machine: Machine) -> list[Decision]:
    if machine.state.stop is not None or _winding_up(machine):
        return []
    decisions = []
    for work in machine.state.works.values():
        if work.phase is Phase.READY:
            decisions.append(_schedule(machine, work))
        elif work.phase is Phase.BACKOFF:
            decisions.append(_retry_timer(machine, work))
    return decisions


def _schedule(machine: Machine, work: Work) -> Decision:
    policy = machine.policy
    return _decision(
        "ScheduleActivityTask",
        activityType={"name": work.activity, "version": machine.definition.version},
        activityId=work.activity_id,
        control=dumps(_control(machine, work)),
        input=dumps(activity_input(machine, work)),
        taskList=machine.state.started.get("taskList"),
        startToCloseTimeout=policy.start_to_close,
        scheduleToStartTimeout=policy.schedule_to_start,
        scheduleToCloseTimeout=policy.schedule_to_close,
        heartbeatTimeout=policy.heartbeat,
    )


def _control(machine: Machine, work: Work) -> dict[str, Json]:
    return {**_identity(machine, work), "entry": work.entry}


def _identity(machine: Machine, work: Work) -> dict[str, Json]:
    if work.kind == "transaction":
        return {"path": work.activity, "visit": work.entry, "attempt": work.attempt}
    visit = machine.state.visit(work.entry)
    identity = {"path": visit.path, "visit": visit.number, "attempt": work.attempt}
    return {**identity, "undo": True} if work.kind == "undo" else identity


def activity_input(machine: Machine, work: Work) -> dict[str, Json]:
    """The input of an activity on the wire: the caller's, earlier results, and who it is."""
    state = machine.state
    envelope = {"start_id": state.start_id, **_identity(machine, work)}
    if work.kind == "step":
        visit = state.visit(work.entry)
        value, extra = state.inputs[visit.input], {"previous_results": results(machine, visit)}
    else:
        value, extra = state.inputs[state.input], _undo_input(machine, work)
    if isinstance(value, dict) and not is_reference(value):
        return {**value, **extra, ENVELOPE: envelope}
    return {**extra, ENVELOPE: {**envelope, "input": value}}


def _undo_input(machine: Machine, work: Work) -> dict[str, Json]:
    rollback = machine.rollback
    known = {visit.path: visit.result for visit in machine.trail(machine.state.trail)}
    common: dict[str, Json] = {
        "failed_activity": rollback.failed,
        "reason": rollback.reason,
        "last_error": rollback.error,
        "previous_results": known,
    }
    if work.kind == "undo":
        return {"step_to_rollback": machine.state.visit(work.entry).path, **common}
    undone = {"compensated": rollback.compensated, "not_compensated": rollback.not_compensated}
    return {**common, **undone}


# --- timers ---------------------------------------------------------------------------------


def _retry_timer(machine: Machine, work: Work) -> Decision:
    wait = work.delay
    if work.due is not None:  # carried over from the run before
        wait = max(0, math.ceil(work.due - machine.state.now))
    timer_id = f"{work.activity_id}.{work.tries}" if work.tries else work.activity_id
    return _timer(timer_id, wait, timer="retry", work=work.key)


def _wake(machine: Machine) -> Decision:
    return _timer(f"wake.{machine.state.event_id}", 0, timer="wake")


def _timer(timer_id: str, wait: int, **control: Json) -> Decision:
    return _decision(
        "StartTimer", timerId=timer_id, startToFireTimeout=str(wait), control=dumps(control)
    )


def _unwanted_timers(machine: Machine) -> list[Decision]:
    works = machine.state.works
    unwanted = []
    for item in machine.state.open.values():
        work = works.get(item.work)
        retry = item.kind == "retry" and (work is None or work.phase is not Phase.WAITING)
        grace = item.kind == "grace" and machine.state.stop is None
        if retry or grace:
            unwanted.append(_decision("CancelTimer", timerId=item.id))
    return unwanted


def _stopping(machine: Machine) -> list[Decision]:
    """Ask what is in flight to stop, and start the grace after which it is abandoned."""
    if machine.state.stop is None:
        return []
    asked = _cancel_requests(machine)
    if any(item.kind == "grace" for item in machine.state.open.values()):
        return asked
    return [*asked, _timer("grace", machine.policy.cancel_grace, timer="grace")]


def _cancel_requests(machine: Machine) -> list[Decision]:
    return [
        _decision("RequestCancelActivityTask", activityId=work.activity_id)
        for work in machine.state.works.values()
        if work.in_flight and not work.cancel_requested
    ]


def _hold(machine: Machine) -> list[Decision]:
    """After a refusal that only people can mend: nothing but a wait, longer each time."""
    state = machine.state
    if any(item.kind == "again" for item in state.open.values()):
        return []
    wait = patience(state.held_times - 1, 10, 3600)
    return [_timer(f"again.{state.event_id}", wait, timer="again")]


# --- the end of a run -------------------------------------------------------------------------


def _winding_up(machine: Machine) -> bool:
    return machine.state.event_id >= HISTORY_SOFT_LIMIT


def _must_continue(machine: Machine) -> bool:
    if not _winding_up(machine) or machine.state.stop is not None:
        return False
    in_flight = any(work.in_flight for work in machine.state.works.values())
    return not in_flight or machine.state.event_id >= HISTORY_HARD_LIMIT


def _all_timers(machine: Machine) -> list[Decision]:
    """Before continuing as new: no timer and no activity of the old run is waited for."""
    unwanted = {d["cancelTimerDecisionAttributes"]["timerId"] for d in _unwanted_timers(machine)}
    decisions = [
        _decision("CancelTimer", timerId=item.id)
        for item in machine.state.open.values()
        if item.kind != "activity" and item.id not in unwanted
    ]
    return [*decisions, *_cancel_requests(machine)]


def _continue_as_new(machine: Machine) -> Decision:
    state = machine.state
    envelope = {"start_id": state.start_id, "snapshot": carried(state)}
    return _decision(
        "ContinueAsNewWorkflowExecution",
        input=dumps(wrap_start(state.inputs[0], envelope)),
        workflowTypeVersion=machine.definition.version,
        **state.started,
    )


def _close(machine: Machine) -> Decision:
    how = machine.state.ending
    if how == "complete":
        return _decision("CompleteWorkflowExecution", result=dumps(output(machine)))
    if how == "cancel":
        return _decision("CancelWorkflowExecution", details=dumps(_cancel_details(machine)))
    reason, details = failure(machine)
    return _decision("FailWorkflowExecution", reason=reason, details=dumps(details))


def output(machine: Machine) -> Json:
    """The execution's result: the caller's input with the results of all steps."""
    state = machine.state
    found = {visit.path: visit.result for visit in machine.trail(state.trail)}
    value = state.inputs[state.input]
    if isinstance(value, dict) and not is_reference(value):
        return {**value, "previous_results": found}
    return {"input": value, "previous_results": found}


def failure(machine: Machine) -> tuple[str, dict[str, Json]]:
    """Reason and details of a failed execution: what failed, what was undone, what was not."""
    rollback = machine.rollback
    undone = ", ".join(item["step"] for item in rollback.compensated) or "nothing"
    reason = f"{rollback.failed} failed: {rollback.reason}; compensated: {undone}"
    if rollback.not_compensated:
        reason += "; NOT compensated: " + ", ".join(i["step"] for i in rollback.not_compensated)
    details = {
        "failed_activity": rollback.failed,
        "reason": rollback.reason,
        "last_error": rollback.error,
        "compensated": rollback.compensated,
        "not_compensated": rollback.not_compensated,
    }
    return cut(reason, REASON_CHARACTERS), details


def _cancel_details(machine: Machine) -> dict[str, Json]:
    done = [visit.path for visit in machine.trail(machine.state.trail)]
    return {"completed": done, "not_compensated": done_with_effect(machine)}


def done_with_effect(machine: Machine) -> list[str]:
    """Completed steps that declare a compensation, which a plain cancellation does not run."""
    trail = machine.trail(machine.state.trail)
    return [visit.path for visit in trail if machine.task(visit).compensation]


# --- shapes -----------------------------------------------------------------------------------


def _block(decision_type: str) -> str:
    return decision_type[0].lower() + decision_type[1:] + "DecisionAttributes"


def _decision(decision_type: str, **found: Any) -> Decision:
    block = {key: value for key, value in found.items() if value is not None}
    return {"decisionType": decision_type, _block(decision_type): block}
