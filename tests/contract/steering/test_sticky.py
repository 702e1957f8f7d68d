"""Deciders that remember: what a decision costs, and what a lost decider costs."""

from __future__ import annotations

import json
import statistics

from decision_worker import DecisionWorker
from workflow import process, step

STEPS = 150
LINE = process(
    "Line",
    "1.0",
    [
        step("S0", activity="Turn"),
        *(step(f"S{n}", activity="Turn", needs=["S0"]) for n in range(1, STEPS)),
    ],
)


class Counting(DecisionWorker):
    """Remembers what each task brought: the first event's id, how many events, bytes."""

    def __init__(self, *given, **options):
        super().__init__(*given, **options)
        self.brought = []

    def _handle(self, task):
        size = len(json.dumps(task["events"], default=str))
        self.brought.append((task["events"][0]["eventId"], len(task["events"]), size))
        super()._handle(task)


def test_the_cost_of_a_decision_does_not_grow_with_the_history(stage):
    stage.publish(LINE)
    decider = stage.app.decider(Counting(stage.app.settings))
    stage.work(LINE)
    stage.ends(stage.start(LINE))
    assert [first for first, _, _ in decider.brought].count(1) == 1
    events = [count for _, count, _ in decider.brought[1:]]
    assert len(events) >= STEPS
    assert max(events) <= 12
    sizes = [size for _, _, size in decider.brought[1:]]
    early, late = statistics.median(sizes[:30]), statistics.median(sizes[-30:])
    assert late < 1.2 * early


def test_a_decider_that_is_gone_costs_one_reading_of_the_history(stage):
    stage.publish(LINE)
    first = stage.app.decider(Counting(stage.app.settings))
    stage.work(LINE)
    gate = stage.hold("Turn")
    run = stage.start(LINE)
    gate.wait()
    first.stop()
    second = stage.app.decider(Counting(stage.app.settings))
    gate.open()
    stage.ends(run)
    whole = [count for first_id, count, _ in second.brought if first_id == 1]
    assert len(whole) == 1
    late = stage.events(run, "DecisionTaskTimedOut")  # on the list of the decider that is gone
    assert [event["timeoutType"] for event in late] == ["SCHEDULE_TO_START"]


def test_an_answer_that_got_lost_on_its_way_is_read_again_and_not_doubled(stage):
    line = process("Line", "1.0", [step(f"S{n}", activity="Turn") for n in range(12)])
    stage.publish(line)
    faults = stage.app.swf.faults
    faults.add("drop", "RespondDecisionTaskCompleted", count=2)
    faults.add("reset", "RespondDecisionTaskCompleted", count=2)
    stage.app.decider(Counting(stage.app.settings))
    stage.work(line)
    run = stage.start(line)
    stage.ends(run)
    assert len(stage.events(run, "ActivityTaskScheduled")) == 12
    assert stage.done() == [f"S{n}" for n in range(12)]
