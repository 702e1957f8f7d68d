"""NotifyCompletion: tell the world that the order is done, once per visit."""

from __future__ import annotations

from collections.abc import Mapping

from activities import effects
from activities.context import TaskContext, current_task
from activities.notifiers import Outbox, chosen
from activities.order import Order, previous_result
from wire import Json

STEP = "NotifyCompletion"


def notify_completion(data: Mapping[str, Json]) -> dict[str, Json]:
    """Send the notification through the notifier that `NOTIFIER` names.

    In: the order and `previous_results`.  Out: `{"status": "notified", "order_id", "channel",
    "message_id"}`.  `message_id` is the visit's idempotency key: the outbox holds one line
    for it however often the visit is tried, SNS FIFO topics and webhooks get it to do the
    same.  Raises `TombstoneError` after an undo of this visit, `NotificationError` when
    the message could not be delivered and trying again may help.
    """
    task, order = current_task(), Order.read(data)
    message = _message(task, order, data)
    notifier = chosen(task.settings)
    if isinstance(notifier, Outbox):
        # The step's row stays locked while the line is written: an undo comes before or after.
        with effects.write(task, STEP):
            notifier.send(task.idempotency_key, message)
    else:
        # A call over the network may take long, and nobody else may write on SQLite meanwhile.
        effects.check(task, STEP)
        notifier.send(task.idempotency_key, message)
    return {
        "status": "notified",
        "order_id": order.order_id,
        "channel": notifier.channel,
        "message_id": task.idempotency_key,
    }


def _message(task: TaskContext, order: Order, data: Mapping[str, Json]) -> dict[str, Json]:
    return {
        "event": "order.completed",
        "order_id": order.order_id,
        "customer_id": order.customer_id,
        "customer_tier": previous_result(data, "EnrichData").get("customer_tier"),
        "delivery_days": previous_result(data, "EnrichData").get("delivery_days"),
        "total": previous_result(data, "ProcessData").get("total"),
        "record_id": previous_result(data, "SaveResults").get("record_id"),
        "workflow_id": task.workflow_id,
        "run_id": task.run_id,
        "visit": task.visit,
    }
