"""Waiting and pacing, against a clock that only moves when somebody sleeps."""

from __future__ import annotations

from itertools import islice

import pytest

from starter.pace import Pace
from starter.waiting import Rhythm, until


class Clock:
    """Time that passes by sleeping."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def test_pauses_grow_up_to_the_longest() -> None:
    pauses = islice(Rhythm(first=1, growth=2, most=5).pauses(), 5)

    assert list(pauses) == [1, 2, 4, 5, 5]


def test_what_is_there_at_once_is_found_without_sleeping() -> None:
    clock = Clock()

    assert until(lambda: "found", 0, Rhythm(), clock=clock, sleep=clock.sleep) == "found"
    assert clock.slept == []


def test_it_looks_until_something_is_there() -> None:
    clock = Clock()
    answers = iter([None, None, "found"])

    found = until(
        lambda: next(answers), None, Rhythm(first=1, growth=2), clock=clock, sleep=clock.sleep
    )

    assert found == "found"
    assert clock.slept == [1, 1.0]


def test_it_gives_up_at_the_deadline_after_a_last_look() -> None:
    clock = Clock()
    looks: list[float] = []

    found = until(
        lambda: looks.append(clock.now), 2.5, Rhythm(1, 1, 1), clock=clock, sleep=clock.sleep
    )

    assert found is None
    assert looks == [100.0, 101.0, 102.0, 102.5]


@pytest.mark.parametrize(("burst", "expected"), [(1, [0, 0.5, 1.0, 1.5]), (3, [0, 0, 0, 0.5])])
def test_a_pace_lets_a_burst_go_and_then_so_many_a_second(
    burst: int, expected: list[float]
) -> None:
    clock = Clock()
    pace = Pace(2, burst, clock=clock, sleep=clock.sleep)

    at = []
    for _ in range(4):
        pace.wait()
        at.append(clock.now - 100)

    assert at == expected


def test_a_pace_regains_its_burst_in_a_pause() -> None:
    clock = Clock()
    pace = Pace(2, 2, clock=clock, sleep=clock.sleep)
    pace.wait()
    pace.wait()
    clock.now += 60

    pace.wait()
    pace.wait()

    assert clock.slept == []
