"""The definitions that ship, each run in-process and on SWF, through success and failure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import sqlalchemy as sa
from moto import mock_aws

import asl
import process
import published
from activities import database
from activities.context import current_task
from activities.saving import orders as saved_orders
from activities.samples import deployments, locks, orders, trips, warehouse
from activities.services import clients, optimised
from activity_worker import NonRetryableError
from tests.asl.drivers import HOSTS, Host, Scheduled, host
from workflow import Definition

ACCOUNT = "123456789012"
FILES_TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:files"
DEPLOYMENTS_TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:deployments"


@pytest.fixture(scope="module", params=HOSTS)
def runs(request: Any, tmp_path_factory: Any) -> Iterator[Host]:
    """Both ways of running a definition."""
    with host(request.param, tmp_path_factory.mktemp("data"), LOG_LEVEL="ERROR") as found:
        yield found
    database.close()


@pytest.fixture(autouse=True)
def topics(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FILES_TOPIC_ARN", FILES_TOPIC)
    monkeypatch.setenv("DEPLOYMENTS_TOPIC_ARN", DEPLOYMENTS_TOPIC)


@pytest.fixture
def aws(runs: Host, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Any]]:
    """Clients of an AWS that moto plays; the embedded SWF stays what it is."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    clients.forget()
    with mock_aws():
        yield lambda service: boto3.client(service, region_name="us-east-1")  # type: ignore[call-overload]
    clients.forget()


def rows(runs: Host, table: sa.Table, **where: Any) -> list[Any]:
    """Rows of a table of the business database."""
    wanted = sa.and_(sa.true(), *(table.c[name] == value for name, value in where.items()))
    with database.transaction(runs.settings) as connection:
        return list(connection.execute(sa.select(table).where(wanted)))


def definition(name: str) -> Definition:
    return published.named(name)


def failing(error: Exception, times: int = 1000) -> Callable[[Any], Any]:
    """An activity that fails so many times, and then gives `{}`."""
    left = [error] * times

    def activity(_: Any) -> Any:
        if left:
            raise left.pop()
        return {}

    return activity


# --- all of them ------------------------------------------------------------------------------


SHIPPED = sorted(
    path.name.partition("@")[0]
    for path in published.FOLDER.glob("*.asl.*")
    if process.NAME not in path.name
)


def test_all_that_is_promised_ships() -> None:
    assert SHIPPED == [
        "Deployment",
        "EtlPipeline",
        "FilePipeline",
        "OrderFulfilment",
        "OrderSteps",
        "TripCompensation",
        "TripSaga",
        "TryCatchFinally",
    ]


@pytest.mark.parametrize("name", SHIPPED)
def test_a_definition_has_nothing_to_complain_of(name: str) -> None:
    text = published.file_of(name, "1.0").read_text(encoding="utf-8")
    assert asl.validate(asl.read(text)) == []


# --- the five steps, in Python and in States Language -----------------------------------------


ORDER = {"order_id": "ORD-1", "items": [{"sku": "pen", "quantity": 2, "unit_price": "1.50"}]}
AWAY = ConnectionError("away")

ORDERS: dict[str, tuple[dict[str, Any], dict[str, tuple[Exception, int]]]] = {
    "success": (ORDER, {}),
    "bad input": ({"items": ["a"]}, {}),
    "a step that recovers": (ORDER, {"ProcessData": (AWAY, 2)}),
    "a step that fails": (ORDER, {"EnrichData": (AWAY, 99)}),
    "a step that fails for good": (ORDER, {"EnrichData": (NonRetryableError("no"), 99)}),
    "the last step fails": (ORDER, {"NotifyCompletion": (AWAY, 99)}),
    "an undo fails": (ORDER, {"NotifyCompletion": (AWAY, 99), "RollbackStep": (AWAY, 99)}),
    "the record fails": (ORDER, {"SaveResults": (AWAY, 99), "CompensateTransaction": (AWAY, 99)}),
}


@pytest.mark.parametrize("case", ORDERS)
def test_order_steps_is_the_python_process_step_for_step(runs: Host, case: str) -> None:
    order, faults = ORDERS[case]
    kinds = (process.definition("1.0"), definition("OrderSteps"))
    python, ours = (
        runs.run(kind, order, {name: failing(*fault) for name, fault in faults.items()})
        for kind in kinds
    )

    assert attempts(ours.scheduled) == attempts(python.scheduled)
    assert ours.markers == python.markers
    assert ours.status == python.status == ("FAILED" if case not in GOOD else "SUCCEEDED")
    assert without_keys(ours.output) == without_keys(python.output)


GOOD = ("success", "a step that recovers")


def test_the_last_step_that_fails_has_the_record_taken_back(runs: Host) -> None:
    order = {**ORDER, "order_id": "ORD-taken-back"}
    ended = runs.run(definition("OrderSteps"), order, {"NotifyCompletion": failing(AWAY)})

    assert ended.activities[-3:] == ["RollbackStep", "RollbackStep", "CompensateTransaction"]
    assert (ended.error, ended.cause) == ("ConnectionError", "away")
    assert rows(runs, saved_orders, order_id="ORD-taken-back") == []


def attempts(scheduled: list[Scheduled]) -> Any:
    """What two executions have in common: not their keys, nor what only States Language tells."""
    told = []
    for item in scheduled:
        data = dict(item.input)
        if "step_to_rollback" in data:
            data.pop("result", None)
        told.append((item.activity, item.attempt, data))
    return without_keys(told)


def without_keys(value: Any) -> Any:
    """Keys of idempotency numbered in the order in which they come."""
    seen: dict[str, str] = {}
    text = re.sub(
        r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|run-\d+",
        lambda found: seen.setdefault(found[0], f"KEY-{len(seen)}"),
        json.dumps(value, sort_keys=True),
    )
    return json.loads(text)
