"""Undoing: in which order, what a failure of it does, and who may ask for it."""

from __future__ import annotations

import json

import pytest

from errors import SignalRefusedError
from workflow import (
    Retry,
    Rollback,
    child,
    map_items,
    parallel,
    process,
    step,
    wait,
    wait_for_signal,
)

ONCE = Retry(attempts=1)


def broken(_):
    raise ValueError("no stock")


def ended(stage, run):
    """What the failed execution says of itself."""
    details = stage.ends(run, "FAILED")["details"]
    return details if isinstance(details, dict) else json.loads(details)


def paths(items):
    return [item["step"] for item in items]


TREE = process(
    "Tree",
    "1.0",
    [
        step("Reserve", compensation="Release"),
        parallel(
            "Both",
            [step("Left", compensation="UndoLeft"), step("Left2", compensation="UndoLeft2")],
            [step("Right", compensation="UndoRight")],
        ),
        map_items("Each", [step("Bill", compensation="Refund")], concurrency=1),
        step("Ship", retry=ONCE),
    ],
)


def test_compensations_run_newest_first_through_branches_and_items(stage):
    stage.serve(TREE)
    stage.play("Ship", broken)
    right = stage.hold("Right")
    run = stage.start(TREE, {"order_id": "1", "items": ["a", "b"]})
    right.wait()
    stage.happens(run, "ActivityTaskCompleted", 3)  # Left and Left2 are done before Right
    right.open()
    found = ended(stage, run)
    newest_first = [
        "Ship", "Each[1].Bill", "Each[0].Bill", "Both[1].Right", "Both[0].Left2", "Both[0].Left",
        "Reserve",
    ]  # fmt: skip
    assert stage.done(undo=True) == newest_first
    assert paths(found["compensated"]) == newest_first
    assert found["not_compensated"] == []
    assert stage.calls[-1].activity == "CompensateTransaction"
    refunds = [c.data["item"] for c in stage.calls if c.activity == "Refund"]
    assert refunds == ["b", "a"]


def test_a_branch_that_fails_stops_its_sibling_and_undoes_both(stage):
    both = process(
        "Both",
        "1.0",
        [
            parallel(
                "Two",
                [step("Good", compensation="UndoGood")],
                [step("Bad", retry=ONCE)],
            )
        ],
    )
    stage.serve(both)
    good = stage.hold("Good")
    stage.play("Bad", lambda data: good.wait() or broken(data))
    found = ended(stage, stage.start(both))
    # The attempt that was stopped may have had an effect.
    assert paths(found["compensated"]) == ["Two[1].Bad", "Two[0].Good"]


def test_a_compensation_that_fails_is_retried_then_reported_and_the_others_go_on(stage):
    line = process(
        "Line",
        "1.0",
        [
            step("One", compensation="UndoOne"),
            step("Two", compensation="UndoTwo"),
            step("Three", compensation="UndoThree"),
            step("Four", retry=ONCE),
        ],
    )
    stage.serve(line)
    stage.play("Four", broken)
    stage.play("UndoTwo", broken)
    run = stage.start(line)
    found = ended(stage, run)
    assert paths(found["compensated"]) == ["Four", "Three", "One"]
    assert paths(found["not_compensated"]) == ["Two"]
    tried = [call.attempt for call in stage.calls if call.activity == "UndoTwo"]
    assert tried == [1, 2, 3]
    [marker] = stage.markers(run, "COMPENSATION_FAILED")
    assert (marker["step"], marker["error"]) == ("Two", "ValueError: no stock")
    last = stage.calls[-1]
    assert last.activity == "CompensateTransaction"
    assert paths(last.data["not_compensated"]) == ["Two"]

    # Resumed at what could not be undone: that alone is tried again.
    printed = stage.command("resume", run["workflow_id"], "--step", "RollbackStep", "--dry-run")
    assert "Two is undone" in printed
    stage.play("UndoTwo", lambda _: {})
    before = len(stage.calls)
    again = stage.json("resume", run["workflow_id"], "--step", "RollbackStep")
    found = ended(stage, again)
    assert [call.activity for call in stage.calls[before:]] == ["UndoTwo", "CompensateTransaction"]
    assert found["not_compensated"] == []
    with pytest.raises(SignalRefusedError, match="nothing is left to undo"):
        stage.starter.resume_workflow_from_step(run["workflow_id"], step_name="RollbackStep")


def test_an_operators_rollback_names_who_and_why(stage):
    stage.serve(TREE)
    gate = stage.hold("Bill")
    run = stage.start(TREE, {"order_id": "1", "items": ["a"]})
    gate.wait()
    stage.starter.roll_back_workflow(**run, actor="ana", reason="customer left")
    found = ended(stage, run)
    assert paths(found["compensated"])[0] == "Each[0].Bill"
    [marker] = stage.markers(run, "ROLLBACK_INITIATED")
    assert (marker["reason"], marker["last_error"]) == ("Rolled back by ana", "customer left")


@pytest.mark.parametrize("undoes", [True, False])
def test_cancel_rolls_back_when_the_process_says_so(stage, undoes):
    line = process(
        "Line",
        "1.0",
        [step("One", compensation="UndoOne"), step("Two")],
        rollback=Rollback(on_cancel=undoes),
    )
    stage.serve(line)
    gate = stage.hold("Two")
    run = stage.start(line)
    gate.wait()
    stage.command("cancel", run["workflow_id"])
    stage.ends(run, "CANCELED")
    assert stage.done(undo=True) == (["One"] if undoes else [])
    [entry] = stage.audit(run)
    assert entry["what"] == "CANCEL"


@pytest.mark.parametrize("undoes", [True, False])
def test_the_deadline_rolls_back_when_the_process_says_so(stage, undoes):
    line = process(
        "Line",
        "1.0",
        [step("One", compensation="UndoOne"), wait("Wait", 100_000)],
        rollback=Rollback(on_deadline=undoes),
        deadline=3600,
    )
    stage.serve(line)
    began = stage.clock.now()
    run = stage.start(line)
    stage.ends(run, "FAILED")
    assert 3600 <= stage.clock.now() - began < 3700
    assert stage.done(undo=True) == (["One"] if undoes else [])


def test_a_child_is_undone_by_its_parents_compensation(stage):
    inner = process("Inner", "1.0", [step("Book", compensation="Unbook")])
    outer = process(
        "Outer",
        "1.0",
        [
            step("First", compensation="UndoFirst"),
            child("Travel", "Inner@1.0", compensation="CancelTravel"),
            step("Pay", retry=ONCE),
        ],
    )
    stage.serve(inner, outer)
    stage.play("Pay", broken)
    found = ended(stage, stage.start(outer))
    assert paths(found["compensated"]) == ["Pay", "Travel", "First"]
    assert stage.done(undo=True) == ["Pay", "Travel", "First"]


def test_during_a_rollback_only_pause_and_continue_act(stage):
    line = process(
        "Line", "1.0", [step("One", compensation="UndoOne"), step("Two", compensation="UndoTwo"),
                        wait_for_signal("Ask", signal="GO")],
    )  # fmt: skip
    stage.serve(line)
    gate = stage.hold("UndoTwo")
    run = stage.start(line)
    stage.reaches(run, step="Ask")
    stage.starter.roll_back_workflow(**run)
    gate.wait()
    for refused in (stage.starter.go_back, stage.starter.roll_back_workflow):
        with pytest.raises(SignalRefusedError, match="a rollback is going on"):
            refused(**run)
    assert stage.status(run)["state"] == "ROLLING_BACK"
    stage.starter.pause_workflow(**run)
    gate.open()
    stage.reaches(run, state="PAUSED")
    assert stage.done(undo=True) == ["Two"]
    stage.starter.continue_workflow(**run)
    stage.ends(run, "FAILED")
    assert stage.done(undo=True) == ["Two", "One"]
