"""Pauses and human decisions."""

from __future__ import annotations

import pytest

from errors import SignalRefusedError
from starter.lists.listing import PERSON_TAG, Filter
from workflow import Retry, choice, map_items, process, step, wait_for_signal, where

from .conftest import until

ASK = process(
    "Ask",
    "1.0",
    [
        step("Offer"),
        wait_for_signal("Approve", signal="APPROVAL", seconds=86_400, default={"approved": False}),
        choice(
            "Approved?",
            (where("$.previous_results.Approve.approved").equals(True), [step("Ship")]),
            otherwise=[step("Decline")],
        ),
    ],
)


@pytest.mark.parametrize(("answer", "next_step"), [("true", "Ship"), ("false", "Decline")])
def test_an_approval_is_answered_and_decides(stage, answer, next_step):
    stage.serve(ASK)
    stage.clock.lock()
    run = stage.start(ASK)
    stage.reaches(run, step="Approve")
    printed = stage.command(
        "answer", run["workflow_id"], "--name", "APPROVAL",
        "--input", f'{{"approved": {answer}}}', "--actor", "ana", "--reason", "known customer",
    )  # fmt: skip
    assert "APPROVAL: done" in printed
    results = stage.results(run)
    assert results["Approve"]["approved"] is (answer == "true")
    assert (results["Approve"]["actor"], results["Approve"]["reason"]) == ("ana", "known customer")
    assert stage.done() == ["Offer", next_step]
    [entry] = stage.audit(run)
    assert (entry["what"], entry["actor"]) == ("APPROVAL", "ana")


def test_after_its_time_limit_the_default_is_taken(stage):
    stage.serve(ASK)
    began = stage.clock.now()
    assert stage.results(stage.start(ASK))["Approve"] == {"approved": False}
    assert stage.clock.now() - began >= 86_400


def test_without_a_default_the_step_fails(stage):
    ask = process("Ask", "1.0", [wait_for_signal("Approve", signal="APPROVAL", seconds=60)])
    stage.serve(ask)
    assert "Approve" in str(stage.ends(stage.start(ask), "FAILED")["details"])


def test_an_answer_before_it_is_asked_for_is_kept(stage):
    stage.serve(ASK)
    offer = stage.hold("Offer")
    run = stage.start(ASK)
    offer.wait()
    sent = stage.starter.answer(run["workflow_id"], "APPROVAL", {"approved": True})
    stage.answered(sent, "waiting")
    offer.open()
    assert stage.results(run)["Approve"]["approved"] is True


def test_waiting_lists_what_waits_for_a_person_and_why(stage):
    review = process(
        "Review", "1.0", [step("Check", on_failure="pause", retry=Retry(attempts=1)), step("Go")]
    )
    stage.serve(ASK, review)
    stage.work(review)
    stage.clock.lock()

    def broken(_):
        raise ValueError("no ink")

    stage.play("Check", broken)
    asks, fails, paused = stage.start(ASK), stage.start(review), stage.start(ASK)
    stage.starter.pause_workflow(**paused)
    gone = stage.start(ASK)
    stage.reaches(gone, step="Approve")
    stage.starter.answer(gone["workflow_id"], "APPROVAL", {"approved": True})
    stage.ends(gone)
    stage.reaches(asks, step="Approve")
    stage.reaches(fails, state="PAUSED")
    stage.reaches(paused, state="PAUSED")

    tagged = stage.starter.list_workflows(Filter(tag=PERSON_TAG, closed=False))
    waiting = {item["workflow_id"]: item for item in stage.json("waiting")}
    assert set(waiting) == {item["workflow_id"] for item in tagged}
    assert set(waiting) == {run["workflow_id"] for run in (asks, fails, paused)}
    [wanted] = waiting[asks["workflow_id"]]["waits_for"]
    assert (wanted["signal"], wanted["path"]) == ("APPROVAL", "Approve")
    [failed] = waiting[fails["workflow_id"]]["failed"]
    assert failed == {"path": "Check", "error": "ValueError: no ink"}
    printed = stage.command("waiting")
    for word in ("signal APPROVAL", "an operator: ValueError: no ink"):
        assert word in printed

    # CONTINUE tries the failed step again.
    stage.play("Check", lambda _: {"checked": True})
    stage.starter.continue_workflow(**fails)
    assert stage.results(fails)["Check"] == {"checked": True}
    for run in (asks, paused):
        stage.starter.terminate_workflow(**run)


def test_a_step_that_failed_and_waits_is_skipped_or_sent_back(stage):
    review = process(
        "Review",
        "1.0",
        [step("Read"), step("Check", on_failure="pause", retry=Retry(attempts=1))],
    )
    stage.serve(review)

    def broken(_):
        raise ValueError("no ink")

    stage.play("Check", broken)
    skipped, again = stage.start(review), stage.start(review)
    for run in (skipped, again):
        stage.reaches(run, state="PAUSED")
    stage.starter.skip_step(**skipped, step_name="Check", result={"by": "hand"})
    assert stage.results(skipped)["Check"] == {"by": "hand"}
    stage.play("Check", lambda data: {"with": data["ink"]})
    stage.starter.resume_workflow_from_step(**again, step_name="Read", input={"ink": "blue"})
    assert stage.results(again)["Check"] == {"with": "blue"}


def test_where_several_wait_one_is_named(stage):
    each = process(
        "Each", "1.0", [map_items("Each", [wait_for_signal("Sign", signal="SIGNED")])]
    )  # fmt: skip
    stage.serve(each)
    run = stage.start(each, {"items": ["a", "b"]})
    until(lambda: len(stage.status(run)["waits_for"] or ()) == 2, "both")
    with pytest.raises(SignalRefusedError, match="waited for in 2 places"):
        stage.starter.answer(run["workflow_id"], "SIGNED", {"by": "ana"})
    for index, name in enumerate(("ana", "rui")):
        stage.starter.answer(
            run["workflow_id"], "SIGNED", {"by": name}, step_name=f"Each[{index}].Sign"
        )
    assert [item["Sign"]["by"] for item in stage.results(run)["Each"]] == ["ana", "rui"]


def test_a_pause_holds_retries_and_items_until_it_ends(stage):
    each = process("Each", "1.0", [map_items("Each", [step("One"), step("Two")], concurrency=2)])
    stage.serve(each)
    gate = stage.hold("One")
    run = stage.start(each, {"items": ["a", "b", "c"]})
    gate.wait()
    gate.wait()
    stage.answered(stage.starter.pause_workflow(**run), "waiting")
    gate.open()
    stage.happens(run, "ActivityTaskCompleted", 2)
    stage.reaches(run, state="PAUSED")
    assert sorted(stage.done()) == ["Each[0].One", "Each[1].One"]
    stage.starter.continue_workflow(**run)
    stage.ends(run)
    assert len(stage.done()) == 6
