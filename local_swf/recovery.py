"""What lies in memory, made anew from the file: at the start, and after a failed commit."""

from __future__ import annotations

from local_swf import activity_tasks, decision_tasks, lifecycle, runs
from local_swf.deadlines import EXECUTION, LAMBDA, RETENTION_SWEEP, TIMER, Deadline
from local_swf.runs import Run
from local_swf.tasklists import DECISION, Task
from local_swf.work import State, Work


def rebuild(state: State, now: int) -> None:
    """Bring task lists, deadlines and counters in line with the file; pollers stay."""
    state.tasks.clear_tasks()
    state.deadlines.clear()
    state.started.clear()
    state.registry.forget()
    state.recent.clear()
    state.open_runs.clear()
    for run in runs.every_open(state.database):
        _restore_run(state, run, now)
    _restore_rows(state, TIMER, "SELECT run, started_id, fire_at FROM timers")
    _restore_rows(state, LAMBDA, "SELECT run, scheduled_id, expires_at FROM lambdas")
    row = state.database.one("SELECT min(purge_at) FROM runs WHERE purge_at IS NOT NULL")
    if row is not None and row[0] is not None:
        state.deadlines.set(RETENTION_SWEEP, row[0])


def _restore_run(state: State, run: Run, now: int) -> None:
    state.open_runs[run.domain] += 1
    work = Work(state, now)
    work.set_deadline(Deadline(EXECUTION, run.id), lifecycle.execution_due_at(run))
    decision_tasks.restore(work, run)
    if run.open_activities:
        for activity in activity_tasks.of_run(state.database, run.id):
            activity_tasks.restore(work, run, activity)
    work.apply()


def restore_task(work: Work, task: Task) -> None:
    """Put one open task back in memory, as its row has it; nothing if it is not open."""
    run = work.run(task.run)
    if run is None or not run.is_open:
        return
    if task.kind == DECISION:
        decision_tasks.restore(work, run)
        return
    activity = activity_tasks.load(work.database, run.id, task.scheduled_id)
    if activity is not None:
        activity_tasks.restore(work, run, activity)


def _restore_rows(state: State, kind: str, sql: str) -> None:
    for run, event_id, at in state.database.execute(sql):
        state.deadlines.set(Deadline(kind, run, event_id), at)
