"""Large and secret values through the whole application, on the embedded SWF."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws

import wire
from activity_worker import ActivityWorker, current_task
from decision_worker import DecisionWorker
from errors import PayloadStoreError
from local_swf.testing import LocalSWF
from swf_client import SwfClient
from tests.application import Application, application
from workflow_starter import WorkflowStarter

LONG = "ção\U0001f600" * 20_000
ORDER = {"order_id": "ORD-1", "items": ["a"], "customer_id": "C-1"}
KEY = "k1:" + base64.b64encode(b"1" * 32).decode()
NEW_KEY = "k2:" + base64.b64encode(b"2" * 32).decode()
SECRET = "Wladyslawa-Szymborska-4111"


@pytest.fixture(params=["plain", "sealed", "sealed on S3"])
def big(
    request: pytest.FixtureRequest,
    local_swf: LocalSWF,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Application]:
    """The application on every chain that payloads can take."""
    env = {} if request.param == "plain" else {"PAYLOAD_KEYS": KEY}
    if request.param != "sealed on S3":
        with application(local_swf, tmp_path, **env) as running:
            yield running
        return
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        import boto3

        boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="payloads")
        with application(local_swf, tmp_path, PAYLOAD_STORE="s3://payloads/p", **env) as running:
            yield running


def facts(events: list[dict[str, Any]], event_type: str) -> dict[str, Any]:
    """The attributes of the first event of a type."""
    name = f"{event_type[0].lower()}{event_type[1:]}EventAttributes"
    found: dict[str, Any] = next(e for e in events if e["eventType"] == event_type)[name]
    return found


def texts_on_the_wire(app: Application, run: Any) -> Iterator[str]:
    """Every payload of a run as SWF has it."""
    client = app.swf.client()
    pages = client.get_paginator("get_workflow_execution_history").paginate(
        domain=app.settings.swf_domain,
        execution={"workflowId": run["workflow_id"], "runId": run["run_id"]},
    )
    for page in pages:
        for event in page["events"]:
            for block in event.values():
                if isinstance(block, dict):
                    yield from (block[m] for m in ("input", "result", "details") if m in block)


class TestOverTheLimit:
    def test_inputs_and_results_come_back_whole(self, big: Application) -> None:
        seen: list[Any] = []

        def process_data(data: dict[str, Any]) -> dict[str, Any]:
            seen.append((data, current_task().path))
            return {"long": data["note"][::-1]}

        big.decider()
        big.worker().activities["ProcessData"] = process_data
        run = big.starter.start_workflow({**ORDER, "note": LONG})
        events = big.finish(run)

        assert json.loads(facts(events, "WorkflowExecutionStarted")["input"])["note"] == LONG
        ((data, path),) = seen
        assert path == "ProcessData"
        assert data["note"] == LONG
        result = json.loads(facts(events, "WorkflowExecutionCompleted")["result"])
        assert result.get("input", result)["note"] == LONG
        assert result["previous_results"]["ProcessData"] == {"long": LONG[::-1]}
        assert all(wire.length(text) <= 32_768 for text in texts_on_the_wire(big, run))

    def test_signals_markers_details_and_contexts_too(self, big: Application) -> None:
        client = big.starter.swf_client
        run = big.starter.start_workflow(ORDER)
        big.starter.signal_workflow(run["workflow_id"], "Note", {"note": LONG})
        task = client.poll_decision_task(big.settings.swf_task_list)
        assert task is not None
        signal = facts(task["events"], "WorkflowExecutionSignaled")
        assert json.loads(signal["input"])["note"] == LONG, "the core reads it"
        marker = {"markerName": "M", "details": wire.dumps([LONG])}
        context = wire.dumps({"state": "RUNNING", "path": "P", "last_error": LONG})
        client.respond_decision_task(
            task["taskToken"],
            [{"decisionType": "RecordMarker", "recordMarkerDecisionAttributes": marker}],
            context=context,
        )
        big.starter.terminate_workflow(run["workflow_id"], reason="enough", details=LONG)

        events = big.finish(run)
        assert json.loads(facts(events, "WorkflowExecutionSignaled")["input"])["note"] == LONG
        assert json.loads(facts(events, "MarkerRecorded")["details"]) == [LONG]
        assert facts(events, "DecisionTaskCompleted")["executionContext"] == context
        last = facts(events, "WorkflowExecutionTerminated")
        assert (last["reason"], last["details"]) == ("enough", LONG)
        status = big.starter.status(**run)
        assert (status["step"], status["reason"]) == ("P", "enough")
        assert status["last_error"] == LONG

    def test_failures_keep_their_reason_and_details(self, big: Application) -> None:
        def broken(_: Any) -> Any:
            raise ValueError(LONG)

        big.decider()
        big.worker().activities["ValidateInput"] = broken
        run = big.starter.start_workflow(ORDER)
        events = big.finish(run)
        failed = facts(events, "ActivityTaskFailed")
        assert failed["reason"] == wire.cut(f"ValueError: {LONG}", wire.REASON_CHARACTERS)
        assert json.loads(failed["details"])["retryable"] is True
        closed = facts(events, "WorkflowExecutionFailed")
        assert closed["reason"].startswith("ValidateInput failed: Max retries exceeded")
        assert big.starter.status(**run)["reason"] == closed["reason"]

    def test_a_closed_run_is_resumed_with_a_snapshot_that_is_outside(
        self, big: Application
    ) -> None:
        broken = threading.Event()
        broken.set()

        def enrich(data: dict[str, Any]) -> dict[str, Any]:
            if broken.is_set():
                raise ValueError("no service")
            return {"seen": data["previous_results"]["ProcessData"]["long"]}

        big.decider()
        worker = big.worker()
        worker.activities["ProcessData"] = lambda _: {"long": "x" * 31_000}
        worker.activities["EnrichData"] = enrich
        run = big.starter.start_workflow({**ORDER, "note": "y" * 31_000})
        assert big.finish(run)[-1]["eventType"] == "WorkflowExecutionFailed"
        broken.clear()
        resumed = big.starter.resume_workflow_from_step(**run, step_name="EnrichData")
        events = big.finish({"workflow_id": run["workflow_id"], "run_id": resumed["run_id"]})
        result = json.loads(facts(events, "WorkflowExecutionCompleted")["result"])
        assert result["previous_results"]["EnrichData"] == {"seen": "x" * 31_000}
        assert big.starter.status(run["workflow_id"], resumed["run_id"])["previous_run_id"]


class TestSealed:
    def test_nothing_of_an_execution_can_be_read_in_what_swf_and_the_store_keep(
        self, tmp_path: Path
    ) -> None:
        database, store = tmp_path / "swf.sqlite", tmp_path / "payloads"
        env = {"PAYLOAD_KEYS": KEY, "PAYLOAD_STORE": str(store)}

        def process_data(_: Any) -> dict[str, Any]:
            current_task().heartbeat(f"{SECRET} beats")
            return {"name": SECRET, "long": (SECRET + LONG)[:50_000]}

        def enrich(_: Any) -> Any:
            raise ValueError(f"{SECRET} is unknown")

        with (
            LocalSWF(database, virtual_clock=True) as swf,
            application(swf, tmp_path / "app", **env) as app,
        ):
            app.decider()
            worker = app.worker()
            worker.activities["ProcessData"] = process_data
            worker.activities["EnrichData"] = enrich
            run = app.starter.start_workflow({**ORDER, "customer": {"name": SECRET}})
            app.starter.signal_workflow(run["workflow_id"], "Note", {"note": SECRET})
            events = app.finish(run)
            status = app.starter.status(**run)
            assert json.loads(facts(events, "WorkflowExecutionStarted")["input"]) == {
                **ORDER,
                "customer": {"name": SECRET},
            }
            assert json.loads(facts(events, "WorkflowExecutionSignaled")["input"])["note"] == SECRET
            assert (
                facts(events, "ActivityTaskFailed")["reason"] == f"ValueError: {SECRET} is unknown"
            )
            assert SECRET in json.dumps(status["details"])
            assert status["state"] == "FAILED"
            other = app.starter.start_workflow({**ORDER, "customer": {"name": SECRET}})
            app.starter.terminate_workflow(**other, reason=f"{SECRET} asked", details=SECRET)
            closed = facts(app.finish(other), "WorkflowExecutionTerminated")
            assert (closed["reason"], closed["details"]) == (f"{SECRET} asked", SECRET)
        kept = list(tmp_path.glob("swf.sqlite*"))
        kept += [path for path in store.rglob("*") if path.is_file()]
        assert len(kept) > 1
        for path in kept:
            data = path.read_bytes()
            for form in (SECRET, base64.b64encode(SECRET.encode()).decode().rstrip("=")):
                assert form.encode() not in data
                assert form.encode("utf-16-le") not in data
        assert b"EnrichData" in database.read_bytes(), "step names stay readable"

    def test_keys_rotate_under_an_execution_that_runs(
        self, local_swf: LocalSWF, tmp_path: Path
    ) -> None:
        with application(local_swf, tmp_path, PAYLOAD_KEYS=KEY) as before:
            run = before.starter.start_workflow({**ORDER, "note": LONG})
        with application(local_swf, tmp_path, PAYLOAD_KEYS=f"{NEW_KEY},{KEY}") as after:
            after.decider()
            after.worker()
            events = after.finish(run)
            assert json.loads(events[-1]["workflowExecutionCompletedEventAttributes"]["result"])
            used = {
                wire.loads(text)[wire.SEALED]["k"]
                for text in texts_on_the_wire(after, run)
                if wire.is_sealed(text)
            }
        assert used == {"k1", "k2"}

    def test_an_execution_begun_without_keys_goes_on_with_them(
        self, local_swf: LocalSWF, tmp_path: Path
    ) -> None:
        with application(local_swf, tmp_path) as before:
            run = before.starter.start_workflow({**ORDER, "note": LONG})
        with application(local_swf, tmp_path, PAYLOAD_KEYS=KEY) as after:
            after.decider()
            after.worker()
            assert after.finish(run)[-1]["eventType"] == "WorkflowExecutionCompleted"

    def test_without_the_key_a_run_waits_and_its_history_shows_what_is_no_secret(
        self, local_swf: LocalSWF, tmp_path: Path
    ) -> None:
        with application(local_swf, tmp_path, PAYLOAD_KEYS=KEY) as sealing:
            run = sealing.starter.start_workflow(ORDER)
        with application(local_swf, tmp_path, DECISION_TASK_TIMEOUT="1") as keyless:
            events = keyless.starter.get_workflow_history(**run)
            assert wire.is_sealed(facts(events, "WorkflowExecutionStarted")["input"])
            task = keyless.starter.swf_client.poll_decision_task(keyless.settings.swf_task_list)
            assert task is not None
            assert "add it to PAYLOAD_KEYS" in str(task["payload_error"])
            with pytest.raises(type(task["payload_error"])):
                DecisionWorker(keyless.settings)._decisions_of(task)


# --- the store is away ------------------------------------------------------------------------


class Store:
    """The folder of payloads, which goes away and comes back."""

    def __init__(self, app: Application) -> None:
        self.folder = app.settings.payload_dir
        self.aside = self.folder.with_name("unmounted")

    def leave(self) -> None:
        """Away, so that nothing can be read or written."""
        self.folder.rename(self.aside)
        self.folder.write_text("not a folder")

    def come_back(self) -> None:
        """As it was."""
        self.folder.unlink()
        self.aside.rename(self.folder)


def test_a_step_whose_input_is_away_fails_and_is_tried_again(app: Application) -> None:
    store = Store(app)

    class Leaving(ActivityWorker):
        def validate_input(self, data: Any) -> Any:
            result = super().validate_input(data)
            store.leave()
            return result

    class ComingBack(SwfClient):
        def fail_activity_task(self, *arguments: Any, **named: Any) -> None:
            super().fail_activity_task(*arguments, **named)
            store.come_back()

    app.decider()
    app.worker(Leaving(app.settings, swf_client=ComingBack(app.settings)))
    events = app.finish(app.starter.start_workflow({**ORDER, "note": LONG}))
    assert events[-1]["eventType"] == "WorkflowExecutionCompleted"
    failed = [e for e in events if e["eventType"] == "ActivityTaskFailed"]
    assert len(failed) == 1
    reason = facts(events, "ActivityTaskFailed")["reason"]
    assert reason.startswith("PayloadStoreError: the value ")
    assert json.loads(facts(events, "ActivityTaskFailed")["details"])["retryable"] is True


def test_so_does_one_whose_result_cannot_be_kept(app: Application) -> None:
    app.starter.swf_client.payloads.put("the folder is made")
    store = Store(app)

    class Leaving(ActivityWorker):
        def process_data(self, data: Any) -> Any:
            if not store.aside.exists() and current_task().attempt == 1:
                store.leave()
            return {"long": LONG}

    class ComingBack(SwfClient):
        def fail_activity_task(self, *arguments: Any, **named: Any) -> None:
            super().fail_activity_task(*arguments, **named)
            store.come_back()

    app.decider()
    app.worker(Leaving(app.settings, swf_client=ComingBack(app.settings)))
    events = app.finish(app.starter.start_workflow(ORDER))
    assert events[-1]["eventType"] == "WorkflowExecutionCompleted"
    assert "cannot be written" in facts(events, "ActivityTaskFailed")["reason"]


@pytest.fixture
def hasty(local_swf: LocalSWF, tmp_path: Path) -> Iterator[Application]:
    """The application with decision tasks that time out after a second of real time."""
    with application(local_swf, tmp_path, DECISION_TASK_TIMEOUT="1") as running:
        yield running


def wait_for(app: Application, run: Any, event_type: str) -> None:
    for event in app.starter.swf_client.follow(run["workflow_id"], run["run_id"]):
        if event["eventType"] == event_type:
            return
    pytest.fail(f"the run closed without {event_type}")


def test_a_decision_that_needs_it_waits_blocked_and_goes_on(hasty: Application) -> None:
    run = hasty.starter.start_workflow(ORDER)
    hasty.starter.signal_workflow(run["workflow_id"], "Note", {"note": LONG})
    store = Store(hasty)
    store.leave()
    hasty.decider()
    hasty.worker()
    wait_for(hasty, run, "TimerStarted")
    status = hasty.starter.status(**run)
    assert status["state"] == "BLOCKED"
    assert "cannot be read" in str(status["blocked"])
    store.come_back()
    assert hasty.finish(run)[-1]["eventType"] == "WorkflowExecutionCompleted"


def test_so_does_one_that_has_to_write_there(hasty: Application) -> None:
    half = "x" * 20_000
    hasty.starter.swf_client.payloads.put("the folder is made")
    store = Store(hasty)
    hasty.decider()
    worker = hasty.worker()

    def leaving(_: Any) -> dict[str, Any]:
        store.leave()
        return {"half": half}

    worker.activities["ValidateInput"] = leaving
    run = hasty.starter.start_workflow({**ORDER, "note": half})
    wait_for(hasty, run, "TimerStarted")
    assert "cannot be written" in str(hasty.starter.status(**run)["blocked"])
    store.come_back()
    assert hasty.finish(run)[-1]["eventType"] == "WorkflowExecutionCompleted"


def test_the_starter_says_so(app: Application) -> None:
    run = app.starter.start_workflow({**ORDER, "note": LONG})
    Store(app).leave()
    steps = [
        lambda: app.starter.get_workflow_history(**run),
        lambda: app.starter.start_workflow({**ORDER, "note": LONG}),
        lambda: app.starter.signal_workflow(run["workflow_id"], "S", {"note": LONG}),
    ]
    for step in steps:
        with pytest.raises(PayloadStoreError, match="cannot be") as raised:
            step()
        assert raised.value.exit_code == 3
    assert app.starter.status(**run)["state"] == "RUNNING"


def test_on_aws_what_is_too_long_needs_a_store(tmp_path: Path) -> None:
    import config

    settings = config.load({"SWF_ENDPOINT": "aws", "DATA_DIR": str(tmp_path)})
    with mock_aws(), pytest.raises(PayloadStoreError, match="set PAYLOAD_STORE to s3://"):
        WorkflowStarter(settings).start_workflow({**ORDER, "note": LONG})
