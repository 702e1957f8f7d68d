"""SaveResults: the order and what became of it, kept in the business database."""

from __future__ import annotations

import json
from collections.abc import Mapping

import sqlalchemy as sa

from activities import effects, money
from activities.context import TaskContext, current_task
from activities.order import Order, previous_result
from activities.processing import order_total
from wire import Json

STEP = "SaveResults"

orders = effects.effect_table(
    "orders",
    sa.Column("record_id", sa.Text, nullable=False, unique=True),
    sa.Column("order_id", sa.Text, nullable=False, index=True),
    sa.Column("customer_id", sa.Text, nullable=False),
    sa.Column("customer_tier", sa.Text, nullable=False),
    sa.Column("total", sa.Text, nullable=False),
    sa.Column("document", sa.Text, nullable=False),
    sa.Column("saved_at", sa.DateTime(timezone=True), server_default=sa.func.now()),
)
"""One record for each start's saving step; `total` is text with two decimals, `document` JSON."""

INSERT = sa.insert(orders)


def save_results(data: Mapping[str, Json]) -> dict[str, Json]:
    """Write the order's record, once per visit.

    In: the order and `previous_results`.  Out: `{"status": "saved", "order_id",
    "record_id"}`; `record_id` is the visit's idempotency key.  A retry of the visit leaves one
    record, a later visit replaces it.  Raises `TombstoneError` after an undo of this visit and
    `StaleVisitError` after a later visit has written.
    """
    task, order = current_task(), Order.read(data)
    record = _record(task, order, data)
    with effects.write(task, STEP) as connection:
        connection.execute(INSERT, {**effects.key_of(task, STEP), **record})
    return {"status": "saved", "order_id": order.order_id, "record_id": record["record_id"]}


def _record(task: TaskContext, order: Order, data: Mapping[str, Json]) -> dict[str, str]:
    processed = previous_result(data, "ProcessData")
    enriched = previous_result(data, "EnrichData")
    return {
        "record_id": task.idempotency_key,
        "order_id": storable(str(order.order_id)),
        "customer_id": storable(order.customer_id),
        "customer_tier": storable(str(enriched.get("customer_tier", order.tier))),
        "total": str(processed.get("total", money.text(order_total(order)))),
        "document": json.dumps(data),
    }


def storable(text: str) -> str:
    """Text that every database takes: NUL and lone surrogates written as escapes."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")
