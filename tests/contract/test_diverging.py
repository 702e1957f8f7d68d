"""Deciders whose definition is not the one that an execution began under: nothing is touched."""

from __future__ import annotations

import pytest

import process as shipped_process
from tests.application import application
from workflow import process, step
from workflow.history import attributes

ORDER = {"order_id": "ORD-1", "items": ["a"], "customer_id": "C-1"}


@pytest.fixture
def hasty(local_swf, tmp_path):
    """The application with decision tasks that time out after a second."""
    with application(local_swf, tmp_path, DECISION_TASK_TIMEOUT="1") as running:
        yield running


def changed(*names):
    kind = shipped_process.shipped()
    return process(kind.name, kind.version, [step(name) for name in names])


def wait_for(app, run, event_type):
    for event in app.starter.swf_client.follow(run["workflow_id"], run["run_id"]):
        if event["eventType"] == event_type:
            return event
    pytest.fail(f"the run closed without {event_type}")


@pytest.mark.parametrize(
    ("names", "text"),
    [
        (("ProcessData", "ValidateInput"), "at step ProcessData it asks for activity ProcessData"),
        (("Other", "ValidateInput"), "event 6 has activity ValidateInput"),
    ],
)
def test_a_decider_with_a_changed_definition_parks_and_touches_nothing(hasty, names, text):
    first = hasty.decider()
    run = hasty.starter.start_workflow(ORDER)
    scheduled = wait_for(hasty, run, "ActivityTaskScheduled")
    first.stop()
    wrong = hasty.decider(definitions=[changed(*names)])
    hasty.starter.signal_workflow(run["workflow_id"], "PAUSE", {})
    wait_for(hasty, run, "TimerStarted")
    status = hasty.starter.status(run["workflow_id"], run["run_id"])
    assert status["state"] == "BLOCKED"
    assert "the history does not fit definition BusinessProcess 1.0" in status["blocked"]
    assert text in status["blocked"]
    events = hasty.starter.get_workflow_history(run["workflow_id"], run["run_id"])
    since = [event for event in events if event["eventId"] > scheduled["eventId"]]
    decided = [e for e in since if "decisionTaskCompletedEventId" in attributes(e)]
    assert all(attributes(event)["timerId"].startswith("park.") for event in decided)
    wrong.stop()
    hasty.decider()
    hasty.starter.continue_workflow(run["workflow_id"])
    hasty.worker()
    assert hasty.finish(run)[-1]["eventType"] == "WorkflowExecutionCompleted"
    events = hasty.starter.get_workflow_history(run["workflow_id"], run["run_id"])
    report = hasty.starter.check_histories(
        [{**run, "type": {"name": "BusinessProcess", "version": "1.0"}, "events": events}]
    )
    assert report["findings"] == [], "parked decisions are no difference"
