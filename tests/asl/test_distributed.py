"""Distributed maps with items in S3 and results written there, in-process and on SWF."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from activities.services import clients
from asl.loading import load
from tests.asl.drivers import HOSTS, Finished, Host, host

BUCKET = "data"
S3 = "arn:aws:states:::s3:"
WORK = "arn:aws:lambda:us-east-1:123456789012:function:work"


@pytest.fixture(params=HOSTS)
def runs(request: Any, tmp_path: Path) -> Iterator[Host]:
    """Both hosts."""
    with host(request.param, tmp_path, AWS_REGION="us-east-1") as found:
        yield found


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A bucket that moto keeps."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    clients.forget()
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        yield client
    clients.forget()


def machine(processor: dict[str, Any] | None = None, **members: Any) -> dict[str, Any]:
    """A distributed Map; what is done with an item, and the Map's other members."""
    config = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    one = processor or {"Type": "Task", "Resource": WORK, "End": True}
    inner = {"ProcessorConfig": config, "StartAt": "One", "States": {"One": one}}
    each = {"Type": "Map", "ItemProcessor": inner, "End": True, **members}
    return {"StartAt": "Each", "States": {"Each": each}}


def reader(action: str, key: str = "", **config: Any) -> dict[str, Any]:
    place = {"Bucket": BUCKET, **({"Key": key} if key else {})}
    found: dict[str, Any] = {"Resource": S3 + action, "Parameters": place}
    return found | ({"ReaderConfig": config} if config else {})


def ended(
    runs: Host, document: dict[str, Any], value: Any, work: Callable[[Any], Any] | None = None
) -> Finished:
    definition = load(document, "Distributed", "1")
    return runs.run(definition, value, {"work": work or (lambda event: event)})


CSV = b"sku,quantity\nA,1\nB,2\nC,3\n"
ROWS = [{"sku": "A", "quantity": "1"}, {"sku": "B", "quantity": "2"}, {"sku": "C", "quantity": "3"}]

FILES: dict[str, tuple[bytes, dict[str, Any], list[Any]]] = {
    "items.json": (b'[{"n": 1}, {"n": 2}]', {"InputType": "JSON"}, [{"n": 1}, {"n": 2}]),
    "items.jsonl": (b'{"n": 1}\n\n{"n": 2}\n', {"InputType": "JSONL"}, [{"n": 1}, {"n": 2}]),
    "header.csv": (CSV, {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}, ROWS),
    "given.csv": (
        b"A;1\nB;2\n",
        {
            "InputType": "CSV",
            "CSVHeaderLocation": "GIVEN",
            "CSVHeaders": ["sku", "quantity"],
            "CSVDelimiter": "SEMICOLON",
        },
        ROWS[:2],
    ),
    "most.csv": (
        CSV,
        {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW", "MaxItems": 2},
        ROWS[:2],
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_items_are_read_from_an_object(runs: Host, s3: Any, name: str) -> None:
    body, config, items = FILES[name]
    s3.put_object(Bucket=BUCKET, Key=name, Body=body)
    found = ended(runs, machine(ItemReader=reader("getObject", name, **config)), {})
    assert (found.status, found.output) == ("SUCCEEDED", items)
    assert found.activities == ["aws.map.items", *["aws.lambda"] * len(items)]


def test_items_are_the_objects_of_a_bucket(runs: Host, s3: Any) -> None:
    for key in ("in/a.txt", "in/b.txt", "other.txt"):
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"1234")
    listing = reader("listObjectsV2")
    listing["Parameters"] |= {"Prefix.$": "$.prefix"}
    selected = {"key.$": "$$.Map.Item.Value.Key", "size.$": "$$.Map.Item.Value.Size"}
    document = machine(ItemReader=listing, ItemSelector=selected, MaxConcurrency=1)
    found = ended(runs, document, {"prefix": "in/"})
    assert found.output == [{"key": "in/a.txt", "size": 4}, {"key": "in/b.txt", "size": 4}]


def test_the_number_of_items_may_come_from_the_data(runs: Host, s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="n.json", Body=json.dumps(list(range(9))).encode())
    config = {"InputType": "JSON", "MaxItemsPath": "$.most"}
    document = machine(ItemReader=reader("getObject", "n.json", **config))
    assert ended(runs, document, {"most": 3}).output == [0, 1, 2]


def test_items_in_batches_with_failures_that_are_tolerated(runs: Host, s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="n.json", Body=json.dumps(list(range(6))).encode())
    document = machine(
        ItemReader=reader("getObject", "n.json", InputType="JSON"),
        ItemBatcher={"MaxItemsPerBatch": 2, "BatchInput": {"shop.$": "$.shop"}},
        ToleratedFailureCount=1,
        ResultSelector={"done.$": "$[*].Items"},
    )

    def work(event: Any) -> Any:
        assert event["BatchInput"] == {"shop": "S"}
        if 2 in event["Items"]:
            raise ValueError("two is no number for us")
        return event

    assert ended(runs, document, {"shop": "S"}, work).output == {"done": [[0, 1], [4, 5]]}


def test_too_many_failures_fail_the_map_by_name(runs: Host, s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="n.json", Body=b"[1, 2, 3]")
    document = machine(
        ItemReader=reader("getObject", "n.json", InputType="JSON"), ToleratedFailurePercentage=40
    )

    def work(event: Any) -> Any:
        raise ValueError("no")

    found = ended(runs, document, {}, work)
    assert (found.status, found.error) == ("FAILED", "States.ExceedToleratedFailureThreshold")


def test_what_cannot_be_read_can_be_caught(runs: Host, s3: Any) -> None:
    catch = [{"ErrorEquals": ["States.ItemReaderFailed"], "Next": "Told"}]
    document = machine(ItemReader=reader("getObject", "nothing.json"), Catch=catch)
    document["States"]["Told"] = {"Type": "Pass", "Parameters": {"e.$": "$.Error"}, "End": True}
    found = ended(runs, document, {})
    assert (found.status, found.output) == ("SUCCEEDED", {"e": "States.ItemReaderFailed"})


def test_results_are_written(runs: Host, s3: Any) -> None:
    writer = {"Resource": S3 + "putObject", "Parameters": {"Bucket": BUCKET, "Prefix": "out"}}
    document = machine(ResultWriter=writer, ToleratedFailureCount=1, ResultPath="$.written")
    document["States"]["Each"]["ItemsPath"] = "$.items"

    def work(event: Any) -> Any:
        if event == 2:
            raise ValueError("two is no number for us")
        return {"double": 2 * event}

    found = ended(runs, document, {"items": [1, 2, 3]}, work)
    assert found.status == "SUCCEEDED"
    details = found.output["written"]["ResultWriterDetails"]
    assert details["Bucket"] == BUCKET
    manifest = json.loads(s3.get_object(Bucket=BUCKET, Key=details["Key"])["Body"].read())
    assert manifest["DestinationBucket"] == BUCKET
    succeeded, failed = (_written(s3, manifest, name) for name in ("SUCCEEDED", "FAILED"))
    assert [json.loads(item["Output"]) for item in succeeded] == [{"double": 2}, {"double": 6}]
    assert [(json.loads(item["Input"]), item["Error"]) for item in failed] == [(2, "ValueError")]


def _written(s3: Any, manifest: dict[str, Any], name: str) -> list[Any]:
    [part] = manifest["ResultFiles"][name]
    found: list[Any] = json.loads(s3.get_object(Bucket=BUCKET, Key=part["Key"])["Body"].read())
    return found


def test_results_that_cannot_be_written_fail_by_name(runs: Host, s3: Any) -> None:
    writer = {"Resource": S3 + "putObject", "Parameters": {"Bucket": "elsewhere", "Prefix": ""}}
    found = ended(runs, machine(ResultWriter=writer), [1])
    assert (found.status, found.error) == ("FAILED", "States.ResultWriterFailed")


def test_many_items_and_large_ones_come_through(runs: Host, s3: Any) -> None:
    items = [{"n": number, "text": "x" * 500} for number in range(400)]
    s3.put_object(Bucket=BUCKET, Key="many.json", Body=json.dumps(items).encode())
    passing = {"Type": "Pass", "Parameters": {"n.$": "$.n"}, "End": True}
    document = machine(passing, ItemReader=reader("getObject", "many.json"), MaxConcurrency=40)
    found = ended(runs, document, {})
    assert [item["n"] for item in found.output] == list(range(400))
