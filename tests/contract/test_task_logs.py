"""Log lines while a task is handled: which fields they have, and that none is written twice."""

from __future__ import annotations

import logging
import threading

import pytest

from activity_worker import ActivityWorker
from decision_worker import DecisionWorker, workflow_steps

ORDER = {"order_id": "ORD-1", "items": ["a"], "customer_id": "C-1"}
OF_A_RUN = ("Received decision", "Activity '", "Retrying", "Scheduling", "Executing", "Completed:")
OF_A_STEP = ("Activity '", "Retrying", "Scheduling", "Executing", "Completed:")


def fields_of(record: logging.LogRecord) -> dict:
    return vars(record)["fields"]


def once_broken(calls=[]):  # noqa: B006 - made anew by each test below
    def activity(data):
        calls.append(data)
        if len(calls) == 1:
            raise ValueError("no disk")
        return {"saved": True}

    return activity


def test_every_line_of_a_task_names_domain_workflow_run_and_decision(app, caplog):
    caplog.set_level("INFO")
    app.decider()
    app.worker().activities["SaveResults"] = once_broken([])
    run = app.starter.start_workflow(ORDER)
    app.finish(run)
    lines = [record for record in caplog.records if record.getMessage().startswith(OF_A_RUN)]
    assert len(lines) > 20
    for record in lines:
        fields, text = fields_of(record), record.getMessage()
        assert fields["domain"] == app.settings.swf_domain, text
        assert fields["workflow_id"] == run["workflow_id"], text
        assert fields["run_id"] == run["run_id"], text
        known = "decision_id" if record.name == "decision_worker" else "started_event_id"
        assert isinstance(fields[known], int), text
        if text.startswith(OF_A_STEP):
            assert fields["step"] in text, text
            assert fields["attempt"] in (1, 2), text


def test_lines_that_users_look_for_word_for_word_at_info(app, caplog):
    caplog.set_level("INFO")
    app.decider()
    app.worker().activities["SaveResults"] = once_broken([])
    run = app.starter.start_workflow(ORDER)
    app.finish(run)
    app.stop()
    told = {(r.name, r.getMessage()) for r in caplog.records if r.levelname == "INFO"}
    of_steps = {
        line
        for step in workflow_steps
        for line in (
            ("decision_worker", f"Scheduling next activity: {step}"),
            ("decision_worker", f"Activity '{step}' completed successfully"),
            ("activity_worker", f"Executing: {step}"),
        )
    }
    id_ = run["workflow_id"]
    assert told >= of_steps | {
        ("decision_worker", f"Received decision task for workflow: {id_}"),
        ("decision_worker", "Activity 'SaveResults' failed: ValueError: no disk"),
        ("decision_worker", "Retrying activity: SaveResults (attempt 2)"),
    }
    (started,) = [r for r in caplog.records if r.name == "workflow_starter"]
    assert started.levelname == "INFO"
    ids = {"workflow_id": id_, "run_id": run["run_id"]}
    assert fields_of(started) == {"domain": app.settings.swf_domain, **ids}


def test_every_line_of_a_starter_names_domain_and_workflow(app, caplog):
    caplog.set_level("INFO")
    starter = app.starter
    run = starter.start_workflow(ORDER)
    starter.pause_workflow(**run)
    starter.signal_workflow(run["workflow_id"], "NEWS", {"a": 1})
    starter.cancel_workflow(run["workflow_id"])
    starter.terminate_workflow(**run)
    again = starter.resume_workflow_from_step(**run, step_name="ValidateInput")
    starter.terminate_workflow(again["workflow_id"])
    lines = [r for r in caplog.records if r.name == "workflow_starter"]
    texts = [record.getMessage().partition(":")[0] for record in lines]
    assert texts == [
        "Started workflow", "Signaled workflow", "Signaled workflow", "Asked workflow to cancel",
        "Terminated workflow", "Resuming workflow", "Terminated workflow",
    ]  # fmt: skip
    for record in lines:
        fields = fields_of(record)
        assert fields["domain"] == app.settings.swf_domain, record.getMessage()
        assert fields["workflow_id"] == run["workflow_id"], record.getMessage()
    named = [fields_of(r).get("run_id") for r in lines]
    assert named == [*[run["run_id"]] * 3, None, run["run_id"], again["run_id"], None]


def test_the_decision_id_is_the_started_event_of_its_task(app, caplog):
    caplog.set_level("INFO")
    app.decider()
    app.worker()
    events = app.finish(app.starter.start_workflow(ORDER))
    started = [e["eventId"] for e in events if e["eventType"] == "DecisionTaskStarted"]
    received = [r for r in caplog.records if r.getMessage().startswith("Received decision task")]
    assert [fields_of(record)["decision_id"] for record in received] == started


def test_lines_of_an_activitys_own_loggers_name_its_task(app, caplog, capsys):
    """They have no fields of ours; the formatters take what is bound."""
    from logs import JsonLines

    shown = []

    class Handler(logging.Handler):
        def emit(self, record):
            shown.append(JsonLines().format(record))

    def activity(data):
        library = logging.getLogger("a.library")
        library.addHandler(handler := Handler())
        library.warning("connecting")
        library.removeHandler(handler)
        return data

    app.decider()
    app.worker().activities["ProcessData"] = activity
    run = app.starter.start_workflow(ORDER)
    app.finish(run)
    assert f'"workflow_id": "{run["workflow_id"]}"' in shown[0]
    assert '"step": "ProcessData"' in shown[0]


def test_nothing_is_bound_after_a_task(app, caplog):
    caplog.set_level("INFO")
    app.decider()
    app.worker()
    app.finish(app.starter.start_workflow(ORDER))
    app.stop()
    stopped = [r for r in caplog.records if r.getMessage().endswith("stopped")]
    assert len(stopped) == 2
    assert all("workflow_id" not in fields_of(record) for record in stopped)


def test_a_decider_that_is_restarted_in_mid_run_writes_no_line_twice(app, caplog):
    """The second one reads the whole history with its first task, and logs what is new."""
    caplog.set_level("INFO")
    reached, go_on = threading.Event(), threading.Event()

    def halfway(data):
        reached.set()
        assert go_on.wait(30)
        return {"enriched": True}

    first = app.decider()
    worker = app.worker()
    worker.activities["EnrichData"] = halfway
    worker.activities["ProcessData"] = once_broken([])
    run = app.starter.start_workflow(ORDER)
    assert reached.wait(30)
    first.stop()
    whole = []

    class Second(DecisionWorker):
        def _execution(self, task):
            whole.append(task["events"][0]["eventId"] == 1)
            return super()._execution(task)

    app.decider(Second(app.settings))
    go_on.set()
    app.finish(run)
    assert whole[0], "it had to read the whole history"
    lines = [record.getMessage() for record in caplog.records]
    for name in workflow_steps:
        assert lines.count(f"Scheduling next activity: {name}") == 1
        assert lines.count(f"Activity '{name}' completed successfully") == 1
    assert lines.count("Activity 'ProcessData' failed: ValueError: no disk") == 1
    assert lines.count("Retrying activity: ProcessData (attempt 2)") == 1


@pytest.mark.parametrize("previous", [0, 3])
def test_a_task_that_is_given_again_writes_no_line_twice(app, caplog, previous):
    """After a time-out, whichever earlier task SWF then names as the previous one."""
    app.starter.start_workflow(ORDER)
    decider = DecisionWorker(app.settings)
    task = decider.swf_client.poll_decision_task(app.settings.swf_task_list)
    caplog.set_level("INFO")
    first = decider.make_decisions(task)
    again = decider.make_decisions({**task, "previousStartedEventId": previous})
    assert first == again
    lines = [record.getMessage() for record in caplog.records]
    assert lines.count("Scheduling next activity: ValidateInput") == 1


def test_a_fault_while_a_task_is_served_names_the_task(app, caplog):
    caplog.set_level("INFO")
    failed = threading.Event()

    class Broken(ActivityWorker):
        def _send(self, context, outcome, seconds):
            if not failed.is_set():
                failed.set()
                raise RuntimeError("a bug")
            super()._send(context, outcome, seconds)

    app.worker(Broken(app.settings))
    app.decider()
    run = app.starter.start_workflow(ORDER)
    assert failed.wait(30)
    app.starter.terminate_workflow(run["workflow_id"], run["run_id"])
    app.stop()
    (record,) = [r for r in caplog.records if r.getMessage() == "A task could not be served"]
    assert fields_of(record)["workflow_id"] == run["workflow_id"]
    assert fields_of(record)["step"] == "ValidateInput"
