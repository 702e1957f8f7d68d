"""The life of decision tasks: coalescing, paging, sticky lists, timeouts, closing."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from local_swf.limits import Limits
from local_swf.testing import LocalSWF
from tests.contract.local_swf.swf_world import (
    COMPLETE,
    LIST,
    WORKFLOW,
    World,
    attributes,
    decision,
    last,
    schedule,
    timer,
)


def test_a_start_writes_two_events_of_one_moment_and_the_poll_shows_three(world):
    run_id = world.start(input='{"a": 1}')
    task = world.decision(identity="me")
    assert [event["eventType"] for event in task["events"]] == [
        "WorkflowExecutionStarted",
        "DecisionTaskScheduled",
        "DecisionTaskStarted",
    ]
    assert (task["startedEventId"], task["previousStartedEventId"]) == (3, 0)
    assert task["workflowExecution"] == {"workflowId": "w", "runId": run_id}
    assert task["events"][0]["eventTimestamp"] == task["events"][1]["eventTimestamp"]
    assert attributes(task["events"][2]) == {"scheduledEventId": 2, "identity": "me"}


def test_signals_before_the_task_is_taken_bring_no_further_task(world):
    run_id = world.start()
    for name in "ab":
        world.client.signal_workflow_execution(domain="d", workflowId="w", signalName=name)
    assert world.types(run_id) == [
        "WorkflowExecutionStarted",
        "DecisionTaskScheduled",
        "WorkflowExecutionSignaled",
        "WorkflowExecutionSignaled",
    ]


def test_signals_during_a_started_task_schedule_one_task_before_its_completion(world):
    run_id = world.start()
    task = world.decision()
    for name in "ab":
        world.client.signal_workflow_execution(domain="d", workflowId="w", signalName=name)
    world.respond(task)
    assert world.types(run_id)[3:] == [
        "WorkflowExecutionSignaled",
        "DecisionTaskScheduled",
        "WorkflowExecutionSignaled",
        "DecisionTaskCompleted",
    ]
    following = world.decision()
    assert following["previousStartedEventId"] == 3
    assert attributes(following["events"][-1])["scheduledEventId"] == 5


def test_an_empty_answer_with_nothing_pending_schedules_nothing(world):
    run_id = world.start()
    world.decide()
    assert world.types(run_id)[-1] == "DecisionTaskCompleted"
    assert world.describe(run_id)["openCounts"]["openDecisionTasks"] == 0


@pytest.mark.parametrize(
    ("close", "event"),
    [
        ("CompleteWorkflowExecution", "CompleteWorkflowExecutionFailed"),
        ("FailWorkflowExecution", "FailWorkflowExecutionFailed"),
        ("CancelWorkflowExecution", "CancelWorkflowExecutionFailed"),
        ("ContinueAsNewWorkflowExecution", "ContinueAsNewWorkflowExecutionFailed"),
    ],
)
def test_a_close_fails_when_events_arrived_meanwhile(world, close, event):
    run_id = world.start()
    task = world.decision()
    world.client.signal_workflow_execution(domain="d", workflowId="w", signalName="s")
    world.respond(task, decision("RecordMarker", markerName="m"), decision(close))
    events = world.history(run_id)
    assert [e["eventType"] for e in events[-3:]] == [
        "DecisionTaskCompleted",
        "MarkerRecorded",
        event,
    ]
    assert last(events, event) == {
        "cause": "UNHANDLED_DECISION",
        "decisionTaskCompletedEventId": 6,
    }
    assert world.decision()["startedEventId"] == 9


def test_a_task_that_is_not_answered_times_out_and_comes_again(world):
    run_id = world.start()
    task = world.decision()
    world.swf.clock.advance(31)
    events = world.history(run_id)
    assert [e["eventType"] for e in events[-2:]] == [
        "DecisionTaskTimedOut",
        "DecisionTaskScheduled",
    ]
    assert events[-1]["eventTimestamp"] == events[-2]["eventTimestamp"]
    assert attributes(events[-2]) == {
        "timeoutType": "START_TO_CLOSE",
        "scheduledEventId": 2,
        "startedEventId": 3,
    }
    with pytest.raises(ClientError, match="Unknown decision task, scheduledEventId = 2"):
        world.respond(task)
    again = world.decision()
    assert (again["previousStartedEventId"], again["startedEventId"]) == (3, 6)


def test_pages_of_a_task_repeat_its_token_and_never_start_another(world):
    run_id = world.start()
    for number in range(5):
        world.client.signal_workflow_execution(domain="d", workflowId="w", signalName=str(number))
    first = world.decision(maximumPageSize=3)
    second = world.decision(maximumPageSize=3, nextPageToken=first["nextPageToken"])
    third = world.decision(maximumPageSize=3, nextPageToken=second["nextPageToken"])
    assert "nextPageToken" not in third
    ids = [event["eventId"] for page in (first, second, third) for event in page["events"]]
    assert ids == list(range(1, 9))
    for page in (second, third):
        for member in ("taskToken", "startedEventId", "previousStartedEventId"):
            assert page[member] == first[member]
    assert world.types(run_id).count("DecisionTaskStarted") == 1


@pytest.mark.parametrize(
    ("limits", "seconds"),
    [(Limits(), 86_400), (Limits(decision_page_token_seconds=60), 60)],
)
def test_a_page_token_of_a_task_lasts_a_day_or_as_long_as_the_limits_say(limits, seconds):
    with LocalSWF(virtual_clock=True, skipping=False, limits=limits) as swf:
        world = World(swf, swf.client()).register()
        world.start(taskStartToCloseTimeout="NONE", executionStartToCloseTimeout="200000")
        page = world.decision(maximumPageSize=1)
        swf.clock.advance(seconds - 1)
        page = world.decision(maximumPageSize=1, nextPageToken=page["nextPageToken"])
        assert [event["eventId"] for event in page["events"]] == [2]
        swf.clock.advance(seconds + 1)
        with pytest.raises(ClientError, match="Specified token has exceeded its maximum lifetime"):
            world.decision(maximumPageSize=1, nextPageToken=page["nextPageToken"])
        world.respond(page, COMPLETE)


def test_a_page_is_bounded_in_bytes_and_holds_one_event_at_least():
    with LocalSWF(limits=Limits(page_bytes=3_000)) as swf:
        world = World(swf, swf.client()).register()
        run_id = world.start(input="x" * 4_000)
        for size in (900, 900, 900, 5_000, 900):
            world.client.signal_workflow_execution(
                domain="d", workflowId="w", signalName="s", input="x" * size
            )
        history = {"domain": "d", "execution": {"workflowId": "w", "runId": run_id}}
        read = swf.client().get_paginator("get_workflow_execution_history").paginate
        assert pages(read(**history)) == [[1], [2, 3, 4], [5], [6], [7]]
        assert pages(read(**history, reverseOrder=True)) == [[7], [6], [5, 4], [3, 2], [1]]
        polled = swf.client().get_paginator("poll_for_decision_task").paginate
        task = {"domain": "d", "taskList": LIST}
        assert pages(polled(**task)) == [[1], [2, 3, 4], [5], [6], [7, 8]]


def pages(found):
    return [[event["eventId"] for event in page["events"]] for page in found]


def test_reverse_order_and_the_previous_started_event_bound_the_pages(world):
    world.start()
    world.decide(timer("t", 5))
    world.swf.clock.advance(5)
    task = world.decision(startAtPreviousStartedEvent=True)
    assert [event["eventId"] for event in task["events"]] == [3, 4, 5, 6, 7, 8]
    world.respond(task, timer("u", 5))
    world.swf.clock.advance(5)
    task = world.decision(reverseOrder=True, maximumPageSize=4)
    assert [event["eventId"] for event in task["events"]] == [13, 12, 11, 10]
    rest = world.decision(reverseOrder=True, maximumPageSize=4, nextPageToken=task["nextPageToken"])
    assert [event["eventId"] for event in rest["events"]] == [9, 8, 7, 6]


def test_a_sticky_list_gets_the_next_task_until_it_is_not_picked_up_in_time(world):
    run_id = world.start()
    world.decide(timer("t", 1), taskList={"name": "mine"}, taskListScheduleToStartTimeout="5")
    world.swf.clock.advance(1)
    scheduled = last(world.history(run_id), "DecisionTaskScheduled")
    assert scheduled["taskList"] == {"name": "mine"}
    assert scheduled["scheduleToStartTimeout"] == "5"
    world.swf.clock.advance(5)
    events = world.history(run_id)
    assert last(events, "DecisionTaskTimedOut")["timeoutType"] == "SCHEDULE_TO_START"
    assert last(events, "DecisionTaskTimedOut")["startedEventId"] == 0
    assert last(events, "DecisionTaskScheduled")["taskList"] == LIST
    assert world.decision()["startedEventId"] == events[-1]["eventId"] + 1


def test_a_task_lost_on_a_sticky_list_goes_back_to_the_list_of_the_run(world):
    run_id = world.start()
    world.decide(timer("t", 1), taskList={"name": "mine"})
    world.swf.clock.advance(1)
    world.decision("mine")
    world.swf.clock.advance(30)
    assert last(world.history(run_id), "DecisionTaskScheduled")["taskList"] == LIST


def test_the_execution_context_stays_until_another_is_given(world):
    run_id = world.start()
    world.decide(timer("t", 0), executionContext="{}")
    world.decide()
    assert world.describe(run_id)["latestExecutionContext"] == "{}"


@pytest.mark.parametrize(
    ("decisions", "message"),
    [
        ([COMPLETE, timer("t", 1)], "Close must be last decision in list"),
        ([COMPLETE, COMPLETE], "Close must be last decision in list"),
        ([timer("t", 1), COMPLETE], "Specified decision is incompatible with close decision"),
        ([schedule(), COMPLETE], "Specified decision is incompatible with close decision"),
        (
            [{"decisionType": "StartTimer"}],
            "StartTimerDecisionAttributes must be specified for decision of type StartTimer",
        ),
    ],
)
def test_a_malformed_response_changes_nothing_and_leaves_the_token_usable(
    world, decisions, message
):
    run_id = world.start()
    task = world.decision()
    with pytest.raises(ClientError, match=message):
        world.respond(task, *decisions)
    assert len(world.history(run_id)) == 3
    world.respond(task)


def test_failed_decisions_bring_one_new_task_after_the_batch(world):
    run_id = world.start()
    world.decide(
        decision("CancelTimer", timerId="no"),
        decision("RequestCancelActivityTask", activityId="no"),
        decision("RecordMarker", markerName="m"),
    )
    assert world.types(run_id)[4:] == [
        "CancelTimerFailed",
        "RequestCancelActivityTaskFailed",
        "MarkerRecorded",
        "DecisionTaskScheduled",
    ]


def test_fail_and_cancel_close_with_their_own_words(world):
    run_id = world.start()
    world.decide(decision("FailWorkflowExecution", reason="r", details="x"))
    assert world.describe(run_id)["executionInfo"]["closeStatus"] == "FAILED"
    assert last(world.history(run_id), "WorkflowExecutionFailed")["reason"] == "r"
    run_id = world.start()
    world.decide(decision("CancelWorkflowExecution", details="x"))
    assert world.describe(run_id)["executionInfo"]["closeStatus"] == "CANCELED"


def test_continue_as_new_inherits_nothing_but_id_and_type(world):
    run_id = world.start(tagList=["one"], input="old")
    world.decide(decision("ContinueAsNewWorkflowExecution", input="new", tagList=["two"]))
    continued = last(world.history(run_id), "WorkflowExecutionContinuedAsNew")
    new = world.history(continued["newExecutionRunId"])
    started = attributes(new[0])
    assert (started["continuedExecutionRunId"], started["input"]) == (run_id, "new")
    assert started["tagList"] == ["two"]
    assert world.describe(run_id)["executionInfo"]["closeStatus"] == "CONTINUED_AS_NEW"


def test_a_run_that_lasts_too_long_is_closed_without_a_decision(world):
    run_id = world.start(executionStartToCloseTimeout="50")
    world.decide()
    world.swf.clock.advance(50)
    assert last(world.history(run_id), "WorkflowExecutionTimedOut") == {
        "childPolicy": "TERMINATE",
        "timeoutType": "START_TO_CLOSE",
    }
    assert world.describe(run_id)["executionInfo"]["closeStatus"] == "TIMED_OUT"


def test_timers_fire_in_order_and_can_be_cancelled_and_reused(world):
    run_id = world.start()
    world.decide(timer("long", 120), timer("short", 2), timer("short", 3))
    world.swf.clock.advance(1)
    world.decide(decision("CancelTimer", timerId="long"), timer("long", 0))
    world.swf.clock.advance(0)
    world.decide()
    world.swf.clock.advance(2)
    events = world.history(run_id)
    assert last(events, "StartTimerFailed")["cause"] == "TIMER_ID_ALREADY_IN_USE"
    fired = [attributes(e)["startedEventId"] for e in events if e["eventType"] == "TimerFired"]
    assert fired == [12, 6]
    assert last(events, "TimerCanceled")["startedEventId"] == 5


ROLE = "arn:aws:iam::1:role/r"
OTHER = {"workflowId": "nobody"}


@pytest.mark.parametrize(
    ("made", "newest", "wakes"),
    [
        (decision("RecordMarker", markerName="m"), "MarkerRecorded", False),
        (timer("u", 60), "TimerStarted", False),
        (timer("t", 60), "StartTimerFailed", True),
        (decision("CancelTimer", timerId="t"), "TimerCanceled", False),
        (decision("CancelTimer", timerId="u"), "CancelTimerFailed", True),
        (schedule("b"), "ActivityTaskScheduled", False),
        (schedule("waits"), "ScheduleActivityTaskFailed", True),
        (
            decision("RequestCancelActivityTask", activityId="runs"),
            "ActivityTaskCancelRequested",
            False,
        ),
        (
            decision("RequestCancelActivityTask", activityId="waits"),
            "ActivityTaskCanceled",
            True,
        ),
        (
            decision("SignalExternalWorkflowExecution", signalName="s", **OTHER),
            "SignalExternalWorkflowExecutionFailed",
            True,
        ),
        (
            decision("RequestCancelExternalWorkflowExecution", **OTHER),
            "RequestCancelExternalWorkflowExecutionFailed",
            True,
        ),
        (
            decision("StartChildWorkflowExecution", workflowId="c", workflowType=WORKFLOW),
            "ChildWorkflowExecutionStarted",
            True,
        ),
        (
            decision("StartChildWorkflowExecution", workflowId="w", workflowType=WORKFLOW),
            "StartChildWorkflowExecutionFailed",
            True,
        ),
        (
            decision("ScheduleLambdaFunction", id="1", name="f"),
            "StartLambdaFunctionFailed",
            True,
        ),
    ],
)
def test_which_decisions_bring_another_decision_task_by_themselves(world, made, newest, wakes):
    run_id = world.start()
    world.decide(timer("t", 60), schedule("runs"), schedule("waits"))
    assert world.activity()["activityId"] == "runs"
    world.client.signal_workflow_execution(domain="d", workflowId="w", signalName="s")
    world.decide(made)
    types = world.types(run_id)
    assert types[-1 - wakes] == newest
    assert (types[-1] == "DecisionTaskScheduled") is wakes


@pytest.mark.parametrize(
    "beside",
    [
        decision("RecordMarker", markerName="m"),
        decision("CancelTimer", timerId="t"),
        decision("RequestCancelActivityTask", activityId="a"),
        decision("RequestCancelExternalWorkflowExecution", **OTHER),
        decision("SignalExternalWorkflowExecution", signalName="s", **OTHER),
        decision("StartChildWorkflowExecution", workflowId="c", workflowType=WORKFLOW),
    ],
)
def test_what_may_stand_before_a_close(world, beside):
    run_id = world.start()
    world.decide(timer("t", 60), schedule("a"))
    world.client.signal_workflow_execution(domain="d", workflowId="w", signalName="s")
    world.decide(beside, COMPLETE)
    assert world.types(run_id)[-1] == "WorkflowExecutionCompleted"


@pytest.mark.parametrize("verb", ["Complete", "Fail", "Cancel", "ContinueAsNew"])
def test_a_close_without_its_attributes_is_taken(world, verb):
    run_id = world.start()
    world.decide({"decisionType": f"{verb}WorkflowExecution"})
    assert world.describe(run_id)["executionInfo"]["executionStatus"] == "CLOSED"


def test_a_lambda_task_may_not_stand_before_a_close(world):
    world.start(lambdaRole=ROLE)
    with pytest.raises(ClientError, match="Specified decision is incompatible with close decision"):
        world.decide(decision("ScheduleLambdaFunction", id="1", name="f"), COMPLETE)


def test_what_stands_before_a_close_that_fails_has_happened(world):
    run_id = world.start()
    task = world.decision()
    world.client.signal_workflow_execution(domain="d", workflowId="w", signalName="s")
    world.respond(task, decision("RecordMarker", markerName="m"), COMPLETE)
    assert world.types(run_id)[3:] == [
        "WorkflowExecutionSignaled",
        "DecisionTaskScheduled",
        "DecisionTaskCompleted",
        "MarkerRecorded",
        "CompleteWorkflowExecutionFailed",
    ]


def test_a_decision_task_that_times_out_while_another_waits_brings_no_third(world):
    run_id = world.start()
    world.decision()
    world.client.signal_workflow_execution(domain="d", workflowId="w", signalName="s")
    world.swf.clock.advance(30)
    assert world.types(run_id)[3:] == [
        "WorkflowExecutionSignaled",
        "DecisionTaskScheduled",
        "DecisionTaskTimedOut",
    ]
    assert world.decision()["previousStartedEventId"] == 3


def test_an_override_without_a_timeout_stays_though_later_answers_do_not_repeat_it(world):
    run_id = world.start()
    world.decide(timer("t", 1), taskList={"name": "mine"})
    for name in "ab":
        world.swf.clock.advance(3000 if name == "b" else 1)
        scheduled = last(world.history(run_id), "DecisionTaskScheduled")
        assert scheduled["taskList"] == {"name": "mine"}
        assert scheduled["scheduleToStartTimeout"] == "NONE"
        world.respond(world.decision("mine"), timer(name, 1))


def test_the_whole_history_comes_when_there_was_no_task_before(world):
    world.start()
    task = world.decision(startAtPreviousStartedEvent=True)
    assert [event["eventId"] for event in task["events"]] == [1, 2, 3]


def test_a_page_token_of_a_task_is_none_for_the_history_and_the_other_way_round(world):
    run_id = world.start()
    page = world.decision(maximumPageSize=1)
    asked = {"domain": "d", "execution": {"workflowId": "w", "runId": run_id}}
    history = world.client.get_workflow_execution_history(**asked, maximumPageSize=1)
    with pytest.raises(ClientError, match="Invalid token"):
        world.client.get_workflow_execution_history(**asked, nextPageToken=page["nextPageToken"])
    with pytest.raises(ClientError, match="Invalid token"):
        world.decision(nextPageToken=history["nextPageToken"])


def test_the_most_urgent_run_is_decided_first_and_its_priority_is_its_own(world):
    for number, priority in enumerate(["-3", "7", "0"]):
        world.start(f"w{number}", taskPriority=priority)
    tasks = [world.decision() for _ in range(3)]
    assert [task["workflowExecution"]["workflowId"] for task in tasks] == ["w1", "w2", "w0"]
    run_id = tasks[0]["workflowExecution"]["runId"]
    world.respond(
        tasks[0],
        schedule(),
        decision("StartChildWorkflowExecution", workflowId="c", workflowType=WORKFLOW),
    )
    events = world.history(run_id, "w1")
    assert last(events, "DecisionTaskScheduled")["taskPriority"] == "7"
    assert "taskPriority" not in last(events, "ActivityTaskScheduled")
    assert "taskPriority" not in last(events, "StartChildWorkflowExecutionInitiated")


def test_a_timer_of_no_seconds_fires_at_once(world):
    run_id = world.start()
    world.decide(timer("t", 0))
    assert world.decision()["previousStartedEventId"] == 3
    assert world.types(run_id)[-3:-1] == ["TimerFired", "DecisionTaskScheduled"]


SETTINGS = {
    "executionStartToCloseTimeout": "DEFAULT_EXECUTION_START_TO_CLOSE_TIMEOUT_UNDEFINED",
    "taskList": "DEFAULT_TASK_LIST_UNDEFINED",
    "taskStartToCloseTimeout": "DEFAULT_TASK_START_TO_CLOSE_TIMEOUT_UNDEFINED",
    "childPolicy": "DEFAULT_CHILD_POLICY_UNDEFINED",
}
GIVEN = {
    "executionStartToCloseTimeout": "60",
    "taskList": LIST,
    "taskStartToCloseTimeout": "NONE",
    "childPolicy": "ABANDON",
}


def continue_with(world, version, given):
    """Register versions `bare` and `old`, and continue a run as one; its newest event."""
    for name in ("bare", "old"):
        world.client.register_workflow_type(domain="d", name=WORKFLOW["name"], version=name)
    old = {"name": WORKFLOW["name"], "version": "old"}
    world.client.deprecate_workflow_type(domain="d", workflowType=old)
    run_id = world.start(childPolicy="TERMINATE", tagList=["t"], input="i")
    made = decision("ContinueAsNewWorkflowExecution", workflowTypeVersion=version, **given)
    world.decide(made)
    return world.history(run_id)


@pytest.mark.parametrize(
    ("version", "missing", "cause"),
    [
        ("old", None, "WORKFLOW_TYPE_DEPRECATED"),
        ("none", None, "WORKFLOW_TYPE_DOES_NOT_EXIST"),
        *(("bare", member, cause) for member, cause in SETTINGS.items()),
    ],
)
def test_a_run_that_cannot_be_continued_says_why_and_stays_open(world, version, missing, cause):
    given = {member: value for member, value in GIVEN.items() if member != missing}
    events = continue_with(world, version, given)
    assert events[-1]["eventType"] == "DecisionTaskScheduled"
    failed = last(events, "ContinueAsNewWorkflowExecutionFailed")
    assert failed == {"cause": cause, "decisionTaskCompletedEventId": 4}


def test_a_continued_run_shows_its_own_settings_only(world):
    events = continue_with(world, "bare", GIVEN)
    continued = last(events, "WorkflowExecutionContinuedAsNew")
    run_id = continued.pop("newExecutionRunId")
    bare = {"name": WORKFLOW["name"], "version": "bare"}
    assert continued == {**GIVEN, "decisionTaskCompletedEventId": 4, "workflowType": bare}
    started = attributes(world.history(run_id)[0])
    assert started.pop("continuedExecutionRunId")
    assert started == {**GIVEN, "parentInitiatedEventId": 0, "workflowType": bare}


@pytest.mark.parametrize(
    ("kind", "given", "cause"),
    [
        ("CancelTimer", {"timerId": "x"}, "TIMER_ID_UNKNOWN"),
        ("RequestCancelActivityTask", {"activityId": "x"}, "ACTIVITY_ID_UNKNOWN"),
    ],
)
def test_what_is_not_open_cannot_be_cancelled(world, kind, given, cause):
    run_id = world.start()
    world.decide(decision(kind, **given))
    failed = last(world.history(run_id), f"{kind}Failed")
    assert failed == {**given, "cause": cause, "decisionTaskCompletedEventId": 4}
