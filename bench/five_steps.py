"""The five steps, from start to completion: latency with idle workers, and 500 at once."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from typing import Any

from bench.processes import Application, application
from bench.table import Row
from workflow_starter import WorkflowStarter

WARM_UP = 10
HEAD_START = 0.02  # seconds before the first look, for looking takes the endpoint's time
LOOK_EVERY = 0.003


def latency(runs: int) -> Iterator[Row]:
    """One execution at a time, seen by following its history."""
    with application() as app:
        starter = WorkflowStarter(app.settings, swf_client=app.client)
        for number in range(WARM_UP):
            _one(starter, app, number)
        before = app.cpu_seconds()
        found = [_one(starter, app, number) for number in range(runs)]
        after = app.cpu_seconds()
    times, by_engine = (sorted(column) for column in zip(*found, strict=True))
    yield Row("five steps, median", statistics.median(times) * 1000, "ms", "30 or less")
    yield Row("five steps, median by the engine's clock", statistics.median(by_engine) * 1000, "ms")
    yield Row("five steps, fastest", times[0] * 1000, "ms")
    yield Row("five steps, 95th percentile", times[int(runs * 0.95)] * 1000, "ms")
    for part, used in after.items():
        yield Row(f"CPU of the {part}, per execution", (used - before[part]) / runs * 1000, "ms")


def throughput(executions: int) -> Iterator[Row]:
    """Many executions, started as fast as the starter can, until the last has completed."""
    with application() as app:
        starter = WorkflowStarter(app.settings, swf_client=app.client)
        for number in range(WARM_UP):
            _one(starter, app, number)
        before, begun = app.cpu_seconds(), time.perf_counter()
        for number in range(executions):
            starter.start_workflow(_order(number), tags=["bench"])
        started = time.perf_counter()
        while _open(app):
            time.sleep(0.05)
        ended, after = time.perf_counter(), app.cpu_seconds()
        failed = _not_completed(app)
    yield Row(f"{executions} executions, rate", executions / (ended - begun), "/s", "60 or better")
    yield Row(f"{executions} executions, starts", executions / (started - begun), "/s")
    yield Row(f"{executions} executions, not completed", failed, "", "0")
    for part, used in after.items():
        cpu = (used - before[part]) / executions * 1000
        yield Row(f"CPU of the {part}, per execution", cpu, "ms")


def _one(starter: WorkflowStarter, app: Application, number: int) -> tuple[float, float]:
    """Seconds from the call to the end seen in the history, and between first and last event."""
    begun = time.perf_counter()
    run = starter.start_workflow(_order(number))
    time.sleep(HEAD_START)
    followed = app.client.follow(
        run["workflow_id"], run["run_id"], shortest_interval=LOOK_EVERY, longest_interval=LOOK_EVERY
    )
    events = list(followed)
    took = time.perf_counter() - begun
    if events[-1]["eventType"] != "WorkflowExecutionCompleted":
        raise RuntimeError(f"the execution ended with {events[-1]['eventType']}")
    lasted = events[-1]["eventTimestamp"] - events[0]["eventTimestamp"]
    return took, lasted.total_seconds()


def _order(number: int) -> dict[str, Any]:
    return {"order_id": f"ORD-{number}", "items": ["a", "b"], "customer_id": "C-1"}


def _open(app: Application) -> int:
    answer = app.client.client.count_open_workflow_executions(
        domain=app.client.domain, startTimeFilter={"oldestDate": "1970-01-01"}
    )
    return int(answer["count"])


def _not_completed(app: Application) -> int:
    closed = list(app.client.closed_executions(tag="bench"))
    return sum(1 for info in closed if info["closeStatus"] != "COMPLETED")
