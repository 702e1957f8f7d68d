"""A hotel, a flight and a car for a trip, and how each booking is cancelled."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from activities import database, effects
from activities.context import current_task
from activities.samples.undoing import take_back
from wire import Json

bookings = effects.effect_table(
    "sample_bookings",
    sa.Column("booking_id", sa.Text, nullable=False, unique=True),
    sa.Column("trip_id", sa.Text, nullable=False, index=True),
    sa.Column("kind", sa.Text, nullable=False),
)

cancellations = sa.Table(
    "sample_cancellations",
    database.metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("cancellation_id", sa.Text, nullable=False, unique=True),
    sa.Column("trip_id", sa.Text, nullable=False, index=True),
    sa.Column("step", sa.Text, nullable=False),
)
"""Bookings that were cancelled, numbered in that order."""


class SoldOutError(Exception):
    """Nothing of that kind is left."""


def book_hotel(trip: Mapping[str, Json]) -> dict[str, Json]:
    """Book a hotel, once per visit.

    In: `{"trip_id", "sold_out"?}`; `sold_out` lists kinds of which nothing is left.  Out:
    `{"booking_id", "kind"}`.  Raises `SoldOutError`.  The next two are the same.
    """
    return _book("BookHotel", "hotel", trip)


def book_flight(trip: Mapping[str, Json]) -> dict[str, Json]:
    """Book a flight."""
    return _book("BookFlight", "flight", trip)


def book_car(trip: Mapping[str, Json]) -> dict[str, Json]:
    """Book a car."""
    return _book("BookCar", "car", trip)


def _book(step: str, kind: str, trip: Mapping[str, Json]) -> dict[str, Json]:
    if kind in trip.get("sold_out", []):
        raise SoldOutError(f"no {kind} is left")
    task = current_task()
    booking = {"booking_id": task.idempotency_key, "trip_id": str(trip["trip_id"]), "kind": kind}
    with effects.write(task, step) as connection:
        connection.execute(sa.insert(bookings), {**effects.key_of(task, step), **booking})
    return {"booking_id": booking["booking_id"], "kind": kind}


def cancel_booking(data: Mapping[str, Json]) -> dict[str, Json]:
    """Cancel what a step booked; where it booked nothing, bar it from booking late.

    In: `{"trip_id", "step_to_rollback"}`, the name of the step.  Out: `{"step", "cancelled"}`.
    """
    step, task = str(data["step_to_rollback"]), current_task()
    cancelled = take_back(step) > 0
    if cancelled:
        note = {
            "cancellation_id": task.idempotency_key,
            "trip_id": str(data["trip_id"]),
            "step": step,
        }
        with database.transaction(task.settings) as connection:
            effects.insert_new(connection, cancellations, note)
    return {"step": step, "cancelled": cancelled}
