"""What happens when a deadline is over; a deadline that has moved is set again."""

from __future__ import annotations

from collections.abc import Callable

from local_swf import activity_tasks, decision_tasks, lifecycle
from local_swf.deadlines import (
    ACTIVITY,
    DECISION,
    EXECUTION,
    LAMBDA,
    RETENTION,
    RETENTION_SWEEP,
    TIMER,
    Deadline,
)
from local_swf.runs import Run
from local_swf.work import Work

_PURGED_AT_ONCE = 10
"""Closed runs removed in one piece of work, so that requests get their turn between."""


def fire(work: Work, deadline: Deadline) -> None:
    """Do what a deadline stands for."""
    if deadline.kind == RETENTION:
        _purge(work)
        return
    run = work.run(deadline.run)
    if run is not None and run.is_open:
        _FIRE[deadline.kind](work, run, deadline)


def _fire_decision(work: Work, run: Run, deadline: Deadline) -> None:
    at = decision_tasks.due_at(run)
    if at is not None and at <= work.now:
        decision_tasks.time_out(work, run)
    elif at is not None:
        work.set_deadline(deadline, at)


def _fire_activity(work: Work, run: Run, deadline: Deadline) -> None:
    activity = activity_tasks.load(work.database, run.id, deadline.ref)
    at = activity.due_at() if activity else None
    if activity is None or at is None:
        return
    if at <= work.now:
        activity_tasks.time_out(work, run, activity)
    else:
        work.set_deadline(deadline, at)


def _fire_timer(work: Work, run: Run, deadline: Deadline) -> None:
    row = work.database.one(
        "SELECT timer_id FROM timers WHERE run = ? AND started_id = ?", run.id, deadline.ref
    )
    if row is None:
        return
    work.database.execute(
        "DELETE FROM timers WHERE run = ? AND started_id = ?", (run.id, deadline.ref)
    )
    run.open_timers -= 1
    work.append(run, "TimerFired", {"startedEventId": deadline.ref, "timerId": row[0]})
    decision_tasks.schedule(work, run)


def _fire_lambda(work: Work, run: Run, deadline: Deadline) -> None:
    end_lambda(work, run, deadline.ref, "TimedOut", {"timeoutType": "START_TO_CLOSE"})


def end_lambda(
    work: Work, run: Run, scheduled_id: int, outcome: str, attributes: dict[str, str | None]
) -> None:
    """Write `LambdaFunction<outcome>` for a Lambda task, if it is still open."""
    row = work.database.one(
        "SELECT started_id FROM lambdas WHERE run = ? AND scheduled_id = ?", run.id, scheduled_id
    )
    if row is None:
        return
    work.database.execute(
        "DELETE FROM lambdas WHERE run = ? AND scheduled_id = ?", (run.id, scheduled_id)
    )
    run.open_lambdas -= 1
    work.set_deadline(Deadline(LAMBDA, run.id, scheduled_id), None)
    ids = {"scheduledEventId": scheduled_id, "startedEventId": row[0]}
    work.append(run, f"LambdaFunction{outcome}", {**attributes, **ids})
    decision_tasks.schedule(work, run)


def _fire_execution(work: Work, run: Run, deadline: Deadline) -> None:
    lifecycle.time_out(work, run)


_FIRE: dict[str, Callable[[Work, Run, Deadline], None]] = {
    DECISION: _fire_decision,
    ACTIVITY: _fire_activity,
    TIMER: _fire_timer,
    LAMBDA: _fire_lambda,
    EXECUTION: _fire_execution,
}


def _purge(work: Work) -> None:
    """Remove closed runs whose retention is over, some at a time."""
    database = work.database
    numbers = database.all(
        "SELECT id FROM runs WHERE purge_at <= ? ORDER BY purge_at LIMIT ?",
        (work.now, _PURGED_AT_ONCE),
    )
    for table, column in (("events", "run"), ("tags", "run"), ("children", "run"), ("runs", "id")):
        database.executemany(f"DELETE FROM {table} WHERE {column} = ?", numbers)
    row = database.one("SELECT min(purge_at) FROM runs WHERE purge_at IS NOT NULL")
    work.set_deadline(RETENTION_SWEEP, row[0] if row else None)
