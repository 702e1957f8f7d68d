"""The two undo steps: RollbackStep and CompensateTransaction."""

from __future__ import annotations

import json
from collections.abc import Mapping

import sqlalchemy as sa

from activities import database, effects
from activities.context import current_task
from activities.saving import storable
from errors import NonRetryableError
from wire import Json

reversals = sa.Table(
    "reversals",
    database.metadata,
    *(sa.Column(name, sa.Text, primary_key=True) for name in effects.KEY),
    sa.Column("visit", sa.Integer, primary_key=True),
    sa.Column("reversal_id", sa.Text, nullable=False, unique=True),
    sa.Column("failed_activity", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("document", sa.Text, nullable=False),
    sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.func.now()),
)
"""One record for each rollback of a start: a later one, after a resume, adds its own."""

TOLD = ("failed_activity", "reason", "last_error", "compensated", "not_compensated")


def rollback_step(data: Mapping[str, Json]) -> dict[str, Json]:
    """Take back what a step wrote to the database, and bar the visit from writing again.

    In: `step_to_rollback`; which visit comes with the task.  Out: `{"status": "rolled_back",
    "step", "deleted"}`, `deleted` in rows; 0 is no error, for not every step writes.  Works
    for every step that writes within `effects.write`.  Done again it answers the same.
    """
    step = data.get("step_to_rollback")
    if not isinstance(step, str) or not step:
        raise NonRetryableError("step_to_rollback is required: the name of the step to undo")
    deleted = effects.undo(current_task(), step)
    return {"status": "rolled_back", "step": step, "deleted": deleted}


def compensate_transaction(data: Mapping[str, Json]) -> dict[str, Json]:
    """Record that the transaction was reversed, once per visit.

    In: `failed_activity`, `reason`, `last_error`, `compensated`, `not_compensated`, as far as
    they are known.  Out: `{"status": "compensated", "reversal_id", "compensated",
    "not_compensated"}`.
    """
    task = current_task()
    told = {name: data[name] for name in TOLD if name in data}
    record = {
        **effects.key_of(task, "CompensateTransaction"),
        "reversal_id": task.idempotency_key,
        "failed_activity": storable(str(data.get("failed_activity", ""))),
        "reason": storable(str(data.get("reason", ""))),
        "document": json.dumps({**told, "order_id": data.get("order_id")}),
    }
    with database.transaction(task.settings) as connection:
        effects.insert_new(connection, reversals, record)
    return {
        "status": "compensated",
        "reversal_id": record["reversal_id"],
        "compensated": data.get("compensated", []),
        "not_compensated": data.get("not_compensated", []),
    }
