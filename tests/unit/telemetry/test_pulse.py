"""The health of polls: ready once it polls, unhealthy when a thread is stuck or gone."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from telemetry import pulse
from telemetry.pulse import Pulse


@pytest.fixture
def held() -> Iterator[threading.Event]:
    """Threads wait for it; it is set at the end."""
    event = threading.Event()
    yield event
    event.set()


def in_thread(of: Pulse, held: threading.Event, *acts: str) -> threading.Thread:
    """A thread that has done these and lives on."""
    done = threading.Event()

    def work() -> None:
        for act in acts:
            if act == "failed":
                of.polled(failed=True)
            elif act == "got":
                of.polled(failed=False, busy=True)
            elif act == "nothing":
                of.polled(failed=False)
            else:
                getattr(of, act)()
        done.set()
        held.wait(30)

    thread = threading.Thread(target=work, name="decider-1", daemon=True)
    thread.start()
    assert done.wait(10)
    return thread


@pytest.mark.parametrize(
    ("acts", "healthy", "ready"),
    [
        ((), True, False),
        (("polls",), True, False),
        (("polls", "got"), True, True),
        (("polls", "got", "rests"), True, True),
        (("polls", "failed"), True, False),
        (("polls", "failed", "polls"), True, False),
        (("polls", "failed", "polls", "nothing", "polls"), True, True),
    ],
)
def test_ready_is_whose_polls_come_back(held, acts, healthy, ready):
    own = Pulse("decider")
    own.watch([in_thread(own, held, *acts)])
    found = own.health()
    assert (found.healthy, found.ready) == (healthy, ready)


def test_a_first_poll_that_was_not_refused_for_a_while_makes_ready(held, monkeypatch):
    own = Pulse("decider")
    own.watch([in_thread(own, held, "polls")])
    assert own.health().problems == ("decider has not polled yet",)
    monkeypatch.setattr(pulse, "SETTLED_SECONDS", -1.0)
    assert own.health().ready


def test_before_its_threads_are_there_it_is_healthy_and_not_ready():
    found = Pulse("decider").health()
    assert (found.healthy, found.ready) == (True, False)
    assert found.problems == ("decider has not begun",)


def test_a_poll_that_does_not_return_within_its_limit_is_stuck(held):
    own = Pulse("decider", longest=-1.0)
    own.watch([in_thread(own, held, "polls")])
    found = own.health()
    assert (found.healthy, found.ready) == (False, False)
    assert found.problems == ("a poll of thread decider-1 has not returned for 0 s",)


def test_a_thread_that_died_is_told(held):
    own = Pulse("decider")
    gone = threading.Thread(target=lambda: None, name="decider-2")
    gone.start()
    gone.join()
    own.watch([in_thread(own, held, "polls"), gone])
    assert own.health().problems == ("thread decider-2 has died",)
    assert not own.health().healthy


def test_who_drains_is_healthy_and_not_ready(held):
    own = Pulse("decider", longest=-1.0)
    own.watch([in_thread(own, held, "polls")])
    own.stopping = True
    found = own.health()
    assert (found.healthy, found.ready, found.problems) == (True, False, ("decider drains",))


def test_a_task_that_takes_long_is_not_stuck(held):
    own = Pulse("activity", longest=-1.0)
    own.watch([in_thread(own, held, "polls", "got")])
    assert own.health().healthy
    assert own.slots() == {"busy": 1, "polling": 0, "idle": 0}


def test_a_process_is_as_its_worst_worker(held):
    good, bad = Pulse("activity"), Pulse("decider", longest=-1.0)
    good.watch([in_thread(good, held, "polls", "nothing", "polls")])
    bad.watch([in_thread(bad, held, "polls")])
    assert not pulse.health([good, bad]).healthy
    assert pulse.health([good]).ready
    assert not pulse.health([]).ready
