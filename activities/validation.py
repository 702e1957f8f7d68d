"""ValidateInput: is this an order that can be worked on?"""

from __future__ import annotations

from collections.abc import Mapping

from activities import money
from activities.order import Order
from wire import Json


def validate_input(data: Mapping[str, Json]) -> dict[str, Json]:
    """Check the shapes and amounts of an order; bad input is not retried.

    In: the order; only `order_id` is required (see `order.Order`).  Out:
    `{"status": "validated", "order_id", "item_count", "items_total"}`; `items_total` (text)
    is there when every item has a price.  Raises `NonRetryableError` listing all problems.
    """
    order = Order.read(data)
    result = {
        "status": "validated",
        "order_id": order.order_id,
        "item_count": len(order.lines),
    }
    if order.priced:
        result["items_total"] = money.text(order.items_total)
    return result
