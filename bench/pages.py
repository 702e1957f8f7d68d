"""How long the page takes to answer: a run with 25,000 events, and 100,000 executions."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.request import urlopen

import published
from bench import executions, shapes
from bench.processes import Application, measured
from bench.table import Row
from dashboard.pages import execution_url
from tests.dashboards import served
from workflow_starter import WorkflowStarter

EVENTS = 24_900  # SWF ends a run at 25,000
EVENTS_OF_A_STEP = 6
LOOKS = 5  # at each view, once its data is cached
WANTED_MILLISECONDS, WANTED_SECONDS = 100, 3

VIEWS = ("", "data", "events", "audit", "forecast", "relations")


def page(events: int = EVENTS) -> Iterator[Row]:
    """The first read of one long run, and every view of it once it is read."""
    steps = events // EVENTS_OF_A_STEP
    made = shapes.sequence(steps)
    with tempfile.TemporaryDirectory() as folder:
        published.FOLDER = Path(folder)
        published.write(made)
        with measured(f"sequence:{steps}", one_run=True) as app:
            executions.seconds(app, made)
            yield from _deep(app, events)


def _deep(app: Application, events: int) -> Iterator[Row]:
    starter = WorkflowStarter(app.settings, swf_client=app.client)
    found = next(iter(app.client.closed_executions()))["execution"]
    ids = {"workflow_id": found["workflowId"], "run_id": found["runId"]}
    begun = time.perf_counter()
    count = sum(1 for _ in app.client.history(**ids))
    yield Row(f"{count} events, read and parsed alone", time.perf_counter() - begun, "s")
    with served(starter) as address:
        begun = time.perf_counter()
        first = answer(address + execution_url(ids))
        yield Row("the first page of it", (time.perf_counter() - begun) * 1000, "ms")
        text = first
        while 'id="progress"' in text:
            time.sleep(0.02)
            text = answer(address + execution_url(ids))
        took = time.perf_counter() - begun
        yield Row(f"until all {events} events are told", took, "s", f"under {WANTED_SECONDS}")
        yield from views(address, [(name, execution_url(ids, name)) for name in VIEWS])


def views(address: str, paths: Iterable[tuple[str, str]]) -> Iterator[Row]:
    """The time of each view once its data is cached, the way over loopback included."""
    for name, path in paths:
        times = [timed(address + path) for _ in range(LOOKS + 1)]
        wanted = f"under {WANTED_MILLISECONDS}; the first {times[0] * 1000:.0f}"
        yield Row(f"view {name or 'overview'}", statistics.median(times[1:]) * 1000, "ms", wanted)


def timed(address: str) -> float:
    """Seconds until an address has answered."""
    begun = time.perf_counter()
    answer(address)
    return time.perf_counter() - begun


def answer(address: str) -> str:
    """What an address answers."""
    with urlopen(address, timeout=60) as found:  # noqa: S310 - our own page
        text: str = found.read().decode()
        return text
