"""The life of activity tasks: every end, every timeout, heartbeats, cancelling."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.contract.local_swf.swf_world import (
    COMPLETE,
    attributes,
    decision,
    last,
    schedule,
    timer,
)

CANCEL = decision("RequestCancelActivityTask", activityId="a")


def test_a_task_carries_its_input_and_shows_resolved_timeouts_in_history(world):
    run_id = world.start()
    world.decide(schedule(input="in", control="c", heartbeatTimeout="7", taskPriority="3"))
    task = world.activity(identity="me")
    assert (task["activityId"], task["input"], task["startedEventId"]) == ("a", "in", 6)
    assert task["workflowExecution"] == {"workflowId": "w", "runId": run_id}
    scheduled = last(world.history(run_id), "ActivityTaskScheduled")
    assert scheduled == {
        "activityId": "a",
        "activityType": {"name": "step", "version": "1"},
        "control": "c",
        "decisionTaskCompletedEventId": 4,
        "heartbeatTimeout": "7",
        "input": "in",
        "scheduleToCloseTimeout": "200",
        "scheduleToStartTimeout": "60",
        "startToCloseTimeout": "100",
        "taskList": {"name": "main"},
        "taskPriority": "3",
    }
    assert last(world.history(run_id), "ActivityTaskStarted") == {
        "identity": "me",
        "scheduledEventId": 5,
    }


@pytest.mark.parametrize(
    ("operation", "members", "event"),
    [
        ("respond_activity_task_completed", {"result": "r"}, "ActivityTaskCompleted"),
        ("respond_activity_task_failed", {"reason": "r", "details": "d"}, "ActivityTaskFailed"),
        ("respond_activity_task_canceled", {"details": "d"}, "ActivityTaskCanceled"),
    ],
)
def test_each_answer_closes_the_task_once_and_brings_a_decision(world, operation, members, event):
    run_id = world.start()
    world.decide(schedule())
    task = world.activity()
    respond = getattr(world.client, operation)
    respond(taskToken=task["taskToken"], **members)
    events = world.history(run_id)
    assert [e["eventType"] for e in events[-2:]] == [event, "DecisionTaskScheduled"]
    assert last(events, event) == {**members, "scheduledEventId": 5, "startedEventId": 6}
    with pytest.raises(ClientError, match="Unknown activity, scheduledEventId = 5") as refused:
        respond(taskToken=task["taskToken"], **members)
    assert refused.value.response["Error"]["Code"] == "UnknownResourceFault"


@pytest.mark.parametrize(
    ("timeouts", "take", "kind", "started"),
    [
        ({"scheduleToStartTimeout": "5"}, False, "SCHEDULE_TO_START", 0),
        ({"scheduleToCloseTimeout": "5"}, False, "SCHEDULE_TO_CLOSE", 0),
        ({"scheduleToCloseTimeout": "5"}, True, "SCHEDULE_TO_CLOSE", 6),
        ({"startToCloseTimeout": "5"}, True, "START_TO_CLOSE", 6),
        ({"heartbeatTimeout": "5"}, True, "HEARTBEAT", 6),
    ],
)
def test_the_four_timeouts(world, timeouts, take, kind, started):
    run_id = world.start()
    world.decide(schedule(**timeouts))
    if take:
        world.activity()
    world.swf.clock.advance(5)
    events = world.history(run_id)
    assert last(events, "ActivityTaskTimedOut") == {
        "scheduledEventId": 5,
        "startedEventId": started,
        "timeoutType": kind,
    }
    assert events[-1]["eventType"] == "DecisionTaskScheduled"
    assert world.client.count_pending_activity_tasks(domain="d", taskList={"name": "main"}) | {
        "ResponseMetadata": None
    } == {"count": 0, "truncated": False, "ResponseMetadata": None}


def test_heartbeats_keep_a_task_alive_and_their_details_show_in_its_timeout(world):
    run_id = world.start()
    world.decide(schedule(heartbeatTimeout="5"))
    token = world.activity()["taskToken"]
    for number in range(4):
        world.swf.clock.advance(4)
        beat = world.client.record_activity_task_heartbeat(taskToken=token, details=str(number))
        assert beat["cancelRequested"] is False
    world.swf.clock.advance(5)
    timed_out = last(world.history(run_id), "ActivityTaskTimedOut")
    assert (timed_out["timeoutType"], timed_out["details"]) == ("HEARTBEAT", "3")
    with pytest.raises(ClientError, match="Unknown activity"):
        world.client.record_activity_task_heartbeat(taskToken=token)


def test_cancelling_a_waiting_task_closes_it_at_once(world):
    run_id = world.start()
    world.decide(schedule())
    world.client.signal_workflow_execution(domain="d", workflowId="w", signalName="s")
    world.decide(CANCEL)
    events = world.history(run_id)
    assert [e["eventType"] for e in events[-3:]] == [
        "ActivityTaskCancelRequested",
        "ActivityTaskCanceled",
        "DecisionTaskScheduled",
    ]
    assert attributes(events[-2]) == {
        "latestCancelRequestedEventId": events[-3]["eventId"],
        "scheduledEventId": 5,
        "startedEventId": 0,
    }


def test_a_started_task_hears_of_its_cancellation_by_heartbeat(world):
    run_id = world.start()
    world.decide(schedule())
    token = world.activity()["taskToken"]
    world.client.signal_workflow_execution(domain="d", workflowId="w", signalName="s")
    world.decide(CANCEL)
    assert world.types(run_id)[-1] == "ActivityTaskCancelRequested"
    assert world.client.record_activity_task_heartbeat(taskToken=token)["cancelRequested"]
    world.client.respond_activity_task_canceled(taskToken=token)
    canceled = last(world.history(run_id), "ActivityTaskCanceled")
    assert canceled["latestCancelRequestedEventId"] == 11


def test_an_id_is_taken_while_its_task_is_open_and_free_afterwards(world):
    run_id = world.start()
    world.decide(schedule(), schedule())
    assert last(world.history(run_id), "ScheduleActivityTaskFailed") == {
        "activityId": "a",
        "activityType": {"name": "step", "version": "1"},
        "cause": "ACTIVITY_ID_ALREADY_IN_USE",
        "decisionTaskCompletedEventId": 4,
    }
    world.client.respond_activity_task_completed(taskToken=world.activity()["taskToken"])
    world.decide(schedule())
    assert world.types(run_id)[-1] == "ActivityTaskScheduled"


@pytest.mark.parametrize(
    ("named", "cause"),
    [
        ({"name": "none", "version": "1"}, "ACTIVITY_TYPE_DOES_NOT_EXIST"),
        ({"name": "old", "version": "1"}, "ACTIVITY_TYPE_DEPRECATED"),
        ({"name": "bare", "version": "1"}, "DEFAULT_SCHEDULE_TO_CLOSE_TIMEOUT_UNDEFINED"),
    ],
)
def test_what_cannot_be_scheduled_says_why(world, named, cause):
    for name in ("old", "bare"):
        world.client.register_activity_type(domain="d", name=name, version="1")
    world.client.deprecate_activity_type(domain="d", activityType={"name": "old", "version": "1"})
    run_id = world.start()
    world.decide(decision("ScheduleActivityTask", activityId="a", activityType=named))
    assert last(world.history(run_id), "ScheduleActivityTaskFailed")["cause"] == cause


def test_higher_priority_comes_first_and_age_decides_among_equals(world):
    world.start()
    world.decide(
        schedule("low", taskPriority="-1"),
        schedule("first"),
        schedule("second"),
        schedule("high", taskPriority="9"),
    )
    order = [world.activity()["activityId"] for _ in range(4)]
    assert order == ["high", "first", "second", "low"]


def test_an_open_activity_does_not_keep_a_run_from_closing_and_its_token_dies(world):
    run_id = world.start()
    world.decide(schedule(), timer("t", 0))
    token = world.activity()["taskToken"]
    world.swf.clock.advance(0)
    world.decide(COMPLETE)
    described = world.describe(run_id)
    assert described["executionInfo"]["closeStatus"] == "COMPLETED"
    assert described["openCounts"]["openActivityTasks"] == 1
    with pytest.raises(ClientError, match=r"Unknown execution: WorkflowExecution=\[workflowId=w, "):
        world.client.record_activity_task_heartbeat(taskToken=token)


@pytest.mark.parametrize("token", ["x", "AAAA", "O1hydHQzJq140i9UXsdlywEAAAAAAAAAAQAAAAIAAAADAAAA"])
def test_a_token_that_was_never_issued_is_invalid(world, token):
    with pytest.raises(ClientError, match="Invalid token") as refused:
        world.client.respond_activity_task_completed(taskToken=token)
    assert refused.value.response["Error"]["Code"] == "ValidationException"


def test_a_token_of_a_decision_task_is_not_one_of_an_activity(world):
    world.start()
    with pytest.raises(ClientError, match="Invalid token"):
        world.client.respond_activity_task_completed(taskToken=world.decision()["taskToken"])


TIMEOUTS = {
    "scheduleToCloseTimeout": "DEFAULT_SCHEDULE_TO_CLOSE_TIMEOUT_UNDEFINED",
    "scheduleToStartTimeout": "DEFAULT_SCHEDULE_TO_START_TIMEOUT_UNDEFINED",
    "startToCloseTimeout": "DEFAULT_START_TO_CLOSE_TIMEOUT_UNDEFINED",
    "heartbeatTimeout": "DEFAULT_HEARTBEAT_TIMEOUT_UNDEFINED",
    "taskList": "DEFAULT_TASK_LIST_UNDEFINED",
}


@pytest.mark.parametrize("missing", TIMEOUTS)
def test_every_setting_that_neither_decision_nor_type_gives_has_its_cause(world, missing):
    world.client.register_activity_type(domain="d", name="bare", version="1")
    given = dict.fromkeys(TIMEOUTS, "NONE") | {"taskList": {"name": "main"}}
    del given[missing]
    bare = {"name": "bare", "version": "1"}
    run_id = world.start()
    world.decide(decision("ScheduleActivityTask", activityId="a", activityType=bare, **given))
    failed = last(world.history(run_id), "ScheduleActivityTaskFailed")
    assert failed["cause"] == TIMEOUTS[missing]


def test_the_newest_of_two_cancel_requests_is_the_one_that_is_named(world):
    run_id = world.start()
    world.decide(schedule())
    token = world.activity()["taskToken"]
    for _ in range(2):
        world.client.signal_workflow_execution(domain="d", workflowId="w", signalName="s")
        world.decide(decision("RequestCancelActivityTask", activityId="a"))
    world.client.respond_activity_task_canceled(taskToken=token, details="d")
    events = world.history(run_id)
    requests = [e["eventId"] for e in events if e["eventType"] == "ActivityTaskCancelRequested"]
    canceled = last(events, "ActivityTaskCanceled")
    assert len(requests) == 2
    assert canceled["latestCancelRequestedEventId"] == requests[-1]


def test_a_cancellation_that_nobody_asked_for_names_no_request(world):
    run_id = world.start()
    world.decide(schedule())
    world.client.respond_activity_task_canceled(taskToken=world.activity()["taskToken"])
    canceled = last(world.history(run_id), "ActivityTaskCanceled")
    assert canceled == {"scheduledEventId": 5, "startedEventId": 6}


@pytest.mark.parametrize("started", [True, False])
def test_cancelling_and_scheduling_an_id_at_once_works_while_no_worker_has_the_task(world, started):
    run_id = world.start()
    world.decide(schedule())
    if started:
        world.activity()
    world.client.signal_workflow_execution(domain="d", workflowId="w", signalName="s")
    world.decide(decision("RequestCancelActivityTask", activityId="a"), schedule())
    events = world.history(run_id)
    if started:
        failed = last(events, "ScheduleActivityTaskFailed")
        assert failed["cause"] == "ACTIVITY_ID_ALREADY_IN_USE"
    else:
        assert [event["eventType"] for event in events].count("ActivityTaskScheduled") == 2
        assert world.describe(run_id)["openCounts"]["openActivityTasks"] == 1


@pytest.mark.parametrize(
    ("timeouts", "kind"),
    [
        ({"startToCloseTimeout": "20"}, "START_TO_CLOSE"),
        ({"scheduleToCloseTimeout": "20"}, "SCHEDULE_TO_CLOSE"),
    ],
)
def test_the_details_of_the_last_heartbeat_go_with_any_timeout(world, timeouts, kind):
    run_id = world.start()
    world.decide(schedule(**timeouts))
    token = world.activity()["taskToken"]
    world.client.record_activity_task_heartbeat(taskToken=token, details="half")
    world.client.record_activity_task_heartbeat(taskToken=token)
    world.swf.clock.advance(20)
    timed_out = last(world.history(run_id), "ActivityTaskTimedOut")
    assert (timed_out["timeoutType"], timed_out["details"]) == (kind, "half")


def test_an_activity_without_time_is_timed_out_at_once(world):
    run_id = world.start()
    world.decide(schedule(scheduleToStartTimeout="0"))
    world.decision()
    timed_out = last(world.history(run_id), "ActivityTaskTimedOut")
    assert timed_out["timeoutType"] == "SCHEDULE_TO_START"
