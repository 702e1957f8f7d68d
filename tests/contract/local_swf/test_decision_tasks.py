"""The life of decision tasks: coalescing, paging, sticky lists, timeouts, closing."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from local_swf.limits import Limits
from local_swf.testing import LocalSWF
from tests.contract.local_swf.swf_world import (
    COMPLETE,
    LIST,
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
