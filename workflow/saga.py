"""Undoing: the failed step first, then completed steps newest first, then the record of it all."""

from __future__ import annotations

from wire import Json
from workflow import markers
from workflow.machine import Machine
from workflow.state import Mode, Outcome, RollbackState, Undone, Visit, Work
from workflow.steps import end

MAX_RETRIES_EXCEEDED = "Max retries exceeded"
NOT_RETRYABLE = "Non-retryable error"


def start(machine: Machine, failed: Visit, reason: str, error: str) -> None:
    """Begin to undo everything because a step failed for good."""
    state = machine.state
    entries = [failed.entry, *(visit.entry for visit in undoable(machine, failed))]
    state.rollbacks += 1
    rollback = RollbackState(state.rollbacks, failed.path, reason, error, entries)
    state.rollback, state.mode = rollback, Mode.ROLLING_BACK
    steps = [state.visit(entry).path for entry in entries]
    machine.note(
        markers.ROLLBACK_INITIATED,
        failed_activity=failed.path,
        reason=reason,
        last_error=error,
        steps=steps,
    )
    machine.tell("rollback", step=failed.path, reason=reason, error=error)
    go_on(machine)


def undoable(machine: Machine, failed: Visit | None) -> list[Visit]:
    """Visits that may have had an effect and declare a compensation, newest first.

    An attempt that was abandoned counts: its effect may be there although no result came.
    """
    found = [
        visit
        for visit in machine.state.visits
        if visit is not failed
        and visit.undone is not Undone.YES
        and (visit.outcome is Outcome.DONE or (visit.closed and visit.given_out))
        and machine.task(visit).compensation
    ]
    return sorted(found, key=lambda visit: visit.closed, reverse=True)


def go_on(machine: Machine) -> None:
    """Undo the next visit; after the last, record the reversal; after that, fail."""
    state, rollback = machine.state, machine.rollback
    if rollback.pending:
        visit = state.visit(rollback.pending[0])
        activity = machine.task(visit).compensation or machine.definition.rollback.step
        machine.add_work("undo", visit.entry, activity)
    elif state.mode is Mode.ROLLING_BACK:
        state.mode = Mode.COMPENSATING
        machine.add_work("transaction", rollback.number, machine.definition.rollback.transaction)


def undone(machine: Machine, work: Work) -> None:
    """A compensation completed: the marker says so, and the next one's turn has come."""
    step = _settle(machine, work, Undone.YES)
    if work.kind == "undo":
        machine.rollback.compensated.append(step)
        machine.note(markers.STEP_COMPENSATED, **step, activity=work.activity)
    _next(machine, work)


def not_undone(machine: Machine, work: Work) -> None:
    """A compensation failed for good: the others go on, and the end will say so."""
    step = _settle(machine, work, Undone.FAILED)
    machine.rollback.not_compensated.append(step)
    machine.note(markers.COMPENSATION_FAILED, **step, activity=work.activity, error=work.error)
    machine.tell("compensation_failed", step=step["step"], error=work.error)
    _next(machine, work)


def _settle(machine: Machine, work: Work, outcome: Undone) -> dict[str, Json]:
    machine.state.works.pop(work.key, None)
    if work.kind == "transaction":
        return {"step": work.activity, "visit": work.entry}
    visit = machine.state.visit(work.entry)
    visit.undone = outcome
    return {"step": visit.path, "visit": visit.number}


def _next(machine: Machine, work: Work) -> None:
    rollback = machine.rollback
    if work.kind == "undo":
        rollback.pending.pop(0)
        go_on(machine)
        return
    machine.note(
        markers.ROLLBACK_COMPLETED,
        failed_activity=rollback.failed,
        compensated=rollback.compensated,
        not_compensated=rollback.not_compensated,
    )
    end(machine, "fail")
