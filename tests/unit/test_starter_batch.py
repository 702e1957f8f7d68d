"""Batches: every order has a result, in the orders' order, whatever happens to single ones."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from errors import BusinessProcessError, CredentialsError, EngineUnreachableError, InvalidInputError
from starter.batch import Batch, BatchResult, Start
from starter.pace import Pace
from starter.runs import Started
from wire import Json


def start(order: Json) -> Started:
    if order == "bad":
        raise InvalidInputError("bad order")
    return {"workflow_id": f"w-{order}", "run_id": f"r-{order}"}


def run(
    starter: Start, orders: list[Json], heard: list[BatchResult] | None = None
) -> list[BatchResult]:
    listener = None if heard is None else heard.append
    return Batch(starter, Pace(1_000_000, 1_000), listener).run(orders)


def test_each_order_has_its_result_in_its_place() -> None:
    results = run(start, list(range(50)))

    assert [result["index"] for result in results] == list(range(50))
    assert [result["run_id"] for result in results] == [f"r-{order}" for order in range(50)]


def test_one_failure_does_not_stop_the_others() -> None:
    results = run(start, ["a", "bad", "b"])

    assert [result["workflow_id"] for result in results] == ["w-a", None, "w-b"]
    assert results[1]["error"] == "bad order"
    assert results[1]["error_type"] == "InvalidInputError"


def test_a_listener_hears_every_result() -> None:
    heard: list[BatchResult] = []

    results = run(start, ["a", "bad"], heard)

    assert sorted(heard, key=lambda result: result["index"]) == results


@pytest.mark.parametrize("error", [EngineUnreachableError("down"), CredentialsError("none")])
def test_what_would_fail_alike_is_not_tried(error: BusinessProcessError) -> None:
    tried = []

    def hopeless(order: Json) -> Started:
        tried.append(order)
        raise error

    results = run(hopeless, list(range(200)))

    assert len(tried) < 200
    assert {result["error"] for result in results} == {str(error)}


def test_an_unexpected_error_comes_out_and_ends_the_batch() -> None:
    def broken(order: Json) -> Started:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(broken, [1, 2, 3])


def test_an_interruption_tells_of_what_was_started() -> None:
    told: list[BatchResult] = []

    def listener(result: BatchResult) -> None:
        told.append(result)
        if len(told) == 3:
            raise KeyboardInterrupt

    started = []

    def remembering(order: Json) -> Started:
        started.append(order)
        return start(order)

    with pytest.raises(KeyboardInterrupt):
        Batch(remembering, Pace(1_000_000, 1_000), listener).run(list(range(100)))

    assert {item["workflow_id"] for item in told if item["run_id"]} == {f"w-{o}" for o in started}


def test_so_does_one_while_orders_are_still_read() -> None:
    told: list[BatchResult] = []
    begun, read = threading.Event(), threading.Event()

    def slow(order: Json) -> Started:
        begun.set()
        read.wait(10)
        return start(order)

    def orders() -> Iterator[Json]:
        yield "a"
        begun.wait(10)
        read.set()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Batch(slow, Pace(1_000_000, 1_000), told.append).run(orders())

    assert [item["workflow_id"] for item in told] == ["w-a"]


def test_no_orders_no_results() -> None:
    assert run(start, []) == []
