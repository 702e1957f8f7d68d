import json
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from itertools import repeat
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from activities import database
from activities.context import TaskContext, current_task, entered
from activities.saving import orders, save_results
from activities.undo import rollback_step
from config import Settings
from errors import StaleVisitError, TombstoneError

ORDER = {"order_id": "ORD-1", "items": [{"price": 2}], "customer_id": "C-1"}


class Step:
    """One start's SaveResults on one database."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.start_id = str(uuid4())

    def task(self, visit: int, **members: Any) -> TaskContext:
        return TaskContext(
            "workflow-1", "run-1", self.start_id, "SaveResults", visit,
            settings=self.settings, **members,
        )  # fmt: skip

    def save(self, visit: int, order: dict[str, Any] = ORDER, attempt: int = 1) -> dict[str, Any]:
        with entered(self.task(visit, attempt=attempt)):
            return save_results(order)

    def undo(self, visit: int, step: str = "SaveResults") -> int:
        with entered(self.task(visit, undo=True)):
            return int(rollback_step({"step_to_rollback": step})["deleted"])

    def records(self) -> list[Any]:
        mine = sa.select(orders).where(orders.c.start_id == self.start_id)
        with database.transaction(self.settings) as connection:
            return list(connection.execute(mine))


@pytest.fixture
def step(any_database: Settings) -> Step:
    return Step(any_database)


def test_a_record_holds_the_order_and_its_results(step: Step) -> None:
    previous = {"ProcessData": {"total": "9.50"}, "EnrichData": {"customer_tier": "gold"}}
    result = step.save(1, {**ORDER, "previous_results": previous})
    (record,) = step.records()
    assert (record.order_id, record.customer_id) == ("ORD-1", "C-1")
    assert (record.total, record.customer_tier, record.visit) == ("9.50", "gold", 1)
    assert json.loads(record.document)["previous_results"] == previous
    assert result == {"status": "saved", "order_id": "ORD-1", "record_id": record.record_id}


def test_a_retry_of_a_visit_leaves_one_record(step: Step) -> None:
    first = step.save(1)
    assert step.save(1, attempt=2) == first
    assert len(step.records()) == 1


def test_a_later_visit_replaces_the_record(step: Step) -> None:
    first, second = step.save(1), step.save(2, {**ORDER, "order_id": "ORD-2"})
    (record,) = step.records()
    assert (record.order_id, record.visit, record.record_id) == ("ORD-2", 2, second["record_id"])
    assert first["record_id"] != second["record_id"]


def test_a_straggler_of_an_earlier_visit_is_refused(step: Step) -> None:
    step.save(2)
    with pytest.raises(StaleVisitError, match="visit 1 of 'SaveResults' comes late"):
        step.save(1)
    assert [record.visit for record in step.records()] == [2]


def test_an_undo_deletes_the_record_and_says_the_same_again(step: Step) -> None:
    step.save(1)
    assert [step.undo(1), step.undo(1)] == [1, 1]
    assert step.records() == []


def test_an_undo_bars_its_visit_and_those_before_it_but_not_later_ones(step: Step) -> None:
    step.save(2)
    step.undo(2)
    for visit in (1, 2):
        with pytest.raises(TombstoneError, match="was undone already"):
            step.save(visit)
    assert step.records() == []
    step.save(3)
    assert [record.visit for record in step.records()] == [3]


def test_an_undo_of_what_was_never_written_bars_it_too(step: Step) -> None:
    assert step.undo(1) == 0
    with pytest.raises(TombstoneError):
        step.save(1)


def test_a_late_undo_leaves_a_later_visits_record(step: Step) -> None:
    step.save(1)
    step.save(2)
    assert step.undo(1) == 0
    assert [record.visit for record in step.records()] == [2]


def test_starts_do_not_touch_each_other(step: Step, any_database: Settings) -> None:
    other = Step(any_database)
    step.save(1)
    other.save(1)
    step.undo(1)
    assert (len(step.records()), len(other.records())) == (0, 1)


def test_an_undo_and_a_straggling_write_that_race_leave_nothing(any_database: Settings) -> None:
    def race(step: Step) -> None:
        start = threading.Barrier(3)

        def write() -> None:
            start.wait()
            with suppress(TombstoneError):
                step.save(1)

        def take_back() -> None:
            start.wait()
            step.undo(1)

        with ThreadPoolExecutor(3) as pool:
            for job in [pool.submit(call) for call in (write, write, take_back)]:
                job.result()

    for step in map(Step, repeat(any_database, 15)):
        race(step)
        assert step.records() == []


def test_writers_that_race_leave_one_record_of_the_latest_visit(any_database: Settings) -> None:
    step = Step(any_database)
    visits = [1, 3, 2, 3, 1, 3, 2, 3] * 3

    def write(visit: int) -> bool:
        try:
            step.save(visit)
        except StaleVisitError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        written = list(pool.map(write, visits))
    assert [record.visit for record in step.records()] == [3]
    assert all(done for done, visit in zip(written, visits, strict=True) if visit == 3)


def test_any_text_can_be_stored(step: Step) -> None:
    strange = "ção 李 \U0001f600 \0 \ud800"
    result = step.save(1, {"order_id": strange, "customer": {"id": strange, "tier": strange}})
    (record,) = step.records()
    assert result["order_id"] == strange
    assert json.loads(record.document)["order_id"] == strange
    assert record.order_id == "ção 李 \U0001f600 \\x00 \\ud800"


def test_called_without_a_worker_it_works_twice_and_can_be_undone(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("config.settings", lambda: settings)
    monkeypatch.setattr("activities.context.config.settings", lambda: settings)
    assert save_results(ORDER)["status"] == "saved"
    assert save_results(ORDER)["status"] == "saved"
    assert rollback_step({"step_to_rollback": "SaveResults"})["deleted"] == 1
    assert save_results(ORDER)["status"] == "saved"
    assert current_task().visit > 3


def test_the_database_may_be_in_memory(settings: Settings) -> None:
    step = Step(replace(settings, database_url="sqlite://"))
    step.save(1)
    assert len(step.records()) == 1
