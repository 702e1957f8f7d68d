"""An outage of an hour: how long is waited, and how many lines are written.  Time is made up."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from types import SimpleNamespace

import pytest

import polling
from errors import BusinessProcessError, CredentialsError, EngineUnreachableError
from swf import connection
from swf_client import Patience, SwfClient
from tests.unit.scripted_swf import unused_port

HOUR = 3600.0
AWAY = EngineUnreachableError("SWF does not answer")
EXPIRED = CredentialsError("the AWS credentials have expired")


class Time(threading.Event):
    """A stop signal whose waits take no time; they are written down."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.waits: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout or 0.0)
        self.now += timeout or 0.0
        return self.is_set()

    def clock(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def outage(time: Time) -> polling.Outage:
    return polling.Outage(time, time.clock)


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    caplog.set_level(logging.INFO)
    caplog.set_level(logging.INFO, logger="swf_client")  # which commands quieten
    return lambda: [record.getMessage() for record in caplog.records]


def last(outage: polling.Outage, time: Time, seconds: float, error: Exception = AWAY) -> None:
    end = time.now + seconds
    while time.now < end:
        outage.wait(error)


def test_waits_grow_to_half_a_minute_and_no_further(outage: polling.Outage, time: Time) -> None:
    last(outage, time, HOUR)
    assert time.waits[0] <= polling.FIRST_WAIT_SECONDS
    assert max(time.waits) <= polling.LONGEST_WAIT_SECONDS == 30
    assert min(time.waits[-100:]) >= 15, "an engine that is away is not asked often"
    assert len(time.waits) < 300


def test_an_hour_is_two_lines(
    outage: polling.Outage, time: Time, lines: Callable[[], list[str]]
) -> None:
    last(outage, time, HOUR)
    outage.over()
    outage.over()
    assert lines() == [f"Polling fails: {AWAY}", "Polling works again"]


def test_another_cause_is_told_once_too(
    outage: polling.Outage, time: Time, lines: Callable[[], list[str]]
) -> None:
    """The network is back, and the credentials have expired meanwhile."""
    for error in (AWAY, EXPIRED) * 5:
        last(outage, time, 300, error)
    outage.over()
    assert lines() == [
        f"Polling fails: {AWAY}",
        f"Polling fails: {EXPIRED}",
        "Polling works again",
    ]


def test_polls_that_fail_now_and_then_do_not_fill_the_log(
    outage: polling.Outage, time: Time, lines: Callable[[], list[str]]
) -> None:
    end = time.now + HOUR
    while time.now < end:
        outage.wait(AWAY)
        time.now += 1
        outage.over()
    assert lines()[:2] == [f"Polling fails: {AWAY}", "Polling works again"]
    assert len(lines()) <= 2 * HOUR / polling.CALM_SECONDS


def test_a_second_outage_that_lasts_is_told(
    outage: polling.Outage, time: Time, lines: Callable[[], list[str]]
) -> None:
    for _ in range(2):
        last(outage, time, 60)
        outage.over()
        time.now += 60
    assert lines() == [f"Polling fails: {AWAY}", "Polling works again"] * 2


def test_a_fault_of_the_program_has_its_trace_once(
    outage: polling.Outage, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    last(outage, time, HOUR, KeyError("events"))
    assert [bool(record.exc_info) for record in caplog.records] == [True]


def test_nothing_is_waited_for_once_the_worker_stops(outage: polling.Outage, time: Time) -> None:
    time.set()
    outage.wait(AWAY)
    assert time.waits == []


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.heartbeat("token"),
        lambda client: client.complete_activity_task("token", "{}", timeout=0.02),
        lambda client: client.describe_domain(),
    ],
    ids=["heartbeats", "results", "reads"],
)
def test_calls_that_fail_for_an_hour_are_some_lines(
    call: Callable[[SwfClient], object],
    connect: Callable[..., SwfClient],
    lines: Callable[[], list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("swf_client.HEARTBEAT_SECONDS", 0.02)
    patience = Patience(ordinary=0.02, refused=0.02, first_wait=0.001, longest_wait=0.002)
    client = connect(f"http://127.0.0.1:{unused_port()}", patience)
    clock = {"now": 0.0}

    def monotonic() -> float:
        clock["now"] += 0.001
        return clock["now"]

    monkeypatch.setattr(connection, "time", SimpleNamespace(monotonic=monotonic))
    while clock["now"] < HOUR:
        with pytest.raises(BusinessProcessError, match="does not answer"):
            call(client)
        clock["now"] += 60
    told = [line for line in lines() if line == "SWF call failed, trying again"]
    assert 1 <= len(told) <= HOUR / connection.SILENT_SECONDS
