"""How long the page takes to answer: a run with 25,000 events, and 100,000 executions."""

from __future__ import annotations

import re
import statistics
import tempfile
import time
from collections.abc import Iterable, Iterator
from html import unescape
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import process
import published
from bench import executions, shapes
from bench.lean_client import Call, LeanClient
from bench.processes import Application, application, measured
from bench.table import Row
from dashboard.pages import execution_url
from dashboard.testing import served
from setup import ensure_registered
from workflow_starter import WorkflowStarter

EXECUTIONS = 100_000
OPEN_SHARE = 10  # one in so many stays open
STARTED_AT_ONCE = 2_000
EVENTS = 24_900  # SWF ends a run at 25,000
EVENTS_OF_A_STEP = 6
LOOKS = 5  # at each view, once its data is cached
WANTED_MILLISECONDS, WANTED_SECONDS = 100, 3

FOLDER = published.FOLDER

VIEWS = ("", "data", "events", "audit", "forecast", "relations")
LISTS = {
    "executions": "/executions",
    "executions, open": "/executions?state=OPEN",
    "executions, failed": "/executions?state=FAILED",
    "executions of one id": "/executions?workflow_id=bench-50000",
    "executions of one type": "/executions?type=BusinessProcess",
    "executions of one tag": "/executions?tag=every-tenth",
    "executions of one hour": "/executions?since=1h&size=100",
    "health": "/health",
    "definitions": "/definitions",
    "start": "/start",
}
TURNED = 200  # pages of the list that are turned


def page(events: int = EVENTS, executions_: int = EXECUTIONS) -> Iterator[Row]:
    """One long run, then many executions: every view, by its time at the server."""
    yield from deep(events)
    yield from many(executions_)


def deep(events: int) -> Iterator[Row]:
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


# --- many executions ---------------------------------------------------------------------------


def many(count: int) -> Iterator[Row]:
    """The views of all executions on an engine that has so many."""
    published.FOLDER = FOLDER
    with application({}) as app:
        ensure_registered(app.client)
        begun = time.perf_counter()
        _fill(app, count)
        yield Row(f"{count} executions made", time.perf_counter() - begun, "s")
        starter = WorkflowStarter(app.settings, swf_client=app.client)
        with served(starter) as address:
            yield from views(address, LISTS.items())
            yield from _turned(address)


def _fill(app: Application, count: int) -> None:
    """Start them, and terminate all but some."""
    common = {
        "domain": app.settings.swf_domain,
        "workflowType": {"name": process.NAME, "version": app.settings.workflow_version},
        "taskList": {"name": "nobody"},
        "childPolicy": "TERMINATE",
        "executionStartToCloseTimeout": "86400",
        "taskStartToCloseTimeout": "600",
        "input": '{"order_id": "1"}',
    }
    with LeanClient(app.url, 16) as client:
        for first in range(0, count, STARTED_AT_ONCE):
            numbers = range(first, min(count, first + STARTED_AT_ONCE))
            client([Call("StartWorkflowExecution", {**common, **_named(n)}) for n in numbers])
            ended = [n for n in numbers if n % OPEN_SHARE]
            named = [{"domain": common["domain"], "workflowId": f"bench-{n}"} for n in ended]
            client([Call("TerminateWorkflowExecution", one) for one in named])


def _named(number: int) -> dict[str, Any]:
    tags = {"tagList": ["every-tenth"]} if number % 10 == 0 else {}
    return {"workflowId": f"bench-{number}", **tags}


def _turned(address: str) -> Iterator[Row]:
    """Turning the pages of the list, one after the other, each for the first time."""
    path, times = "/executions", []
    for _ in range(TURNED):
        begun = time.perf_counter()
        text = answer(address + path)
        times.append(time.perf_counter() - begun)
        more = re.search(r'rel="next" href="([^"]*)"', text)
        if more is None:
            break
        path = unescape(more[1])
    yield Row(f"{len(times)} pages turned, the median", statistics.median(times) * 1000, "ms")
    yield Row("the slowest of them", max(times) * 1000, "ms", f"under {WANTED_MILLISECONDS}")


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
