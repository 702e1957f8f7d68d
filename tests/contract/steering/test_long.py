"""Executions that outlive their history: they continue as new on their own, nothing lost."""

from __future__ import annotations

import json
import os

import pytest

from swf.events import attributes
from workflow import (
    Retry,
    child,
    choice,
    commands,
    map_items,
    parallel,
    process,
    step,
    wait,
    wait_for_signal,
    where,
)

from .conftest import until

LONG = int(os.environ.get("LONG_STEPS", "2000"))
TURNS = int(os.environ.get("LOOP_TURNS", "1200"))


@pytest.fixture
def short_runs(monkeypatch):
    """Runs that continue as new after a few events."""
    monkeypatch.setattr(commands, "HISTORY_SOFT_LIMIT", 60)
    monkeypatch.setattr(commands, "HISTORY_HARD_LIMIT", 120)


@pytest.fixture
def patient(monkeypatch):
    """Time for what is long."""
    monkeypatch.setattr("tests.contract.steering.conftest.PATIENCE_SECONDS", 900.0)


def chain(stage, run):
    """The histories of all runs of a chain, oldest first."""
    listed = stage.starter.list_workflows(limit=None)
    ids = [item["run_id"] for item in reversed(listed) if item["workflow_id"] == run["workflow_id"]]
    return [stage.starter.get_workflow_history(run["workflow_id"], run_id) for run_id in ids]


def snapshots(stage, run):
    """The lengths of the snapshots that the runs of a chain began with."""
    sizes = []
    for item in stage.starter.list_workflows(limit=None):
        if item["workflow_id"] == run["workflow_id"]:
            first = stage.starter.swf_client.first_event(run["workflow_id"], item["run_id"])
            envelope = json.loads(attributes(first)["input"])["_process"]
            sizes.append(len(json.dumps(envelope.get("snapshot"))))
    return sizes[::-1]


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_sequence_of_thousands_of_steps_has_its_early_results_at_the_end(
    stage, monkeypatch, patient
):
    monkeypatch.setattr(commands, "HISTORY_SOFT_LIMIT", 3_000 if LONG < 20_000 else 8_000)
    steps = [step(f"S{n}", activity="Turn", needs=["S0"]) for n in range(1, LONG - 1)]
    last = step("Last", needs=["S0", f"S{LONG // 2}", f"S{LONG - 2}"])
    line = process("Line", "1.0", [step("S0", activity="Turn"), *steps, last])
    stage.serve(line, concurrency=2)
    stage.play("Turn", lambda _: {"n": len(stage.calls)})
    run = stage.start(line)
    found = stage.ends(run)
    end = stage.calls[-1].data["previous_results"]
    assert {name: result["n"] for name, result in end.items()} == {
        "S0": 1, f"S{LONG // 2}": LONG // 2 + 1, f"S{LONG - 2}": LONG - 1,
    }  # fmt: skip
    assert len(stage.calls) == LONG
    assert found["previous_run_id"] is not None
    assert max(len(events) for events in chain(stage, run)) < 10_000


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_loop_goes_on_for_ever_with_snapshots_that_do_not_grow(stage, monkeypatch, patient):
    monkeypatch.setattr(commands, "HISTORY_SOFT_LIMIT", 1_200)
    loop = process(
        "Loop",
        "1.0",
        [
            step("Begin"),
            step("Turn", needs=["Turn", "Begin"]),
            choice(
                "Again?",
                (where("$.previous_results.Turn.n").less_than(TURNS), "Turn"),
                otherwise=[step("End", needs=["Begin", "Turn"])],
            ),
        ],
    )
    stage.serve(loop, concurrency=2)
    stage.play("Turn", lambda data: {"n": data["previous_results"].get("Turn", {"n": 0})["n"] + 1})
    run = stage.start(loop)
    stage.ends(run)
    end = stage.calls[-1].data["previous_results"]
    assert end["Turn"] == {"n": TURNS}
    assert end["Begin"]["did"] == "Begin"
    sizes = snapshots(stage, run)[1:]
    assert len(sizes) >= 3
    assert max(sizes) < 1.2 * sizes[0]
    visits = [call.visit for call in stage.calls if call.path == "Turn"]
    assert visits == list(range(1, TURNS + 1))


def test_signals_around_the_switch_are_neither_lost_nor_taken_twice(stage, short_runs):
    loop = process(
        "Loop",
        "1.0",
        [
            step("Turn"),
            wait_for_signal("Next", signal="NEXT"),
            choice(
                "Again?",
                (where("$.previous_results.Next.last").equals(True), [step("End")]),
                otherwise="Turn",
            ),
        ],
    )
    stage.serve(loop)
    run = stage.start(loop)
    by_hand = stage.app.swf.client()
    for number in range(60):  # they come faster than turns are made, and are kept
        text = json.dumps({"number": number, "last": number == 59})
        by_hand.signal_workflow_execution(
            domain=stage.app.settings.swf_domain, workflowId=run["workflow_id"],
            signalName="NEXT", input=text,
        )  # fmt: skip
    stage.ends(run)
    assert len([call for call in stage.calls if call.path == "Turn"]) == 60
    runs = chain(stage, run)
    assert len(runs) > 3
    numbers = [
        call.data["previous_results"]["Next"]["number"]
        for call in stage.calls
        if call.path == "Turn" and "Next" in call.data["previous_results"]
    ]
    assert numbers == list(range(59))
    assert stage.calls[-1].data["previous_results"]["Next"]["number"] == 59
    told = [entry for entry in stage.audit(run) if entry["what"] == "NEXT"]
    assert len(told) == 60


def test_an_edit_that_was_asked_for_in_one_run_and_made_in_the_next_is_audited(stage, short_runs):
    line = process("Line", "1.0", [step("First"), step("Second"), step("Third")])
    stage.serve(line)
    gate = stage.hold("Third")
    run = stage.start(line)
    gate.wait()
    stage.starter.reprocess_step(**run, step_name="First", input={"city": "Recife"}, actor="ana")
    by_hand = stage.app.swf.client()
    for _ in range(120):  # noise that fills the history
        by_hand.signal_workflow_execution(
            domain=stage.app.settings.swf_domain, workflowId=run["workflow_id"],
            signalName="NOISE",
        )  # fmt: skip
    until(lambda: len(chain(stage, run)) > 1, "the run that goes on")
    gate.open()
    stage.ends(run)
    [entry] = [entry for entry in stage.audit(run) if entry["what"] == "REPROCESS_STEP"]
    assert (entry["actor"], entry["run_id"]) == ("ana", run["run_id"])
    assert [change["after"]["city"] for change in entry["changes"]] == ["Recife"]


def test_branches_timers_and_retries_in_flight_go_on_in_the_next_run(stage, short_runs):
    twice = Retry(attempts=3, initial_seconds=100, rate=1.0, max_seconds=100)
    mixed = process(
        "Mixed",
        "1.0",
        [
            step("First"),
            parallel(
                "Both",
                [map_items("Each", [step("Turn")], concurrency=1), step("After")],
                [wait("Wait", 50_000), step("Waited")],
                [step("Flaky", retry=twice), step("Worked")],
            ),
            step("Last", needs=["First", "Both"]),
        ],
    )
    stage.serve(mixed)
    tries = iter(range(3))

    def flaky(_):
        if next(tries) < 2:
            raise ValueError("not yet")
        return {}

    stage.play("Flaky", flaky)
    began = stage.clock.now()
    run = stage.start(mixed, {"items": list(range(60))})
    results = stage.results(run)
    assert stage.clock.now() - began >= 50_000
    assert len(chain(stage, run)) > 2
    assert [set(branch) for branch in results["Both"]] == [
        {"Each", "After"}, {"Waited"}, {"Flaky", "Worked"},
    ]  # fmt: skip
    turns = [call.data["item"] for call in stage.calls if call.activity == "Turn"]
    assert turns == list(range(60))
    assert [c.attempt for c in stage.calls if c.path.endswith("Flaky")] == [1, 2, 3]
    last = stage.calls[-1]
    assert set(last.data["previous_results"]) == {"First", "Both"}


def test_a_jump_and_a_rollback_reach_back_over_runs(stage, short_runs):
    line = process(
        "Line",
        "1.0",
        [
            step("First", compensation="UndoFirst"),
            map_items("Each", [step("Turn", compensation="UndoTurn")], concurrency=1),
            step("Last", retry=Retry(attempts=1)),
        ],
    )
    stage.serve(line)
    gate = stage.hold("Last")
    run = stage.start(line, {"items": list(range(25))})
    gate.wait()
    assert len(chain(stage, run)) > 1
    stage.starter.resume_workflow_from_step(run["workflow_id"], step_name="Each[3].Turn")
    gate.wait()
    assert [c.path for c in stage.calls if c.visit == 2] == ["Each[3].Turn", "Last"]
    stage.starter.roll_back_workflow(run["workflow_id"])
    gate.open()
    stage.ends(run, "FAILED")
    undone = stage.done(undo=True)
    turns = [f"Each[{n}].Turn" for n in reversed(range(25))]
    assert undone[-1] == "First"
    assert [path for path in undone if path in turns][1:] == turns


def test_a_child_of_a_long_parent_is_heard_of(stage, short_runs):
    inner = process("Inner", "1.0", [step("Slow")])
    outer = process(
        "Outer",
        "1.0",
        [
            parallel(
                "Both",
                [child("Inside", "Inner@1.0")],
                [map_items("Each", [step("Turn")], concurrency=1)],
            ),
            step("Last"),
        ],
    )
    stage.serve(inner, outer)
    gate = stage.hold("Slow")
    run = stage.start(outer, {"items": list(range(60))})
    gate.wait()
    stage.play("Last", lambda _: {})
    until(lambda: sum(call.activity == "Turn" for call in stage.calls) == 60, "all turns")
    gate.open()
    both = stage.results(run)["Both"]
    assert both[0]["Inside"]["previous_results"]["Slow"] == {"from": "gate"}
    assert len(chain(stage, run)) > 1
