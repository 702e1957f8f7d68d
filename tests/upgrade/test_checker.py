"""The checker of upgrades, fed with spoiled histories: each breach is told."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path

import pytest

from swf.events import attribute_name
from tests.chaos.checker import Life, Run
from tests.upgrade import checker
from tests.upgrade.checker import ACTIVITY, BLOCKED, DECISION, LEFT, Limits, Stall
from tests.upgrade.releases import ADDED, NEWER, OLDER, UNDOES
from workflow import definition_from_json
from workflow.history import attributes

GOLDEN = Path(__file__).parents[1] / "golden"
LIMITS = Limits(decision_timeout=30.0, capable_since=0.0)


@pytest.fixture
def life():
    """An execution of the older version that was rolled back."""
    kept = json.loads((GOLDEN / "rollback.core2.json").read_text("utf-8"))
    definition = definition_from_json(kept["type"]["name"], OLDER, kept["definition"])
    return Life("ORD-4", [Run(kept["run_id"], definition, copy.deepcopy(kept["events"]))])


def kinds(life, version=OLDER, limits=LIMITS):
    return {item.kind for item in checker.violations(life, version, limits)}


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


@pytest.mark.parametrize("event_type", ["ActivityTaskCompleted", "DecisionTaskCompleted"])
def test_a_task_that_takes_longer_than_a_decision_timeout_is_told(life, event_type):
    event = first(life, event_type)
    event["eventTimestamp"] += LIMITS.decision_timeout + 1
    assert kinds(life) == {"stall"}


def test_of_the_newer_version_time_counts_since_every_decider_knows_it(life):
    life.runs[0].definition = replace(life.runs[0].definition, version=NEWER)
    event = first(life, "DecisionTaskCompleted")
    event["eventTimestamp"] += 100
    assert "stall" in kinds(life, NEWER)
    capable_since = event["eventTimestamp"] - 20
    assert "stall" not in kinds(life, NEWER, replace(LIMITS, capable_since=capable_since))


def history(*events):
    return [
        {"eventId": number, "eventTimestamp": at, "eventType": kind, attribute_name(kind): told}
        for number, (at, kind, told) in enumerate(events, 1)
    ]


def test_a_decision_that_was_left_to_time_out_counts_from_its_first_scheduling():
    events = history(
        (0.0, "DecisionTaskScheduled", {}),
        (1.0, "DecisionTaskCompleted", {}),
        (2.0, "DecisionTaskScheduled", {}),
        (12.0, "DecisionTaskTimedOut", {}),
        (12.0, "DecisionTaskScheduled", {}),
        (13.0, "DecisionTaskCompleted", {}),
    )
    assert list(checker.stalls(events)) == [Stall(DECISION, 0.0, 1.0), Stall(LEFT, 2.0, 13.0)]


def test_a_parked_execution_waits_until_something_is_decided():
    events = history(
        (0.0, "DecisionTaskScheduled", {}),
        (10.0, "DecisionTaskTimedOut", {}),
        (10.0, "DecisionTaskScheduled", {}),
        (11.0, "DecisionTaskCompleted", {}),
        (11.0, "TimerStarted", {"timerId": "park.4", "decisionTaskCompletedEventId": 4}),
        (21.0, "TimerFired", {"timerId": "park.4"}),
        (21.0, "DecisionTaskScheduled", {}),
        (22.0, "DecisionTaskCompleted", {}),
    )
    assert list(checker.stalls(events)) == [Stall(BLOCKED, 0.0, 22.0)]


def test_an_activity_counts_from_its_scheduling(life):
    found = [stall for stall in checker.stalls(life.runs[0].events) if stall.kind == ACTIVITY]
    assert len(found) > 3
    assert all(stall.seconds >= 0 for stall in found)
