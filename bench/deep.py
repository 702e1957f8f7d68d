"""How long a decision takes when the history is short, and when it has 20,000 events."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from bench import executions, shapes
from bench.processes import measured
from bench.table import Row

EARLY, LATE = 100, 20_000  # events
WINDOW = 600  # events around each, at which decisions are looked at
EVENTS_OF_A_STEP = 6


def deep(late: int = LATE) -> Iterator[Row]:
    """One run that is not continued as new, by a decider that remembers it."""
    steps = (late + WINDOW) // EVENTS_OF_A_STEP + 1
    with measured(f"sequence:{steps}", one_run=True) as app:
        executions.seconds(app, shapes.sequence(steps))
        times = app.reports()["decider"]["times"]
    early = medians(times, EARLY)
    later = medians(times, late)
    for index, what in ((1, "CPU of the thread"), (2, "from task to response")):
        yield Row(f"a decision at event {EARLY}, {what}", early[index] * 1000, "ms")
        yield Row(f"a decision at event {late}, {what}", later[index] * 1000, "ms")
        yield Row(f"ratio, {what}", later[index] / early[index], "", "under 1.5")


def medians(times: list[list[float]], event_id: int) -> list[float]:
    """Of the decisions from that event on: medians of event id, CPU seconds and seconds."""
    near = [found for found in times if event_id <= found[0] < event_id + WINDOW]
    return [statistics.median(column) for column in zip(*near, strict=True)]
