"""Undoing: the failed step first, then completed steps newest first, then the record of it all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from wire import Json
from workflow import flow, markers
from workflow.graph import Task, compensation_of
from workflow.machine import Machine
from workflow.state import Mode, Outcome, RollbackState, Undone, Visit, Work

MAX_RETRIES_EXCEEDED = "Max retries exceeded"
NOT_RETRYABLE = "Non-retryable error"

NAMED = 100  # steps at most that a marker names; the history itself names all


def start_or_fail(machine: Machine, *, failed: int = 0, **why: Any) -> None:
    """Begin to undo everything; where there is nothing to, and no record of it, it is over."""
    state, definition = machine.state, machine.definition
    visit = machine.visit(failed) if failed else None
    first = visit is not None and _is_undone_first(machine, visit)
    undoing = any(work.kind == "undo" for work in state.works.values())
    recorded = definition.rollback.transaction is not None
    if recorded or first or undoing or undoable(machine, visit):
        start(machine, failed=failed, **why)
        return
    at = visit.path if visit is not None else why.get("at", "")
    state.failure = {"reason": why["reason"], "error": why["error"], "at": at}
    if why.get("told") is not None:
        state.failure["told"] = why["told"]
    flow.end(machine, why.get("ending", "fail"))


def start(
    machine: Machine,
    *,
    reason: str,
    error: str,
    failed: int = 0,
    at: str = "",
    ending: str = "fail",
    told: dict[str, Json] | None = None,
) -> None:
    """Begin to undo everything: because the visit `failed` failed, or for another `reason`.

    `at` is where the execution was when no step failed; `ending` is `fail` or `cancel`; `told`
    the error output that an execution of States Language fails with.
    """
    visit = machine.visit(failed) if failed else None
    entries = [item.entry for item in undoable(machine, visit)]
    if visit is not None and _is_undone_first(machine, visit):
        entries.insert(0, visit.entry)
    where = visit.path if visit is not None else at
    rollback = RollbackState(0, where, reason, error, ending=ending, told=told)
    undoing = [work.entry for work in machine.state.works.values() if work.kind == "undo"]
    if undoing:  # for a jump, of which nothing comes now
        entries = [*undoing, *(entry for entry in entries if entry not in undoing)]
        rollback.compensated = machine.rollback.compensated
        rollback.not_compensated = machine.rollback.not_compensated
    _begin(machine, entries, rollback)
    if not undoing:
        go_on(machine)


def _is_undone_first(machine: Machine, visit: Visit) -> bool:
    """Whether a step that failed is undone: by what it declares, or by the process's own way."""
    if _undo_of(machine, visit):
        return True
    return isinstance(machine.graph(visit), Task) and machine.definition.rollback.step is not None


def start_for_jump(machine: Machine, visits: Iterable[Visit], request: dict[str, Json]) -> None:
    """Undo what a jump passes over; afterwards it is made."""
    entries = [visit.entry for visit in visits]
    reason = f"{request.get('signal')}: {request.get('reason') or 'asked to compensate'}"
    rollback = RollbackState(0, str(request["step_name"]), reason, "", ending="jump", jump=request)
    _begin(machine, entries, rollback)
    go_on(machine)


def start_again(machine: Machine, visits: Iterable[Visit], request: dict[str, Json]) -> None:
    """Try once more what an earlier rollback could not undo."""
    reason = str(request.get("reason") or "the rollback is resumed")
    where = str(request["step_name"])
    _begin(machine, [visit.entry for visit in visits], RollbackState(0, where, reason, ""))
    go_on(machine)


def _begin(machine: Machine, entries: list[int], rollback: RollbackState) -> None:
    state = machine.state
    state.rollbacks += 1
    rollback.number, rollback.pending = state.rollbacks, entries
    state.rollback, state.mode = rollback, Mode.ROLLING_BACK
    steps = [machine.visit(entry).path for entry in entries]
    machine.note(
        markers.ROLLBACK_INITIATED,
        failed_activity=rollback.failed,
        reason=rollback.reason,
        last_error=rollback.error,
        **named("steps", steps),
    )
    machine.tell("rollback", step=rollback.failed, reason=rollback.reason, error=rollback.error)


def named(member: str, items: list[Json]) -> dict[str, Json]:
    """A list for a marker, which must not grow with the process: cut, with the number of all."""
    if len(items) <= NAMED:
        return {member: items}
    return {member: items[:NAMED], f"{member}_in_all": len(items)}


def _undo_of(machine: Machine, visit: Visit) -> str | None:
    return compensation_of(machine.graph(visit))


def undoable(machine: Machine, failed: Visit | None) -> list[Visit]:
    """Visits that may have had an effect and declare a compensation, newest first.

    An attempt that was abandoned counts: its effect may be there although no result came.
    """
    found = [
        visit
        for visit in machine.state.visits.values()
        if visit is not failed
        and visit.undone is not Undone.YES
        and (visit.outcome is Outcome.DONE or (visit.closed and visit.given_out))
        and _undo_of(machine, visit)
    ]
    return sorted(found, key=lambda visit: visit.closed, reverse=True)


def not_undone_visits(machine: Machine) -> list[Visit]:
    """Visits that a rollback could not undo, newest first."""
    visits = machine.state.visits.values()
    found = [visit for visit in visits if visit.undone is Undone.FAILED]
    return sorted(found, key=lambda visit: visit.closed, reverse=True)


def go_on(machine: Machine) -> None:
    """Undo the next visit; after the last, record the reversal; after that, end."""
    state, rollback = machine.state, machine.rollback
    if rollback.pending:
        visit = machine.visit(rollback.pending[0])
        activity = _undo_of(machine, visit) or machine.definition.rollback.step
        machine.add_work("undo", visit.entry, activity or "")
    elif rollback.ending == "jump" or machine.definition.rollback.transaction is None:
        _finish(machine)
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
    machine.drop_work(work)
    if work.kind == "transaction":
        return {"step": work.activity, "visit": work.entry}
    visit = machine.visit(work.entry)
    visit.undone = outcome
    return {"step": visit.path, "visit": visit.number}


def _next(machine: Machine, work: Work) -> None:
    if work.kind == "undo":
        machine.rollback.pending.pop(0)
        go_on(machine)
    else:
        _finish(machine)


def _finish(machine: Machine) -> None:
    """All that could be undone is: close the execution, or make the jump."""
    rollback = machine.rollback
    machine.note(
        markers.ROLLBACK_COMPLETED,
        failed_activity=rollback.failed,
        **named("compensated", rollback.compensated),
        **named("not_compensated", rollback.not_compensated),
    )
    if rollback.ending == "jump":
        machine.state.mode = Mode.FORWARD
        machine.landing = rollback.jump
    else:
        flow.end(machine, rollback.ending)
