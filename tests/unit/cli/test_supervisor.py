"""Processes that are kept running: which ends are crashes, and when they are started again."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from background import Background, wait_until
from cli.supervisor import (
    FUTILE_STARTS,
    LONGEST_WAIT_SECONDS,
    WELL_SECONDS,
    News,
    Phase,
    Supervisor,
    how_ended,
    was_asked,
)

WAITS = "import signal; print('it started at last', flush=True); signal.pause()"


class Process:
    """Ends when a test says so."""

    pid = 1

    def __init__(self, name: str) -> None:
        self.name = name
        self.log = Path(f"{name}.log")
        self.exit_code: int | None = None
        self.works = False

    def has_said(self, text: str) -> bool:
        return self.works

    def last_line(self) -> str:
        return "why"


class World:
    """A supervisor without its thread, on a clock of its own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        self.processes: list[Process] = []
        self.appended: list[bool] = []
        self.news: list[News] = []
        self.refuse = False
        monkeypatch.setattr(Supervisor, "_watch", lambda _: None)
        self.supervisor = Supervisor(self, tell=self.news.append, clock=lambda: self.now)
        self.kept = self.supervisor.start("w", [], works_when=" started ")

    def start(self, name, arguments, environment, *, append=False) -> Process:
        if self.refuse:
            raise BlockingIOError("no process")
        self.appended.append(append)
        self.processes.append(Process(name))
        return self.processes[-1]

    def forget(self, process) -> None:
        assert process.exit_code is not None

    def work(self, seconds: float) -> None:
        """The process works and goes on so long."""
        self.processes[-1].works = True
        self.supervisor.look()
        self.now += seconds

    def end(self, code: int) -> float:
        """The process ends; gives the wait before it is started again, which goes by."""
        self.processes[-1].exit_code = code
        self.supervisor.look()
        wait = self.kept.due - self.now
        self.now = max(self.now, self.kept.due)
        self.supervisor.look()
        return wait

    @property
    def told(self) -> list[Phase]:
        return [news.phase for news in self.news]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


@pytest.mark.parametrize("code", [1, -signal.SIGKILL, -signal.SIGSEGV, 137, 70])
def test_a_crash_is_followed_by_a_start_whose_log_is_added(world, code):
    world.work(1)
    assert world.end(code) == 1.0
    assert (len(world.processes), world.appended) == (2, [False, True])
    world.work(0)
    assert world.told == [Phase.WAITING, Phase.WORKING]
    assert (world.news[0].exit_code, world.news[0].word, world.news[0].wait) == (code, "why", 1.0)


def test_it_is_not_started_before_its_time(world):
    world.work(1)
    world.processes[-1].exit_code = 1
    world.supervisor.look()
    world.now += 0.99
    world.supervisor.look()
    assert (len(world.processes), world.kept.phase) == (1, Phase.WAITING)


def test_waits_grow_up_to_a_minute_and_begin_again_after_a_while_of_running_well(world):
    def crash(after: float) -> float:
        world.work(after)
        return world.end(1)

    assert [crash(1) for _ in range(8)] == [1, 2, 4, 8, 16, 32, *[LONGEST_WAIT_SECONDS] * 2]
    assert [crash(WELL_SECONDS), crash(1)] == [1, 2]


@pytest.mark.parametrize("code", [2, 3])
@pytest.mark.parametrize("worked", [False, True])
def test_what_somebody_has_to_mend_is_not_started_again(world, code, worked):
    world.processes[-1].works = worked
    world.end(code)
    world.now += 3600
    world.supervisor.look()
    assert (len(world.processes), world.told) == (1, [Phase.GIVEN_UP])
    assert [kept.phase for kept in world.supervisor.kept()] == [Phase.GIVEN_UP]
    again = world.supervisor.start("w", [], works_when=" started ")
    assert world.supervisor.kept() == [again]


def test_what_never_comes_to_work_is_not_started_for_ever(world):
    for _ in range(FUTILE_STARTS):
        world.end(1)
    assert world.told == [*[Phase.WAITING] * (FUTILE_STARTS - 1), Phase.GIVEN_UP]
    assert len(world.processes) == FUTILE_STARTS


@pytest.mark.parametrize("code", [0, -signal.SIGTERM, -signal.SIGINT, 143, 130])
def test_what_was_asked_to_end_stays_ended(world, code):
    world.work(1)
    world.end(code)
    assert (len(world.processes), world.told) == (1, [Phase.ENDED])
    assert was_asked(code)


def test_a_start_that_the_system_refuses_is_tried_again(world):
    world.work(1)
    world.refuse = True
    world.end(1)
    assert [news.wait for news in world.news] == [1.0, 2.0]
    world.refuse = False
    world.now += 2
    world.supervisor.look()
    assert len(world.processes) == 2


@pytest.mark.parametrize(
    ("code", "how"), [(1, None), (-9, "SIGKILL"), (-11, "SIGSEGV"), (-250, "signal 250")]
)
def test_signals_are_named(code, how):
    assert how_ended(code) == how


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_killed_process_is_back_without_anybody_asking(tmp_path):
    news: list[News] = []
    supervisor = Supervisor(Background(tmp_path), tell=news.append)
    try:
        kept = supervisor.start("one", ["-c", WAITS], works_when="started")
        assert wait_until(lambda: kept.phase is Phase.WORKING, 10)
        first = kept.process.pid
        os.kill(first, signal.SIGKILL)
        assert wait_until(lambda: len(news) == 2, 20)
        assert (kept.process.pid != first, kept.process.exit_code) == (True, None)
        assert kept.log.read_text() == "it started at last\n" * 2
    finally:
        assert supervisor.stop() == ["one"]
    assert kept.process.exit_code == -signal.SIGTERM
    assert supervisor.kept() == []


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_after_a_stop_others_can_be_started(tmp_path):
    supervisor = Supervisor(Background(tmp_path))
    for name in ("one", "two"):
        kept = supervisor.start(name, ["-c", WAITS], works_when="started")
        assert wait_until(lambda kept=kept: kept.phase is Phase.WORKING, 10)
        assert supervisor.stop() == [name]
