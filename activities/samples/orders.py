"""Stock, payment and back-orders of a small shop."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from activities import database, effects, money
from activities.context import current_task
from activities.order import Order
from activities.processing import order_total
from activities.samples.undoing import take_back
from wire import Json

STOCK = {"pen": 100, "lamp": 5, "desk": 1}
"""Pieces of each article before the first order; there are no others."""

DECLINED = "card-declined"
"""The card that every charge fails on."""

stock_moves = effects.effect_table(
    "sample_stock_moves",
    sa.Column("article", sa.Text, primary_key=True),
    sa.Column("pieces", sa.Integer, nullable=False),
    several_rows=True,
)
charges = effects.effect_table(
    "sample_charges",
    sa.Column("charge_id", sa.Text, nullable=False, unique=True),
    sa.Column("order_id", sa.Text, nullable=False),
    sa.Column("amount", sa.Text, nullable=False),
)
back_orders = effects.effect_table(
    "sample_back_orders",
    sa.Column("order_id", sa.Text, nullable=False),
    sa.Column("article", sa.Text, primary_key=True),
    several_rows=True,
)


class CardDeclinedError(Exception):
    """The bank refuses the payment; trying again does not help."""


class CardNetworkError(Exception):
    """The bank could not be reached; trying again may help."""


def check_stock(order: Mapping[str, Json]) -> dict[str, Json]:
    """Say which articles of an order are short.

    In: the order.  Out: `{"in_stock": true or false, "short": [ARTICLE, ...], "total"}`.
    """
    wanted = _pieces(order)
    with database.transaction(current_task().settings) as connection:
        moves = connection.execute(
            sa.select(stock_moves.c.article, sa.func.sum(stock_moves.c.pieces)).group_by(
                stock_moves.c.article
            )
        )
        taken = {article: int(pieces) for article, pieces in moves}
    short: list[Json] = [
        article
        for article, pieces in wanted.items()
        if STOCK.get(article, 0) - taken.get(article, 0) < pieces
    ]
    total = money.text(order_total(Order.read(order)))
    return {"in_stock": not short, "short": short, "total": total}


def charge_card(data: Mapping[str, Json]) -> dict[str, Json]:
    """Charge a card, once per visit.

    In: `{"order_id", "card", "amount"}`.  Out: `{"charge_id", "amount"}`.  Raises
    `CardDeclinedError` for the card `card-declined`; a real one raises `CardNetworkError` too.
    """
    if data["card"] == DECLINED:
        raise CardDeclinedError(f"the card of order {data['order_id']} was declined")
    task = current_task()
    charge = {
        "charge_id": task.idempotency_key,
        "order_id": str(data["order_id"]),
        "amount": str(data["amount"]),
    }
    with effects.write(task, "ChargeCard") as connection:
        connection.execute(sa.insert(charges), {**effects.key_of(task, "ChargeCard"), **charge})
    return {"charge_id": charge["charge_id"], "amount": charge["amount"]}


def refund_charge(data: Mapping[str, Json]) -> dict[str, Json]:
    """Give back what a step charged.  In: `{"step_to_rollback"}`.  Out: `{"refunded": 1 or 0}`."""
    return {"refunded": take_back(str(data["step_to_rollback"]))}


def take_from_stock(order: Mapping[str, Json]) -> dict[str, Json]:
    """Write down what leaves the stock, once per visit.  Out: `{"taken": {ARTICLE: PIECES}}`."""
    task, wanted = current_task(), _pieces(order)
    key = effects.key_of(task, "TakeFromStock")
    rows = [{**key, "article": article, "pieces": pieces} for article, pieces in wanted.items()]
    with effects.write(task, "TakeFromStock") as connection:
        if rows:
            connection.execute(sa.insert(stock_moves), rows)
    return {"taken": wanted}


def note_back_order(data: Mapping[str, Json]) -> dict[str, Json]:
    """Write down what must be ordered first.

    In: `{"order_id", "short": [ARTICLE, ...]}`.  Out: `{"status": "back-ordered", "short"}`.
    """
    task = current_task()
    key = {**effects.key_of(task, "NoteBackOrder"), "order_id": str(data["order_id"])}
    rows = [{**key, "article": article} for article in data["short"]]
    with effects.write(task, "NoteBackOrder") as connection:
        if rows:
            connection.execute(sa.insert(back_orders), rows)
    return {"status": "back-ordered", "short": data["short"]}


def _pieces(order: Mapping[str, Json]) -> dict[str, int]:
    """Pieces of each article in an order."""
    pieces: dict[str, int] = {}
    for line in Order.read(order).lines:
        pieces[line.name] = pieces.get(line.name, 0) + int(line.quantity)
    return pieces
