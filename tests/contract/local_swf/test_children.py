"""Children, external signals and cancels, child policies."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from local_swf.limits import Limits
from local_swf.testing import LocalSWF
from tests.contract.local_swf.swf_world import (
    COMPLETE,
    WORKFLOW,
    World,
    attributes,
    decision,
    last,
    timer,
)


def child(workflow_id="child", **given):
    return decision(
        "StartChildWorkflowExecution",
        **{"workflowId": workflow_id, "workflowType": WORKFLOW, **given},
    )


def start_child(world, **given):
    """A parent with an open child whose first decision task waits; answers both run ids."""
    parent = world.start("parent", taskList={"name": "parents"})
    task = world.decision("parents")
    world.respond(task, child(**given))
    started = last(world.history(parent, "parent"), "ChildWorkflowExecutionStarted")
    return parent, started["workflowExecution"]["runId"]


def test_a_child_knows_its_parent_and_the_parent_its_child(world):
    parent, run_id = start_child(world, input="i", control="c", tagList=["t"])
    events = world.history(parent, "parent")
    assert [e["eventType"] for e in events[3:]] == [
        "DecisionTaskCompleted",
        "StartChildWorkflowExecutionInitiated",
        "ChildWorkflowExecutionStarted",
        "DecisionTaskScheduled",
    ]
    assert attributes(events[4]) == {
        "childPolicy": "TERMINATE",
        "control": "c",
        "decisionTaskCompletedEventId": 4,
        "executionStartToCloseTimeout": "3600",
        "input": "i",
        "tagList": ["t"],
        "taskList": {"name": "main"},
        "taskStartToCloseTimeout": "30",
        "workflowId": "child",
        "workflowType": WORKFLOW,
    }
    assert attributes(events[5]) == {
        "initiatedEventId": 5,
        "workflowExecution": {"workflowId": "child", "runId": run_id},
        "workflowType": WORKFLOW,
    }
    started = attributes(world.history(run_id, "child")[0])
    assert started["parentWorkflowExecution"] == {"workflowId": "parent", "runId": parent}
    assert started["parentInitiatedEventId"] == 5
    assert world.describe(run_id, "child")["executionInfo"]["parent"] == {
        "workflowId": "parent",
        "runId": parent,
    }


def test_a_child_may_be_named_as_the_flow_frameworks_do(world):
    parent = world.start("parent", taskList={"name": "parents"})
    name = f"{parent}:1"
    world.respond(world.decision("parents"), child(name))
    run_id = last(world.history(parent, "parent"), "ChildWorkflowExecutionStarted")[
        "workflowExecution"
    ]["runId"]
    world.client.signal_workflow_execution(domain="d", workflowId=name, signalName="s")
    world.client.terminate_workflow_execution(domain="d", workflowId=name, runId=run_id)
    assert world.types(run_id, name)[-1] == "WorkflowExecutionTerminated"


@pytest.mark.parametrize(
    ("close", "event", "report"),
    [
        (decision("CompleteWorkflowExecution", result="r"), "Completed", {"result": "r"}),
        (
            decision("FailWorkflowExecution", reason="r", details="d"),
            "Failed",
            {"reason": "r", "details": "d"},
        ),
        (decision("CancelWorkflowExecution", details="d"), "Canceled", {"details": "d"}),
    ],
)
def test_the_end_of_a_child_is_reported(world, close, event, report):
    parent, run_id = start_child(world)
    world.decide(close)
    reported = last(world.history(parent, "parent"), f"ChildWorkflowExecution{event}")
    assert reported == {
        **report,
        "initiatedEventId": 5,
        "startedEventId": 6,
        "workflowExecution": {"workflowId": "child", "runId": run_id},
        "workflowType": WORKFLOW,
    }
    assert world.describe(parent, "parent")["openCounts"]["openChildWorkflowExecutions"] == 0


def test_the_timeout_and_the_termination_of_a_child_are_reported(world):
    parent, _ = start_child(world, executionStartToCloseTimeout="10")
    world.swf.clock.advance(10)
    reported = last(world.history(parent, "parent"), "ChildWorkflowExecutionTimedOut")
    assert reported["timeoutType"] == "START_TO_CLOSE"
    world.respond(world.decision("parents"), child())
    world.client.terminate_workflow_execution(domain="d", workflowId="child")
    assert last(world.history(parent, "parent"), "ChildWorkflowExecutionTerminated")


def test_a_child_that_continues_as_new_reports_its_last_run(world):
    parent, run_id = start_child(world)
    world.decide(decision("ContinueAsNewWorkflowExecution"))
    new = last(world.history(run_id, "child"), "WorkflowExecutionContinuedAsNew")
    started = attributes(world.history(new["newExecutionRunId"], "child")[0])
    assert started["parentInitiatedEventId"] == 5
    assert started["parentWorkflowExecution"]["runId"] == parent
    world.decide(COMPLETE)
    reported = last(world.history(parent, "parent"), "ChildWorkflowExecutionCompleted")
    assert reported["workflowExecution"]["runId"] == new["newExecutionRunId"]


def test_a_taken_workflow_id_fails_the_child_after_its_initiation(world):
    world.start("child")
    parent = world.start("parent", taskList={"name": "parents"})
    world.respond(world.decision("parents"), child(control="c"))
    assert last(world.history(parent, "parent"), "StartChildWorkflowExecutionFailed") == {
        "cause": "WORKFLOW_ALREADY_RUNNING",
        "control": "c",
        "decisionTaskCompletedEventId": 4,
        "initiatedEventId": 5,
        "workflowId": "child",
        "workflowType": WORKFLOW,
    }


@pytest.mark.parametrize(
    ("named", "given", "cause"),
    [
        ("no", {}, "WORKFLOW_TYPE_DOES_NOT_EXIST"),
        ("old", {}, "WORKFLOW_TYPE_DEPRECATED"),
        ("bare", {}, "DEFAULT_EXECUTION_START_TO_CLOSE_TIMEOUT_UNDEFINED"),
        ("bare", {"executionStartToCloseTimeout": "1"}, "DEFAULT_TASK_LIST_UNDEFINED"),
        (
            "bare",
            {"executionStartToCloseTimeout": "1", "taskList": {"name": "l"}},
            "DEFAULT_TASK_START_TO_CLOSE_TIMEOUT_UNDEFINED",
        ),
        (
            "bare",
            {
                "executionStartToCloseTimeout": "1",
                "taskList": {"name": "l"},
                "taskStartToCloseTimeout": "1",
            },
            "DEFAULT_CHILD_POLICY_UNDEFINED",
        ),
    ],
)
def test_a_child_and_a_continuation_that_cannot_start_say_why(world, named, given, cause):
    for name in ("old", "bare"):
        world.client.register_workflow_type(domain="d", name=name, version="1")
    world.client.deprecate_workflow_type(domain="d", workflowType={"name": "old", "version": "1"})
    parent = world.start("parent")
    world.decide(child(workflowType={"name": named, "version": "1"}, **given))
    failed = last(world.history(parent, "parent"), "StartChildWorkflowExecutionFailed")
    assert (failed["cause"], failed["initiatedEventId"]) == (cause, 0)
    if cause == "WORKFLOW_TYPE_DOES_NOT_EXIST":
        world.decide(decision("ContinueAsNewWorkflowExecution", workflowTypeVersion="9"))
        failed = last(world.history(parent, "parent"), "ContinueAsNewWorkflowExecutionFailed")
        assert failed["cause"] == cause


@pytest.mark.parametrize("policy", ["TERMINATE", "REQUEST_CANCEL", "ABANDON"])
@pytest.mark.parametrize("end", ["terminate", "time out"])
def test_the_policy_of_the_parent_governs_its_children(world, policy, end):
    parent = world.start("parent", childPolicy=policy, executionStartToCloseTimeout="50")
    world.decide(child(childPolicy="ABANDON", taskList={"name": "children"}))
    run_id = last(world.history(parent, "parent"), "ChildWorkflowExecutionStarted")[
        "workflowExecution"
    ]["runId"]
    if end == "terminate":
        world.client.terminate_workflow_execution(domain="d", workflowId="parent")
    else:
        world.swf.clock.advance(50)
    newest = world.history(run_id, "child")[-1]
    if policy == "TERMINATE":
        assert attributes(newest) == {"cause": "CHILD_POLICY_APPLIED", "childPolicy": "ABANDON"}
    elif policy == "REQUEST_CANCEL":
        requested = last(world.history(run_id, "child"), "WorkflowExecutionCancelRequested")
        assert requested["cause"] == "CHILD_POLICY_APPLIED"
    else:
        assert newest["eventType"] == "DecisionTaskScheduled"


def test_a_termination_reaches_grandchildren(world):
    world.start("parent")
    world.decide(child("one"))
    world.decide()  # the parent hears that its child has started
    world.respond(world.decision(), child("two"))
    world.client.terminate_workflow_execution(domain="d", workflowId="parent")
    count = world.client.count_open_workflow_executions(
        domain="d", startTimeFilter={"oldestDate": 0}
    )
    assert count["count"] == 0


def test_children_outlive_a_normal_close_and_then_report_to_nobody(world):
    parent, run_id = start_child(world)
    world.respond(world.decision("parents"), COMPLETE)
    assert world.describe(run_id, "child")["executionInfo"]["executionStatus"] == "OPEN"
    world.decide(COMPLETE)
    assert world.types(parent, "parent")[-1] == "WorkflowExecutionCompleted"


def test_a_child_may_be_started_beside_a_close(world):
    parent = world.start("parent")
    world.decide(child(), COMPLETE)
    assert world.types(parent, "parent")[-1] == "WorkflowExecutionCompleted"
    assert world.decide(COMPLETE)["workflowExecution"]["workflowId"] == "child"


SIGNAL = {"workflowId": "target", "signalName": "s", "input": "i", "control": "c"}


def test_an_external_signal_reaches_its_target_and_is_confirmed(world):
    sender = world.start("sender", taskList={"name": "senders"})
    target = world.start("target")
    world.respond(world.decision("senders"), decision("SignalExternalWorkflowExecution", **SIGNAL))
    assert last(world.history(target, "target"), "WorkflowExecutionSignaled") == {
        "externalInitiatedEventId": 5,
        "externalWorkflowExecution": {"workflowId": "sender", "runId": sender},
        "input": "i",
        "signalName": "s",
    }
    events = world.history(sender, "sender")
    assert attributes(events[4]) == {**SIGNAL, "decisionTaskCompletedEventId": 4}
    assert attributes(events[5]) == {
        "initiatedEventId": 5,
        "workflowExecution": {"workflowId": "target", "runId": target},
    }
    assert events[6]["eventType"] == "DecisionTaskScheduled"


def test_an_external_cancel_reaches_its_target_and_is_confirmed(world):
    sender = world.start("sender", taskList={"name": "senders"})
    target = world.start("target")
    world.respond(
        world.decision("senders"),
        decision("RequestCancelExternalWorkflowExecution", workflowId="target", runId=target),
    )
    assert last(world.history(target, "target"), "WorkflowExecutionCancelRequested") == {
        "externalInitiatedEventId": 5,
        "externalWorkflowExecution": {"workflowId": "sender", "runId": sender},
    }
    confirmed = last(world.history(sender, "sender"), "ExternalWorkflowExecutionCancelRequested")
    assert confirmed["workflowExecution"]["runId"] == target


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("SignalExternalWorkflowExecution", {"workflowId": "no", "signalName": "s"}),
        ("SignalExternalWorkflowExecution", {"workflowId": "w", "signalName": "s", "runId": "no"}),
        ("RequestCancelExternalWorkflowExecution", {"workflowId": "no"}),
    ],
)
def test_a_target_that_does_not_exist_is_reported(world, kind, given):
    run_id = world.start()
    world.decide(decision(kind, control="c", **given))
    failed = last(world.history(run_id), f"{kind}Failed")
    assert failed.pop("cause") == "UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION"
    expected = {name: value for name, value in given.items() if name != "signalName"}
    assert failed == {
        **expected,
        "control": "c",
        "decisionTaskCompletedEventId": 4,
        "initiatedEventId": 5,
    }
    assert world.types(run_id)[-1] == "DecisionTaskScheduled"


def test_a_run_may_signal_itself(world):
    run_id = world.start()
    world.decide(
        decision("SignalExternalWorkflowExecution", workflowId="w", signalName="s"),
        timer("t", 9),
    )
    assert world.types(run_id)[4:] == [
        "SignalExternalWorkflowExecutionInitiated",
        "TimerStarted",
        "WorkflowExecutionSignaled",
        "DecisionTaskScheduled",
        "ExternalWorkflowExecutionSignaled",
    ]


def test_the_policy_that_a_termination_names_beats_that_of_the_run(world):
    parent, run_id = start_child(world)
    world.client.terminate_workflow_execution(
        domain="d", workflowId="parent", runId=parent, childPolicy="REQUEST_CANCEL"
    )
    terminated = last(world.history(parent, "parent"), "WorkflowExecutionTerminated")
    assert terminated == {"cause": "OPERATOR_INITIATED", "childPolicy": "REQUEST_CANCEL"}
    assert world.types(run_id, "child")[-1] == "WorkflowExecutionCancelRequested"
    assert last(world.history(run_id, "child"), "WorkflowExecutionCancelRequested") == {
        "cause": "CHILD_POLICY_APPLIED",
        "externalInitiatedEventId": 0,
    }


def test_a_child_that_continues_as_new_falls_to_the_policy_in_its_newest_run(world):
    _, run_id = start_child(world)
    world.decide(decision("ContinueAsNewWorkflowExecution", tagList=["t"]))
    continued = last(world.history(run_id, "child"), "WorkflowExecutionContinuedAsNew")
    newest = continued["newExecutionRunId"]
    started = attributes(world.history(newest, "child")[0])
    assert started["continuedExecutionRunId"] == run_id
    assert started["parentInitiatedEventId"] == 5
    assert started["parentWorkflowExecution"]["workflowId"] == "parent"
    assert started["tagList"] == ["t"]
    world.client.terminate_workflow_execution(domain="d", workflowId="parent")
    assert world.types(newest, "child")[-1] == "WorkflowExecutionTerminated"


def test_a_history_that_is_full_takes_the_children_along():
    with LocalSWF(limits=Limits(history_events=20)) as swf:
        world = World(swf, swf.client()).register()
        parent, run_id = start_child(world)
        for _ in range(20):
            try:
                world.client.signal_workflow_execution(
                    domain="d", workflowId="parent", signalName="s"
                )
            except ClientError:
                break
        terminated = last(world.history(parent, "parent"), "WorkflowExecutionTerminated")
        assert terminated == {"cause": "EVENT_LIMIT_EXCEEDED", "childPolicy": "TERMINATE"}
        assert last(world.history(run_id, "child"), "WorkflowExecutionTerminated")["cause"] == (
            "CHILD_POLICY_APPLIED"
        )


def test_two_children_of_one_id_in_one_answer_are_one_child(world):
    parent = world.start("parent", taskList={"name": "parents"})
    world.respond(world.decision("parents"), child(control="1"), child(control="2"))
    failed = last(world.history(parent, "parent"), "StartChildWorkflowExecutionFailed")
    assert (failed["cause"], failed["control"]) == ("WORKFLOW_ALREADY_RUNNING", "2")
    assert failed["initiatedEventId"] == 6
    assert world.describe(parent, "parent")["openCounts"]["openChildWorkflowExecutions"] == 1


def test_each_cancel_request_is_an_event_and_shows_while_the_run_is_open(world):
    run_id = world.start()
    for _ in range(2):
        world.client.request_cancel_workflow_execution(domain="d", workflowId="w")
    assert world.types(run_id).count("WorkflowExecutionCancelRequested") == 2
    assert world.describe(run_id)["executionInfo"]["cancelRequested"] is True
    world.decide(decision("CancelWorkflowExecution"))
    assert world.describe(run_id)["executionInfo"]["cancelRequested"] is False
