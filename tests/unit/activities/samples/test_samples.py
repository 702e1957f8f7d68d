"""The activities of the example definitions: their effects are made once, and taken back."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from activities import database, samples
from activities.context import TaskContext, entered
from activities.registry import ACTIVITIES, FUNCTIONS
from activities.samples import deployments, locks, orders, trips, warehouse
from config import Settings
from errors import NonRetryableError, TombstoneError

PARTITIONS = [
    {"region": "west", "rows": [{"sale": "1", "customer": "Ada", "amount": 5}], "rejected": 1}
]

EFFECTS: list[tuple[str, dict[str, Any], sa.Table]] = [
    ("BookHotel", {"trip_id": "T"}, trips.bookings),
    ("BookFlight", {"trip_id": "T"}, trips.bookings),
    ("BookCar", {"trip_id": "T"}, trips.bookings),
    ("ChargeCard", {"order_id": "O", "card": "c", "amount": "1.00"}, orders.charges),
    ("TakeFromStock", {"order_id": "O", "items": ["pen"]}, orders.stock_moves),
    ("NoteBackOrder", {"order_id": "O", "short": ["desk"]}, orders.back_orders),
    ("LoadRows", {"partitions": PARTITIONS}, warehouse.warehouse),
    ("Deploy", {"environment": "staging", "artifact": "a.zip"}, deployments.deployments),
]


@pytest.fixture
def do(task_of: Callable[..., TaskContext]) -> Callable[..., Any]:
    """Do an activity as the step of that path."""

    def call(name: str, data: Any, path: str = "", **facts: Any) -> Any:
        with entered(task_of(path or name, **facts)):
            return {**ACTIVITIES, **FUNCTIONS}[name](data)

    return call


def rows(settings: Settings, table: sa.Table) -> list[Any]:
    with database.transaction(settings) as connection:
        return list(connection.execute(sa.select(table)))


def test_they_are_registered() -> None:
    assert samples.ACTIVITIES.items() <= ACTIVITIES.items()
    assert samples.FUNCTIONS.items() <= FUNCTIONS.items()


@pytest.mark.parametrize(("name", "data", "table"), EFFECTS, ids=lambda case: str(case)[:20])
def test_an_effect_is_made_once_a_visit(
    do: Callable[..., Any], settings: Settings, name: str, data: Any, table: sa.Table
) -> None:
    first, again = (do(name, data, attempt=attempt) for attempt in (1, 2))

    assert first == again
    assert len(rows(settings, table)) == 1

    do(name, data, visit=2)
    assert [row.visit for row in rows(settings, table)] == [2]


UNDOS = [
    ("BookHotel", {"trip_id": "T"}, "CancelBooking", trips.bookings),
    (*EFFECTS[3][:2], "RefundCharge", orders.charges),
    (*EFFECTS[7][:2], "RollBackDeployment", deployments.deployments),
]


@pytest.mark.parametrize(("name", "data", "undo", "table"), UNDOS, ids=lambda c: str(c)[:20])
@pytest.mark.parametrize("visit", [1, 3])
@pytest.mark.parametrize("compensating", [True, False])
def test_an_undo_takes_the_last_visit_back_and_bars_it(
    *,
    do: Callable[..., Any],
    settings: Settings,
    name: str,
    data: Any,
    undo: str,
    table: sa.Table,
    visit: int,
    compensating: bool,
) -> None:
    do(name, data, visit=visit)
    facts = {"path": name, "visit": visit, "undo": True} if compensating else {"path": "Undoing"}
    asked = {**data, "step_to_rollback": name}

    answers = [do(undo, asked, **facts) for _ in range(2)]

    assert answers[0] == answers[1]
    assert rows(settings, table) == []
    with pytest.raises(TombstoneError):
        do(name, data, visit=visit)


def test_cancellations_are_noted_in_their_order(do: Callable[..., Any], settings: Settings) -> None:
    steps = ("BookHotel", "BookFlight")
    for step in steps:
        do(step, {"trip_id": "T"})
    for step, attempt in itertools.product(reversed(steps), (1, 2)):
        asked = {"trip_id": "T", "step_to_rollback": step}
        assert do("CancelBooking", asked, f"Cancel{step}", attempt=attempt)["cancelled"]
    nothing = {"trip_id": "T", "step_to_rollback": "BookCar"}

    assert do("CancelBooking", nothing, "CancelCar") == {"step": "BookCar", "cancelled": False}
    noted = [(row.number, row.step) for row in rows(settings, trips.cancellations)]
    assert noted == [(1, "BookFlight"), (2, "BookHotel")]


@pytest.mark.parametrize(
    ("name", "data", "error"),
    [
        ("BookCar", {"trip_id": "T", "sold_out": ["car"]}, trips.SoldOutError),
        ("ChargeCard", {"order_id": "O", "card": "card-declined"}, orders.CardDeclinedError),
        ("Build", {"application": "shop", "version": "newest"}, deployments.BuildFailedError),
        ("RunTests", {"suite": "u", "artifact": "s-1-broken.zip"}, deployments.TestsFailedError),
        ("ExtractSource", {"source": "moon", "day": "d"}, NonRetryableError),
        ("count-words", {"text": " "}, locks.EmptyTextError),
    ],
)
def test_what_cannot_be_done_says_why(
    do: Callable[..., Any], name: str, data: Any, error: type[Exception]
) -> None:
    with pytest.raises(error):
        do(name, data)


def test_what_was_taken_is_no_longer_in_stock(do: Callable[..., Any]) -> None:
    order = {"order_id": "O", "items": [{"sku": "lamp", "quantity": 3, "unit_price": "20"}]}

    assert do("check-stock", order) == {"in_stock": True, "short": [], "total": "60.00"}
    assert do("TakeFromStock", order) == {"taken": {"lamp": 3}}
    assert do("check-stock", order)["short"] == ["lamp"]


def test_a_lock_has_one_holder_who_may_ask_again(do: Callable[..., Any]) -> None:
    lock = {"lock": "L"}
    do("AcquireLock", lock)
    do("AcquireLock", lock, attempt=2)

    with pytest.raises(locks.LockTakenError):
        do("AcquireLock", lock, workflow_id="another")
    assert do("ReleaseLock", lock, workflow_id="another") == {"released": 0}
    assert do("ReleaseLock", lock) == {"released": 1}
    do("AcquireLock", lock, workflow_id="another")
