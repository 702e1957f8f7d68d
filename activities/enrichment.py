"""EnrichData: the customer's tier and when the order arrives.

Deterministic: the same order gives the same result whenever and wherever it runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal

from activities import money
from activities.order import Order, previous_result
from activities.processing import order_total
from wire import Json

TIERS = ((Decimal(5000), "gold"), (Decimal(1000), "silver"), (Decimal(0), "standard"))
"""Least total of an order, and the tier it gives to a customer who has none."""

DELIVERY_DAYS = {"same_day": 0, "express": 2, "standard": 5, "economy": 8}
"""Days on the way by shipping method; an unknown method takes as long as `standard`."""

FAST_TIERS = frozenset({"gold", "platinum", "vip"})
"""Tiers whose orders leave a day earlier."""


def enrich_data(data: Mapping[str, Json]) -> dict[str, Json]:
    """Add tier and delivery estimate.

    In: the order, and `ProcessData`'s result when it ran.  Out: `{"status": "enriched",
    "order_id", "customer_tier", "delivery_days"}`, and `delivery_date` (ISO date) when the
    order has a `created_at` that begins with one.  A given `customer.tier` is kept.
    """
    order = Order.read(data)
    tier = order.tier or derived_tier(_total(data, order))
    days = delivery_days(order.shipping_method, tier)
    result: dict[str, Json] = {
        "status": "enriched",
        "order_id": order.order_id,
        "customer_tier": tier,
        "delivery_days": days,
    }
    arrival = delivery_date(data.get("created_at"), days)
    if arrival:
        result["delivery_date"] = arrival
    return result


def derived_tier(total: Decimal) -> str:
    """The tier of a customer who orders for so much."""
    return next(tier for least, tier in TIERS if total >= least)


def delivery_days(method: str, tier: str) -> int:
    """Days until delivery; never less than what the fastest method takes."""
    known = method.strip().lower().replace("-", "_").replace(" ", "_")
    days = DELIVERY_DAYS.get(known, DELIVERY_DAYS["standard"])
    return max(0, days - 1) if tier.lower() in FAST_TIERS else days


def delivery_date(created_at: Json, days: int) -> str:
    """The ISO date so many days after `created_at`, or nothing where that is no ISO date."""
    try:
        created = date.fromisoformat(str(created_at)[:10])
        return (created + timedelta(days)).isoformat()
    except (ValueError, OverflowError):
        return ""


def _total(data: Mapping[str, Json], order: Order) -> Decimal:
    """The total as `ProcessData` computed it, else computed here."""
    given = previous_result(data, "ProcessData").get("total")
    try:
        return max(Decimal(0), money.number(given))
    except ValueError:
        return order_total(order)
