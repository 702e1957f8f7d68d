"""Taking back what another step wrote, for definitions that undo by steps of their own."""

from __future__ import annotations

from dataclasses import replace

import sqlalchemy as sa

from activities import database, effects
from activities.context import TaskContext, current_task


def take_back(step: str) -> int:
    """Undo what `step` of this execution wrote last; gives the number of rows.

    As a compensation the task itself says which visit it undoes.  Called by an ordinary state,
    it is the step's last visit that wrote.
    """
    task = current_task()
    if not task.undo:
        task = replace(task, path=step, visit=_last_visit(task, step), undo=True)
    return effects.undo(task, step)


def _last_visit(task: TaskContext, step: str) -> int:
    row = effects.step_effects.c
    wanted = (task.workflow_id, task.start_id, step)
    where = sa.and_(*(row[name] == value for name, value in zip(effects.KEY, wanted, strict=True)))
    with database.transaction(task.settings) as connection:
        found = connection.execute(sa.select(row.visit).where(where)).scalar()
    return found or task.visit
