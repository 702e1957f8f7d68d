"""Collecting stored values: what any kept history names stays, whatever hides the name."""

from __future__ import annotations

import base64
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

import wire
from errors import PayloadKeyError, PayloadStoreError
from local_swf.testing import LocalSWF
from payloads import DirectoryStore, Payloads
from payloads.stores import place
from starter.garbage import DAY_SECONDS, Collected, collect
from tests.application import Application, application

LONG = "x" * 40_000
ORDER = {"order_id": "ORD-1", "items": ["a"], "customer_id": "C-1"}
KEY = "k1:" + base64.b64encode(b"1" * 32).decode()
TOMORROW = time.time() + 2 * DAY_SECONDS


@pytest.fixture(params=["plain", "sealed", "sealed on S3"])
def app(
    request: pytest.FixtureRequest,
    local_swf: LocalSWF,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Application]:
    env = {} if request.param == "plain" else {"PAYLOAD_KEYS": KEY}
    if request.param != "sealed on S3":
        with application(local_swf, tmp_path, **env) as running:
            yield running
        return
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="payloads")
        with application(local_swf, tmp_path, PAYLOAD_STORE="s3://payloads/p", **env) as running:
            yield running


@pytest.fixture
def plain(local_swf: LocalSWF, tmp_path: Path) -> Iterator[Application]:
    with application(local_swf, tmp_path) as running:
        yield running


def later(app: Application, *, dry_run: bool = False) -> Collected:
    """What a collection two days from now would do."""
    return collect(app.starter.swf_client, 1, dry_run=dry_run, now=TOMORROW)


def payloads(app: Application) -> Payloads:
    return app.starter.swf_client.payloads


def names(app: Application) -> set[str]:
    return {item.name for item in payloads(app).store.list()}


def work(app: Application) -> None:
    app.decider()
    app.worker().activities["ProcessData"] = lambda _: {"long": LONG}


def name(reference: wire.Json) -> str:
    return str(reference[wire.REFERENCE]["sha256"])


def test_what_nothing_names_goes_and_the_rest_stays(app: Application) -> None:
    work(app)
    closed = app.starter.start_workflow({**ORDER, "note": LONG})
    before = app.finish(closed)
    app.stop()  # what is on its way would only be spared for its age
    running = app.starter.start_workflow({**ORDER, "note": LONG + "2"})
    kept = names(app)
    garbage = payloads(app).put(LONG + "3")
    found = later(app)
    assert found["removed"] == [name(garbage)]
    assert found["bytes"] == garbage[wire.REFERENCE]["size"]
    assert (found["runs"], found["stored"]) == (2, len(kept) + 1)
    assert found["named"] == len(kept) == len(names(app))
    assert app.starter.get_workflow_history(**closed) == before
    work(app)
    assert app.finish(running)[-1]["eventType"] == "WorkflowExecutionCompleted"


def test_what_a_stored_value_names_stays_too(app: Application) -> None:
    inner = payloads(app).put(LONG)
    middle = payloads(app).put(wire.dumps({"deep": [inner], "long": LONG}))
    run = app.starter.start_workflow(ORDER)
    app.starter.swf_client.signal(run["workflow_id"], "S", wire.dumps([{"in": middle}]))
    assert later(app)["removed"] == []
    assert {name(inner), name(middle)} <= names(app)


def test_a_dry_run_says_it_and_removes_nothing(app: Application) -> None:
    garbage = payloads(app).put(LONG)
    found = later(app, dry_run=True)
    assert found["removed"] == [name(garbage)]
    assert names(app) == {name(garbage)}


def test_what_was_stored_just_now_stays(app: Application) -> None:
    garbage = payloads(app).put(LONG)
    found = app.starter.collect_garbage()
    assert (found["removed"], found["young"]) == ([], 1)
    assert names(app) == {name(garbage)}


def test_a_terminated_runs_details_are_kept_names(app: Application) -> None:
    run = app.starter.start_workflow(ORDER)
    app.starter.terminate_workflow(run["workflow_id"], reason="r", details=LONG)
    assert later(app)["removed"] == []
    assert app.finish(run)[-1]["workflowExecutionTerminatedEventAttributes"]["details"] == LONG


def test_an_old_value_that_is_put_again_meanwhile_stays(plain: Application) -> None:
    store = payloads(plain).store
    assert isinstance(store, DirectoryStore)
    reference = payloads(plain).put(LONG)
    week_ago = time.time() - 7 * DAY_SECONDS
    os.utime(store.folder / place(name(reference)), (week_ago, week_ago))
    plain.starter.start_workflow(ORDER)

    def meanwhile(_: int) -> None:
        assert payloads(plain).put(LONG) == reference

    assert plain.starter.collect_garbage(progress=meanwhile)["removed"] == []
    assert payloads(plain).get(reference) == LONG


def test_another_domain_on_the_same_store_is_asked_too(
    plain: Application, local_swf: LocalSWF, tmp_path: Path
) -> None:
    with application(local_swf, tmp_path, SWF_DOMAIN="another") as other:
        run = other.starter.start_workflow({**ORDER, "note": LONG})
        assert later(plain)["removed"] == []
        assert json.loads(_input(other, run))["note"] == LONG


def test_a_key_that_is_not_here_stops_it_before_anything_is_removed(
    plain: Application, local_swf: LocalSWF, tmp_path: Path
) -> None:
    with application(local_swf, tmp_path, PAYLOAD_KEYS=KEY) as sealing:
        sealing.starter.start_workflow({**ORDER, "note": LONG})
        payloads(plain).put(LONG)
        before = names(plain)
        with pytest.raises(PayloadKeyError, match="add it to PAYLOAD_KEYS"):
            later(plain)
        assert names(plain) == before


def test_a_store_that_is_away_stops_it_too(
    plain: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain.starter.start_workflow({**ORDER, "note": LONG})
    payloads(plain).put("garbage")
    before = names(plain)

    def away(self: DirectoryStore, _: str) -> bytes:
        raise PayloadStoreError("away")

    monkeypatch.setattr(DirectoryStore, "get", away)
    with pytest.raises(PayloadStoreError):
        later(plain)
    assert names(plain) == before


def test_a_value_that_is_lost_does_not(
    plain: Application, caplog: pytest.LogCaptureFixture
) -> None:
    run = plain.starter.start_workflow(ORDER)
    plain.starter.swf_client.signal(
        run["workflow_id"], "S", wire.dumps([wire.reference("0" * 64, 1)])
    )
    garbage = payloads(plain).put(LONG)
    assert later(plain)["removed"] == [name(garbage)]
    assert "A value that a history names cannot be read" in caplog.text


def _input(app: Application, run: Any) -> str:
    first = app.starter.get_workflow_history(**run)[0]
    return str(first["workflowExecutionStartedEventAttributes"]["input"])
