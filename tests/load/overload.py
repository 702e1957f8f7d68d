"""Ten times as many starts as can be worked off; then the backlog; then rest."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.load import definitions, starting
from tests.load.figures import MIB
from tests.load.report import Report
from tests.load.stage import ENGINE, Stage, staged, until

TIMES = 10
LATENCIES = 11
LOOK_SECONDS = 0.005
WORKED_OFF = 0.7
"""Of the sustainable rate, that a backlog is worked off at: by processor time, which tells on a
machine that others use, too."""
WORKED_OFF_HERE = 0.4
"""The same by the clock on the wall."""
SLOWER = 2.0
"""Latency after the backlog beside that before it, at most."""
RECOVERY_SECONDS = 30.0
"""In which it is that again; at most ten times as long as the overload was."""
FIXED_MIB = 64.0
"""That a part may grow by whatever the backlog: SQLite's cache in the engine (32 MiB), the runs
that a decider remembers (1,000 of 20 KiB)."""
ENGINE_KIB = 4.0
"""That the engine may grow by for each open execution."""
HOMEWARD = 20.0
"""Times as long as the sustainable rate needs for the backlog, after which it counts as stuck."""


@dataclass(frozen=True)
class Size:
    """How much."""

    seconds: float
    """How long starts are offered."""
    probe: int
    """Executions that measure the sustainable rate."""
    quotas: bool = False
    """Whether the engine throttles as SWF does."""


def overload(
    size: Size, *, keep: Path | None = None, tell: Callable[[str], None] = lambda _: None
) -> Report:
    """Measure in peace, overload, wait for the end of it, and measure again."""
    report = Report("overload")
    with staged(keep, deciders=1, workers=1, quotas=size.quotas) as stage:
        tell("in peace ...")
        calm = _latency(stage)
        peace = _peace(stage, size.probe)
        report.note("sustainable, executions a second", peace.rate)
        storm = _storm(stage, size, TIMES * peace.rate, report, tell)
        _homeward(stage, peace, storm, report, tell)
        looks = _recovery(stage, calm, min(RECOVERY_SECONDS, 10 * size.seconds), report)
        _nobody_lost(stage, size.probe + storm.started + (1 + looks) * LATENCIES, report)
        stage.ended_well(report)
    return report


@dataclass(frozen=True)
class _Pace:
    """How fast executions are done."""

    rate: float
    """A second."""
    cpu: float
    """Seconds of processor time for one, of engine, deciders and workers together."""
    rss: dict[str, int]
    """What each part holds afterwards."""


@dataclass(frozen=True)
class _Storm:
    started: int
    backlog: int
    """Open executions at its end."""
    tells: bool
    """Whether so many that working them off can be measured."""


def _peace(stage: Stage, count: int) -> _Pace:
    """As many executions as are started at once, from the first start to the last end."""
    begun, before = time.monotonic(), sum(stage.cpu_seconds().values())
    for number in range(count):
        stage.starter.start_workflow(definitions.order(number))
    until(lambda: stage.open_count() == 0, "the executions that measure the rate", 600)
    took, cpu = time.monotonic() - begun, sum(stage.cpu_seconds().values()) - before
    return _Pace(count / took, cpu / count, {name: t.rss for name, t in stage.taken().items()})


def _storm(
    stage: Stage, size: Size, rate: float, report: Report, tell: Callable[[str], None]
) -> _Storm:
    tell(f"offering {rate:.0f} starts a second for {size.seconds:g} s ...")
    told = starting.run(stage, "storm", rate=rate, seconds=size.seconds)
    backlog = stage.open_count()
    started = sum(item["acknowledged"] for item in told)
    took = sorted(seconds for item in told for seconds in item["took"])
    report.note("starts offered, a second", rate)
    report.note("starts taken, a second", sum(i["acknowledged"] / i["seconds"] for i in told))
    report.note("starts taken", started)
    report.note("a start, median, ms", median(took) * 1000)
    report.note("a start, slowest, s", took[-1])
    report.same("starts dropped", [item["errors"] for item in told if item["errors"]], [])
    report.least("backlog, executions", backlog, size.probe if size.seconds >= 1 else 0)
    return _Storm(started, backlog, tells=backlog >= size.probe)


def _homeward(
    stage: Stage, peace: _Pace, storm: _Storm, report: Report, tell: Callable[[str], None]
) -> None:
    """Until nothing is open any more; memory is looked at all the while."""
    begun, before = time.monotonic(), sum(stage.cpu_seconds().values())
    most, left, told = dict(peace.rss), storm.backlog, begun
    patience = 30 + HOMEWARD * storm.backlog / peace.rate
    while left and not stage.gone() and time.monotonic() < begun + patience:
        time.sleep(0.25)
        for name, held in stage.taken().items():
            most[name] = max(most[name], held.rss)
        left = stage.open_count()
        if time.monotonic() > told + 10:
            told = time.monotonic()
            tell(f"{left} are open ...")
    report.same("executions left over", left, 0)
    if storm.tells:
        rate = storm.backlog / (time.monotonic() - begun)
        cpu = (sum(stage.cpu_seconds().values()) - before) / storm.backlog * 1000
        report.least("worked off, executions a second", rate, WORKED_OFF_HERE * peace.rate)
        report.note("processor time of an execution in peace, ms", peace.cpu * 1000)
        report.most("processor time of one worked off, ms", cpu, peace.cpu * 1000 / WORKED_OFF)
    for name, rss in most.items():
        each = ENGINE_KIB * storm.backlog / 1024 if name == ENGINE else 0.0
        report.note(f"{name} in peace, MiB", peace.rss[name] / MIB)
        report.most(f"{name} at most, MiB", rss / MIB, peace.rss[name] / MIB + FIXED_MIB + each)


def _latency(stage: Stage) -> float:
    """Seconds from a start to its end, one at a time; the median."""
    found = []
    for number in range(LATENCIES):
        begun = time.monotonic()
        run = stage.starter.start_workflow(definitions.order(number))
        for _ in stage.client.follow(
            run["workflow_id"], run["run_id"],
            shortest_interval=LOOK_SECONDS, longest_interval=LOOK_SECONDS,
        ):  # fmt: skip
            pass
        found.append(time.monotonic() - begun)
    return median(found)


def _recovery(stage: Stage, calm: float, seconds: float, report: Report) -> int:
    """Until an execution takes no longer than before; gives how often it was looked."""
    report.note("latency before, ms", calm * 1000)
    begun, looks = time.monotonic(), 0
    while looks == 0 or time.monotonic() < begun + seconds:
        after, looks = _latency(stage), looks + 1
        if after <= SLOWER * calm:
            break
    report.most("latency afterwards, ms", after * 1000, SLOWER * calm * 1000)
    return looks


def _nobody_lost(stage: Stage, started: int, report: Report) -> None:
    """Whoever was told that an execution has started finds it done."""
    ends = [info["closeStatus"] for info in stage.client.closed_executions()]
    report.same("executions completed", ends.count("COMPLETED"), started)
