"""The client on the embedded SWF, found or by URL, and on moto: the same cases on all."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws

import config
import wire
from errors import (
    DomainNotRegisteredError,
    ExecutionAlreadyStartedError,
    RequestRefusedError,
    TaskLostError,
    TypeNotRegisteredError,
    UnknownExecutionError,
)
from local_swf import daemon
from local_swf.limits import Limits
from local_swf.testing import LocalSWF
from swf_client import SwfClient

LONG = "é" * 40_000
LIST = "tasks"


def as_daemon(swf: LocalSWF, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let `SWF_ENDPOINT=local` find this endpoint."""
    found = daemon.Endpoint(swf.url, os.getpid(), started=False)
    monkeypatch.setattr(daemon, "ensure", lambda _folder: found)
    return "local"


@pytest.fixture(params=["embedded", "by URL", "moto"])
def unregistered(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SwfClient]:
    """A client of an engine that knows nothing yet."""
    with ExitStack() as stack:
        if request.param == "moto":
            stack.enter_context(mock_aws())
            # moto waits a second in an empty poll
            monkeypatch.setattr("moto.swf.models.sleep", lambda _: None)
            endpoint = "aws"
        else:
            swf = stack.enter_context(LocalSWF(limits=Limits(poll_seconds=0.02)))
            endpoint = as_daemon(swf, monkeypatch) if request.param == "embedded" else swf.url
        settings = {"SWF_ENDPOINT": endpoint, "DATA_DIR": str(tmp_path), "SWF_TASK_LIST": LIST}
        settings["PAYLOAD_STORE"] = str(tmp_path / "payloads")  # on AWS it has to be said
        yield SwfClient(config.load(settings))


@pytest.fixture
def client(unregistered: SwfClient) -> SwfClient:
    """A client whose domain has a workflow type P and an activity type A."""
    unregistered.register_domain(30, "test")
    unregistered.register_workflow_type(name="P", version="1")
    unregistered.register_activity_type(name="A", version="1")
    return unregistered


def start(client: SwfClient, value: Any = None, *, start_id: str = "s", **more: Any) -> str:
    text = wire.dumps(wire.wrap_start(value or {"order": 1}, {"start_id": start_id}))
    return client.start_execution(
        workflow_id="w", name="P", version="1", input=text, start_id=start_id, **more
    )


def decide(client: SwfClient, *decisions: dict[str, Any], **more: Any) -> dict[str, Any]:
    task = client.poll_decision_task(LIST)
    assert task is not None
    client.respond_decision_task(task["taskToken"], list(decisions), **more)
    return task


def decision(kind: str, **attributes: Any) -> dict[str, Any]:
    block = f"{kind[0].lower()}{kind[1:]}DecisionAttributes"
    return {"decisionType": kind, block: attributes}


def schedule(text: str = "{}") -> dict[str, Any]:
    return decision(
        "ScheduleActivityTask",
        activityId="a1.1",
        activityType={"name": "A", "version": "1"},
        taskList={"name": LIST},
        input=text,
        scheduleToStartTimeout="60",
        scheduleToCloseTimeout="60",
        startToCloseTimeout="60",
        heartbeatTimeout="60",
    )


def in_work(client: SwfClient, text: str = "{}") -> dict[str, Any]:
    """A run whose one activity is started; its task."""
    start(client)
    decide(client, schedule(text))
    task = client.poll_activity_task(LIST)
    assert task is not None
    return task


def facts(event: dict[str, Any]) -> dict[str, Any]:
    kind = event["eventType"]
    block: dict[str, Any] = event[f"{kind[0].lower()}{kind[1:]}EventAttributes"]
    return block


def types(events: list[dict[str, Any]]) -> list[str]:
    return [event["eventType"] for event in events]


class TestRegistration:
    def test_the_second_time_there_is_nothing_to_do(self, unregistered: SwfClient) -> None:
        client = unregistered
        steps: list[Callable[[], bool]] = [
            lambda: client.register_domain(30, "test"),
            lambda: client.register_workflow_type(name="P", version="1"),
            lambda: client.register_activity_type(name="A", version="1"),
        ]
        assert [step() for step in steps for _ in range(2)] == [True, False] * 3
        domain = client.describe_domain()
        assert domain["domainInfo"]["status"] == "REGISTERED"
        assert domain["configuration"]["workflowExecutionRetentionPeriodInDays"] == "30"

    def test_what_does_not_exist_says_how_to_get_it(self, unregistered: SwfClient) -> None:
        client = unregistered
        asks: list[Callable[[], Any]] = [
            client.describe_domain,
            lambda: client.poll_decision_task(LIST),
        ]
        for ask in asks:
            with pytest.raises(DomainNotRegisteredError, match=r"python setup\.py"):
                ask()
        client.register_domain(30)
        describe = (client.describe_workflow_type, client.describe_activity_type)
        for kind, ask in zip(("workflow", "activity"), describe, strict=True):
            with pytest.raises(TypeNotRegisteredError, match=rf"{kind} type X 1 .*setup\.py"):
                ask("X", "1")
        with pytest.raises(TypeNotRegisteredError, match=r"workflow type P 1 .*setup\.py"):
            start(client)

    def test_what_is_deprecated_comes_back(self, client: SwfClient) -> None:
        for kind in ("workflow", "activity"):
            name = "P" if kind == "workflow" else "A"
            type_ = {f"{kind}Type": {"name": name, "version": "1"}}
            getattr(client.client, f"deprecate_{kind}_type")(domain=client.domain, **type_)
            described = getattr(client, f"describe_{kind}_type")(name, "1")
            assert described["typeInfo"]["status"] == "DEPRECATED"
            undeprecate = getattr(client, f"undeprecate_{kind}_type")
            assert [undeprecate(name, "1"), undeprecate(name, "1")] == [True, False]
        client.client.deprecate_domain(name=client.domain)
        assert [client.undeprecate_domain(), client.undeprecate_domain()] == [True, False]

    def test_a_deprecated_type_starts_nothing(self, client: SwfClient) -> None:
        client.client.deprecate_workflow_type(
            domain=client.domain, workflowType={"name": "P", "version": "1"}
        )
        with pytest.raises(TypeNotRegisteredError, match="is deprecated"):
            start(client)

    def test_types_are_listed(self, client: SwfClient) -> None:
        client.register_workflow_type(name="P", version="2")
        client.register_workflow_type(name="Q", version="1")
        listed = [item["workflowType"] for item in client.list_workflow_types()]
        assert [(item["name"], item["version"]) for item in listed] == [
            ("P", "1"), ("P", "2"), ("Q", "1"),
        ]  # fmt: skip
        assert [item["activityType"]["name"] for item in client.list_activity_types()] == ["A"]


class TestStarting:
    def test_the_run_is_as_it_was_asked_for(self, client: SwfClient) -> None:
        run_id = start(client, tags=["a", "b"], execution_timeout="600", decision_timeout="5")
        described = client.describe("w", run_id)
        assert described["executionInfo"]["executionStatus"] == "OPEN"
        assert described["executionInfo"]["tagList"] == ["a", "b"]
        configuration = described["executionConfiguration"]
        assert configuration["executionStartToCloseTimeout"] == "600"
        assert configuration["taskStartToCloseTimeout"] == "5"
        assert configuration["taskList"] == {"name": LIST}
        assert configuration["childPolicy"] == "TERMINATE"

    def test_the_settings_stand_in_for_what_is_not_said(self, client: SwfClient) -> None:
        configuration = client.describe("w", start(client))["executionConfiguration"]
        assert configuration["executionStartToCloseTimeout"] == "2592000"
        assert configuration["taskStartToCloseTimeout"] == "30"

    def test_an_open_run_stands_in_the_way_and_is_named(self, client: SwfClient) -> None:
        run_id = start(client)
        with pytest.raises(ExecutionAlreadyStartedError, match="already open") as raised:
            start(client, start_id="another")
        assert (raised.value.workflow_id, raised.value.run_id) == ("w", run_id)

    def test_the_same_start_twice_is_one(self, client: SwfClient) -> None:
        assert start(client) == start(client)

    def test_a_closed_run_does_not(self, client: SwfClient) -> None:
        first = start(client)
        client.terminate("w", first)
        assert start(client, start_id="another") != first

    def test_a_long_input_goes_by_reference_and_comes_back(self, client: SwfClient) -> None:
        run_id = start(client, {"note": LONG})
        task = decide(client)
        value, envelope = wire.unwrap_start(wire.loads(facts(task["events"][0])["input"]))
        assert envelope["start_id"] == "s"
        assert wire.is_reference(value)
        first = client.decode_event(next(client.history("w", run_id)))
        value, _ = wire.unwrap_start(wire.loads(facts(first)["input"]))
        assert value == {"note": LONG}

    def test_the_core_sees_a_long_snapshot(self, client: SwfClient) -> None:
        envelope = {"start_id": "s", "snapshot": {"long": LONG}}
        text = wire.dumps(wire.wrap_start({"order": 1}, envelope))
        client.start_execution(workflow_id="w", name="P", version="1", input=text, start_id="s")
        task = decide(client)
        assert wire.loads(facts(task["events"][0])["input"]) == wire.loads(text)


class TestDecisionTasks:
    def test_a_task_is_swfs_with_aware_times(self, client: SwfClient) -> None:
        run_id = start(client)
        task = decide(client)
        assert types(task["events"]) == [
            "WorkflowExecutionStarted", "DecisionTaskScheduled", "DecisionTaskStarted",
        ]  # fmt: skip
        assert task["workflowExecution"] == {"workflowId": "w", "runId": run_id}
        assert task["workflowType"] == {"name": "P", "version": "1"}
        assert facts(task["events"][2])["identity"] == client.identity
        assert abs(task["events"][0]["eventTimestamp"].timestamp() - time.time()) < 600
        assert "ResponseMetadata" not in task

    def test_there_may_be_none(self, client: SwfClient) -> None:
        assert client.poll_decision_task(LIST) is None

    def test_the_context_is_kept(self, client: SwfClient) -> None:
        run_id = start(client)
        decide(client, schedule(), context='{"state":"RUNNING"}')
        assert client.describe("w", run_id)["latestExecutionContext"] == '{"state":"RUNNING"}'

    def test_an_answer_given_twice_is_refused(self, client: SwfClient) -> None:
        start(client)
        task = decide(client)
        with pytest.raises(TaskLostError):
            client.respond_decision_task(task["taskToken"], [])

    def test_a_foreign_token_is_a_lost_task(self, client: SwfClient) -> None:
        with pytest.raises(TaskLostError):
            client.respond_decision_task("nobody's", [])

    def test_a_wrong_decision_is_refused(self, client: SwfClient) -> None:
        start(client)
        with pytest.raises(RequestRefusedError, match="RespondDecisionTaskCompleted"):
            decide(client, decision("CompleteWorkflowExecution"), schedule())

    def test_long_signals_and_markers_reach_the_core_whole(self, client: SwfClient) -> None:
        start(client)
        decide(client, decision("RecordMarker", markerName="M", details=LONG))
        client.signal("w", "S", wire.dumps([LONG]))
        task = decide(client)
        read = {item["eventType"]: facts(item) for item in task["events"]}
        assert read["MarkerRecorded"]["details"] == LONG
        assert wire.loads(read["WorkflowExecutionSignaled"]["input"]) == [LONG]

    def test_long_results_pass_it_unread(self, client: SwfClient) -> None:
        task = in_work(client)
        client.complete_activity_task(task["taskToken"], wire.dumps({"long": LONG}))
        done = next(
            item
            for item in decide(client)["events"]
            if item["eventType"] == "ActivityTaskCompleted"
        )
        assert wire.is_reference(wire.loads(facts(done)["result"]))
        assert wire.loads(facts(client.decode_event(done))["result"]) == {"long": LONG}

    def test_a_long_result_closes_the_run(self, client: SwfClient) -> None:
        run_id = start(client)
        decide(client, decision("CompleteWorkflowExecution", result=LONG))
        last = next(client.history("w", run_id, reverse=True))
        assert facts(client.decode_event(last))["result"] == LONG


class TestActivityTasks:
    def test_a_long_input_arrives_whole(self, client: SwfClient) -> None:
        nested = {"order": client.payloads.put('"kept"'), "note": LONG}
        task = in_work(client, wire.dumps(nested))
        assert wire.loads(task["input"]) == {"order": "kept", "note": LONG}
        assert task["activityType"] == {"name": "A", "version": "1"}

    def test_what_cannot_be_found_stays_a_reference(self, client: SwfClient) -> None:
        reference = wire.dumps(wire.reference("0" * 64, 5))
        assert in_work(client, reference)["input"] == reference

    def test_a_result_too_late_is_told(self, client: SwfClient) -> None:
        task = in_work(client)
        client.complete_activity_task(task["taskToken"], "{}")
        with pytest.raises(TaskLostError) as raised:
            client.complete_activity_task(task["taskToken"], "{}")
        assert not raised.value.perhaps_done
        with pytest.raises(TaskLostError):
            client.heartbeat(task["taskToken"])

    def test_so_is_one_for_a_run_that_is_closed(self, client: SwfClient) -> None:
        task = in_work(client)
        client.terminate("w")
        with pytest.raises(TaskLostError):
            client.complete_activity_task(task["taskToken"], "{}")

    def test_a_failure_carries_reason_and_details(self, client: SwfClient) -> None:
        task = in_work(client)
        client.fail_activity_task(task["taskToken"], "r" * 300, LONG)
        failed = next(
            item for item in decide(client)["events"] if item["eventType"] == "ActivityTaskFailed"
        )
        assert len(facts(failed)["reason"]) == 256
        assert facts(failed)["details"] == LONG

    def test_heartbeats_say_whether_to_stop(self, client: SwfClient) -> None:
        assert client.heartbeat(in_work(client)["taskToken"], "x" * 3000) is False


class TestReading:
    def test_histories_come_whole_in_both_orders(self, client: SwfClient) -> None:
        run_id = in_work(client)["workflowExecution"]["runId"]
        forward = [item["eventId"] for item in client.history("w", run_id)]
        backward = [item["eventId"] for item in client.history("w", run_id, reverse=True)]
        assert forward == list(range(1, 7))
        assert backward == forward[::-1]
        assert [item["eventId"] for item in client.history_for_core("w", run_id)] == forward

    def test_following_ends_with_the_run(self, client: SwfClient) -> None:
        run_id = start(client)
        events = client.follow("w", run_id)
        assert types([next(events), next(events)]) == [
            "WorkflowExecutionStarted", "DecisionTaskScheduled",
        ]  # fmt: skip
        decide(client, decision("CompleteWorkflowExecution"))
        assert types(list(events)) == [
            "DecisionTaskStarted", "DecisionTaskCompleted", "WorkflowExecutionCompleted",
        ]  # fmt: skip
        assert types(list(client.follow("w", run_id, after=4))) == ["WorkflowExecutionCompleted"]

    def test_stop_ends_following(self, client: SwfClient) -> None:
        events = client.follow("w", start(client))
        next(events)
        client.stop()
        assert types(list(events)) == ["DecisionTaskScheduled"]

    def test_unknown_runs_are_named(self, client: SwfClient) -> None:
        for read in (client.describe, lambda *run: next(client.history(*run))):
            with pytest.raises(UnknownExecutionError, match=r"no execution w \(run r\)") as raised:
                read("w", "r")
            assert (raised.value.workflow_id, raised.value.run_id) == ("w", "r")

    def test_lists_are_of_what_was_asked_for(self, client: SwfClient) -> None:
        closed = start(client, tags=["t"])
        client.terminate("w", closed)
        opened = start(client, start_id="2", tags=["t"])

        def ids(runs: Iterator[dict[str, Any]]) -> list[str]:
            return [item["execution"]["runId"] for item in runs]

        assert ids(client.open_executions(workflow_id="w")) == [opened]
        assert ids(client.open_executions(workflow_id="v")) == []
        assert ids(client.open_executions(tag="t")) == [opened]
        assert ids(client.closed_executions(workflow_id="w")) == [closed]
        assert ids(client.closed_executions(workflow_id="w", tag="t", type_name="P")) == [closed]
        assert ids(client.closed_executions(workflow_id="w", status="COMPLETED")) == []

    def test_a_payload_that_is_gone_leaves_the_history_readable(
        self, client: SwfClient, caplog: pytest.LogCaptureFixture
    ) -> None:
        client.payloads.put("the store is there")
        reference = wire.dumps(wire.reference("0" * 64, 5))
        run_id = start(client)
        client.signal("w", "S", reference)
        events = [client.decode_event(item) for item in client.history("w", run_id)]
        assert facts(events[2])["input"] == reference
        assert "A large value of the history cannot be read" in caplog.text


class TestSteering:
    def test_closed_executions_take_nothing(self, client: SwfClient) -> None:
        run_id = start(client)
        client.terminate("w", run_id, reason="enough", details="d", child_policy="ABANDON")
        last = next(client.history("w", run_id, reverse=True))
        assert last["eventType"] == "WorkflowExecutionTerminated"
        assert facts(last)["reason"] == "enough"
        steps: list[Callable[[], None]] = [
            lambda: client.signal("w", "S", "{}"),
            lambda: client.signal("w", "S", "{}", run_id),
            lambda: client.terminate("w", run_id),
        ]
        for steer in steps:
            with pytest.raises(UnknownExecutionError, match="or it is closed"):
                steer()
