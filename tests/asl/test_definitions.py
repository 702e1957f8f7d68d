"""The definitions that ship, each run in-process and on SWF, through success and failure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
import sqlalchemy as sa
from moto import mock_aws

import asl
import process
import published
from activities import database, functions, services
from activities.context import current_task
from activities.registry import ACTIVITIES, FUNCTIONS
from activities.samples import deployments, locks, orders, trips, warehouse
from activities.saving import orders as saved_orders
from activities.services import clients, optimised
from activity_worker import NonRetryableError
from runner.testing import cancel, returns, simulate
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


@pytest.mark.parametrize("name", SHIPPED)
def test_whatever_a_definition_calls_is_there(name: str) -> None:
    called = [item for item in definition(name).activities if item not in ACTIVITIES]
    text = published.file_of(name, "1.0").read_text(encoding="utf-8")

    assert all(item in functions.NAMES or services.find(item) for item in called)
    assert set(re.findall(r"FunctionName\W+([\w-]+)", text)) <= FUNCTIONS.keys()


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


# --- OrderFulfilment --------------------------------------------------------------------------


def shop_order(number: str, *items: tuple[str, int], **members: Any) -> dict[str, Any]:
    lines = [{"sku": sku, "quantity": pieces, "unit_price": "2.50"} for sku, pieces in items]
    order = {"order_id": number, "items": lines, "card": "card-1", "email": "ada@example.com"}
    return {**order, **members}


def test_an_order_is_paid_confirmed_and_taken_from_stock(runs: Host) -> None:
    ended = runs.run(definition("OrderFulfilment"), shop_order("F-1", ("pen", 4)))

    assert ended.status == "SUCCEEDED"
    assert ended.output["payment"]["amount"] == "10.00"
    assert ended.output["inventory"] == {"taken": {"pen": 4}}
    assert ended.activities == [
        "ValidateInput", "aws.lambda.invoke", "ChargeCard", "SendMail", "TakeFromStock"
    ]  # fmt: skip
    assert [row.amount for row in rows(runs, orders.charges, order_id="F-1")] == ["10.00"]


def test_what_is_short_is_ordered_first(runs: Host) -> None:
    ended = runs.run(definition("OrderFulfilment"), shop_order("F-2", ("pen", 1), ("desk", 2)))

    assert ended.status == "SUCCEEDED"
    assert ended.output["back_order"] == {"status": "back-ordered", "short": ["desk"]}
    assert [row.article for row in rows(runs, orders.back_orders, order_id="F-2")] == ["desk"]
    assert "ChargeCard" not in ended.activities


def test_a_declined_card_is_not_tried_again_and_the_customer_is_told(runs: Host) -> None:
    order = shop_order("F-3", ("pen", 1), card=orders.DECLINED)
    ended = runs.run(definition("OrderFulfilment"), order)

    assert (ended.status, ended.error) == ("FAILED", "CardDeclinedError")
    assert ended.cause == "the card of order F-3 was declined"
    assert ended.activities[2:] == ["ChargeCard", "SendMail", "RefundCharge"]  # it may have paid


def test_a_bank_that_does_not_answer_is_asked_four_times(runs: Host) -> None:
    away = {"ChargeCard": failing(orders.CardNetworkError("away"))}
    ended = runs.run(definition("OrderFulfilment"), shop_order("F-4", ("pen", 1)), away)

    assert (ended.status, ended.error) == ("FAILED", "CardNetworkError")
    assert ended.activities[2:] == ["ChargeCard"] * 4 + ["RefundCharge"]


def test_an_order_that_cannot_leave_the_stock_is_refunded(runs: Host) -> None:
    broken = {"TakeFromStock": failing(OSError("shelf"))}
    ended = runs.run(definition("OrderFulfilment"), shop_order("F-5", ("pen", 1)), broken)

    assert (ended.status, ended.error) == ("FAILED", "OSError")
    undos = ["RollbackStep", "RefundCharge"]
    assert ended.activities[-5:] == ["TakeFromStock"] * 3 + undos
    assert rows(runs, orders.charges, order_id="F-5") == []


def test_a_mail_that_cannot_be_sent_holds_nothing_up(runs: Host) -> None:
    mute = {"SendMail": failing(RuntimeError("no post"))}
    ended = runs.run(definition("OrderFulfilment"), shop_order("F-6", ("pen", 1)), mute)

    assert ended.status == "SUCCEEDED"
    assert ended.output["mail_error"] == {"Error": "RuntimeError", "Cause": "no post"}


def test_an_order_that_is_not_sound_fails_at_once(runs: Host) -> None:
    ended = runs.run(definition("OrderFulfilment"), {"items": []})

    assert (ended.status, ended.error) == ("FAILED", "NonRetryableError")
    assert ended.activities == ["ValidateInput"]


# --- FilePipeline -----------------------------------------------------------------------------


@pytest.fixture
def inbox(aws: Callable[[str], Any]) -> Callable[[str, str], dict[str, Any]]:
    """Puts a file in S3 and gives the event of it."""
    s3 = aws("s3")
    s3.create_bucket(Bucket="inbox")
    aws("dynamodb").create_table(
        TableName="files",
        KeySchema=[{"AttributeName": "object_key", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "object_key", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    subscribe(aws, "files")

    def put(key: str, content: str) -> dict[str, Any]:
        s3.put_object(Bucket="inbox", Key=key, Body=content.encode())
        told = {"bucket": {"name": "inbox"}, "object": {"key": key, "size": len(content)}}
        return {"detail-type": "Object Created", "source": "aws.s3", "detail": told}

    return put


def subscribe(aws: Callable[[str], Any], name: str) -> None:
    """A topic, with a queue of the same name that gets its messages."""
    topic = aws("sns").create_topic(Name=name)["TopicArn"]
    aws("sqs").create_queue(QueueName=name)
    arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"
    aws("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)


def messages(aws: Callable[[str], Any], name: str) -> list[tuple[str, Any]]:
    """Subject and message of what was published."""
    sqs = aws("sqs")
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    told = [json.loads(message["Body"]) for message in found]
    return [(item["Subject"], item["Message"]) for item in told]


def keys(aws: Callable[[str], Any]) -> list[str]:
    return [item["Key"] for item in aws("s3").list_objects_v2(Bucket="inbox")["Contents"]]


def test_a_file_is_summarised_stored_and_told_of(
    runs: Host, aws: Callable[[str], Any], inbox: Callable[[str, str], dict[str, Any]]
) -> None:
    event = inbox("in/sales of may.csv", "sale,amount\n1,10\n2,32\n")
    ended = runs.run(definition("FilePipeline"), event)

    assert ended.status == "SUCCEEDED", ended.cause
    summary = {"status": "stored", "key": "in/sales of may.csv", "rows": 2, "amount": 42}
    assert ended.output == summary
    stored = aws("dynamodb").scan(TableName="files")["Items"]
    assert stored == [
        {
            "object_key": {"S": "inbox/in/sales of may.csv"},
            "row_count": {"N": "2"},
            "amount": {"N": "42"},
        }
    ]
    [(subject, message)] = messages(aws, "files")
    assert subject == "A file was stored"
    assert json.loads(message)["summary"]["amount"] == 42


@pytest.mark.parametrize(
    ("key", "content", "reason"),
    [
        ("in/photo.png", "x", "only .csv files are read"),
        ("in/empty.csv", "", "a file of 0 bytes is not read"),
        ("in/a b&c?+.csv", "name\nx\n", "in/a b&c?+.csv: KeyError 'amount'"),
        ("in/text.csv", "amount\nmuch\n", "in/text.csv: ValueError"),
    ],
)
def test_a_bad_file_goes_to_quarantine(
    *,
    runs: Host,
    aws: Callable[[str], Any],
    inbox: Callable[[str, str], dict[str, Any]],
    key: str,
    content: str,
    reason: str,
) -> None:
    ended = runs.run(definition("FilePipeline"), inbox(key, content))

    assert ended.status == "SUCCEEDED", ended.cause
    assert (ended.output["status"], ended.output["key"]) == ("quarantined", f"quarantine/{key}")
    assert reason in ended.output["reason"]
    assert keys(aws) == [f"quarantine/{key}"]
    [(subject, _)] = messages(aws, "files")
    assert subject == "A file was put in quarantine"


def test_a_table_that_is_not_there_fails_the_file_after_retries(
    runs: Host, aws: Callable[[str], Any], inbox: Callable[[str, str], dict[str, Any]]
) -> None:
    event = inbox("in/day.csv", "amount\n1\n")
    aws("dynamodb").delete_table(TableName="files")
    ended = runs.run(definition("FilePipeline"), event)

    assert (ended.status, ended.error) == ("FAILED", "DynamoDB.ResourceNotFoundException")
    assert ended.activities == ["aws.lambda.invoke"] + ["aws.dynamodb.putItem"] * 4
    assert keys(aws) == ["in/day.csv"]


# --- EtlPipeline ------------------------------------------------------------------------------


def test_sales_of_a_day_are_loaded_and_reported(runs: Host) -> None:
    day = {"day": "2030-01-31", "report_to": "ada@example.com"}
    ended = runs.run(definition("EtlPipeline"), day)

    assert ended.status == "SUCCEEDED", ended.cause
    assert ended.output["loaded"] == {"loaded": 10, "rejected": 2, "amount": 580}
    assert ended.output.keys() == {"day", "loaded", "report"}
    loaded = rows(runs, warehouse.warehouse)
    assert {row.region for row in loaded} == set(warehouse.REGIONS)
    assert sorted({row.customer for row in loaded}) == ["Ada", "Ben", "Cleo", "Dov"]
    assert ended.activities.count("aws.lambda.invoke") == len(warehouse.REGIONS)


def test_partitions_are_transformed_two_at_a_time(runs: Host) -> None:
    ended = runs.run(definition("EtlPipeline"), {"day": "2030-02-01", "report_to": "a@b"})
    open_now = most = 0
    for event in ended.events:
        told = event.get("activityTaskScheduledEventAttributes", {})
        if told.get("activityType", {}).get("name") == "aws.lambda.invoke":
            open_now += 1
        elif event["eventType"] == "ActivityTaskCompleted" and open_now:
            open_now -= 1
        most = max(most, open_now)
    assert most == 2


def test_a_load_that_is_not_good_enough_is_taken_out_again(
    runs: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warehouse, "CUSTOMERS", {"C-0": "Ada"})
    ended = runs.run(definition("EtlPipeline"), {"day": "2030-03-01", "report_to": "a@b"})

    assert (ended.status, ended.error) == ("FAILED", "QualityError")
    assert ended.cause == "9 of the rows were rejected"
    assert ended.activities[-1] == "RollbackStep"
    found = [row.sale for row in rows(runs, warehouse.warehouse)]
    assert not [sale for sale in found if sale.startswith("2030-03-01")]


def test_a_source_that_is_away_is_read_again(runs: Host) -> None:
    away = iter([OSError("away")])

    def extract(data: Any) -> Any:
        for error in away:
            raise error
        return warehouse.extract_source(data)

    day = {"day": "2030-04-01", "report_to": "a@b"}
    ended = runs.run(definition("EtlPipeline"), day, {"ExtractSource": extract})

    assert ended.status == "SUCCEEDED"
    assert ended.activities.count("ExtractSource") == 3


# --- Deployment -------------------------------------------------------------------------------

VERSION = {"application": "shop", "version": "1.4.0"}


def approver(runs: Host, signal: str | None, **answer: Any) -> dict[str, Callable[[Any], Any]]:
    """SNS, and somebody who answers the message that carries a task token."""

    def publish(parameters: Any) -> Any:
        result = optimised.FUNCTIONS["sns.publish"](parameters)
        message = parameters["Message"]
        if signal is not None and isinstance(message, dict):
            payload = {"token": message["task_token"], **answer}
            runs.send(current_task().workflow_id, signal, payload)
        return result

    return {"aws.sns.publish": publish}


def deployed(runs: Host, artifact: str) -> list[str]:
    return sorted(r.environment for r in rows(runs, deployments.deployments, artifact=artifact))


def test_an_approved_version_goes_to_production(runs: Host, aws: Callable[[str], Any]) -> None:
    subscribe(aws, "deployments")
    approves = approver(runs, "TASK_SUCCESS", output={"approved": True, "by": "ada"})
    ended = runs.run(definition("Deployment"), VERSION, approves)

    assert ended.status == "SUCCEEDED", ended.cause
    assert ended.output["approval"] == {"approved": True, "by": "ada"}
    suites = [{"suite": "unit", "passed": 12}, {"suite": "integration", "passed": 12}]
    assert ended.output["tests"] == suites
    assert deployed(runs, "shop-1.4.0.zip") == ["production", "staging"]
    subjects = [subject for subject, _ in messages(aws, "deployments")]
    assert subjects == ["A deployment waits for you", "Deployed"]


@pytest.mark.parametrize(
    ("version", "signal", "answer", "error"),
    [
        ("1.5.1", "TASK_SUCCESS", {"output": {"approved": False}}, "DeploymentRejected"),
        ("1.5.2", "TASK_SUCCESS", {"output": {"yes": 1}}, "DeploymentRejected"),
        ("1.5.3", "TASK_FAILURE", {"error": "Refused", "cause": "not today"}, "Refused"),
        ("1.5.4", None, {}, "States.Timeout"),
    ],
)
def test_what_is_not_approved_is_taken_from_staging(
    *,
    runs: Host,
    aws: Callable[[str], Any],
    version: str,
    signal: str | None,
    answer: dict[str, Any],
    error: str,
) -> None:
    subscribe(aws, "deployments")
    wanted = {**VERSION, "version": version}
    ended = runs.run(definition("Deployment"), wanted, approver(runs, signal, **answer))

    assert ended.error == error, ended.cause
    assert deployed(runs, f"shop-{version}.zip") == []
    subjects = [subject for subject, _ in messages(aws, "deployments")]
    assert subjects == ["A deployment waits for you", "Not deployed"]


def test_a_failing_suite_stops_before_staging(runs: Host) -> None:
    ended = runs.run(definition("Deployment"), {**VERSION, "version": "1.6.0-broken"})

    assert (ended.status, ended.error) == ("FAILED", "TestsFailedError")
    assert "Deploy" not in ended.activities


def test_production_that_fails_takes_both_back(runs: Host, aws: Callable[[str], Any]) -> None:
    subscribe(aws, "deployments")

    def deploy(data: Any) -> Any:
        if data["environment"] == "production":
            raise OSError("no room")
        return deployments.deploy(data)

    approves = approver(runs, "TASK_SUCCESS", output={"approved": True})
    activities = {**approves, "Deploy": deploy}
    ended = runs.run(definition("Deployment"), {**VERSION, "version": "1.7.0"}, activities)

    assert (ended.status, ended.error) == ("FAILED", "OSError")
    assert deployed(runs, "shop-1.7.0.zip") == []
    assert ended.activities.count("Deploy") == 4
    assert ended.activities.count("RollBackDeployment") == 2


# --- TryCatchFinally --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "status", "error", "output"),
    [
        ("three small words", "SUCCEEDED", None, {"words": 3}),
        ("", "FAILED", "EmptyTextError", None),
    ],
)
def test_the_lock_is_given_back_whatever_happens(
    runs: Host, text: str, status: str, error: str | None, output: Any
) -> None:
    ended = runs.run(definition("TryCatchFinally"), {"lock": "words", "text": text})

    assert (ended.status, ended.error, ended.output) == (status, error, output)
    assert ended.activities == ["AcquireLock", "aws.lambda.invoke", "ReleaseLock"]
    assert rows(runs, locks.locks) == []


def test_a_lock_that_is_taken_is_waited_for(runs: Host) -> None:
    with database.transaction(runs.settings) as connection:
        connection.execute(sa.insert(locks.locks), {"name": "busy", "holder": "somebody"})
    ended = runs.run(definition("TryCatchFinally"), {"lock": "busy", "text": "x"})

    assert (ended.status, ended.error) == ("FAILED", "LockTakenError")
    assert ended.activities == ["AcquireLock"] * 11
    assert [row.holder for row in rows(runs, locks.locks)] == ["somebody"]


# --- the two sagas ----------------------------------------------------------------------------

SAGAS = ("TripSaga", "TripCompensation")


def test_both_sagas_book_everything(runs: Host) -> None:
    for name in SAGAS:
        ended = runs.run(definition(name), {"trip_id": f"{name}-ok"})

        assert ended.status == "SUCCEEDED"
        booked = rows(runs, trips.bookings, trip_id=f"{name}-ok")
        assert sorted(row.kind for row in booked) == ["car", "flight", "hotel"]
        assert ended.output["car"] == {
            "booking_id": ended.output["car"]["booking_id"],
            "kind": "car",
        }


@pytest.mark.parametrize(
    ("kind", "cancelled"),
    [("hotel", []), ("flight", ["BookHotel"]), ("car", ["BookFlight", "BookHotel"])],
)
def test_both_sagas_cancel_the_same_bookings_in_the_same_order(
    runs: Host, kind: str, cancelled: list[str]
) -> None:
    undone = {}
    for name in SAGAS:
        trip = {"trip_id": f"{name}-{kind}", "sold_out": [kind]}
        ended = runs.run(definition(name), trip)

        assert (ended.status, ended.error) == ("FAILED", "SoldOutError")
        assert rows(runs, trips.bookings, trip_id=trip["trip_id"]) == []
        found = sorted(rows(runs, trips.cancellations, trip_id=trip["trip_id"]))
        asked = [s.input["step_to_rollback"] for s in ended.scheduled if "Cancel" in s.activity]
        undone[name] = ([row.step for row in found], asked)

    assert undone["TripSaga"] == undone["TripCompensation"]
    assert undone["TripSaga"][0] == cancelled


def test_a_booking_whose_answer_was_lost_is_cancelled_by_both(runs: Host) -> None:
    def book_car(trip: Any) -> Any:
        trips.book_car(trip)
        raise OSError("the answer was lost")

    for name in SAGAS:
        trip = {"trip_id": f"{name}-lost"}
        runs.run(definition(name), trip, {"BookCar": book_car})

        assert rows(runs, trips.bookings, trip_id=trip["trip_id"]) == []
        found = sorted(rows(runs, trips.cancellations, trip_id=trip["trip_id"]))
        assert [row.step for row in found] == ["BookCar", "BookFlight", "BookHotel"]


def test_a_trip_that_is_cancelled_on_the_way_is_undone() -> None:
    slow = {"BookCar": returns(after=50)}
    ended = simulate(definition("TripCompensation"), {"trip_id": "T"}, slow, signals=[cancel(at=5)])

    assert ended.state == "CANCELED"
    ended.assert_compensated("BookCar", "BookFlight", "BookHotel")
