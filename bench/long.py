"""Many steps one after the other, each of which names one earlier result: the cost of a step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench import executions, shapes
from bench.processes import measured
from bench.table import Row

STEPS_AT_LEAST = 200  # short sequences are run more than once


@dataclass(frozen=True)
class Figures:
    """What a step cost, at one length."""

    steps: int
    milliseconds: float
    calls: float
    bytes: float
    cpu: dict[str, float]
    """Milliseconds by part."""


def long(sizes: Sequence[int]) -> Iterator[Row]:
    """Sequences of so many steps, and what the longest cost beside the shortest."""
    found = []
    for steps in sizes:
        figures = measure(steps)
        found.append(figures)
        yield from rows(figures)
    by_size = {figures.steps: figures.milliseconds for figures in found}
    for steps in sorted(by_size)[1:]:
        name = f"per step, {steps} over {min(by_size)}"
        yield Row(name, by_size[steps] / by_size[min(by_size)], "", "under 1.2")


def rows(figures: Figures) -> Iterator[Row]:
    """The figures of one length."""
    name = f"{figures.steps} steps, per step"
    yield Row(f"{name}, time", figures.milliseconds, "ms")
    yield Row(f"{name}, calls to SWF", figures.calls, "")
    yield Row(f"{name}, bytes", figures.bytes, "")
    for part, used in figures.cpu.items():
        yield Row(f"{name}, CPU of the {part}", used, "ms")


def measure(steps: int) -> Figures:
    """Run sequences of one length, after one that warms up."""
    definition = shapes.sequence(steps)
    warm_up = shapes.sequence(WARM_UP_STEPS)
    with measured(f"sequence:{steps}", f"sequence:{WARM_UP_STEPS}") as app:
        executions.seconds(app, warm_up)
        before = app.cpu_seconds()
        runs = max(1, STEPS_AT_LEAST // steps)
        took = sum(executions.seconds(app, definition) for _ in range(runs))
        after = app.cpu_seconds()
        reports = app.reports().values()
    count = runs * steps
    return Figures(
        steps,
        took / count * 1000,
        sum(report["calls"] for report in reports) / (count + WARM_UP_STEPS),
        sum(report["bytes"] for report in reports) / (count + WARM_UP_STEPS),
        {part: (used - before[part]) / count * 1000 for part, used in after.items()},
    )


WARM_UP_STEPS = 20
