"""Engines of their own: a clock that jumps, what is said of their time, their ports."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from tests.chaos import clocks
from tests.chaos.engines import EngineApart, Sample, Watch, clock_problem
from tests.chaos.parts import ROOT

LOOK = """
import sys, time
from datetime import datetime
from pathlib import Path
from tests.chaos import clocks
path, right = Path(sys.argv[1]), time.time
clocks.follow(path)
import datetime as later
for jump in (7200, -86_400):
    clocks.jump(path, jump)
    off = [
        time.time() - right(),
        time.time_ns() / 1e9 - right(),
        later.datetime.now().timestamp() - right(),
        later.datetime.now(later.timezone.utc).timestamp() - right(),
        later.datetime.utcnow().replace(tzinfo=later.timezone.utc).timestamp() - right(),
    ]
    print(*(round(seconds) for seconds in off))
    assert isinstance(datetime.now(), later.datetime)
"""


def test_the_clock_of_a_process_jumps_and_that_of_others_does_not(tmp_path):
    clocks.lay(tmp_path / "clock")
    command = [sys.executable, "-W", "ignore", "-c", LOOK, str(tmp_path / "clock")]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert [line.split() for line in told.splitlines()] == [["7200"] * 5, ["-79200"] * 5]


BEFORE = Sample("an engine", now=1_000.0, asked=50.0, answered=50.1)


@pytest.mark.parametrize("now", [1_001.9, 1_002.0, 1_002.1])
def test_time_that_moves_as_it_should_is_no_problem(now):
    assert clock_problem(BEFORE, replace(BEFORE, now=now, asked=52.0, answered=52.1)) is None


@pytest.mark.parametrize("now", [999.0, 1_001.0, 4_600.0])
def test_time_that_goes_back_or_leaps_is_told(now):
    assert clock_problem(BEFORE, replace(BEFORE, now=now, asked=52.0, answered=52.1))


def test_an_engine_that_starts_anew_may_have_another_time():
    assert clock_problem(BEFORE, Sample("another", 4_600.0, 52.0, 52.1)) is None


def test_a_watch_counts_lives_faults_and_the_time_without_an_answer():
    watch = Watch()

    def engine(instance: str, drops: int):
        health = {"instance": instance, "clock": {"now": 0.0}}
        return lambda name, body=None: health if name == "health" else {"done": {"drop": drops}}

    for ask in (engine("one", 1), engine("one", 3), lambda name, body=None: None, engine("two", 2)):
        watch.look(ask)
    assert (watch.lives, watch.faults["drop"]) == (2, 5)
    assert watch.longest_away > 0


def test_engines_that_begin_at_once_with_one_seed_have_ports_of_their_own(tmp_path):
    assert len({EngineApart(tmp_path, 1).endpoint for _ in range(5)}) > 1
