"""How many executions are open: asked aside, seldom, and not told for ever."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest

from telemetry import census
from telemetry.census import Census


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time that censuses see: its last item."""
    times = [1000.0]
    monkeypatch.setattr(census, "time", SimpleNamespace(monotonic=lambda: times[-1]))
    return times


def settled() -> None:
    """Until what is asked aside has been answered."""
    for thread in threading.enumerate():
        if thread.name == "census":
            thread.join(10)


def test_it_is_asked_once_a_minute_however_often_one_collects(clock: list[float]) -> None:
    answers = iter([3, 5])
    own = Census(lambda: next(answers), pytest.fail)
    assert own.found() is None, "nobody waits for SWF"
    settled()
    clock.append(1059.0)
    assert [own.found(), own.found()] == [3, 3]
    clock.append(1060.0)
    assert own.found() == 3, "the answer comes aside"
    settled()
    assert own.found() == 5


def test_what_fails_is_told_and_the_old_number_is_kept_for_five_minutes(clock: list[float]) -> None:
    answers, told = iter([3]), []
    own = Census(lambda: next(answers), told.append)
    own.found()
    settled()
    for now, found in ((1299.0, 3), (1300.0, None)):
        clock.append(now)
        assert own.found() == found
        settled()
    assert [type(error) for error in told] == [StopIteration]
