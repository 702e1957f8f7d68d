"""Jumps by name and path, into and out of branches and items; what comes late is not taken."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from activities import database, effects
from activity_worker import current_task
from errors import SignalRefusedError
from workflow import map_items, parallel, process, step

from .conftest import until

SHIP = process(
    "Ship",
    "1.0",
    [
        step("Receive"),
        parallel("Prepare", [step("Pick"), step("Pack")], [step("Invoice"), step("Print")]),
        map_items("Each", [step("Weigh"), step("Label")]),
        step("Send"),
    ],
)
ORDER = {"order_id": "ORD-1", "items": ["a", "b", "c"]}
BRANCHES = ["Prepare[0].Pick", "Prepare[0].Pack", "Prepare[1].Invoice", "Prepare[1].Print"]
ITEMS = [f"Each[{n}].{name}" for n in range(3) for name in ("Weigh", "Label")]


def jump(stage, run, path, **options):
    return stage.starter.resume_workflow_from_step(**run, step_name=path, **options)


def test_out_of_the_branches_and_back_to_what_came_before(stage):
    stage.serve(SHIP)
    pack, invoice = stage.hold("Pack"), stage.hold("Invoice")
    run = stage.start(SHIP, ORDER)
    pack.wait()
    invoice.wait()
    jump(stage, run, "Receive")
    pack.wait()  # both branches were stopped, and are entered anew
    invoice.wait()
    pack.open()
    invoice.open()
    stage.ends(run)
    visits = {call.path: call.visit for call in stage.calls}
    assert visits["Receive"] == visits["Prepare[0].Pack"] == visits["Prepare[1].Invoice"] == 2
    assert len(stage.events(run, "ActivityTaskCanceled")) == 2


def test_within_a_branch_the_other_one_runs_on(stage):
    stage.serve(SHIP)
    pack, invoice = stage.hold("Pack"), stage.hold("Invoice")
    run = stage.start(SHIP, ORDER)
    pack.wait()
    invoice.wait()
    jump(stage, run, "Pick", input={"urgent": True})
    pack.wait()
    pack.open()
    invoice.open()
    stage.ends(run)
    visits = {call.path: call.visit for call in stage.calls}
    assert [visits[path] for path in BRANCHES] == [2, 2, 1, 1]
    assert len(stage.events(run, "ActivityTaskCanceled")) == 1
    pick = [call.data.get("urgent") for call in stage.calls if call.path == "Prepare[0].Pick"]
    assert pick == [None, True]


def test_into_a_branch_that_is_over_the_sibling_keeps_its_results(stage):
    stage.serve(SHIP)
    stage.play("Invoice", lambda _: {"number": 7})
    gate = stage.hold("Send")
    run = stage.start(SHIP, ORDER)
    gate.wait()
    jump(stage, run, "Prepare[0].Pack")
    gate.wait()
    gate.open()
    results = stage.results(run)
    assert results["Prepare"][1]["Invoice"] == {"number": 7}
    assert results["Prepare"][0]["Pack"] == {"did": "Prepare[0].Pack", "visit": 2}
    visits = {call.path: call.visit for call in stage.calls}
    assert [visits[path] for path in BRANCHES] == [1, 2, 1, 1]


def test_into_one_item_the_others_keep_their_results(stage):
    stage.serve(SHIP)
    gate = stage.hold("Send")
    run = stage.start(SHIP, ORDER)
    gate.wait()
    printed = stage.command("resume", run["workflow_id"], "--step", "Each[1].Label")
    assert "goes on at Each[1].Label (visit 2)" in printed
    gate.wait()
    gate.open()
    stage.ends(run)
    visits = {call.path: call.visit for call in stage.calls}
    assert [visits[path] for path in ITEMS] == [1, 1, 1, 2, 1, 1]


def test_ahead_into_what_was_never_entered(stage):
    stage.serve(SHIP)
    stage.hold("Receive")
    run = stage.start(SHIP, ORDER)
    stage.reaches(run, step="Receive")
    jump(stage, run, "Prepare[1].Print")
    results = stage.results(run)
    assert set(results["Prepare"][1]) == {"Print"}
    assert set(results["Prepare"][0]) == {"Pick", "Pack"}


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("Weigh", "is in progress in 3 places"),
        ("Each[7].Weigh", "item 7 of Each has not begun"),
        ("Prepare[1].Pack", "that step is in branch 0"),
    ],
)
def test_what_is_not_one_place_is_refused(stage, path, why):
    stage.serve(SHIP)
    gate = stage.hold("Weigh")
    run = stage.start(SHIP, ORDER)
    for _ in range(3):
        gate.wait()
    with pytest.raises(SignalRefusedError, match=why.replace("[", r"\[")):
        jump(stage, run, path)
    gate.open()
    stage.ends(run)


def test_an_item_in_progress_is_skipped_by_its_path(stage):
    stage.serve(SHIP)
    gate = stage.hold("Weigh")
    run = stage.start(SHIP, ORDER)
    for _ in range(3):
        gate.wait()
    stage.starter.skip_step(**run, step_name="Each[1].Weigh", result={"grams": 5})
    gate.open()
    each = stage.results(run)["Each"]
    assert [item["Weigh"] for item in each] == [{"from": "gate"}, {"grams": 5}, {"from": "gate"}]


@pytest.mark.parametrize(("path", "undone"), [("Each", [2, 1, 0]), ("Each[1].Bill", [1])])
def test_what_is_run_anew_is_undone_first_and_siblings_are_not(stage, path, undone):
    bills = process(
        "Bills", "1.0", [map_items("Each", [step("Bill", compensation="Refund")]), step("Send")]
    )
    stage.serve(bills)
    gate = stage.hold("Send")
    run = stage.start(bills, ORDER)
    gate.wait()
    jump(stage, run, path, compensate=True)
    gate.wait()
    gate.open()
    stage.ends(run)
    assert sorted(stage.done(undo=True)) == sorted(f"Each[{index}].Bill" for index in undone)
    again = [call.path for call in stage.calls if call.activity == "Bill" and call.visit == 2]
    assert sorted(again) == sorted(f"Each[{index}].Bill" for index in undone)


# --- what comes late ----------------------------------------------------------------------------

rows = effects.effect_table("steering_rows", sa.Column("note", sa.Text))


def test_the_late_result_of_an_abandoned_attempt_is_recorded_and_never_taken(stage):
    line = process("Line", "1.0", [step("One"), step("Two"), step("Three")])
    stage.serve(line)
    slow = stage.hold("Two", stubborn=True, result={"from": "the first visit"})
    run = stage.start(line)
    slow.wait()
    jump(stage, run, "One")
    stage.play("Two", lambda _: {"from": "the second visit"})
    third = stage.hold("Three")
    stage.happens(run, "TimerStarted")
    stage.clock.advance(11)  # the grace: it did not stop, and is left behind
    third.wait()
    slow.open()
    late = stage.happens(run, "ActivityTaskCompleted", 4)
    assert "the first visit" in late[-1]["result"]
    third.open()
    assert stage.results(run)["Two"] == {"from": "the second visit"}


def test_the_late_effect_of_an_abandoned_attempt_is_refused_by_the_tombstone(stage):
    line = process(
        "Line", "1.0", [step("One"), step("Two", compensation="RollbackStep"), step("Three")]
    )
    stage.publish(line)
    stage.app.decider()
    worker = stage.work(line)
    worker.activities["RollbackStep"] = worker.rollback_step
    slow = stage.hold("Two", stubborn=True)
    refused = []

    def two(data):
        task = current_task()
        if task.visit == 1:
            slow(data)
        try:
            with effects.write(task, "Two") as connection:
                row = {**effects.key_of(task, "Two"), "note": f"visit {task.visit}"}
                connection.execute(sa.insert(rows), row)
        except Exception as error:
            refused.append(type(error).__name__)
            raise
        return {"visit": task.visit}

    stage.play("Two", two)
    run = stage.start(line)
    slow.wait()
    jump(stage, run, "One", compensate=True)
    third = stage.hold("Three")
    stage.happens(run, "TimerStarted")
    stage.clock.advance(11)
    third.wait()
    slow.open()
    until(lambda: refused, "the late write")
    third.open()
    stage.ends(run)
    assert refused == ["TombstoneError"]
    with database.transaction(stage.app.settings) as connection:
        notes = connection.execute(sa.select(rows.c.note)).scalars().all()
    assert notes == ["visit 2"]
