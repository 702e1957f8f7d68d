"""Any process killed at any moment: nothing lost, no effect doubled."""

from __future__ import annotations

import json
import signal
import sqlite3

import pytest

from .processes import Processes, until

ORDER = {"order_id": "ORD-1", "items": [{"sku": "A", "quantity": 1, "price": 5}]}
DECIDER, WORKER = "decision_worker.py", "activity_worker.py"


@pytest.fixture
def app(tmp_path):
    # Two seconds, so that a dead worker's task is soon somebody else's.
    processes = Processes(tmp_path, ACTIVITY_START_TO_CLOSE_TIMEOUT="2", DECISION_TASK_TIMEOUT="2")
    yield processes
    processes.stop()


def effects(app: Processes) -> tuple[int, int]:
    """Saved orders and notifications."""
    with sqlite3.connect(app.folder / "business.sqlite3") as database:
        tables = {row[0] for row in database.execute("SELECT name FROM sqlite_master")}
        assert "orders" in tables, tables
        [(orders,)] = database.execute("SELECT count(*) FROM orders")
    database.close()
    lines = [p.read_text().splitlines() for p in app.folder.glob("*outbox*.jsonl")]
    return orders, sum(map(len, lines))


def completed(events) -> bool:
    return events[-1]["eventType"] == "WorkflowExecutionCompleted"


def test_the_parts_may_start_in_any_order(app):
    run = app.starter.start_workflow(ORDER)
    app.start(WORKER)
    app.start(DECIDER)
    assert completed(app.finish(run))
    assert effects(app) == (1, 1)


@pytest.mark.parametrize("step", ["ProcessData", "SaveResults", "NotifyCompletion"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_worker_killed_in_a_step_costs_an_attempt_and_doubles_nothing(app, step, moment):
    app.start(DECIDER)
    dying = app.start("tests/system/dying_worker.py", step, moment)
    run = app.starter.start_workflow(ORDER)
    assert dying.wait(30) == -signal.SIGKILL
    app.start(WORKER)
    events = app.finish(run)
    assert completed(events)
    assert effects(app) == (1, 1)
    timeouts = [event for event in events if event["eventType"] == "ActivityTaskTimedOut"]
    assert len(timeouts) == 1


def test_a_decider_killed_in_the_middle_is_replaced(app):
    decider = app.start(DECIDER)
    run = app.starter.start_workflow(ORDER)
    app.event(run, "ActivityTaskScheduled")
    decider.kill()
    app.start(DECIDER)
    app.start(WORKER)
    assert completed(app.finish(run))
    assert effects(app) == (1, 1)


def test_an_endpoint_killed_again_and_again_loses_nothing(app):
    app.start(DECIDER)
    app.start(WORKER)
    orders = [{"order_id": f"ORD-{number}"} for number in range(20)]
    runs = []
    for number, order in enumerate(orders):
        runs.append(app.starter.start_workflow(order))
        if number % 5 == 4:
            app.kill_endpoint()
    for run in runs:
        events = app.finish(run)
        assert completed(events)
        assert [event["eventId"] for event in events] == list(range(1, len(events) + 1))
    assert effects(app) == (20, 20)


def test_a_rollback_survives_the_death_of_worker_and_endpoint(app):
    app.start(DECIDER)
    dying = app.start("tests/system/dying_worker.py", "RollbackStep", "after")
    order = {"order_id": "ORD-1", "items": [{"sku": "A", "quantity": 1, "price": 5}], "total": 99}
    run = app.starter.start_workflow(order)
    assert dying.wait(30) == -signal.SIGKILL
    app.kill_endpoint()
    app.start(WORKER)
    events = app.finish(run)
    assert events[-1]["eventType"] == "WorkflowExecutionFailed"
    details = json.loads(events[-1]["workflowExecutionFailedEventAttributes"]["details"])
    assert details["compensated"] == [{"step": "ValidateInput", "visit": 1}]
    assert details["not_compensated"] == []


@pytest.mark.parametrize("script", [DECIDER, WORKER])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_that_is_told_to_stop_ends_cleanly_and_soon(app, script, number):
    process = app.start(script)
    log = app.folder / f"{script.split('.')[0]}-0.log"
    until(lambda: "started" in log.read_text(), "the process")
    process.send_signal(number)
    assert process.wait(10) == 0
    assert "Traceback" not in log.read_text()
