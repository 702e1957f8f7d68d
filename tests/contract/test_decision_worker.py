"""The decider on the embedded SWF: its memory, its lists, and what it cannot decide."""

from __future__ import annotations

import json
import threading
import time

import pytest

import process
from decision_worker import DecisionWorker, workflow_steps
from errors import UndecidableError
from local_swf.testing import LocalSWF
from swf.connection import Connection
from tests.application import application
from workflow import process as define
from workflow import step

ORDER = {"order_id": "ORD-1", "items": ["a"], "customer_id": "C-1"}


def test_the_five_steps_run_and_log_the_promised_lines(app, caplog):
    caplog.set_level("INFO")
    app.decider()
    app.worker()
    run = app.starter.start_workflow(ORDER)
    events = app.finish(run)
    result = json.loads(events[-1]["workflowExecutionCompletedEventAttributes"]["result"])
    assert list(result["previous_results"]) == workflow_steps
    lines = [record.getMessage() for record in caplog.records]
    assert f"Received decision task for workflow: {run['workflow_id']}" in lines
    for name in workflow_steps:
        assert lines.count(f"Scheduling next activity: {name}") == 1
        assert lines.count(f"Activity '{name}' completed successfully") == 1
        assert lines.count(f"Executing: {name}") == 1


def test_failures_are_logged_with_their_reason_and_the_attempt_that_follows(app, caplog):
    caplog.set_level("INFO")

    def broken(_):
        raise ValueError("no disk")

    app.decider()
    app.worker().activities["SaveResults"] = broken
    app.finish(app.starter.start_workflow(ORDER))
    lines = [record.getMessage() for record in caplog.records]
    assert lines.count("Activity 'SaveResults' failed: ValueError: no disk") == 3
    assert "Retrying activity: SaveResults (attempt 2)" in lines
    assert "Retrying activity: SaveResults (attempt 3)" in lines


def test_a_decider_that_remembers_reads_only_what_is_new(app, monkeypatch):
    read = []

    class Watched(DecisionWorker):
        def _execution(self, task):
            read.append(task["events"][0]["eventId"])
            return super()._execution(task)

    app.decider(Watched(app.settings))
    app.worker()
    app.finish(app.starter.start_workflow(ORDER))
    assert read[0] == 1
    assert all(first > 1 for first in read[1:])


def test_another_decider_takes_over_when_one_is_gone(app):
    first = app.decider()
    run = app.starter.start_workflow(ORDER)
    wait_for_event(app, run, "ActivityTaskScheduled")
    first.stop()
    app.decider()
    app.worker()
    assert app.finish(run)[-1]["eventType"] == "WorkflowExecutionCompleted"


def test_a_lost_memory_costs_one_reading_of_the_history(app):
    class Forgetful(DecisionWorker):
        def _handle(self, task):
            self._cache.take(task["workflowExecution"]["runId"])
            super()._handle(task)

    app.decider(Forgetful(app.settings))
    app.worker()
    run = app.starter.start_workflow(ORDER)
    assert app.finish(run)[-1]["eventType"] == "WorkflowExecutionCompleted"


def test_a_subclass_decides_with_the_whole_history(app):
    seen = []

    class Own(DecisionWorker):
        def make_decisions(self, task):
            seen.append([event["eventId"] for event in task["events"]])
            return super().make_decisions(task)

    app.decider(Own(app.settings))
    app.worker()
    run = app.starter.start_workflow(ORDER)
    assert app.finish(run)[-1]["eventType"] == "WorkflowExecutionCompleted"
    assert len(seen) == 6
    assert all(ids[0] == 1 for ids in seen)


def test_make_decisions_takes_a_task_as_boto3_gives_it(app):
    run = app.starter.start_workflow(ORDER)
    task = app.swf.client().poll_for_decision_task(
        domain=app.settings.swf_domain, taskList={"name": app.settings.swf_task_list}
    )
    marker, schedule = DecisionWorker(app.settings).make_decisions(task)
    assert marker["recordMarkerDecisionAttributes"]["markerName"] == "RUN_OPTIONS"
    block = schedule["scheduleActivityTaskDecisionAttributes"]
    assert block["activityType"]["name"] == "ValidateInput"
    assert run["run_id"] == task["workflowExecution"]["runId"]


# --- parking ------------------------------------------------------------------------------------


@pytest.fixture
def hasty(local_swf, tmp_path):
    """The application with decision tasks that time out after a second of real time."""
    with application(local_swf, tmp_path, DECISION_TASK_TIMEOUT="1") as running:
        yield running


def test_an_execution_that_cannot_be_decided_is_parked_and_goes_on_when_mended(hasty):
    class Broken(DecisionWorker):
        mended = threading.Event()

        def _definition(self, task):
            if not self.mended.is_set():
                raise UndecidableError("no definition of this version is here")
            return super()._definition(task)

    hasty.decider(Broken(hasty.settings))
    hasty.worker()
    run = hasty.starter.start_workflow(ORDER)
    wait_for_event(hasty, run, "TimerFired")
    status = hasty.starter.status(run["workflow_id"], run["run_id"])
    assert status["state"] == "BLOCKED"
    assert "no definition" in status["blocked"]
    Broken.mended.set()
    events = hasty.finish(run)
    assert events[-1]["eventType"] == "WorkflowExecutionCompleted"
    kinds = [event["eventType"] for event in events]
    assert kinds.count("DecisionTaskTimedOut") == 1, "left to time out once, then parked"
    waits = [
        event["timerStartedEventAttributes"]["startToFireTimeout"]
        for event in events
        if event["eventType"] == "TimerStarted"
    ]
    assert waits[:2] == ["10", "20"][: len(waits)]


def test_a_decision_that_cannot_be_reported_is_one_line_and_is_made_again(hasty, local_swf, caplog):
    local_swf.faults.add("unavailable", "RespondDecisionTaskCompleted")
    hasty.decider()
    hasty.worker()
    run = hasty.starter.start_workflow(ORDER)
    until(lambda: any("not reported" in record.getMessage() for record in caplog.records))
    local_swf.faults.clear()
    assert hasty.finish(run)[-1]["eventType"] == "WorkflowExecutionCompleted"
    assert not [record for record in caplog.records if record.exc_info]


def test_a_changed_shape_under_the_same_version_is_not_decided(hasty):
    first = hasty.decider()
    run = hasty.starter.start_workflow(ORDER)
    wait_for_event(hasty, run, "ActivityTaskScheduled")
    first.stop()
    shipped = process.shipped()
    changed = define(shipped.name, shipped.version, [step("ValidateInput"), step("Other")])
    hasty.decider(definitions=[changed])
    hasty.worker()
    wait_for_event(hasty, run, "TimerStarted")
    assert "shape" in hasty.starter.status(run["workflow_id"], run["run_id"])["blocked"]


def wait_for_event(app, run, event_type):
    """Until the history holds an event of that type."""
    for event in app.starter.swf_client.follow(run["workflow_id"], run["run_id"]):
        if event["eventType"] == event_type:
            return event
    pytest.fail(f"the run closed without {event_type}")


def test_a_poll_is_asked_once_and_waits(app, monkeypatch):
    polls = []
    once = Connection.once

    def counted(self, operation, *arguments, **options):
        if operation.startswith("poll_for"):
            polls.append(operation)
        return once(self, operation, *arguments, **options)

    monkeypatch.setattr(Connection, "once", counted)
    decider = app.decider()
    app.worker(pollers=2)
    app.finish(app.starter.start_workflow(ORDER))
    pollers = 2 * decider.concurrency + 2  # two lists for each of the decider's slots
    until(lambda: app.swf.call(lambda endpoint: endpoint.engine.waiting_pollers) == pollers)
    tasks = 6 + 5
    assert len(polls) == pollers + tasks, "each poll that brought a task is followed by one"


def until(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline


def test_an_outage_is_one_line_a_worker_and_is_over_soon_after(tmp_path, caplog):
    caplog.set_level("INFO")

    def told(beginning):
        return [r for r in caplog.records if r.getMessage().startswith(beginning)]

    with LocalSWF(tmp_path / "swf.sqlite") as swf, application(swf, tmp_path) as app:
        app.decider()
        app.worker()
        app.finish(app.starter.start_workflow(ORDER))
        port = swf.call(lambda endpoint: endpoint.port)
        swf._end()
        until(lambda: len(told("Polling fails")) == 2)
        swf._start(port)
        assert app.finish(app.starter.start_workflow(ORDER))
        until(lambda: len(told("Polling works again")) == 2)
    assert len(told("Polling fails")) == 2, "one for the decider, one for the worker"
    assert not told("SWF call failed")
