"""Control with real processes: killed in the middle of a rollback, stopped, and from the shell."""

from __future__ import annotations

import json
import random
import signal
import sqlite3

import pytest

from setup import ensure_registered
from swf.events import attributes

from .processes import Processes, until
from .saga import SAGA
from .wide import SUB, WIDE

SERVING = "tests/system/saga.py"
DECIDER, WORKER = "decision_worker.py", "activity_worker.py"
ORDER = {"order_id": "ORD-1", "items": [{"sku": "A", "quantity": 1, "price": 5}]}


@pytest.fixture
def app(tmp_path):
    processes = Processes(tmp_path, ACTIVITY_START_TO_CLOSE_TIMEOUT="2", DECISION_TASK_TIMEOUT="2")
    yield processes
    processes.stop()


def markers(events, name):
    found = [attributes(event) for event in events if event["eventType"] == "MarkerRecorded"]
    return [json.loads(item["details"]) for item in found if item["markerName"] == name]


def count(app, query):
    with sqlite3.connect(app.folder / "business.sqlite3") as database:
        [(found,)] = database.execute(query)
    database.close()
    return found


@pytest.mark.parametrize("seed", [1, 2])
def test_whoever_is_killed_in_a_rollback_its_outcome_is_the_same(app, seed):
    chance = random.Random(seed)
    parts = {role: app.start(SERVING, role) for role in ("decider", "worker")}
    order = {"order_id": "ORD-1", "items": ["a", "b", "c"]}
    run = dict(app.starter.start_workflow(order, definition=SAGA))
    app.event(run, "ActivityTaskFailed")  # Ship has: the rollback begins

    def seen():
        return len(app.starter.get_workflow_history(**run))

    for victim in chance.sample(["decider", "worker", "endpoint"], 3):
        target = seen() + chance.randint(1, 6)
        until(lambda target=target: seen() >= target or ended(app, run), "the next victim's turn")
        if victim == "endpoint":
            app.kill_endpoint()
        else:
            parts[victim].kill()
            parts[victim] = app.start(SERVING, victim)
    events = app.finish(run)
    assert events[-1]["eventType"] == "WorkflowExecutionFailed"
    [completed] = markers(events, "ROLLBACK_COMPLETED")
    undone = [item["step"] for item in completed["compensated"]]
    newest_first = ["Ship", "Each[2].Bill", "Each[1].Bill", "Each[0].Bill"]
    assert undone[:4] == newest_first
    assert sorted(undone[4:6]) == ["Both[0].Left", "Both[1].Right"]
    assert undone[6:] == ["Reserve"]
    assert completed["not_compensated"] == []
    assert [item["step"] for item in markers(events, "STEP_COMPENSATED")] == undone
    assert count(app, "SELECT count(*) FROM saga_rows") == 0
    assert count(app, "SELECT count(*) FROM reversals") == 1
    assert [event["eventId"] for event in events] == list(range(1, len(events) + 1))


def ended(app, run):
    return app.starter.status(**run)["closed_at"] is not None


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_another_decider_takes_over_at_the_cost_of_one_reading(app, how):
    first = app.start(DECIDER, "--concurrency", "1")
    run = dict(app.starter.start_workflow(ORDER))
    app.event(run, "ActivityTaskScheduled")
    first.send_signal(how)
    app.start(DECIDER)
    app.start(WORKER)
    events = app.finish(run)
    if how == signal.SIGSTOP:
        first.send_signal(signal.SIGCONT)  # what it still holds is not taken
    assert events[-1]["eventType"] == "WorkflowExecutionCompleted"
    scheduled = [e for e in events if e["eventType"] == "ActivityTaskScheduled"]
    assert len(scheduled) == 5
    late = [attributes(e) for e in events if e["eventType"] == "DecisionTaskTimedOut"]
    # Polls of a process that is stopped stay open, and each may be handed one task.
    assert 1 <= len(late) <= (1 if how == signal.SIGKILL else 2)


def command(app, *arguments, code=0):
    ended = app.run(["workflow_starter.py", *arguments])
    assert ended.returncode == code, ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr
    return ended.stdout + ended.stderr


def test_an_execution_is_steered_from_the_shell_and_all_of_it_is_on_record(app):
    app.start(DECIDER)
    run = dict(app.starter.start_workflow(ORDER))
    who = run["workflow_id"]
    app.event(run, "ActivityTaskScheduled")
    said = ("--actor", "ana", "--reason", "by hand")
    told = command(app, "skip", who, "--step", "ValidateInput", "--dry-run")
    assert "ValidateInput is asked to stop" in told
    result = json.dumps({"status": "validated", "order_id": "ORD-1"})
    command(app, "skip", who, "--step", "ValidateInput", "--result", result, *said)
    assert "PAUSE" in command(app, "pause", who, *said)
    refused = command(app, "back", who, "--steps", "5", code=2)
    assert "no step ran 5 before" in refused
    app.start(WORKER)
    until(lambda: app.starter.status(**run)["state"] == "PAUSED", "the pause")
    until(lambda: len(app.starter.status(**run)["progress"] or {}) == 2, "its progress")
    assert "CONTINUE" in command(app, "continue", who, *said)
    assert app.finish(run)[-1]["eventType"] == "WorkflowExecutionCompleted"
    audit = json.loads(app.run(["workflow_starter.py", "audit", who, "--json"]).stdout)
    assert [(entry["what"], entry["actor"], entry["reason"]) for entry in audit] == [
        ("SKIP_STEP", "ana", "by hand"), ("PAUSE", "ana", "by hand"),
        ("CONTINUE", "ana", "by hand"),
    ]  # fmt: skip
    assert audit[0]["changes"][0]["after"] == {"status": "validated", "order_id": "ORD-1"}


def test_a_child_many_items_that_fail_twice_and_an_approval_in_real_processes(app):
    def serve(role):
        return app.start("tests/system/wide.py", role)

    decider = serve("decider")
    serve("worker")
    ensure_registered(app.starter.swf_client, SUB)
    items = list(range(60))
    run = dict(app.starter.start_workflow({"items": items}, definition=WIDE))
    app.event(run, "ActivityTaskFailed", 20)
    decider.kill()
    serve("decider")
    [waits] = until(app.starter.waiting, "the approval to be asked for")
    assert (waits["workflow_id"], waits["step"]) == (run["workflow_id"], "Approve")
    app.starter.answer(run["workflow_id"], "APPROVAL", {"approved": True}, actor="ana")
    events = app.finish(run)
    assert events[-1]["eventType"] == "WorkflowExecutionCompleted"
    found = json.loads(attributes(events[-1])["result"])["previous_results"]
    assert found["Call"]["previous_results"] == {"Inside": {"at": "Inside"}}
    assert found["Each"] == [{"Flaky": {"item": item}} for item in items]
    assert found["Approve"] == {"approved": True, "actor": "ana"}
    failed = [event for event in events if event["eventType"] == "ActivityTaskFailed"]
    assert len(failed) == 2 * len(items)
