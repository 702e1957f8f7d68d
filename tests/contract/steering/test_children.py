"""Steps that are other processes."""

from __future__ import annotations

import pytest

from local_swf.limits import Limits
from local_swf.testing import LocalSWF
from workflow import Retry, Rollback, child, commands, map_items, process, step

from .conftest import staged, until

ONCE = Retry(attempts=1)
TRIP = process(
    "Trip",
    "1.0",
    [step("Book", compensation="Unbook"), step("Confirm", retry=ONCE)],
    rollback=Rollback(on_cancel=True),
)
ORDER = process(
    "Order",
    "1.0",
    [step("Take"), child("Travel", "Trip@1.0"), step("Bill")],
)


def child_of(stage, run):
    """The child's two ids, once it runs."""
    [started] = stage.happens(run, "ChildWorkflowExecutionStarted")
    found = started["workflowExecution"]
    return {"workflow_id": found["workflowId"], "run_id": found["runId"]}


def broken(_):
    raise ValueError("no seat")


def test_its_result_is_the_steps(stage):
    stage.serve(TRIP, ORDER)
    run = stage.start(ORDER)
    results = stage.results(run)
    assert set(results["Travel"]["previous_results"]) == {"Book", "Confirm"}
    book = next(call for call in stage.calls if call.path == "Book")
    assert book.data["order_id"] == "ORD-1"
    assert set(book.data["parent_results"]) == {"Take"}
    assert stage.events(child_of(stage, run), "WorkflowExecutionStarted")[0][
        "parentWorkflowExecution"
    ]["workflowId"] == run["workflow_id"]  # fmt: skip


def test_its_failure_fails_the_step_after_it_has_rolled_back_itself(stage):
    stage.serve(TRIP, ORDER)
    stage.play("Confirm", broken)
    run = stage.start(ORDER)
    found = stage.ends(run, "FAILED")
    assert "ChildFailed" in str(found["details"])
    assert stage.status(child_of(stage, run))["state"] == "FAILED"
    assert stage.done(undo=True) == ["Confirm", "Book"]
    with pytest.raises(Exception, match="is a child of"):
        stage.starter.resume_workflow_from_step(**child_of(stage, run), step_name="Book")


def test_it_is_tried_again_when_its_step_says_so(stage):
    order = process("Order", "1.0", [child("Travel", "Trip@1.0", retry=Retry(attempts=2))])
    stage.serve(TRIP, order)
    failures = iter([True])
    stage.play("Confirm", lambda data: broken(data) if next(failures, False) else {"ok": True})
    stage.ends(stage.start(order))
    assert [c.path for c in stage.calls if not c.undo].count("Book") == 2


@pytest.mark.parametrize("how", ["roll back", "cancel", "jump"])
def test_it_closes_by_its_own_rules_and_is_waited_for(stage, how):
    order = process(
        "Order",
        "1.0",
        [step("Take", compensation="Return"), child("Travel", "Trip@1.0"), step("Bill")],
        rollback=Rollback(on_cancel=True),
    )
    stage.serve(TRIP, order)
    confirm, unbook = stage.hold("Confirm"), stage.hold("Unbook")
    run = stage.start(order)
    confirm.wait()
    if how == "roll back":
        stage.starter.roll_back_workflow(**run)
    elif how == "cancel":
        stage.starter.cancel_workflow(**run)
    else:
        stage.starter.resume_workflow_from_step(**run, step_name="Take")
    unbook.wait()  # the child undoes what it did
    stage.happens(run, "TimerStarted")
    stage.clock.advance(30)  # longer than the grace of activities: a child is not left behind
    assert stage.done(undo=True) == ["Book"]
    assert stage.done().count("Take") == 1
    confirm.open()
    unbook.open()
    stage.ends(run, {"roll back": "FAILED", "cancel": "CANCELED", "jump": "COMPLETED"}[how])
    started = stage.events(run, "ChildWorkflowExecutionStarted")
    assert len(started) == (2 if how == "jump" else 1)
    assert len(stage.events(run, "ChildWorkflowExecutionCanceled")) == 1
    if how != "jump":
        assert stage.done(undo=True) == ["Book", "Take"]


def test_children_of_items_run_side_by_side(stage):
    order = process("Order", "1.0", [map_items("Each", [child("Travel", "Trip@1.0")])])
    stage.serve(TRIP, order)
    run = stage.start(order, {"items": ["a", "b", "c"]})
    each = stage.results(run)["Each"]
    assert [item["Travel"]["item"] for item in each] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("cause", "options"),
    [
        ("OPEN_CHILDREN_LIMIT_EXCEEDED", {"limits": Limits(open_children=3)}),
        ("CHILD_CREATION_RATE_EXCEEDED", {"quotas": {"StartChildWorkflowExecution": (3, 10)}}),
    ],
)
def test_children_that_swf_does_not_admit_yet_are_started_later(
    tmp_path, monkeypatch, capsys, cause, options
):
    order = process("Order", "1.0", [map_items("Each", [child("Travel", "Trip@1.0")])])
    with LocalSWF(virtual_clock=True, **options) as swf:
        for stage in staged(swf, tmp_path, monkeypatch, capsys):
            stage.serve(TRIP, order)
            run = stage.start(order, {"items": list(range(10))})
            assert len(stage.results(run)["Each"]) == 10
            refused = stage.events(run, "StartChildWorkflowExecutionFailed")
            assert {event["cause"] for event in refused} == {cause}


# --- a parent that goes on as new meanwhile -----------------------------------------------------


@pytest.fixture
def short_runs(monkeypatch):
    """Runs that continue as new after a few events."""
    monkeypatch.setattr(commands, "HISTORY_SOFT_LIMIT", 30)
    monkeypatch.setattr(commands, "HISTORY_HARD_LIMIT", 60)


BESIDE = process(
    "Beside",
    "1.0",
    [
        child("Travel", "Trip@1.0"),
        step("Bill"),
    ],
)


def continued(stage, run):
    """The run's successor, after enough signals have filled its history."""
    by_hand = stage.app.swf.client()
    domain = stage.app.settings.swf_domain

    def gone_on():
        newest = stage.starter.status(run["workflow_id"])["run_id"]
        if newest != run["run_id"]:
            return {"workflow_id": run["workflow_id"], "run_id": newest}
        by_hand.signal_workflow_execution(
            domain=domain, workflowId=run["workflow_id"], signalName="NOISE", input="{}"
        )
        return None

    return until(gone_on, "the run that goes on")


@pytest.mark.parametrize("end", ["completes", "fails"])
def test_a_child_reports_to_the_run_that_continues_its_parent(stage, short_runs, end):
    stage.serve(TRIP, BESIDE)
    gate = stage.hold("Confirm")
    run = stage.start(BESIDE)
    gate.wait()
    newer = continued(stage, run)
    stage.clock.lock()
    if end == "fails":
        stage.plays["Confirm"] = broken
        gate._result = None  # no dict: the attempt fails
    gate.open()
    if end == "completes":
        found = stage.ends(newer)
        assert set(found["result"]["previous_results"]) == {"Travel", "Bill"}
        assert stage.done() == ["Book", "Confirm", "Bill"]
    else:
        assert "ChildFailed" in str(stage.ends(newer, "FAILED")["details"])
    signals = [e["signalName"] for e in stage.events(newer, "WorkflowExecutionSignaled")]
    assert "CHILD_CLOSED" in signals


def test_a_child_that_was_terminated_meanwhile_is_missed(stage, short_runs):
    stage.serve(TRIP, BESIDE)
    gate = stage.hold("Confirm")
    run = stage.start(BESIDE)
    gate.wait()
    travel = child_of(stage, run)
    newer = continued(stage, run)
    stage.starter.terminate_workflow(**travel)
    gate.open()
    found = stage.ends(newer, "FAILED")
    assert "its parent had gone on" in str(found["details"])


def test_a_parent_that_went_on_cancels_its_child_and_waits_for_it(stage, short_runs):
    stage.serve(TRIP, BESIDE)
    gate = stage.hold("Confirm")
    run = stage.start(BESIDE)
    gate.wait()
    travel = child_of(stage, run)
    newer = continued(stage, run)
    stage.starter.roll_back_workflow(run["workflow_id"], reason="enough")
    stage.ends(newer, "FAILED")
    assert stage.starter.status(travel["workflow_id"])["state"] == "CANCELED"
    assert stage.done(undo=True) == ["Book"]
