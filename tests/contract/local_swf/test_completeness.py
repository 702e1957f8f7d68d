"""39 operations, 13 decisions and 54 events, each provoked over HTTP in the run of these tests."""

from __future__ import annotations

import json
import threading

import pytest

from local_swf import completeness, model
from local_swf.testing import LocalSWF
from tests.contract.local_swf.history_rules import check_all_histories, check_shape
from tests.contract.local_swf.swf_world import (
    ACTIVITY,
    WORKFLOW,
    World,
    decision,
    last,
    schedule,
    timer,
)
from tests.contract.local_swf.test_polls import until

ATTRIBUTES = {
    "ScheduleActivityTask": {"activityId": "a", "activityType": ACTIVITY},
    "RequestCancelActivityTask": {"activityId": "a"},
    "RecordMarker": {"markerName": "m"},
    "StartTimer": {"timerId": "t", "startToFireTimeout": "1"},
    "CancelTimer": {"timerId": "t"},
    "SignalExternalWorkflowExecution": {"workflowId": "x", "signalName": "s"},
    "RequestCancelExternalWorkflowExecution": {"workflowId": "x"},
    "StartChildWorkflowExecution": {"workflowId": "x", "workflowType": WORKFLOW},
    "ScheduleLambdaFunction": {"id": "l", "name": "f"},
}


@pytest.mark.parametrize("kind", model.decision_types())
def test_a_decision_that_is_not_permitted_fails_by_event(kind):
    with LocalSWF(denied=[kind]) as swf:
        world = World(swf, swf.client()).register()
        run_id = world.start()
        world.decide(decision(kind, **ATTRIBUTES.get(kind, {})))
        failed = last(world.history(run_id), f"{kind}Failed")
        expected = "OPERATION_NOT_PERMITTED"
        if kind == "ScheduleLambdaFunction":
            expected = "LAMBDA_SERVICE_NOT_AVAILABLE_IN_REGION"
        assert failed["cause"] == expected
        shape = model.shape(f"{kind}FailedEventAttributes")
        assert set(shape["required"]) <= set(failed)


def test_the_table_is_complete():
    headings = [line for line in completeness.table().splitlines() if line.startswith("### ")]
    assert headings == [
        "### Operations: 39 of 39",
        "### Decisions: 13 of 13",
        "### Events: 54 of 54",
    ]
    assert "| no |" not in completeness.table()


def test_the_table_takes_the_place_of_an_old_one(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"# Title\n\n{completeness.HEADING}\n\nold\n", "utf-8")
    completeness.main([str(page)])
    assert page.read_text("utf-8") == f"# Title\n\n{completeness.table()}"


MAIN = {"domain": "d", "taskList": {"name": "main"}}
SINCE = {"domain": "d", "startTimeFilter": {"oldestDate": 0}}
LISTED = {"domain": "d", "registrationStatus": "REGISTERED"}


def use_the_registry(client) -> None:
    """Every operation on domains, types and tags that registering does not use."""
    arn = client.describe_domain(name="d")["domainInfo"]["arn"]
    client.list_domains(registrationStatus="REGISTERED")
    client.tag_resource(resourceArn=arn, tags=[{"key": "k"}])
    client.list_tags_for_resource(resourceArn=arn)
    client.untag_resource(resourceArn=arn, tagKeys=["k"])
    for kind, named in (("workflow", WORKFLOW), ("activity", ACTIVITY)):
        given = {"domain": "d", f"{kind}Type": named}
        getattr(client, f"list_{kind}_types")(**LISTED)
        for verb in ("describe", "deprecate", "undeprecate", "deprecate", "delete"):
            getattr(client, f"{verb}_{kind}_type")(**given)
    client.deprecate_domain(name="d")
    client.undeprecate_domain(name="d")


def use_runs_and_tasks(world: World) -> None:
    """Every operation on runs and tasks."""
    client, run_id = world.client, world.start()
    client.count_pending_decision_tasks(**MAIN)
    client.count_pending_activity_tasks(**MAIN)
    world.decide(*(schedule(name) for name in "abc"))
    tokens = [world.activity()["taskToken"] for _ in "abc"]
    client.record_activity_task_heartbeat(taskToken=tokens[0])
    client.respond_activity_task_completed(taskToken=tokens[0])
    client.respond_activity_task_failed(taskToken=tokens[1])
    client.respond_activity_task_canceled(taskToken=tokens[2])
    client.signal_workflow_execution(domain="d", workflowId="w", signalName="s")
    client.request_cancel_workflow_execution(domain="d", workflowId="w")
    client.count_open_workflow_executions(**SINCE)
    client.list_open_workflow_executions(**SINCE)
    client.terminate_workflow_execution(domain="d", workflowId="w")
    client.count_closed_workflow_executions(**SINCE)
    client.list_closed_workflow_executions(**SINCE)
    world.describe(run_id)
    world.history(run_id)


def test_every_operation_answers(swf):
    answered = set()

    def note(http_response, model, **_):
        assert http_response.status_code == 200
        if model.output_shape is None:
            assert http_response.content == b""
        else:
            check_shape(json.loads(http_response.content), model.output_shape.name, model.name)
        answered.add(model.name)

    client = swf.client()
    client.meta.events.register("after-call.swf", note)
    use_runs_and_tasks(World(swf, client).register())
    use_the_registry(client)
    assert answered == set(model.operations())


def child(workflow_id, **given):
    return decision(
        "StartChildWorkflowExecution",
        **{"workflowId": workflow_id, "workflowType": WORKFLOW, **given},
    )


def begin(world: World, name: str, **options) -> str:
    """Start a run on a decision list of its own."""
    return world.start(name, taskList={"name": name}, **options)


def decide(world: World, name: str, *decisions) -> None:
    """Answer the decision task of a run."""
    world.respond(world.decision(name), *decisions)


def play_children(world: World) -> list[str]:
    """A parent whose children end in all five ways, and one that cannot start."""
    run_id = begin(world, "parent")
    closing = ("Complete", "Fail", "Cancel")
    names = (*closing, "terminate", "time out")
    short = {"executionStartToCloseTimeout": "50"}
    children = [child(name, taskList={"name": name}, **short) for name in names]
    decide(world, "parent", *children, child("parent"))
    for name in closing:
        decide(world, name, decision(f"{name}WorkflowExecution"))
    world.client.terminate_workflow_execution(domain="d", workflowId="terminate")
    world.swf.clock.advance(50)
    return world.types(run_id, "parent")


def play_activities(world: World) -> list[str]:
    """Activities that end in all four ways, one that cannot be scheduled, one unknown."""
    run_id = begin(world, "activities")
    names = ("completed", "failed", "canceled", "slow")
    decide(
        world,
        "activities",
        *(schedule(name) for name in names),
        schedule("slow"),
        decision("RequestCancelActivityTask", activityId="unknown"),
    )
    client = world.client
    tokens = [world.activity()["taskToken"] for _ in names]
    client.respond_activity_task_completed(taskToken=tokens[0])
    client.respond_activity_task_failed(taskToken=tokens[1])
    decide(world, "activities", decision("RequestCancelActivityTask", activityId="canceled"))
    assert client.record_activity_task_heartbeat(taskToken=tokens[2])["cancelRequested"]
    client.respond_activity_task_canceled(taskToken=tokens[2])
    world.swf.clock.advance(100)
    return world.types(run_id, "activities")


def play_the_rest(world: World) -> list[str]:
    """Signals, timers, markers, Lambda tasks, other runs, and a decision that is too late."""
    run_id = begin(world, "rest", lambdaRole="arn:aws:iam::1:role/r")
    begin(world, "target")
    task = world.decision("rest")
    for name in ("signal", "request_cancel"):
        call = getattr(world.client, f"{name}_workflow_execution")
        call(domain="d", workflowId="rest", **({"signalName": "s"} if name == "signal" else {}))
    signal_to, cancel = "SignalExternalWorkflowExecution", "RequestCancelExternalWorkflowExecution"
    world.respond(
        task,
        decision("RecordMarker", markerName="m"),
        timer("one", 1),
        timer("two", 999),
        timer("two", 1),
        decision("CancelTimer", timerId="two"),
        decision("CancelTimer", timerId="two"),
        decision("ScheduleLambdaFunction", id="1", name="f"),
        decision("ScheduleLambdaFunction", id="2", name="none"),
        decision("ScheduleLambdaFunction", id="3", name="slow", startToCloseTimeout="1"),
        decision("ScheduleLambdaFunction", id="3", name="slow"),
        decision(signal_to, workflowId="target", signalName="s"),
        decision(signal_to, workflowId="nobody", signalName="s"),
        decision(cancel, workflowId="target"),
        decision(cancel, workflowId="nobody"),
    )
    until(lambda: "LambdaFunctionCompleted" in world.types(run_id, "rest"))
    until(lambda: "LambdaFunctionFailed" in world.types(run_id, "rest"))
    world.swf.clock.advance(1)
    world.decision("rest")
    world.swf.clock.advance(30)
    return world.types(run_id, "rest")


def play_closes(world: World) -> set[str]:
    """Each closing decision, first refused for a signal that came in between."""
    seen = set()
    for verb in ("Complete", "Fail", "Cancel", "ContinueAsNew"):
        run_id = begin(world, verb)
        task = world.decision(verb)
        world.client.signal_workflow_execution(domain="d", workflowId=verb, signalName="s")
        world.respond(task, decision(f"{verb}WorkflowExecution"))
        decide(world, verb, decision(f"{verb}WorkflowExecution"))
        seen |= set(world.types(run_id, verb))
    return seen


def play_ends_by_force(world: World) -> set[str]:
    """A termination, a timeout, and a Lambda task without a role."""
    ended = begin(world, "ended")
    world.client.terminate_workflow_execution(domain="d", workflowId="ended")
    late = begin(world, "late", executionStartToCloseTimeout="1")
    world.swf.clock.advance(1)
    no_role = begin(world, "no role")
    decide(world, "no role", decision("ScheduleLambdaFunction", id="1", name="f"))
    runs = {"ended": ended, "late": late, "no role": no_role}
    return {kind for name, run_id in runs.items() for kind in world.types(run_id, name)}


def test_every_event_type_but_one_appears():
    release = threading.Event()
    functions = {"f": lambda x: x, "slow": lambda _: release.wait(20)}
    with LocalSWF(virtual_clock=True, skipping=False, functions=functions) as swf:
        world = World(swf, swf.client()).register()
        seen = {*play_children(world), *play_activities(world), *play_the_rest(world)}
        release.set()
        seen |= play_closes(world) | play_ends_by_force(world)
        assert check_all_histories(swf) > 10
    # RecordMarkerFailed has no cause but a refused permission; a test above provokes it.
    assert set(model.event_types()) - seen == {"RecordMarkerFailed"}
    assert len(model.event_types()) == 54
