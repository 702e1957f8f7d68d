"""Signals and resuming, of open executions and of closed ones."""

from __future__ import annotations

import json
from typing import Any

import pytest

import published
import wire
from errors import (
    DefinitionError,
    EngineUnreachableError,
    ExecutionAlreadyStartedError,
    SignalRefusedError,
    UnknownExecutionError,
    UnknownStepError,
)
from local_swf.testing import LocalSWF
from starter import runs
from starter.runs import Started
from tests.contract.starter.conftest import decide, fail, work
from workflow_starter import WorkflowStarter

ORDER = {"order_id": "ORD-1"}


def signals(starter: WorkflowStarter, started: Started) -> list[dict[str, Any]]:
    events = starter.get_workflow_history(started["workflow_id"], started["run_id"])
    return [
        event["workflowExecutionSignaledEventAttributes"]
        for event in events
        if event["eventType"] == "WorkflowExecutionSignaled"
    ]


def reach_second_step(starter: WorkflowStarter, **kinds: Any) -> Started:
    started = starter.start_workflow(ORDER, **kinds)
    decide(starter.swf_client)
    work(starter.swf_client, {"status": "validated"})
    decide(starter.swf_client)
    return started


def failed_at_second_step(starter: WorkflowStarter) -> Started:
    started = reach_second_step(starter, workflow_id="w-1", tags=["vip"], timeout=9_000)
    fail(starter.swf_client, "no such product")
    for _ in ("RollbackStep", "CompensateTransaction"):
        decide(starter.swf_client)
        work(starter.swf_client, {})
    decide(starter.swf_client)
    assert starter.status(**started)["state"] == "FAILED"
    return started


# --- an open run -------------------------------------------------------------------------


def test_resuming_an_open_run_sends_a_signal_that_says_who_and_why(
    starter: WorkflowStarter,
) -> None:
    started = starter.start_workflow(ORDER)

    resumed = starter.resume_workflow_from_step(
        **started, step_name="ProcessData", input={"fixed": True}, reason="typo", actor="ana"
    )

    (sent,) = signals(starter, started)
    assert sent["signalName"] == "RESUME_FROM_STEP"
    assert json.loads(sent["input"]) == {
        "request_id": resumed["request_id"],
        "step_name": "ProcessData",
        "reason": "typo",
        "actor": "ana",
        "input": {"fixed": True},
    }
    assert resumed == {**started, "request_id": resumed["request_id"]}


def test_the_run_may_be_left_out(starter: WorkflowStarter) -> None:
    started = starter.start_workflow(ORDER)

    resumed = starter.resume_workflow_from_step(started["workflow_id"], step_name="ProcessData")

    assert resumed["run_id"] == started["run_id"]


def test_an_unknown_step_is_refused_before_anything_is_sent(starter: WorkflowStarter) -> None:
    started = starter.start_workflow(ORDER)

    with pytest.raises(UnknownStepError, match="this process has: ValidateInput, "):
        starter.resume_workflow_from_step(**started, step_name="Nonsense")

    assert signals(starter, started) == []


def test_an_open_run_of_another_start_is_not_touched(starter: WorkflowStarter) -> None:
    old = starter.start_workflow(ORDER, "w-1")
    starter.terminate_workflow(**old)
    new = starter.start_workflow(ORDER, "w-1")

    with pytest.raises(ExecutionAlreadyStartedError) as raised:
        starter.resume_workflow_from_step(**old, step_name="ProcessData")

    assert raised.value.run_id == new["run_id"]
    assert signals(starter, new) == []


def test_the_deciders_answer_is_found(embedded_starter: WorkflowStarter) -> None:
    started = reach_second_step(embedded_starter)
    sent = embedded_starter.signal_workflow(started["workflow_id"], "NONSENSE")
    request = str(sent["request_id"])

    before = embedded_starter.signal_outcome(**started, request_id=request, timeout=0)
    decide(embedded_starter.swf_client)
    after = embedded_starter.signal_outcome(**started, request_id=request)

    assert before is None
    assert after is not None
    assert after["outcome"] == "refused"
    assert "unknown signal NONSENSE" in str(after["why"])


def test_a_run_that_closes_before_it_answers_is_told(starter: WorkflowStarter) -> None:
    started = starter.start_workflow(ORDER)
    sent = starter.signal_workflow(started["workflow_id"], "PAUSE")
    starter.terminate_workflow(**started)

    answer = starter.signal_outcome(**started, request_id=str(sent["request_id"]))

    assert answer is not None
    assert answer["outcome"] == "closed"


def test_signals_of_ones_own_carry_what_is_given(starter: WorkflowStarter) -> None:
    started = starter.start_workflow(ORDER)

    plain = starter.signal_workflow(started["workflow_id"], "NEWS", ["any", "json"])
    big = starter.signal_workflow(started["workflow_id"], "NEWS", {"text": "x" * 40_000})

    first, second = signals(starter, started)
    assert (plain["request_id"], json.loads(first["input"])) == (None, ["any", "json"])
    assert json.loads(second["input"])["request_id"] == big["request_id"]


def test_a_closed_execution_cannot_be_signaled(starter: WorkflowStarter) -> None:
    starter.terminate_workflow(**starter.start_workflow(ORDER, "w-1"))

    with pytest.raises(UnknownExecutionError, match="can be resumed"):
        starter.signal_workflow("w-1", "PAUSE")


# --- a closed run ------------------------------------------------------------------------


def test_a_failed_execution_goes_on_in_a_new_run(embedded_starter: WorkflowStarter) -> None:
    old = failed_at_second_step(embedded_starter)

    resumed = embedded_starter.resume_workflow_from_step(
        **old, step_name="ProcessData", reason="product is back", actor="ana"
    )

    new = Started(workflow_id="w-1", run_id=resumed["run_id"])
    assert resumed["previous_run_id"] == old["run_id"] != new["run_id"]
    status = embedded_starter.status(**new)
    assert (status["previous_run_id"], status["tags"]) == (old["run_id"], ["vip"])
    configuration = embedded_starter.describe(**new)["executionConfiguration"]
    assert configuration["executionStartToCloseTimeout"] == "9000"
    decide(embedded_starter.swf_client)
    task = embedded_starter.swf_client.poll_activity_task("business-process-tasks")
    assert task is not None
    assert task["activityType"]["name"] == "ProcessData"
    given = wire.loads(task["input"])
    assert given["previous_results"] == {"ValidateInput": {"status": "validated"}}


def test_the_new_run_shows_the_callers_input(embedded_starter: WorkflowStarter) -> None:
    old = failed_at_second_step(embedded_starter)
    embedded_starter.resume_workflow_from_step(**old, step_name="ProcessData")

    events = embedded_starter.get_workflow_history("w-1")

    text = events[0]["workflowExecutionStartedEventAttributes"]["input"]
    assert json.loads(text) == ORDER


def test_the_chain_of_runs_is_read_oldest_first(embedded_starter: WorkflowStarter) -> None:
    old = failed_at_second_step(embedded_starter)
    embedded_starter.resume_workflow_from_step(**old, step_name="ProcessData")

    own = embedded_starter.get_workflow_history(**old)
    chain = embedded_starter.get_workflow_history(**old, chain=True)

    assert chain[: len(own)] == own
    starts = [event for event in chain if event["eventType"] == "WorkflowExecutionStarted"]
    assert len(starts) == 2


def test_an_older_run_of_a_chain_that_is_open_leads_to_the_open_one(
    embedded_starter: WorkflowStarter,
) -> None:
    old = failed_at_second_step(embedded_starter)
    new = embedded_starter.resume_workflow_from_step(**old, step_name="ProcessData")
    decide(embedded_starter.swf_client)

    again = embedded_starter.resume_workflow_from_step(**old, step_name="ValidateInput")

    assert again["run_id"] == new["run_id"]
    assert "previous_run_id" not in again


def test_a_chain_that_closed_again_goes_on_from_its_newest_run(
    embedded_starter: WorkflowStarter,
) -> None:
    first = failed_at_second_step(embedded_starter)
    second = embedded_starter.resume_workflow_from_step(**first, step_name="ProcessData")
    embedded_starter.terminate_workflow("w-1")

    third = embedded_starter.resume_workflow_from_step(**first, step_name="ProcessData")

    assert third["previous_run_id"] == second["run_id"]


@pytest.mark.parametrize("step", ["ValidateInput", "ProcessData"])
def test_a_terminated_execution_can_be_resumed(starter: WorkflowStarter, step: str) -> None:
    started = starter.start_workflow(ORDER)
    starter.terminate_workflow(**started)

    resumed = starter.resume_workflow_from_step(**started, step_name=step)

    assert resumed["previous_run_id"] == started["run_id"]


def test_an_unknown_step_of_a_closed_run_starts_nothing(starter: WorkflowStarter) -> None:
    started = starter.start_workflow(ORDER)
    starter.terminate_workflow(**started)

    with pytest.raises(UnknownStepError):
        starter.resume_workflow_from_step(**started, step_name="Nonsense")

    assert starter.status(started["workflow_id"])["run_id"] == started["run_id"]


def test_the_second_of_two_operators_learns_who_was_faster(
    embedded_starter: WorkflowStarter, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = failed_at_second_step(embedded_starter)
    first = embedded_starter.resume_workflow_from_step(**old, step_name="ProcessData", actor="ana")
    look, lagging = runs.open_run, iter([True])  # SWF lists a run a moment after its start
    monkeypatch.setattr(runs, "open_run", lambda *of: None if next(lagging, False) else look(*of))

    with pytest.raises(ExecutionAlreadyStartedError, match="resumed meanwhile by ana") as raised:
        embedded_starter.resume_workflow_from_step(**old, step_name="ProcessData", actor="bea")

    assert raised.value.run_id == first["run_id"]


@pytest.mark.parametrize("fault", ["drop", "reset", "twice", "unavailable"])
def test_a_resume_whose_start_meets_a_fault_starts_one_run(
    embedded_starter: WorkflowStarter, swf: LocalSWF, fault: str
) -> None:
    old = failed_at_second_step(embedded_starter)
    swf.faults.add(fault, "StartWorkflowExecution", count=1)

    resumed = embedded_starter.resume_workflow_from_step(**old, step_name="ProcessData")

    found = {item["run_id"] for item in embedded_starter.list_workflows()}
    assert found == {old["run_id"], resumed["run_id"]}
    assert resumed["previous_run_id"] == old["run_id"]


@pytest.mark.parametrize("fault", ["drop", "reset", "twice", "unavailable"])
def test_a_signal_that_meets_a_fault_carries_one_request(
    embedded_starter: WorkflowStarter, swf: LocalSWF, fault: str
) -> None:
    started = embedded_starter.start_workflow(ORDER)
    swf.faults.add(fault, "SignalWorkflowExecution", count=1)

    resumed = embedded_starter.resume_workflow_from_step(**started, step_name="ProcessData")

    requests = {
        json.loads(sent["input"])["request_id"] for sent in signals(embedded_starter, started)
    }
    assert requests == {resumed["request_id"]}


def test_a_start_that_was_settled_as_the_old_run_is_made_again(
    embedded_starter: WorkflowStarter, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = failed_at_second_step(embedded_starter)
    client, lost = embedded_starter.swf_client, iter([old["run_id"]])
    start = client.start_execution
    monkeypatch.setattr(
        client, "start_execution", lambda **members: next(lost, None) or start(**members)
    )

    resumed = embedded_starter.resume_workflow_from_step(**old, step_name="ProcessData")

    assert resumed["run_id"] != old["run_id"]


def test_a_start_that_is_never_carried_out_is_an_error_in_the_end(
    embedded_starter: WorkflowStarter, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = failed_at_second_step(embedded_starter)
    monkeypatch.setattr(
        embedded_starter.swf_client, "start_execution", lambda **members: old["run_id"]
    )

    with pytest.raises(EngineUnreachableError, match="try again"):
        embedded_starter.resume_workflow_from_step(**old, step_name="ProcessData")


def test_a_version_that_this_machine_does_not_have_is_named(
    starter: WorkflowStarter, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = starter.start_workflow(ORDER)
    monkeypatch.setattr(published, "find", lambda name, version: None)

    signaled = starter.resume_workflow_from_step(**started, step_name="Anything")
    starter.terminate_workflow(**started)

    assert signaled["run_id"] == started["run_id"]
    with pytest.raises(DefinitionError, match=r"BusinessProcess@1\.0\.asl\.json"):
        starter.resume_workflow_from_step(**started, step_name="ProcessData")


def test_a_step_behind_an_undone_one_needs_force(embedded_starter: WorkflowStarter) -> None:
    client = embedded_starter.swf_client
    started = reach_second_step(embedded_starter)
    for _ in ("ProcessData", "EnrichData", "SaveResults"):
        work(client, {})
        decide(client)
    fail(client, "no address")
    for _ in ("NotifyCompletion", "SaveResults", "CompensateTransaction"):
        decide(client)
        work(client, {})
    decide(client)

    with pytest.raises(SignalRefusedError, match="resume from SaveResults instead"):
        embedded_starter.resume_workflow_from_step(**started, step_name="NotifyCompletion")
    forced = embedded_starter.resume_workflow_from_step(
        **started, step_name="NotifyCompletion", force=True
    )

    assert forced["previous_run_id"] == started["run_id"]
