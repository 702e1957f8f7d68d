"""Checking histories against definitions: no false alarm, and what differs is told."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from errors import DivergedError, PayloadStoreError
from runner import Engine, Script
from runner.outcomes import Failed
from workflow import (
    Execution,
    Policy,
    Retry,
    child,
    choice,
    commands,
    definition_from_json,
    map_items,
    parallel,
    process,
    step,
    wait,
    where,
)
from workflow.checking import advice, check

from . import test_lives, test_properties
from .generated import INPUT, definitions
from .history_model import FIVE, History

GOLDEN = sorted((Path(__file__).parents[2] / "golden").glob("*.json"))


# --- no false alarm -----------------------------------------------------------------------------


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_no_golden_history_is_called_wrong(path):
    golden = json.loads(path.read_text(encoding="utf-8"))
    kind = golden["type"]
    definition = definition_from_json(kind["name"], kind["version"], golden["definition"])
    found = check(golden["events"], definition, start_id=golden["run_id"])
    assert found.fits, found
    assert found.decisions == sum(
        event["eventType"] == "DecisionTaskCompleted" for event in golden["events"]
    )


class FiveSteps(test_properties.RandomLife):
    """Anything happens to the five steps; the check finds nothing in it."""

    def teardown(self) -> None:
        super().teardown()
        found = check(self.history.events, FIVE)
        assert found.fits, found.divergences


TestFiveSteps = FiveSteps.TestCase
TestFiveSteps.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


class RandomProcesses(test_lives.RandomLife):
    """Anything happens to random processes; the check finds nothing in it."""

    def teardown(self) -> None:
        limits = (commands.HISTORY_SOFT_LIMIT, commands.HISTORY_HARD_LIMIT)
        same = limits == (self.soft, self.hard) if hasattr(self, "soft") else True
        super().teardown()
        if same and hasattr(self, "chain"):
            for run in self.chain.runs:
                found = check(run.events, run.definition)
                assert found.fits, found.divergences


TestRandomProcesses = RandomProcesses.TestCase
TestRandomProcesses.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@given(definitions())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_the_engine_in_process_writes_fits(definition):
    engine = Engine(Script({"Last": [Failed("X: no"), {}]}))
    run = engine.start(definition, INPUT)
    for name in ("GO", "APPROVAL"):
        engine.signal("run", name, {"yes": 1}, after=5)
    engine.run(events=5_000)
    for history in run.histories:
        found = check(history.events, definition, start_id="run", workflow_id="run")
        assert found.fits, found.divergences


def test_a_parked_task_and_refusals_are_passed_over():
    history = History()
    history.start_decision()
    history.time_out_decision()
    history.start_decision()
    park = {"timerId": "park.5", "startToFireTimeout": "10"}
    history.respond([{"decisionType": "StartTimer", "startTimerDecisionAttributes": park}])
    history.fire()
    history.refuse["ScheduleActivityTask"] = "ACTIVITY_CREATION_RATE_EXCEEDED"
    history.decide()
    history.refuse.clear()
    history.refuse["RecordMarker"] = "OPERATION_NOT_PERMITTED"
    history.signal("PAUSE", {})
    history.decide()
    history.refuse.clear()
    history.signal("CONTINUE", {})
    assert history.run() == "WorkflowExecutionCompleted"
    assert check(history.events, FIVE).fits


def test_markers_whose_details_are_kept_outside_are_known_by_name():
    history = History()
    history.run({"SaveResults": ["bad"]})
    events = copy.deepcopy(history.events)
    for event in events:
        if event["eventType"] == "MarkerRecorded":
            found = event["markerRecordedEventAttributes"]
            if found["markerName"] == "STEP_COMPENSATED":
                kept = json.loads(found["details"])
                found["details"] = json.dumps({"_process_ref": {"sha256": "x", "size": 1}})
    assert check(events, FIVE, contents=lambda _: kept).fits


def test_a_history_that_deciders_of_another_make_wrote_is_no_false_alarm():
    history = History()
    for name in FIVE.steps:
        history.start_decision()
        history.respond(
            [
                {
                    "decisionType": "ScheduleActivityTask",
                    "scheduleActivityTaskDecisionAttributes": {
                        "activityId": f"{name}-1",
                        "activityType": {"name": name, "version": "1.0"},
                        "control": "{}",
                        "input": "{}",
                    },
                }
            ]
        )
        history.complete()
    assert check(history.events, FIVE).fits


# --- what differs -------------------------------------------------------------------------------


def changed(*parts: Any, version: str = "1.0") -> Any:
    return process("Order", version, parts)


A, B, C = step("A"), step("B"), step("C")


def lived(*parts: Any, script: Any = None, **options: Any) -> list[dict[str, Any]]:
    history = History(definition=changed(*parts), **options)
    history.run(script)
    return history.events


@pytest.mark.parametrize(
    ("before", "after", "step_name", "expected", "actual"),
    [
        ([A, B], [B, A], "B", "activity B", "activity A"),
        ([A, B], [A, C, B], "C", "activity C", "activity B"),
        ([A, B], [A, B, C], "C", "activity C", "the end: completed"),
        ([A, B, C], [A, C], "C", "activity C", "activity B"),
        ([A, B], [A], "B", "the end: completed", "activity B"),
        ([wait("W", 5), B], [wait("W", 6), B], "", "a timer of 6 s", "a timer of 5 s"),
        ([A, wait("W", 5)], [A, B], "B", "activity B", "a timer of 5 s"),
        ([parallel("P", [A], [B])], [parallel("P", [A])], "P[1].B", "nothing", "activity B"),
        ([child("X", "Sub@1")], [child("X", "Sub@2")], "X", "child Sub@2", "child Sub@1"),
        ([child("X", "Sub@1")], [step("X")], "X", "activity X", "child Sub@1"),
    ],
)
def test_a_change_is_told_with_its_place(before, after, step_name, expected, actual):
    found = check(lived(*before), changed(*after))
    assert not found.fits
    first = found.divergences[0]
    assert first.step == step_name
    assert first.expected.startswith(expected)
    assert first.actual.startswith(actual)
    assert first.version == "Order 1.0"
    assert "new version" in advice(found, changed(*after))
    assert str(first)


def test_a_change_that_lies_ahead_is_told_as_another_shape():
    history = History(definition=changed(A, B))
    history.decide()
    found = check(history.events, changed(A, C))
    assert (found.divergences, found.fits) == ([], False)
    assert "shape" in found.blocked
    assert "what it did so far fits" in advice(found, changed(A, C))
    assert check(history.events, changed(A, C, version="2.0")).fits
    assert advice(check(history.events, changed(A, B)), changed(A, B)) == ""


def test_a_closed_run_has_nothing_ahead_that_could_differ():
    never = where("$.never").is_present()
    events = lived(A, choice("Maybe", (never, [B])))
    assert check(events, changed(A, choice("Maybe", (never, [C])))).fits


def test_a_store_that_is_away_is_no_difference():
    def away(_: Any) -> Any:
        raise PayloadStoreError("the store is away")

    kept = {"_process_ref": {"sha256": "x", "size": 9}}
    events = lived(step("A"), input={"_process": {"start_id": "s", "input": {"order_id": "1"}}})
    first = events[0]["workflowExecutionStartedEventAttributes"]
    first["input"] = json.dumps({"_process": {"start_id": "s", "input": kept}})
    maybe = choice("Maybe", (where("$.x").is_present(), [B]))
    with pytest.raises(PayloadStoreError):
        check(events, changed(maybe, step("A")), contents=away)


def test_attempts_and_timeouts_are_no_shape():
    events = lived(A, B, script={"A": ["fail", "ok"]})
    assert check(events, changed(step("A", retry=Retry(attempts=9), start_to_close=5), B)).fits


def test_what_the_fold_cannot_take_in_is_told():
    events = lived(map_items("Each", [A]), B)
    found = check([*events[:4], {**events[4], "eventType": "ActivityTaskScheduled"}], FIVE)
    assert not found.fits


def test_it_is_linear_in_the_history():
    engine = Engine(Script({}))
    many = changed(*[step(f"S{number}", needs=[]) for number in range(1_000)])
    run = engine.start(many, {})
    engine.run()
    looked: list[int] = []

    class Watched(dict):  # type: ignore[type-arg]
        def get(self, *arguments: Any) -> Any:
            looked.append(1)
            return super().get(*arguments)

    events = [Watched(event) for event in run.history.events]
    assert check(events, many, start_id="run").fits
    assert len(looked) < 20 * len(events)


# --- what the fold itself notices ---------------------------------------------------------------


def replayed(events: list[dict[str, Any]], *parts: Any) -> Execution:
    return Execution.from_history(events, changed(*parts), Policy(), start_id="s")


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        ([A, B], [B, A], "step B it asks for activity B, and event 6 has activity A"),
        ([A, B], [A], "step B it asks for nothing, and event"),
        (
            [child("X", "Sub@1"), B],
            [child("X", "Sub@2"), B],
            "step X it asks for child Sub@2, and event 6 has child Sub@1",
        ),
        ([child("X", "Sub@1"), B], [A, B], "step X it asks for activity A, and event 6 has child"),
        ([parallel("P", [A], [wait("W", 3)])], [parallel("P", [A])], "has a timer for a3.1"),
    ],
)
def test_the_fold_says_where_the_history_is_of_another_definition(before, after, text):
    start = {"order_id": "1", "_process": {"start_id": "s"}}
    events = lived(*before, input=start)
    with pytest.raises(DivergedError) as raised:
        replayed(events, *after)
    assert text in str(raised.value)
    replayed(events, *before)
