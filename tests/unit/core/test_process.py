"""The rules of the process, one behaviour a test, on modelled histories."""

from __future__ import annotations

import json

import pytest

from workflow import Policy
from workflow.commands import HISTORY_HARD_LIMIT, HISTORY_SOFT_LIMIT
from workflow.state import CORE_REVISION

from .history_model import FIVE, History

STEPS = list(FIVE.steps)


def started_activities(history: History) -> list[str]:
    return [
        event["activityTaskScheduledEventAttributes"]["activityType"]["name"]
        for event in history.events
        if event["eventType"] == "ActivityTaskScheduled"
    ]


def timers(history: History) -> list[str]:
    return [
        event["timerStartedEventAttributes"]["startToFireTimeout"]
        for event in history.events
        if event["eventType"] == "TimerStarted"
    ]


def test_steps_run_in_order_and_the_results_come_together():
    history = History({"order_id": "7"})
    assert history.run() == "WorkflowExecutionCompleted"
    assert started_activities(history) == STEPS
    result = json.loads(history.close_attributes["result"])
    assert result["order_id"] == "7"
    assert result["previous_results"] == {name: {"did": name} for name in STEPS}


def test_a_step_gets_the_input_and_all_results_before_it():
    history = History({"order_id": "7", "items": ["a"]})
    history.decide()
    history.complete({"status": "validated"})
    history.decide()
    found = history.input_of(history.scheduled()[0])
    identity = found.pop("_process")
    assert found == {
        "order_id": "7",
        "items": ["a"],
        "previous_results": {"ValidateInput": {"status": "validated"}},
    }
    assert identity["path"] == "ProcessData"
    assert (identity["visit"], identity["attempt"]) == (1, 1)


def test_every_decision_states_list_and_timeouts_itself():
    history = History(policy=Policy(start_to_close="77", heartbeat="NONE"))
    [_, schedule] = history.decide()
    block = schedule["scheduleActivityTaskDecisionAttributes"]
    assert block["taskList"] == {"name": "tasks"}
    assert block["startToCloseTimeout"] == "77"
    assert block["heartbeatTimeout"] == "NONE"
    assert {"scheduleToStartTimeout", "scheduleToCloseTimeout"} <= block.keys()


@pytest.mark.parametrize(
    "how", ["fail", "START_TO_CLOSE", "SCHEDULE_TO_START", "SCHEDULE_TO_CLOSE", "HEARTBEAT"]
)
def test_two_failures_of_any_kind_are_retried_on_timers(how):
    history = History()
    assert history.run({"ProcessData": [how, how]}) == "WorkflowExecutionCompleted"
    assert started_activities(history).count("ProcessData") == 3
    assert timers(history) == ["1", "2"]


@pytest.mark.parametrize(
    ("policy", "waits"),
    [
        (Policy(max_attempts=5), ["1", "2", "4", "8"]),
        (Policy(max_attempts=5, retry_max_seconds=3), ["1", "2", "3", "3"]),
        (Policy(max_attempts=4, retry_backoff_rate=1.5), ["1", "2", "3"]),
        (Policy(max_attempts=3, retry_initial_seconds=5, retry_backoff_rate=1.0), ["5", "5"]),
        (Policy(max_attempts=1), []),
    ],
)
def test_waits_grow_by_the_policy_in_whole_seconds_rounded_up(policy, waits):
    history = History(policy=policy)
    history.run({"ProcessData": ["fail"] * (policy.max_attempts - 1)})
    assert timers(history) == waits


def test_a_third_failure_rolls_back_and_fails_the_execution():
    history = History()
    assert history.run({"SaveResults": ["fail"] * 3}) == "WorkflowExecutionFailed"
    assert started_activities(history)[3:] == [
        *["SaveResults"] * 3,
        "RollbackStep",
        "CompensateTransaction",
    ]
    [initiated] = history.markers("ROLLBACK_INITIATED")
    assert initiated["failed_activity"] == "SaveResults"
    assert initiated["reason"] == "Max retries exceeded"
    assert initiated["last_error"] == "ValueError: SaveResults broke"
    details = json.loads(history.close_attributes["details"])
    assert details["compensated"] == [{"step": "SaveResults", "visit": 1}]
    assert "compensated: SaveResults" in history.close_attributes["reason"]


def test_the_failed_step_is_undone_first_then_completed_ones_that_declare_it():
    history = History()
    history.run({"NotifyCompletion": ["fail"] * 3})
    undone = [marker["step"] for marker in history.markers("STEP_COMPENSATED")]
    assert undone == ["NotifyCompletion", "SaveResults"]


def test_rollback_activities_are_told_what_to_undo():
    history = History()
    history.run({"SaveResults": ["fail"] * 2})
    history = History()
    for _ in range(3):
        history.decide()
        history.complete()
    for _ in range(3):
        history.decide()
        history.fail()
        history.decide()
        if history.timers:
            history.fire()
    found = history.input_of(history.scheduled()[0])
    assert found["step_to_rollback"] == "SaveResults"
    assert found["_process"]["undo"] is True
    assert found["_process"]["path"] == "SaveResults"


def test_an_error_marked_non_retryable_goes_straight_to_rollback():
    history = History()
    assert history.run({"ValidateInput": ["bad"]}) == "WorkflowExecutionFailed"
    names = started_activities(history)
    assert names == ["ValidateInput", "RollbackStep", "CompensateTransaction"]
    [initiated] = history.markers("ROLLBACK_INITIATED")
    assert initiated["reason"] == "Non-retryable error"
    assert initiated["last_error"] == "OrderError: bad order"


def test_a_compensation_is_retried_then_reported_while_the_others_go_on():
    history = History()
    outcomes = {"NotifyCompletion": ["fail"] * 3, "RollbackStep": ["fail"] * 3}
    assert history.run(outcomes) == "WorkflowExecutionFailed"
    assert [m["step"] for m in history.markers("COMPENSATION_FAILED")] == ["NotifyCompletion"]
    assert [m["step"] for m in history.markers("STEP_COMPENSATED")] == ["SaveResults"]
    assert "NOT compensated: NotifyCompletion" in history.close_attributes["reason"]


def test_a_missing_function_is_waited_for_without_counting_as_an_attempt():
    history = History()
    assert history.run({"EnrichData": ["missing"] * 6}) == "WorkflowExecutionCompleted"
    assert timers(history) == ["1", "2", "4", "8", "16", "30"]


def test_a_function_that_stays_missing_fails_the_step():
    history = History()
    assert history.run({"EnrichData": ["missing"] * 80}) == "WorkflowExecutionFailed"


def test_run_options_are_recorded_once_and_kept_when_the_settings_change():
    history = History(policy=Policy(max_attempts=2))
    history.decide()
    history.policy = Policy(max_attempts=9)
    history.run({"ProcessData": ["fail"] * 2})
    [options] = history.markers("RUN_OPTIONS")
    assert options["definition"] == {"name": "Order", "version": "1.0", "hash": FIVE.hash}
    assert options["core"] == CORE_REVISION
    assert history.closed == "WorkflowExecutionFailed"


def test_a_history_made_by_hand_is_understood_by_the_names_of_its_activities():
    def made(history, *outcomes):
        for name, outcome in outcomes:
            scheduled = history.add(
                "ActivityTaskScheduled", activityId=f"mine-{name}", activityType={"name": name}
            )
            started = history.add("ActivityTaskStarted", scheduledEventId=scheduled)
            history.add(outcome, scheduledEventId=scheduled, startedEventId=started, result="{}")
        return history.execution()

    done = [("ValidateInput", "ActivityTaskCompleted")]
    names = [
        decision["scheduleActivityTaskDecisionAttributes"]["activityType"]["name"]
        for decision in made(History(), *done).decisions()
        if decision["decisionType"] == "ScheduleActivityTask"
    ]
    assert names == ["ProcessData"]
    failed = [("ProcessData", "ActivityTaskFailed")] * 3
    markers = [
        decision["recordMarkerDecisionAttributes"]["markerName"]
        for decision in made(History(), *done, *failed).decisions()
        if decision["decisionType"] == "RecordMarker"
    ]
    assert "ROLLBACK_INITIATED" in markers


# --- resume -----------------------------------------------------------------------------------


def at_step(name: str) -> History:
    """A history in which that step's activity is open."""
    history = History()
    history.decide()
    while history.name_of(history.scheduled()[0]) != name:
        history.complete()
        history.decide()
    return history


def test_going_back_enters_the_step_again_with_the_results_before_it():
    history = at_step("EnrichData")
    history.start_activity()
    history.signal("RESUME_FROM_STEP", {"step_name": "ProcessData", "request_id": "r1"})
    history.decide()  # asks the worker to stop
    history.cancel_activity()
    history.decide()
    scheduled = history.scheduled()[0]
    assert history.name_of(scheduled) == "ProcessData"
    found = history.input_of(scheduled)
    assert list(found["previous_results"]) == ["ValidateInput"]
    assert (found["_process"]["visit"], found["_process"]["attempt"]) == (2, 1)
    assert history.run() == "WorkflowExecutionCompleted"
    [answer] = history.markers("SIGNAL_HANDLED")
    assert (answer["request_id"], answer["outcome"]) == ("r1", "waiting")
    [resumed] = history.markers("RESUMED")
    assert (resumed["step"], resumed["visit"]) == ("ProcessData", 2)


def test_work_that_does_not_stop_is_abandoned_after_its_grace_and_its_result_is_late():
    history = at_step("EnrichData")
    enrich = history.start_activity()
    history.signal("RESUME_FROM_STEP", {"step_name": "ValidateInput"})
    history.decide()
    assert timers(history) == ["10"]
    history.fire()
    history.decide()
    validate = next(i for i in history.scheduled() if history.name_of(i) == "ValidateInput")
    history.complete({"late": True}, enrich)
    history.decide()
    history.complete({"fresh": True}, validate)
    assert history.run() == "WorkflowExecutionCompleted"
    results = json.loads(history.close_attributes["result"])["previous_results"]
    assert results["EnrichData"] == {"did": "EnrichData"}


def test_a_signal_that_comes_during_a_decision_counts_after_what_it_decided():
    history = at_step("ValidateInput")
    history.complete()
    history.start_decision()
    decided = history.execution().decisions()
    history.signal("RESUME_FROM_STEP", {"step_name": "SaveResults"})
    history.respond(decided)
    history.decide()
    history.decide()
    assert "ActivityTaskCancelRequested" in history.types(), "ProcessData was scheduled before"
    assert [history.name_of(item) for item in history.scheduled()] == ["SaveResults"]


def test_an_abandoned_attempt_that_may_have_had_an_effect_is_undone_too():
    history = at_step("SaveResults")
    history.start_activity()
    history.signal("RESUME_FROM_STEP", {"step_name": "EnrichData"})
    history.decide()
    history.fire()  # the grace is over
    history.run({"EnrichData": ["bad"]})
    undone = [(m["step"], m["visit"]) for m in history.markers("STEP_COMPENSATED")]
    assert undone == [("EnrichData", 2), ("SaveResults", 1)]


def test_an_attempt_that_no_worker_had_needs_no_undoing():
    history = at_step("SaveResults")
    history.signal("RESUME_FROM_STEP", {"step_name": "EnrichData"})
    history.run({"EnrichData": ["bad"]})
    assert [m["step"] for m in history.markers("STEP_COMPENSATED")] == ["EnrichData"]


def test_going_forward_skips_steps_and_keeps_the_results_so_far():
    history = at_step("ProcessData")
    history.signal("RESUME_FROM_STEP", {"step_name": "SaveResults"})
    history.decide()
    history.decide()
    found = history.input_of(history.scheduled()[0])
    assert found["_process"]["path"] == "SaveResults"
    assert list(found["previous_results"]) == ["ValidateInput"]


def test_a_resume_during_a_wait_for_a_retry_cancels_the_timer():
    history = at_step("ProcessData")
    history.fail()
    history.decide()
    history.signal("RESUME_FROM_STEP", {"step_name": "ProcessData"})
    history.decide()
    assert not history.timers
    assert history.input_of(history.scheduled()[0])["_process"]["attempt"] == 1


def test_an_edit_is_merged_over_the_input_and_stays():
    history = at_step("ProcessData")
    edit = {"step_name": "ValidateInput", "input": {"items": ["new"]}}
    history.signal("RESUME_FROM_STEP", edit)
    assert history.run() == "WorkflowExecutionCompleted"
    assert json.loads(history.close_attributes["result"])["items"] == ["new"]


def test_a_signal_sent_twice_acts_once():
    history = at_step("ProcessData")
    for _ in range(2):
        history.signal("RESUME_FROM_STEP", {"step_name": "ValidateInput", "request_id": "same"})
    history.run()
    assert len(history.markers("RESUMED")) == 1
    assert len(history.markers("SIGNAL_HANDLED")) == 1


@pytest.mark.parametrize(
    ("name", "payload", "why"),
    [
        ("RESUME_FROM_STEP", {"step_name": "Nowhere"}, "unknown step 'Nowhere'"),
        ("RESUME_FROM_STEP", {}, "needs step_name"),
        ("RESUME_FROM_STEP", {"step_name": 3}, "needs step_name"),
        ("RESUME_FROM_STEP", "not json", "must be a JSON object"),
        ("RESUME_FROM_STEP", None, "needs step_name"),
        ("RESUME_FROM_STEP", {"step_name": "SaveResults", "if_at": "SaveResults:1"}, "moved on"),
        ("DANCE", {}, "unknown signal DANCE"),
    ],
)
def test_refused_unknown_and_malformed_signals_change_nothing(name, payload, why):
    history = at_step("ProcessData")
    history.signal(name, payload)
    history.decide()
    [answer] = history.markers("SIGNAL_HANDLED")
    assert answer["outcome"] == "refused"
    assert why in answer["why"]
    assert history.run() == "WorkflowExecutionCompleted"


def test_a_resume_during_a_rollback_is_refused():
    history = History()
    history.decide()
    history.fail(details=json.dumps({"retryable": False}))
    history.decide()
    history.signal("RESUME_FROM_STEP", {"step_name": "ValidateInput"})
    assert history.run() == "WorkflowExecutionFailed"
    [answer] = history.markers("SIGNAL_HANDLED")
    assert "rollback is going on" in answer["why"]


def test_a_signal_between_the_last_decision_and_the_close_reopens_the_door():
    history = at_step("NotifyCompletion")
    history.complete()
    history.start_decision()
    history.signal("RESUME_FROM_STEP", {"step_name": "EnrichData"})
    history.decide(History.execution(_before_signal(history)))
    assert history.types()[-1] == "CompleteWorkflowExecutionFailed"
    history.decide()
    assert history.name_of(history.scheduled()[0]) == "EnrichData"
    assert history.run() == "WorkflowExecutionCompleted"


def _before_signal(history: History) -> History:
    """The history as the decider saw it before the signal came."""
    copy = History.__new__(History)
    copy.__dict__.update(history.__dict__)
    copy.events = [e for e in history.events if e["eventId"] <= history.task_started]
    return copy


# --- resuming a closed run ----------------------------------------------------------------------


def resumed(history: History, step: str, **request) -> History:
    """The new run that the starter makes of a closed one."""
    envelope = {
        "start_id": "s1",
        "previous_run_id": "old-run",
        "snapshot": json.loads(json.dumps(history.execution().snapshot())),
        "resume": {"step_name": step, "request_id": "r9", **request},
    }
    return History({"order_id": "1", "_process": envelope}, now=history.now + 100)


def test_a_failed_execution_is_resumed_from_its_failed_step_with_its_results():
    history = History()
    history.run({"SaveResults": ["fail"] * 3})
    again = resumed(history, "SaveResults")
    again.decide()
    found = again.input_of(again.scheduled()[0])
    assert list(found["previous_results"]) == ["ValidateInput", "ProcessData", "EnrichData"]
    assert (found["_process"]["visit"], found["_process"]["attempt"]) == (2, 1)
    assert found["_process"]["start_id"] == "s1"
    assert again.run() == "WorkflowExecutionCompleted"
    [marker] = again.markers("RESUMED")
    assert marker["from_run_id"] == "old-run"
    assert started_activities(again) == ["SaveResults", "NotifyCompletion"]


def test_a_resumed_run_that_fails_again_undoes_again_and_can_be_resumed_again():
    history = History()
    history.run({"SaveResults": ["fail"] * 3})
    second = resumed(history, "SaveResults")
    assert second.run({"NotifyCompletion": ["fail"] * 3}) == "WorkflowExecutionFailed"
    undone = [(m["step"], m["visit"]) for m in second.markers("STEP_COMPENSATED")]
    assert undone == [("NotifyCompletion", 1), ("SaveResults", 2)]
    third = resumed(second, "SaveResults")
    assert third.run() == "WorkflowExecutionCompleted"


def test_resuming_behind_an_undone_step_names_the_step_to_use_instead():
    history = History()
    history.run({"NotifyCompletion": ["fail"] * 3})
    execution = history.execution()
    with pytest.raises(Exception, match="resume from SaveResults instead"):
        execution.check_resume("NotifyCompletion")
    execution.check_resume("NotifyCompletion", force=True)
    execution.check_resume("SaveResults")


@pytest.mark.parametrize("step", STEPS)
def test_a_completed_execution_can_be_resumed_from_any_step(step):
    history = History()
    history.run()
    again = resumed(history, step)
    assert again.run() == "WorkflowExecutionCompleted"
    assert started_activities(again) == STEPS[STEPS.index(step) :]
    results = json.loads(again.close_attributes["result"])["previous_results"]
    assert list(results) == STEPS


# --- cancel -------------------------------------------------------------------------------------


def test_a_cancel_request_stops_what_runs_and_cancels_the_execution():
    history = at_step("ProcessData")
    history.start_activity()
    history.request_cancel()
    history.decide()
    assert "ActivityTaskCancelRequested" in history.types()
    history.cancel_activity()
    assert history.run() == "WorkflowExecutionCanceled"
    details = json.loads(history.close_attributes["details"])
    assert details["completed"] == ["ValidateInput"]


def test_an_activity_that_no_worker_has_is_canceled_at_once():
    history = at_step("ProcessData")
    history.request_cancel()
    assert history.run() == "WorkflowExecutionCanceled"
    assert timers(history) == ["10"]


def test_a_cancel_request_during_a_rollback_lets_it_finish():
    history = History()
    history.decide()
    history.fail(details=json.dumps({"retryable": False}))
    history.decide()
    history.request_cancel()
    assert history.run() == "WorkflowExecutionFailed"


# --- refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cause", ["OPEN_ACTIVITIES_LIMIT_EXCEEDED", "ACTIVITY_CREATION_RATE_EXCEEDED"]
)
def test_back_pressure_waits_on_a_timer_and_costs_no_attempt(cause):
    history = History()
    history.refuse["ScheduleActivityTask"] = cause
    history.decide()
    history.decide()
    history.refuse.clear()
    history.fire()
    history.decide()
    assert history.input_of(history.scheduled()[0])["_process"]["attempt"] == 1
    assert timers(history) == ["1"]


def test_a_type_that_is_not_registered_blocks_and_is_asked_for_again():
    history = History()
    history.refuse["ScheduleActivityTask"] = "ACTIVITY_TYPE_DOES_NOT_EXIST"
    history.decide()
    history.decide()
    assert history.execution().status()["state"] == "BLOCKED"
    assert "setup.py" in history.execution().status()["blocked"]
    history.refuse.clear()
    history.fire()
    assert history.run() == "WorkflowExecutionCompleted"


@pytest.mark.parametrize("decision", ["CompleteWorkflowExecution", "RecordMarker"])
def test_what_permissions_forbid_waits_longer_each_time_and_goes_on_when_mended(decision):
    history = History()
    history.refuse[decision] = "OPERATION_NOT_PERMITTED"
    while len(timers(history)) < 3:
        if history.wants_decision:
            history.decide()
        elif history.activities:
            history.complete()
        else:
            history.fire()
    assert timers(history) == ["10", "20", "40"]
    assert history.execution().status()["state"] == "BLOCKED"
    history.refuse.clear()
    assert history.run() == "WorkflowExecutionCompleted"


@pytest.mark.parametrize("cause", ["OPERATION_NOT_PERMITTED", "ACTIVITY_ID_UNKNOWN"])
def test_a_refused_cancel_request_is_not_repeated_and_the_grace_ends_the_wait(cause):
    history = at_step("ProcessData")
    history.start_activity()
    history.refuse["RequestCancelActivityTask"] = cause
    history.request_cancel()
    history.decide()
    history.decide()
    assert not history.wants_decision
    history.fire()
    history.decide()
    assert history.closed == "WorkflowExecutionCanceled"
    assert history.types().count("RequestCancelActivityTaskFailed") == 1


# --- large responses ----------------------------------------------------------------------------


@pytest.mark.parametrize("at", ["ProcessData", "NotifyCompletion"])
def test_more_answers_than_a_response_holds_come_in_several(at):
    history = at_step(at)
    for number in range(250):
        history.signal("DANCE", {"request_id": f"r{number}"})
    history.complete()
    sizes = []
    while history.wants_decision:
        sizes.append(len(history.decide()))
        while history.timers:
            history.fire()
    assert sizes[:2] == [100, 100]
    assert history.run() == "WorkflowExecutionCompleted"
    assert len(history.markers("SIGNAL_HANDLED")) == 250


def test_a_response_stays_under_a_megabyte():
    history = at_step("ProcessData")
    for number in range(90):
        history.signal("DANCE" * 40, {"request_id": f"{number}-" + "é" * 20_000})
    decisions = history.decide()
    assert len(json.dumps(decisions)) < 1_000_000
    assert history.run() == "WorkflowExecutionCompleted"


# --- long histories -----------------------------------------------------------------------------


def test_a_long_history_continues_as_new_with_its_waits_and_nothing_open(monkeypatch):
    monkeypatch.setattr("workflow.commands.HISTORY_SOFT_LIMIT", 12)
    history = History(policy=Policy(retry_initial_seconds=60, retry_max_seconds=60))
    history.decide()
    history.complete()
    history.decide()
    history.fail()
    assert history.run() == "WorkflowExecutionContinuedAsNew"
    block = history.close_attributes
    assert block["tagList"] == ["a"]
    assert block["taskList"] == {"name": "tasks"}
    assert block["executionStartToCloseTimeout"] == "3600"
    monkeypatch.undo()
    new = History(json.loads(block["input"]), policy=Policy(max_attempts=1), now=history.now + 20)
    new.decide()
    assert int(timers(new)[0]) <= 60
    assert new.run() == "WorkflowExecutionCompleted"
    assert started_activities(new)[0] == "ProcessData"
    assert len(new.markers("RUN_OPTIONS")) == 1


def test_a_history_at_its_end_does_not_wait_for_what_is_open(monkeypatch):
    monkeypatch.setattr("workflow.commands.HISTORY_SOFT_LIMIT", 11)
    monkeypatch.setattr("workflow.commands.HISTORY_HARD_LIMIT", 20)
    history = at_step("ProcessData")
    history.start_activity()
    while not history.closed:
        history.signal("NOISE", {})
        history.decide()
    assert history.closed == "WorkflowExecutionContinuedAsNew"
    assert "ActivityTaskCancelRequested" in history.types()
    monkeypatch.undo()
    new = History(json.loads(history.close_attributes["input"]))
    new.decide()
    found = new.input_of(new.scheduled()[0])["_process"]
    assert (found["path"], found["visit"], found["attempt"]) == ("ProcessData", 1, 1)
    assert HISTORY_SOFT_LIMIT < HISTORY_HARD_LIMIT
