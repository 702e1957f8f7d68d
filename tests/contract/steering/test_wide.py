"""A thousand at once, and an SWF that admits less than is asked for."""

from __future__ import annotations

import threading
from collections import Counter

import pytest

from local_swf.limits import Limits
from local_swf.testing import LocalSWF
from workflow import Retry, map_items, process, step, wait

from .conftest import staged

TWICE = Retry(attempts=3, initial_seconds=1, rate=1.0)
WIDE = process("Wide", "1.0", [map_items("Each", [step("Work", retry=TWICE)]), step("Gather")])


def fails_twice(stage, name="Work"):
    """Each item fails twice before it succeeds."""
    tried: Counter[int] = Counter()
    lock = threading.Lock()

    def work(data):
        with lock:
            tried[data["item"]] += 1
            number = tried[data["item"]]
        if number <= 2:
            raise ValueError("not yet")
        return {"square": data["item"] ** 2}

    stage.play(name, work)
    return tried


def squares(stage, run):
    return [item["Work"]["square"] for item in stage.results(run)["Each"]]


@pytest.mark.timeout(180)
def test_a_thousand_items_that_fail_twice_each_complete_without_a_decision_time_out(
    stage, monkeypatch
):
    monkeypatch.setattr("tests.contract.steering.conftest.PATIENCE_SECONDS", 150.0)
    stage.serve(WIDE, concurrency=16)
    tried = fails_twice(stage)
    run = stage.start(WIDE, {"items": list(range(1000))})
    assert squares(stage, run) == [number**2 for number in range(1000)]
    assert set(tried.values()) == {3}
    assert not stage.events(run, "DecisionTaskTimedOut")
    assert not stage.events(run, "ScheduleActivityTaskFailed")
    assert not stage.events(run, "StartTimerFailed")
    longest = max(len(m["details"]) for m in stage.events(run, "MarkerRecorded"))
    assert longest < 2_000, "no marker grows with the process"


PRESSED = {
    "OPEN_ACTIVITIES_LIMIT_EXCEEDED": ({"limits": Limits(open_activities=10)}, "Schedule"),
    "ACTIVITY_CREATION_RATE_EXCEEDED": ({"quotas": {"ScheduleActivityTask": (15, 15)}}, "Schedule"),
    "OPEN_TIMERS_LIMIT_EXCEEDED": ({"limits": Limits(open_timers=10)}, "StartTimer"),
    "TIMER_CREATION_RATE_EXCEEDED": ({"quotas": {"StartTimer": (15, 15)}}, "StartTimer"),
}


@pytest.mark.parametrize("cause", PRESSED)
def test_what_swf_does_not_admit_waits_and_comes_through(tmp_path, monkeypatch, capsys, cause):
    options, what = PRESSED[cause]
    with LocalSWF(virtual_clock=True, **options) as swf:
        for stage in staged(swf, tmp_path, monkeypatch, capsys):
            stage.serve(WIDE)
            fails_twice(stage)
            run = stage.start(WIDE, {"items": list(range(30))})
            assert squares(stage, run) == [number**2 for number in range(30)]
            kind = "StartTimerFailed" if what == "StartTimer" else "ScheduleActivityTaskFailed"
            refused = stage.events(run, kind)
            assert 0 < len(refused) < 500
            assert {event["cause"] for event in refused} == {cause}
            assert {call.attempt for call in stage.calls if call.activity == "Work"} == {1, 2, 3}


def test_waits_beside_one_another_stay_under_the_limit_of_timers(stage):
    waits = process("Waits", "1.0", [map_items("Each", [wait("Wait", 3600)])])
    stage.serve(waits)
    run = stage.start(waits, {"items": list(range(1500))})
    stage.ends(run)
    assert not stage.events(run, "StartTimerFailed")


def test_a_limit_of_concurrency_is_kept(stage):
    narrow = process("Narrow", "1.0", [map_items("Each", [step("Work")], concurrency=3)])
    stage.serve(narrow)
    busy, most, lock = [0], [0], threading.Lock()

    def work(data):
        with lock:
            busy[0] += 1
            most[0] = max(most[0], busy[0])
        threading.Event().wait(0.005)
        with lock:
            busy[0] -= 1
        return {}

    stage.play("Work", work)
    stage.ends(stage.start(narrow, {"items": list(range(30))}))
    assert 1 <= most[0] <= 3
