"""Limits and request rates: what happens when there is too much of something."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from local_swf import model
from local_swf.errors import SwfFault
from local_swf.limits import Limits
from local_swf.quotas import OF_ONE, Rates, published
from local_swf.testing import LocalSWF
from tests.contract.local_swf.swf_world import WORKFLOW, World, decision, last, schedule, timer
from tests.contract.local_swf.test_domains_and_types import code


def limited(**limits):
    return LocalSWF(virtual_clock=True, skipping=False, limits=Limits(**limits))


@pytest.mark.parametrize(
    ("limit", "decisions", "event", "cause"),
    [
        (
            "open_activities",
            [schedule("a"), schedule("b")],
            "ScheduleActivityTaskFailed",
            "OPEN_ACTIVITIES_LIMIT_EXCEEDED",
        ),
        (
            "open_timers",
            [timer("a", 1), timer("b", 1)],
            "StartTimerFailed",
            "OPEN_TIMERS_LIMIT_EXCEEDED",
        ),
        (
            "open_children",
            [
                decision("StartChildWorkflowExecution", workflowId=name, workflowType=WORKFLOW)
                for name in "ab"
            ],
            "StartChildWorkflowExecutionFailed",
            "OPEN_CHILDREN_LIMIT_EXCEEDED",
        ),
        (
            "open_executions",
            [decision("StartChildWorkflowExecution", workflowId="a", workflowType=WORKFLOW)],
            "StartChildWorkflowExecutionFailed",
            "OPEN_WORKFLOWS_LIMIT_EXCEEDED",
        ),
        (
            "open_lambdas",
            [decision("ScheduleLambdaFunction", id=name, name="f") for name in "ab"],
            "ScheduleLambdaFunctionFailed",
            "OPEN_LAMBDA_FUNCTIONS_LIMIT_EXCEEDED",
        ),
    ],
)
def test_too_many_open_things_of_a_run(limit, decisions, event, cause):
    with limited(**{limit: 1}) as swf:
        world = World(swf, swf.client()).register()
        run_id = world.start()
        world.decide(*decisions)
        assert last(world.history(run_id), event)["cause"] == cause


def test_too_many_open_runs_domains_and_types():
    with limited(open_executions=1, domains=1, types=1) as swf:
        world = World(swf, swf.client()).register()
        world.start()
        for call, members in (
            (world.start, {"workflow_id": "x"}),
            (
                world.client.register_domain,
                {"name": "x", "workflowExecutionRetentionPeriodInDays": "1"},
            ),
            (world.client.register_workflow_type, {"domain": "d", "name": "x", "version": "1"}),
        ):
            assert code(call, **members)[0] == "LimitExceededFault"
        world.client.terminate_workflow_execution(domain="d", workflowId="w")
        world.start()


def test_a_history_that_is_full_ends_its_run():
    with limited(history_events=10) as swf:
        world = World(swf, swf.client()).register()
        run_id = world.start()
        for _ in range(8):
            world.client.signal_workflow_execution(domain="d", workflowId="w", signalName="s")
        late = {"domain": "d", "workflowId": "w", "signalName": "s"}
        assert code(world.client.signal_workflow_execution, **late)[0] == "UnknownResourceFault"
        terminated = last(world.history(run_id), "WorkflowExecutionTerminated")
        assert terminated == {"cause": "EVENT_LIMIT_EXCEEDED", "childPolicy": "TERMINATE"}
        assert len(world.history(run_id)) == 11


def test_too_many_decisions_in_one_response():
    with limited(decisions=1) as swf:
        world = World(swf, swf.client()).register()
        world.start()
        with pytest.raises(ClientError, match="ValidationException"):
            world.decide(timer("a", 1), timer("b", 1))


def test_requests_beyond_the_rate_are_throttled_until_the_bucket_fills():
    quotas = {"ListDomains": (2.0, 1.0)}
    with LocalSWF(virtual_clock=True, skipping=False, quotas=quotas) as swf:
        client = swf.client()
        question = {"registrationStatus": "REGISTERED"}
        for _ in range(2):
            client.list_domains(**question)
        assert code(client.list_domains, **question) == ("ThrottlingException", "Rate exceeded")
        swf.clock.advance(1)
        client.list_domains(**question)


@pytest.mark.parametrize(
    ("kind", "given", "cause"),
    [
        ("ScheduleActivityTask", schedule("a"), "ACTIVITY_CREATION_RATE_EXCEEDED"),
        ("StartTimer", timer("a", 1), "TIMER_CREATION_RATE_EXCEEDED"),
        (
            "StartChildWorkflowExecution",
            decision("StartChildWorkflowExecution", workflowId="a", workflowType=WORKFLOW),
            "CHILD_CREATION_RATE_EXCEEDED",
        ),
        (
            "SignalExternalWorkflowExecution",
            decision("SignalExternalWorkflowExecution", workflowId="w", signalName="s"),
            "SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_RATE_EXCEEDED",
        ),
        (
            "RequestCancelExternalWorkflowExecution",
            decision("RequestCancelExternalWorkflowExecution", workflowId="w"),
            "REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_RATE_EXCEEDED",
        ),
        (
            "ScheduleLambdaFunction",
            decision("ScheduleLambdaFunction", id="a", name="f"),
            "LAMBDA_FUNCTION_CREATION_RATE_EXCEEDED",
        ),
        (
            "ContinueAsNewWorkflowExecution",
            decision("ContinueAsNewWorkflowExecution"),
            "CONTINUE_AS_NEW_WORKFLOW_EXECUTION_RATE_EXCEEDED",
        ),
    ],
)
def test_decisions_beyond_the_rate_fail_by_event(kind, given, cause):
    with LocalSWF(quotas={kind: (0.0, 0.0)}) as swf:
        world = World(swf, swf.client()).register()
        run_id = world.start()
        world.decide(given)
        assert last(world.history(run_id), f"{kind}Failed")["cause"] == cause


def test_the_published_rates_name_operations_and_decisions_of_the_model():
    known = {*model.operations(), *model.decision_types()}
    assert {name.removesuffix(OF_ONE) for name in published()} <= known


def read_history(world, run_id):
    world.history(run_id)


def signal(world, run_id):
    world.client.signal_workflow_execution(domain="d", workflowId="w", signalName="s", runId=run_id)


def request_cancel(world, run_id):
    world.client.request_cancel_workflow_execution(domain="d", workflowId="w", runId=run_id)


@pytest.mark.parametrize(
    ("operation", "ask"),
    [
        ("GetWorkflowExecutionHistory", read_history),
        ("SignalWorkflowExecution", signal),
        ("RequestCancelWorkflowExecution", request_cancel),
    ],
)
def test_requests_beyond_the_rate_of_one_run_are_throttled(operation, ask):
    with LocalSWF(quotas={f"{operation}:run": (1, 0)}) as swf:
        world = World(swf, swf.client()).register()
        run_id = world.start()
        ask(world, run_id)
        with pytest.raises(ClientError, match="Rate exceeded"):
            ask(world, run_id)
        world.client.terminate_workflow_execution(domain="d", workflowId="w")
        ask(world, world.start())


def test_heartbeats_beyond_the_rate_of_their_run_are_throttled():
    with LocalSWF(quotas={"RecordActivityTaskHeartbeat:run": (1, 0)}) as swf:
        world = World(swf, swf.client()).register()
        world.start()
        world.decide(schedule())
        token = world.activity()["taskToken"]
        world.client.record_activity_task_heartbeat(taskToken=token)
        with pytest.raises(ClientError, match="Rate exceeded"):
            world.client.record_activity_task_heartbeat(taskToken=token)
        world.client.respond_activity_task_completed(taskToken=token)


def test_full_buckets_of_runs_are_forgotten():
    now = 0
    rates = Rates({"SignalWorkflowExecution:run": (1, 1)}, lambda: now)
    for run in range(30_000):
        now += 1
        rates.check_one("SignalWorkflowExecution", run)
    assert len(rates._levels) <= 10_000
    with pytest.raises(SwfFault):
        rates.check_one("SignalWorkflowExecution", 29_999)
