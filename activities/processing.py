"""ProcessData: what the order costs, to the cent."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from activities import money
from activities.order import Line, Order
from wire import Json


def process_data(data: Mapping[str, Json]) -> dict[str, Json]:
    """Compute lines, discounts, shipping, total and installments with decimals.

    In: the order.  Out: `{"status": "processed", "order_id", "lines": [{"name", "quantity",
    "unit_price", "discount", "total"}], "subtotal", "discount", "shipping", "total",
    "installments": [...], "notes": [...]}`.  Amounts are text with two decimals, rounded half
    up; each line is rounded once; installments sum exactly to the total.  An item without a
    price counts as 0, and a note says so; a given total then stands.
    """
    order = Order.read(data)
    subtotal = sum((line.gross for line in order.lines), Decimal(0))
    total = order_total(order)
    return {
        "status": "processed",
        "order_id": order.order_id,
        "lines": [_line(line) for line in order.lines],
        "subtotal": money.text(subtotal),
        "discount": money.text(subtotal - order.items_total),
        "shipping": money.text(order.shipping_cost),
        "total": money.text(total),
        "installments": [money.text(part) for part in money.split(total, order.installments)],
        "notes": _notes(order),
    }


def order_total(order: Order) -> Decimal:
    """What the customer pays, in whole cents."""
    if order.given_total is not None and not order.priced:
        return money.cents(order.given_total)
    return order.items_total + money.cents(order.shipping_cost)


def _line(line: Line) -> dict[str, Json]:
    return {
        "name": line.name,
        "quantity": f"{line.quantity:f}",
        "unit_price": None if line.unit_price is None else f"{line.unit_price:f}",
        "discount": f"{line.discount:f}",
        "total": money.text(line.net),
    }


def _notes(order: Order) -> list[Json]:
    unpriced = [line.name for line in order.lines if line.unit_price is None]
    notes: list[Json] = [f"no price for {name}: counted as 0" for name in unpriced]
    if order.given_total is not None and not order.priced:
        notes.append("the given total stands, for the items do not give one")
    return notes
