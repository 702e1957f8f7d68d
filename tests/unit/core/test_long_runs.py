"""Runs that are long, wide or restless: nothing is lost, nothing spins, responses stay small."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from errors import DivergedError
from workflow import (
    Execution,
    Policy,
    Retry,
    choice,
    map_items,
    parallel,
    process,
    step,
    wait_for_signal,
    where,
)
from workflow import definition_from_json as read_definition

from .history_model import FIVE, History
from .test_frames import begun, complete, names, results, resumed, scheduled, steer, undone

GOLDEN = Path(__file__).parents[2] / "golden"


def limit(monkeypatch, history: History, events: int = 0) -> None:
    monkeypatch.setattr("workflow.commands.HISTORY_SOFT_LIMIT", len(history.events) + events)


def go_on_as_new(monkeypatch, history: History) -> History:
    limit(monkeypatch, history)
    if not history.wants_decision:
        history.signal("NOISE", {})
    assert history.run() == "WorkflowExecutionContinuedAsNew"
    monkeypatch.undo()
    new = history.next_run()
    new.decide()
    return new


# --- another run ------------------------------------------------------------------------------

WAITS = process("P", "1", [wait_for_signal("W", signal="GO"), step("A")])


def test_a_marker_is_recorded_in_one_run_only(monkeypatch):
    history = begun(WAITS)
    history.signal("PAUSE", {"request_id": "p"})
    new = go_on_as_new(monkeypatch, history)
    ids = [m["request_id"] for run in (history, new) for m in run.markers("SIGNAL_HANDLED")]
    assert ids.count("p") == 1


def test_a_signal_without_an_id_acts_in_every_run(monkeypatch):
    history = begun(WAITS)
    while len(history.events) < 12:
        steer(history, "NOISE")
    new = go_on_as_new(monkeypatch, history)
    while f"event-{len(new.events) + 1}" not in history.execution().state.handled:
        new.tick()
        steer(new, "NOISE", request_id=f"n{len(new.events)}")
    new.signal("GO", {"yes": 1})
    assert new.run() == "WorkflowExecutionCompleted"


def test_a_signal_sent_again_to_the_next_run_acts_once(monkeypatch):
    history = begun(WAITS)
    steer(history, "PAUSE", request_id="p")
    new = go_on_as_new(monkeypatch, history)
    steer(new, "CONTINUE", request_id="c")
    steer(new, "PAUSE", request_id="p")
    assert not new.execution().state.paused


def test_an_attempt_that_a_long_history_cut_off_is_not_counted(monkeypatch):
    history = begun(process("P", "1", [step("A")]), policy=Policy(max_attempts=1))
    limit(monkeypatch, history)
    monkeypatch.setattr("workflow.commands.HISTORY_HARD_LIMIT", len(history.events))
    history.signal("NOISE", {})
    history.start_decision()
    decided = history.execution().decisions()
    history.signal("NOISE", {})  # so that the close is refused
    history.respond(decided)
    assert history.run() == "WorkflowExecutionContinuedAsNew"
    monkeypatch.undo()
    new = history.next_run()
    new.decide()
    found = new.input_of(new.scheduled()[0])["_process"]
    assert (found["path"], found["visit"], found["attempt"]) == ("A", 1, 1)
    assert "undo" not in found


def test_a_wait_whose_timer_was_canceled_for_a_close_that_was_refused_is_waited_for(monkeypatch):
    history = begun(process("P", "1", [step("A")]))
    history.fail()
    history.decide()
    limit(monkeypatch, history)
    history.signal("NOISE", {})
    history.start_decision()
    decided = history.execution().decisions()
    history.signal("NOISE", {"request_id": "again"})
    history.respond(decided)
    monkeypatch.undo()  # a decider of a release with another limit takes over
    assert not history.timers
    history.decide()
    assert len(history.timers) == 1
    assert history.run() == "WorkflowExecutionCompleted"


def test_a_loop_with_branches_can_be_undone_after_its_early_rounds_were_dropped(monkeypatch):
    again = where("$.previous_results.B.again").equals(value=True)
    definition = process(
        "P",
        "1",
        [
            parallel("F", [step("A", compensation="UndoA")], [step("C")]),
            step("B"),
            choice("More", (again, "F")),
            step("Z"),
        ],
    )
    history = begun(definition, policy=Policy(max_attempts=1))
    for _ in range(12):
        complete(history, "A", "C")
        history.complete({"again": True}, scheduled(history, "B"))
        history.decide()
    new = go_on_as_new(monkeypatch, history)
    new.fail(scheduled=scheduled(new, "B"))
    assert new.run() == "WorkflowExecutionFailed"
    assert undone(new)[1:] == [f"F[0].A:{number}" for number in range(13, 0, -1)]


def test_a_long_loop_does_not_make_the_snapshot_grow(monkeypatch):
    again = where("$.previous_results.A.again").equals(value=True)
    definition = process("P", "1", [step("A"), choice("More", (again, "A"))])
    sizes = []
    history = begun(definition)
    for _ in range(3):
        for _ in range(30):
            history.complete({"again": True})
            history.decide()
        limit(monkeypatch, history)
        history.complete({"again": True})
        history.decide()
        monkeypatch.undo()
        history = history.next_run()
        history.decide()
        sizes.append(len(history.events[0]["workflowExecutionStartedEventAttributes"]["input"]))
    assert max(sizes) - min(sizes) < 100


# --- settings ---------------------------------------------------------------------------------


def test_a_run_keeps_its_steps_settings_when_the_definition_s_change():
    def definition(attempts, list_name):
        return process("P", "1", [step("A", retry=Retry(attempts, 7), task_list=list_name)])

    history = begun(definition(2, "old"))
    history.definition = definition(9, "new")
    history.fail()
    history.decide()
    history.fire()
    history.decide()
    assert history.activities[history.scheduled()[0]]["taskList"] == {"name": "old"}
    history.fail()
    assert history.run() == "WorkflowExecutionFailed"


def test_jitter_is_drawn_alike_at_every_replay():
    definition = process("P", "1", [step("A", retry=Retry(9, 60, jitter=True, max_seconds=None))])
    history = begun(definition)
    for _ in range(4):
        history.fail()
        history.decide()
        history.fire()
        history.decide()
    waits = [
        int(event["timerStartedEventAttributes"]["startToFireTimeout"])
        for event in history.events
        if event["eventType"] == "TimerStarted"
    ]
    assert all(0 <= wait <= 60 * 2**index for index, wait in enumerate(waits))
    assert len(set(waits)) > 1
    assert history.execution().decisions() == history.execution().decisions()


def test_an_error_that_a_step_names_is_not_retried():
    retry = Retry(5, non_retryable=("ValueError",))
    history = begun(process("P", "1", [step("A", retry=retry)]))
    history.fail("ValueError: no")
    assert history.run() == "WorkflowExecutionFailed"
    assert [control["path"] for control in history.attempts.values()].count("A") == 2  # and undo


# --- another definition -----------------------------------------------------------------------


def test_a_history_with_another_activity_is_no_history_of_this_definition():
    history = begun(process("P", "1", [step("A"), step("B")]), "A")
    other = process("P", "1", [step("A"), step("B", activity="Other")])
    with pytest.raises(DivergedError, match="asks for activity Other"):
        Execution.from_history(history.events, other)


def test_a_snapshot_of_the_first_revision_is_restored():
    golden = json.loads((GOLDEN / "resumed.core1.json").read_text(encoding="utf-8"))
    started = golden["events"][0]["workflowExecutionStartedEventAttributes"]["input"]
    snapshot = json.loads(started)["_process"]["snapshot"]
    assert isinstance(snapshot["visits"], list)
    kind = golden["type"]
    definition = read_definition(kind["name"], kind["version"], golden["definition"])
    state = Execution.from_history(golden["events"], definition).state
    assert len(state.visits) > len(snapshot["visits"])
    kept = list(state.visits.values())[: len(snapshot["visits"])]
    assert [visit.result for visit in kept] == [item.get("result") for item in snapshot["visits"]]


# --- restless ---------------------------------------------------------------------------------


def spinning():
    """Goes round through choices only, until an operator changes the input."""
    stop = where("$.stop").is_present()
    return process(
        "Spin",
        "1",
        [
            parallel(
                "F",
                [choice("Round", (stop, None), otherwise="Round"), step("A")],
                [step("B")],
            )
        ],
    )


def test_thousands_of_instant_transitions_yield_through_a_timer_beside_other_work():
    history = begun(spinning())
    assert names(history) == ["B"]
    assert [t["timerId"][:4] for t in history.timers.values()] == ["wake"]
    for _ in range(3):
        history.fire()
        history.decide()
        assert [t["timerId"][:4] for t in history.timers.values()] == ["wake"]
    complete(history, "B")
    assert history.timers
    steer(history, "RESUME_FROM_STEP", step_name="Round", input={"stop": 1})
    assert history.run() == "WorkflowExecutionCompleted"


def test_what_yields_goes_on_although_other_events_came_first():
    history = begun(process("P", "1", [step("Z"), *_spin_then_end()]))
    history.complete()
    history.signal("NOISE", {})
    history.decide()
    assert [t["timerId"][:4] for t in history.timers.values()] == ["wake"]


def _spin_then_end():
    stop = where("$.stop").is_present()
    return [choice("Round", (stop, None), otherwise="Round"), step("A")]


@pytest.mark.parametrize("concurrency", [0, 1])
@pytest.mark.parametrize("inner", ["choice", "step"])
def test_ten_thousand_items_neither_recurse_nor_stall(concurrency, inner):
    never = where("$.never").is_present()
    body = [choice("C", (never, None))] if inner == "choice" else [step("S")]
    definition = process("P", "1", [map_items("Each", body, concurrency=concurrency), step("Z")])
    history = History({"items": list(range(10_000))}, definition)
    execution = Execution(definition)
    for _ in range(40):
        history.start_decision()
        execution.apply(history.events)
        decisions = execution.decisions()
        assert len(decisions) <= 100
        history.respond(decisions)
        if inner == "step" or "Z" in names(history):
            break
        history.fire()
    wanted = "Z" if inner == "choice" else "S"
    assert wanted in names(history)


def test_no_more_than_nine_hundred_activities_are_open_at_once():
    definition = process("P", "1", [map_items("Each", [step("S")])])
    history = History({"items": list(range(1_500))}, definition)
    execution = Execution(definition)
    for _ in range(40):
        if history.wants_decision:
            history.start_decision()
            execution.apply(history.events)
            history.respond(execution.decisions())
        elif history.timers:
            history.fire()
    assert len(history.activities) == 900
    history.complete(1)
    history.decide(execution=_up_to_date(execution, history))
    assert len(history.activities) == 900


def _up_to_date(execution: Execution, history: History) -> Execution:
    history.start_decision()
    execution.apply(history.events)
    return execution


def test_more_timers_than_swf_admits_are_asked_for_when_there_is_room_again():
    branches = [[step(f"S{number}")] for number in range(6)]
    history = begun(process("P", "1", [parallel("F", *branches)]))
    history.limits["timers"] = 4
    for item in history.scheduled():
        history.fail(scheduled=item)
    decisions = 0
    while history.wants_decision:
        history.decide()
        decisions += 1
        assert decisions < 5, "it asks in vain again and again"
    assert history.run() == "WorkflowExecutionCompleted"


def test_a_refusal_does_not_grow_with_the_process():
    definition = process("P", "1", [step(f"Step{number}") for number in range(2_000)])
    history = begun(definition)
    steer(history, "RESUME_FROM_STEP", step_name="Nowhere")
    assert len(history.markers("SIGNAL_HANDLED")[0]["why"]) <= 1_000


# --- every signal in every situation ----------------------------------------------------------

SIGNALS = {
    "RESUME_FROM_STEP": {"step_name": "ValidateInput"},
    "GO_BACK": {},
    "REPROCESS_STEP": {"step_name": "ValidateInput"},
    "SKIP_STEP": {"step_name": "ProcessData"},
    "PAUSE": {},
    "CONTINUE": {},
    "ROLL_BACK": {},
}
BUSY = {"PAUSE", "CONTINUE"}
ACTS = {
    "forward": set(SIGNALS),
    "paused": set(SIGNALS),
    "halted": set(SIGNALS),
    "rolling back": BUSY,
    "being canceled": BUSY,
    "completing": set(SIGNALS) - {"SKIP_STEP"},
    "failing": BUSY | {"RESUME_FROM_STEP"},
}


def situation(which: str) -> History:
    halting = process("P", "1", [step("ValidateInput"), step("ProcessData", on_failure="pause")])
    definition = halting if which in ("halted", "completing") else FIVE
    history = begun(definition, "ValidateInput", policy=Policy(max_attempts=1))
    history.start_activity()
    if which == "paused":
        steer(history, "PAUSE", request_id="held")
    elif which in ("halted", "rolling back", "failing"):
        history.fail()
        history.decide()
    elif which == "being canceled":
        history.request_cancel()
        history.decide()
    elif which == "completing":
        history.complete()
    if which == "failing":
        complete(history, "RollbackStep")
        history.complete()
    return history


@pytest.mark.parametrize("name", SIGNALS)
@pytest.mark.parametrize("which", ACTS)
def test_a_signal_acts_or_is_refused_as_the_table_says(which, name):
    history = situation(which)
    history.signal(name, {**SIGNALS[name], "request_id": "q"})
    notes = history.execution().state.notes
    [note] = [n for n in notes if n.name == "SIGNAL_HANDLED" and n.details["request_id"] == "q"]
    assert (note.details["outcome"] != "refused") == (name in ACTS[which]), note.details
    history.signal("CONTINUE", {})
    if which == "being canceled":
        history.decide()
        history.cancel_activity()
    for _ in range(20):
        if history.run().startswith("Workflow"):
            break
        history.signal("CONTINUE", {})
    assert history.closed


def test_resuming_the_last_run_of_a_chain_keeps_its_results(monkeypatch):
    history = begun(FIVE, "ValidateInput", "ProcessData", policy=Policy(max_attempts=1))
    new = go_on_as_new(monkeypatch, history)
    assert new.run({"SaveResults": ["bad"]}) == "WorkflowExecutionFailed"
    again = resumed(new, "SaveResults")
    assert again.run() == "WorkflowExecutionCompleted"
    assert list(results(again)) == list(FIVE.steps)
    assert not re.search("unknown", json.dumps(again.close_attributes))
