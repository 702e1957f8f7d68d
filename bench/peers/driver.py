"""What the peers on SWF share: a decider and a worker process, executions, and the figures.

Nothing here is of the application; boto3 and the standard library are all there is.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import signal
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from bench.traffic import Traffic

DOMAIN = "peers"
VERSION = "1.0"
LOOK_SECONDS = 0.1
WARMED_UP_STEPS = 200  # shorter sequences are run more than once, the first to warm up
TIMEOUTS = {"executionStartToCloseTimeout": "3600", "taskStartToCloseTimeout": "300"}

Part = Callable[[Any, int], None]
"""A decider or a worker of sequences of so many steps, with a boto3 client; it never returns."""


def client(url: str) -> Any:
    """A plain boto3 client."""
    return boto3.client(
        "swf",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="bench",
        aws_secret_access_key="bench",  # noqa: S106 - of an endpoint that checks none
        config=Config(read_timeout=75),
    )


def main(name: str, register: Callable[[Any], None], decide: Part, work: Part) -> int:
    """Measure the sizes on the command line; a line of JSON for each."""
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("folder", type=Path)
    parser.add_argument("limit", type=float, help="seconds that one size may take")
    parser.add_argument("sizes", type=int, nargs="+")
    options = parser.parse_args()
    starter = client(options.url)
    register(starter)
    for steps in options.sizes:
        figures = _measure(name, starter, (decide, work), steps, options)
        print(json.dumps(figures), flush=True)
        if figures["seconds"] is None:
            break
    return 0


def ignoring(call: Callable[..., Any], **members: Any) -> None:
    """Register something that may be there already."""
    try:
        call(**members)
    except Exception as error:
        if "AlreadyExists" not in type(error).__name__:
            raise


def _measure(
    name: str, starter: Any, parts: tuple[Part, Part], steps: int, options: Any
) -> dict[str, Any]:
    reports = [options.folder / f"{name}-{steps}-{number}.json" for number in range(2)]
    processes = [
        multiprocessing.Process(target=_serve, args=(part, options.url, steps, report), daemon=True)
        for part, report in zip(parts, reports, strict=True)
    ]
    for process in processes:
        process.start()
    runs = max(1, WARMED_UP_STEPS // steps)
    deadline = time.monotonic() + options.limit
    warm_ups = 1 if runs > 1 else 0
    took = [_run(name, starter, deadline) for _ in range(warm_ups + runs)][warm_ups:]
    for process in processes:
        process.terminate()
        process.join()
    counted = [json.loads(report.read_text()) for report in reports]
    total = None if None in took else sum(second for second in took if second is not None)
    return {
        "steps": steps,
        "seconds": None if total is None else total / (runs * steps),
        **{
            key: sum(report[key] for report in counted) / ((warm_ups + runs) * steps)
            for key in ("calls", "bytes")
        },
    }


def _serve(part: Part, url: str, steps: int, report: Path) -> None:
    made, traffic = client(url), Traffic()
    traffic.watch(made)

    def stop(*_: object) -> None:
        report.write_text(json.dumps(traffic.figures()))
        os._exit(0)

    signal.signal(signal.SIGTERM, stop)
    part(made, steps)


def _run(name: str, starter: Any, deadline: float) -> float | None:
    """Seconds of one execution by the engine's clock; None when it took too long."""
    workflow_id = f"{name}-{uuid.uuid4()}"
    run_id = starter.start_workflow_execution(
        domain=DOMAIN,
        workflowId=workflow_id,
        workflowType={"name": name, "version": VERSION},
        taskList={"name": name},
        childPolicy="TERMINATE",
        input="{}",
        **TIMEOUTS,
    )["runId"]
    execution = {"workflowId": workflow_id, "runId": run_id}
    while time.monotonic() < deadline:
        found = starter.describe_workflow_execution(domain=DOMAIN, execution=execution)
        info = found["executionInfo"]
        if info["executionStatus"] == "CLOSED":
            if info["closeStatus"] != "COMPLETED":
                sys.exit(f"{name}: the execution ended {info['closeStatus']}")
            took: float = (info["closeTimestamp"] - info["startTimestamp"]).total_seconds()
            return took
        time.sleep(LOOK_SECONDS)
    return None
