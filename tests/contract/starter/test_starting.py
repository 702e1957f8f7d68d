"""Starting executions and looking at them."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator

import pytest

from errors import (
    ExecutionAlreadyStartedError,
    InvalidInputError,
    TypeNotRegisteredError,
    UnknownExecutionError,
)
from starter.lists.listing import Filter
from swf_client import SwfClient
from tests.contract.starter.conftest import decide, work
from workflow import process, step
from workflow_starter import WorkflowStarter

ORDER = {"order_id": "ORD-1", "items": ["a"], "customer_id": "C-1"}


def test_a_start_gives_both_ids_and_logs_them(
    starter: WorkflowStarter, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "workflow_starter"):
        started = starter.start_workflow(ORDER)

    assert set(started) == {"workflow_id", "run_id"}
    assert re.fullmatch(r"workflow-[0-9a-f-]{36}", started["workflow_id"])
    assert started["workflow_id"] in caplog.text
    assert started["run_id"] in caplog.text


def test_a_start_says_all_that_swf_needs(starter: WorkflowStarter) -> None:
    started = starter.start_workflow(ORDER, "w-1", ["vip", "b"], 120)

    description = starter.describe(**started)
    assert description["executionInfo"]["tagList"] == ["vip", "b"]
    configuration = description["executionConfiguration"]
    assert configuration["executionStartToCloseTimeout"] == "120"
    assert configuration["taskList"] == {"name": "business-process-tasks"}
    assert configuration["childPolicy"] == "TERMINATE"


@pytest.mark.parametrize(
    "value", [ORDER, [1, 2], "text", None, {"big": "é" * 40_000}, ["x" * 40_000], {}]
)
def test_history_has_the_callers_input_as_json(starter: WorkflowStarter, value: object) -> None:
    started = starter.start_workflow(value)

    events = starter.get_workflow_history(
        workflow_id=started["workflow_id"], run_id=started["run_id"]
    )

    assert type(events) is list
    text = events[0]["workflowExecutionStartedEventAttributes"]["input"]
    assert json.loads(text) == value


def test_history_has_every_page_of_that_run_with_results_decoded(
    embedded_starter: WorkflowStarter, embedded_client: SwfClient
) -> None:
    result = {"status": "validated", "order_id": "ORD-1", "big": "x" * 40_000}
    started = embedded_starter.start_workflow(ORDER)
    decide(embedded_client)
    work(embedded_client, result)

    events = embedded_starter.get_workflow_history(started["workflow_id"])

    (completed,) = [e for e in events if e["eventType"] == "ActivityTaskCompleted"]
    text = completed["activityTaskCompletedEventAttributes"]["result"]
    assert json.loads(text) == result
    assert [event["eventId"] for event in events] == list(range(1, len(events) + 1))


def test_an_id_that_is_open_is_refused_with_the_open_run(starter: WorkflowStarter) -> None:
    started = starter.start_workflow(ORDER, "w-1")

    with pytest.raises(ExecutionAlreadyStartedError) as raised:
        starter.start_workflow(ORDER, "w-1")

    assert (raised.value.workflow_id, raised.value.run_id) == ("w-1", started["run_id"])


def test_another_registered_definition_can_be_started(starter: WorkflowStarter) -> None:
    other = process("Other", "7", [step("One")])

    with pytest.raises(TypeNotRegisteredError):
        starter.start_workflow(ORDER, definition=other)

    import setup

    list(setup.register(starter.swf_client, other))
    status = starter.status(**starter.start_workflow(ORDER, definition=other))
    assert (status["type"], status["version"]) == ("Other", "7")


def test_a_batch_goes_on_past_single_failures(starter: WorkflowStarter) -> None:
    starter.start_workflow(ORDER, "taken")

    results = starter.start_batch([ORDER, {"_process": 1}, ORDER], tags=["monday"])

    assert [bool(result["error"]) for result in results] == [False, True, False]
    listed = starter.list_workflows(Filter(tag="monday"))
    assert {item["run_id"] for item in listed} == {results[0]["run_id"], results[2]["run_id"]}


def test_a_batch_checks_what_all_share_first(starter: WorkflowStarter) -> None:
    with pytest.raises(InvalidInputError):
        starter.start_batch([ORDER], tags=["t"] * 6)


def test_lists_show_open_and_closed_executions(starter: WorkflowStarter) -> None:
    first = starter.start_workflow(ORDER, "a")
    starter.start_workflow(ORDER, "b")
    starter.terminate_workflow(**first, reason="enough")

    assert [item["state"] for item in starter.list_workflows(Filter(closed=False))] == ["OPEN"]
    (closed,) = starter.list_workflows(Filter(open=False))
    assert (closed["workflow_id"], closed["state"]) == ("a", "TERMINATED")
    assert starter.list_workflows(Filter(status="FAILED")) == []
    assert len(starter.list_workflows(limit=1)) == 1


def test_status_has_the_deciders_context_while_open(
    embedded_starter: WorkflowStarter, embedded_client: SwfClient
) -> None:
    started = embedded_starter.start_workflow(ORDER)
    before = embedded_starter.status(**started)
    decide(embedded_client)

    found = embedded_starter.status(started["workflow_id"])

    assert (before["state"], before["step"]) == ("RUNNING", None)
    assert (found["state"], found["step"], found["attempt"]) == ("RUNNING", "ValidateInput", 1)
    assert found["progress"] == {"done": 0, "of": 5}


def test_status_of_a_closed_run_says_how_and_why(starter: WorkflowStarter) -> None:
    started = starter.start_workflow(ORDER)
    starter.terminate_workflow(**started, reason="x" * 300)

    found = starter.status(started["workflow_id"])

    assert found["state"] == "TERMINATED"
    assert found["reason"] == "x" * 255 + "…"
    assert found["closed_at"] is not None


def test_waiting_ends_with_the_run_or_with_the_time(starter: WorkflowStarter) -> None:
    started = starter.start_workflow(ORDER)

    assert starter.wait(**started, timeout=0)["closed_at"] is None

    starter.terminate_workflow(**started)
    assert starter.wait(**started)["state"] == "TERMINATED"


def test_monitor_shows_each_change_until_the_end(
    embedded_starter: WorkflowStarter, embedded_client: SwfClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = embedded_starter.start_workflow(ORDER)
    steps: Iterator[Callable[[], None]] = iter(
        [
            lambda: decide(embedded_client),
            lambda: None,
            lambda: embedded_starter.terminate_workflow(**started, reason="enough"),
        ]
    )
    monkeypatch.setattr("time.sleep", lambda seconds: next(steps)())
    lines: list[str] = []

    last = embedded_starter.monitor(**started, interval=5, show=lines.append)

    assert last["state"] == "TERMINATED"
    assert len(lines) == 3
    assert "ValidateInput (attempt 1)" in lines[1]
    assert lines[2].endswith("enough")


@pytest.mark.parametrize("interval", [0, -1, 3601, float("nan")])
def test_monitor_wants_a_sensible_interval(starter: WorkflowStarter, interval: float) -> None:
    with pytest.raises(InvalidInputError, match="interval"):
        starter.monitor("w-1", "r-1", interval)


def test_following_gives_the_callers_events_until_the_end(starter: WorkflowStarter) -> None:
    started = starter.start_workflow(ORDER)
    starter.terminate_workflow(**started)

    events = list(starter.follow(**started))

    first = events[0]["workflowExecutionStartedEventAttributes"]["input"]
    assert json.loads(first) == ORDER
    assert events[-1]["eventType"] == "WorkflowExecutionTerminated"
    assert next(starter.follow(**started, after=1))["eventId"] == 2


@pytest.mark.parametrize(
    "method", ["status", "describe", "get_workflow_history", "wait", "monitor", "follow"]
)
@pytest.mark.parametrize("run_id", [None, "no-such-run"])
def test_unknown_executions_are_named(
    starter: WorkflowStarter, method: str, run_id: str | None
) -> None:
    with pytest.raises(UnknownExecutionError, match="w-none"):
        list(getattr(starter, method)("w-none", run_id))


@pytest.mark.parametrize("method", ["cancel_workflow", "terminate_workflow"])
def test_only_open_executions_can_be_stopped(
    embedded_starter: WorkflowStarter, method: str
) -> None:
    started = embedded_starter.start_workflow(ORDER)
    embedded_starter.terminate_workflow(**started)

    with pytest.raises(UnknownExecutionError):
        getattr(embedded_starter, method)(**started)


def test_cancelling_asks_the_decider(embedded_starter: WorkflowStarter) -> None:
    started = embedded_starter.start_workflow(ORDER)

    embedded_starter.cancel_workflow(**started)

    assert embedded_starter.status(**started)["cancel_requested"] is True
