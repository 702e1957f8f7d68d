"""The checker of upgrades, fed with spoiled histories: each breach is told."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest

from tests.chaos.checker import Life, Run
from tests.upgrade import checker
from tests.upgrade.checker import ACTIVITY, DECISION, LEFT
from tests.upgrade.releases import ADDED, NEWER, OLDER, UNDOES
from workflow import definition_from_json
from workflow.history import attributes

GOLDEN = Path(__file__).parents[1] / "golden"
DECISION_TIMEOUT = 30.0


@pytest.fixture
def life():
    """An execution of the older version that was rolled back."""
    kept = json.loads((GOLDEN / "rollback.core2.json").read_text("utf-8"))
    definition = definition_from_json(kept["type"]["name"], OLDER, kept["definition"])
    return Life("ORD-4", [Run(kept["run_id"], definition, copy.deepcopy(kept["events"]))])


def kinds(life, version=OLDER, timeout=DECISION_TIMEOUT):
    return {item.kind for item in checker.violations(life, version, timeout)}


def first(life, event_type):
    return next(event for event in life.runs[0].events if event["eventType"] == event_type)


def test_what_is_sound_has_no_violation(life):
    assert kinds(life) == set()


def test_going_on_under_another_version_is_told(life):
    assert kinds(life, NEWER) == {"version"}


def test_a_step_of_the_other_version_is_told(life):
    attributes(first(life, "ActivityTaskScheduled"))["activityType"]["name"] = ADDED
    assert kinds(life) == {"version"}


def test_a_compensation_of_the_other_version_is_told(life):
    for event in life.runs[0].events:
        if event["eventType"] == "ActivityTaskScheduled":
            kind = attributes(event)["activityType"]
            kind["name"] = kind["name"].replace(UNDOES[OLDER], UNDOES[NEWER])
    assert kinds(life) == {"version"}


def test_a_parked_execution_is_told(life):
    timer = {"timerId": "park.7", "startToFireTimeout": "10"}
    first(life, "TimerStarted")["timerStartedEventAttributes"].update(timer)
    assert kinds(life) == {"blocked"}


@pytest.mark.parametrize("event_type", ["ActivityTaskCompleted", "DecisionTaskCompleted"])
def test_a_task_that_takes_longer_than_a_decision_timeout_is_told(life, event_type):
    event = first(life, event_type)
    event["eventTimestamp"] += DECISION_TIMEOUT + 1
    assert kinds(life) == {"stall"}


def test_a_decision_that_was_left_to_time_out_counts_from_its_first_scheduling():
    def at(seconds, kind, **told):
        return {"eventId": 1, "eventTimestamp": seconds, "eventType": kind, "x": told}

    events = [
        at(0.0, "DecisionTaskScheduled"),
        at(1.0, "DecisionTaskCompleted"),
        at(2.0, "DecisionTaskScheduled"),
        at(12.0, "DecisionTaskTimedOut"),
        at(12.0, "DecisionTaskScheduled"),
        at(13.0, "DecisionTaskCompleted"),
    ]
    assert list(checker.stalls(events)) == [(DECISION, 1.0), (LEFT, 11.0)]


def test_an_activity_counts_from_its_scheduling(life):
    took = [seconds for kind, seconds in checker.stalls(life.runs[0].events) if kind == ACTIVITY]
    assert len(took) > 3
    assert all(seconds >= 0 for seconds in took)
