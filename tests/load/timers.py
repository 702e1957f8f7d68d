"""Executions that wait on timers by the ten thousand: what they cost, and a crash under them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.load import starting
from tests.load.figures import MIB
from tests.load.report import Report
from tests.load.stage import ENGINE, Stage, staged, until

IDLE_PERCENT = 2.0  # of a core, that nobody may take who has nothing to do
BACK_SECONDS = 5.0  # from the start of an engine that was killed until it answers
FIRED_SECONDS = 30.0  # from then until all that fell due meanwhile is done, for each thousand
ENGINE_KIB = 4.0  # of memory, for an execution that waits
LONG_SECONDS = 86_400
HIDDEN_SECONDS = 3  # that timers fall due before the engine is back


@dataclass(frozen=True)
class Size:
    """How much."""

    count: int
    """Executions that wait for a day."""
    due: int
    """Of those beside them whose timers fall due while the engine is dead."""
    seconds: float
    """How long they are watched."""


CACHE_BYTES = 40 * MIB
"""What an engine takes for its file whatever lies in it: SQLite's cache, the statements."""


def timers(
    size_: Size, *, keep: Path | None = None, tell: Callable[[str], None] = lambda _: None
) -> Report:
    """Let many executions wait; watch; kill the engine, and see it come back."""
    report = Report("timers")
    with staged(keep, deciders=1, workers=0) as stage:
        before = stage.taken()
        tell(f"{size_.count} executions begin to wait ...")
        took = _fill(stage, "long", size_.count, LONG_SECONDS)
        report.note("executions that wait", stage.open_count())
        report.note("until all waited, s", took)
        tell("watching ...")
        _watch(stage, size_, report)
        each = (stage.taken()[ENGINE].rss - before[ENGINE].rss - CACHE_BYTES) / size_.count
        report.most("engine, KiB for each that waits", max(0.0, each / 1024), ENGINE_KIB)
        tell("killing the engine ...")
        _crash(stage, size_, report)
        stage.ended_well(report)
    return report


def _fill(stage: Stage, name: str, count: int, seconds: int) -> float:
    begun = time.monotonic()
    for found in starting.run(stage, name, count=count, wait_seconds=seconds):
        if found["errors"]:
            raise RuntimeError(f"executions could not be started: {found['errors']}")
    until(stage.is_quiet, "the deciders to have decided all", 3600)
    return time.monotonic() - begun


def _watch(stage: Stage, size_: Size, report: Report) -> None:
    before = stage.cpu_seconds()
    time.sleep(size_.seconds)
    after = stage.cpu_seconds()
    for name, used in after.items():
        percent = (used - before[name]) / size_.seconds * 100
        report.most(f"{name}, % of a core", percent, IDLE_PERCENT)
    for name, held in stage.taken().items():
        report.note(f"{name}, MiB", held.rss / MIB)
    report.note("SQLite file, MiB", stage.database_bytes() / MIB)


def _crash(stage: Stage, size_: Size, report: Report) -> None:
    """Timers that fall due while the engine is dead fire once it is back."""
    wait = 4 + size_.due // 40  # as long as it may take to have them all wait
    begun = time.monotonic()
    _fill(stage, "due", size_.due, wait)
    stage.kill(ENGINE)
    time.sleep(max(0.0, begun + wait + HIDDEN_SECONDS - time.monotonic()))
    restarted = time.monotonic()
    stage.start(ENGINE)
    stage.await_engine()
    back = time.monotonic()
    report.most("engine back after a kill, s", back - restarted, BACK_SECONDS)
    most = FIRED_SECONDS * (1 + size_.due / 1000)
    until(lambda: stage.open_count() <= size_.count, "the timers that were due", 2 * most)
    report.most("timers that fell due meanwhile, done after s", time.monotonic() - back, most)
    report.same("executions that still wait", stage.open_count(), size_.count)
    report.same("executions done", len(list(stage.client.closed_executions())), size_.due)
