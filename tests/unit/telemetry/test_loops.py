"""The health of an event loop: it beats, it is late, it is stuck."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator

import pytest

from telemetry import loops, pulse
from telemetry.loops import LoopPulse
from tests.telemetry_in_memory import in_memory


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> LoopPulse:
    """Of a loop that beats often; late from 50 ms on, remembered for two beats."""
    monkeypatch.setattr(pulse, "_all", type(pulse._all)())  # those of other tests
    monkeypatch.setattr(loops, "BEAT_SECONDS", 0.01)
    monkeypatch.setattr(loops, "KEPT_SECONDS", 0.02)
    monkeypatch.setattr(loops, "LATE_SECONDS", 0.05)
    return LoopPulse("page")


@pytest.fixture
def loop(own: LoopPulse) -> Iterator[asyncio.AbstractEventLoop]:
    """A loop in a thread, which beats until the end."""
    made = asyncio.new_event_loop()
    thread = threading.Thread(target=made.run_forever)
    thread.start()
    beating = asyncio.run_coroutine_threadsafe(own.beat(), made)
    yield made
    beating.cancel()
    until(lambda: own._due is None)
    made.call_soon_threadsafe(made.stop)
    thread.join(10)
    made.close()


def until(condition: object) -> None:
    deadline = time.monotonic() + 10
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.002)


def test_before_it_runs_it_is_healthy_and_not_ready(own: LoopPulse) -> None:
    found = own.health()
    assert (found.healthy, found.ready, found.problems) == (True, False, ("page does not run",))


def test_a_loop_that_lags_shows_and_is_well_again_later(
    own: LoopPulse, loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    until(lambda: own.health().ready)
    held = threading.Event()
    loop.call_soon_threadsafe(held.wait, 30)
    until(lambda: not own.health().ready)
    assert own.health().healthy
    assert own.health().problems[0].startswith("the event loop of page is late by 0.")
    monkeypatch.setattr(loops, "STUCK_SECONDS", 0.05)
    assert not own.health().healthy
    assert not pulse.health([own]).healthy, "so is the process"
    held.set()
    until(lambda: own.health().healthy)
    until(lambda: own.health().ready)


def test_a_lag_is_told_for_a_while_after_it_is_over(own: LoopPulse) -> None:
    own._lags.append(2.0)
    with in_memory() as seen:
        assert own.lag == 2.0
        assert 2.0 in [point.value for point in seen.points("process.loop.lag", loop="page")]
    for lag in (2.0, 0.0):
        own._lags.append(0.0)
        assert own.lag == lag, "of the last two beats"
