"""The checker, fed with spoiled evidence: each breach is told, and nothing else."""

from __future__ import annotations

import copy
import json
import uuid
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from activities.context import KEYS
from tests.chaos import checker
from tests.chaos.checker import Life, Run
from workflow import definition_from_json
from workflow.history import attributes

GOLDEN = Path(__file__).parents[1] / "golden"
WRITING = {"SaveResults": "orders"}
OTHER = "99999999-0000-4000-8000-000000000000"


def life_of(name: str) -> Life:
    """A golden history, and what its activities must have left."""
    kept = json.loads((GOLDEN / f"{name}.core2.json").read_text("utf-8"))
    kind = kept["type"]
    definition = definition_from_json(kind["name"], kind["version"], kept["definition"])
    run = Run(kept["run_id"], definition, copy.deepcopy(kept["events"]))
    life = Life(kept["workflow_id"], [run], started=kept["run_id"])
    if name in ("success", "retries", "stepped_back"):
        life.rows["orders", (start_of(life), "SaveResults", 1)] = 1
        life.lines[key_of(life, 1)] = 1
    life.endings = frozenset({"FAILED" if name == "rollback" else "COMPLETED"})
    life.signals = [(run.run_id, request) for request in requests(run)]
    return life


def start_of(life: Life) -> str:
    started = json.loads(attributes(life.runs[0].events[0])["input"])
    return str(started["_process"]["start_id"])


def key_of(life: Life, visit: int) -> str:
    name = [life.workflow_id, start_of(life), "NotifyCompletion", visit]
    return str(uuid.uuid5(KEYS, json.dumps(name)))


def requests(run: Run) -> list[str]:
    signals = [e for e in run.events if e["eventType"] == "WorkflowExecutionSignaled"]
    return [json.loads(attributes(event)["input"])["request_id"] for event in signals]


def kinds(life: Life) -> set[str]:
    found = checker.violations(life, writing=WRITING, rows_each=2)
    assert all(item.workflow_id == life.workflow_id for item in found)
    assert all(str(item).startswith(f"{item.kind}: ") for item in found)
    return {item.kind for item in found}


def events(life: Life) -> list[dict[str, Any]]:
    return life.runs[-1].events  # type: ignore[return-value]


def first(life: Life, event_type: str, number: int = 0) -> dict[str, Any]:
    return [event for event in events(life) if event["eventType"] == event_type][number]


def take_out(life: Life, event: dict[str, Any]) -> None:
    """Remove an event as if it had never been: later ones move up, and so do references."""
    gone = event["eventId"]
    life.runs[-1].events = [item for item in events(life) if item is not event]
    for item in events(life):
        item["eventId"] -= item["eventId"] > gone
        told = attributes(item)
        for member in [name for name in told if name.endswith("EventId")]:
            told[member] -= told[member] > gone


def marker(life: Life, name: str) -> dict[str, Any]:
    return next(
        event
        for event in events(life)
        if event["eventType"] == "MarkerRecorded" and attributes(event)["markerName"] == name
    )


@pytest.mark.parametrize("name", ["success", "retries", "rollback", "stepped_back"])
def test_what_is_sound_has_no_violation(name):
    assert kinds(life_of(name)) == set()


# --- histories ----------------------------------------------------------------------------------


def lose_all_runs(life):
    life.runs.clear()


def refuse_for_what_is_not_there(life):
    life.runs.clear()
    life.started, life.there = None, True


def acknowledge_another_run(life):
    life.started = "another"


def acknowledge_a_resume(life):
    life.resumes = [("another", "request")]


def leave_open(life):
    del events(life)[-1]


def lose_an_event(life):
    del events(life)[7]


def close_twice(life):
    again = copy.deepcopy(events(life)[-1])
    again["eventId"] += 1
    events(life).append(again)


def go_on_after_the_end(life):
    late = copy.deepcopy(events(life)[1])
    late["eventId"] = len(events(life)) + 1
    late["eventTimestamp"] = events(life)[-1]["eventTimestamp"]
    events(life).append(late)


def turn_time_back(life):
    events(life)[9]["eventTimestamp"] -= 3600


def point_elsewhere(life):
    attributes(first(life, "ActivityTaskStarted"))["scheduledEventId"] = 2


def complete_a_task_twice(life):
    done, later = first(life, "ActivityTaskCompleted"), first(life, "ActivityTaskCompleted", 1)
    attributes(later).update(attributes(done))


def start_a_decision_that_nobody_wanted(life):
    take_out(life, first(life, "DecisionTaskScheduled", 2))


def end_otherwise(life):
    life.endings = frozenset({"FAILED"})


def begin_with_another_start(life):
    text = attributes(events(life)[0])["input"]
    again = Run("second", life.runs[0].definition, copy.deepcopy(events(life)))
    attributes(again.events[0])["input"] = text.replace(start_of(life), OTHER)
    life.runs.append(again)


def continue_before_the_end(life):
    again = Run("second", life.runs[0].definition, copy.deepcopy(events(life)))
    for event in again.events:
        event["eventTimestamp"] -= 1
    life.runs.append(again)


def schedule_another_activity(life):
    attributes(first(life, "ActivityTaskScheduled", 1))["activityType"]["name"] = "EnrichData"


def schedule_it_again(life):
    event = first(life, "ActivityTaskScheduled", 2)
    attributes(event)["activityId"] = "a9.9"


HISTORIES: list[tuple[Callable[[Life], None], str]] = [
    (lose_all_runs, "lost"),
    (refuse_for_what_is_not_there, "lost"),
    (acknowledge_another_run, "lost"),
    (acknowledge_a_resume, "lost"),
    (leave_open, "stuck"),
    (lose_an_event, "history"),
    (close_twice, "history"),
    (go_on_after_the_end, "history"),
    (turn_time_back, "history"),
    (point_elsewhere, "history"),
    (complete_a_task_twice, "history"),
    (start_a_decision_that_nobody_wanted, "history"),
    (end_otherwise, "ending"),
    (begin_with_another_start, "started twice"),
    (continue_before_the_end, "history"),
    (schedule_another_activity, "decision"),
    (schedule_it_again, "decision"),
]


@pytest.mark.parametrize(
    ("spoil", "kind"), HISTORIES, ids=lambda item: getattr(item, "__name__", item)
)
def test_a_spoiled_history_is_told(spoil, kind):
    life = life_of("success")
    spoil(life)
    assert kind in kinds(life)


def fire_at_once(life):
    fired = first(life, "TimerFired")
    since = events(life)[attributes(fired)["startedEventId"] - 1]
    fired["eventTimestamp"] = since["eventTimestamp"]


def time_out_at_once(life):
    """What failed at once has timed out at once."""
    event = first(life, "ActivityTaskFailed")
    event["eventType"] = "ActivityTaskTimedOut"
    told = event.pop("activityTaskFailedEventAttributes")
    ids = {name: told[name] for name in ("scheduledEventId", "startedEventId")}
    event["activityTaskTimedOutEventAttributes"] = {**ids, "timeoutType": "START_TO_CLOSE"}


@pytest.mark.parametrize("spoil", [fire_at_once, time_out_at_once])
def test_what_comes_before_its_time_is_told(spoil):
    life = life_of("retries")
    spoil(life)
    assert "early" in kinds(life)


# --- signals ------------------------------------------------------------------------------------


def test_an_acknowledged_signal_that_is_not_there_is_told():
    life = life_of("stepped_back")
    life.signals = [*life.signals, (life.runs[0].run_id, "never arrived")]
    assert kinds(life) == {"signal lost"}


def test_a_signal_without_an_answer_is_told():
    life = life_of("stepped_back")
    take_out(life, marker(life, "SIGNAL_HANDLED"))
    assert "signal unanswered" in kinds(life)


def test_a_signal_that_acts_twice_is_told():
    life = life_of("stepped_back")
    answer, resumed = marker(life, "SIGNAL_HANDLED"), marker(life, "RESUMED")
    attributes(resumed).update(attributes(answer))
    assert "signal twice" in kinds(life)


# --- the saga -----------------------------------------------------------------------------------


def test_a_step_that_is_neither_undone_nor_named_is_told():
    life = life_of("rollback")
    undone = [e for e in events(life) if "STEP_COMPENSATED" in str(attributes(e))]
    take_out(life, undone[-1])
    assert {"compensation", "decision"} <= kinds(life)


def test_a_step_that_is_undone_twice_is_told():
    life = life_of("rollback")
    undone = [e for e in events(life) if "STEP_COMPENSATED" in str(attributes(e))]
    attributes(undone[1])["details"] = attributes(undone[0])["details"]
    assert {"compensation", "decision"} <= kinds(life)


def test_a_failed_undo_that_the_end_does_not_name_is_told():
    life = life_of("rollback")
    undone = [e for e in events(life) if "STEP_COMPENSATED" in str(attributes(e))]
    attributes(undone[-1])["markerName"] = "COMPENSATION_FAILED"
    assert {"compensation", "decision"} <= kinds(life)


# --- effects ------------------------------------------------------------------------------------


def rows_are(name: str, **visits: int) -> Life:
    """A life whose order table has so many rows for each visit of SaveResults (`v1=1`)."""
    life = life_of(name)
    life.rows = Counter(
        {
            ("orders", (start_of(life), "SaveResults", int(visit[1:]))): count
            for visit, count in visits.items()
        }
    )
    return life


@pytest.mark.parametrize(
    ("name", "visits"),
    [
        ("success", {}),  # lost
        ("success", {"v1": 2}),  # doubled
        ("success", {"v2": 1}),  # of a visit that never began
        ("success", {"v1": 1, "v2": 1}),  # of two visits
        ("rollback", {"v1": 1}),  # there after its undo
    ],
)
def test_rows_that_do_not_fit_the_history_are_told(name, visits):
    assert kinds(rows_are(name, **visits)) == {"effect"}


def test_rows_of_another_start_are_told():
    life = life_of("success")
    life.rows["orders", (OTHER, "SaveResults", 1)] = 1
    assert kinds(life) == {"effect"}


@pytest.mark.parametrize("times", [0, 2])
def test_a_message_that_is_lost_or_doubled_is_told(times):
    life = life_of("success")
    life.lines[key_of(life, 1)] = times
    assert kinds(life) == {"outbox"}


def test_a_message_of_nobody_is_told():
    life = life_of("success")
    life.lines[key_of(life, 7)] = 1
    assert kinds(life) == {"outbox"}


# --- figures ------------------------------------------------------------------------------------


def test_figures_count_what_happened():
    assert checker.figures(life_of("retries"))["retries"] == 2
    figures = checker.figures(life_of("rollback"))
    assert (figures["rollbacks"], figures["compensations"], figures["retries"]) == (1, 2, 2)
    figures = checker.figures(life_of("stepped_back"))
    assert (figures["resumes"], figures["signals"], figures["ended COMPLETED"]) == (1, 1, 1)
