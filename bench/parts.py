"""A decider or an activity worker of the measured processes, as a process of its own.

    python -m bench.parts decider|worker REPORT [SHAPE ...] [--one-run]

When it is told to stop it writes what it counted into the file REPORT, as JSON.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import config
import logs
from activity_worker import ActivityWorker
from bench import shapes
from bench.traffic import Traffic
from decision_worker import DecisionWorker, Task
from swf_client import SwfClient
from workflow import commands

ENDLESS = 1_000_000  # events, of a run that is not to be continued as new


class TimedDecider(DecisionWorker):
    """A decider that remembers how long it took for every decision task."""

    times: list[tuple[int, float, float]]
    """Event id of the DecisionTaskStarted, CPU seconds of the thread, and seconds."""

    def _handle(self, task: Task) -> None:
        cpu, begun = time.thread_time(), time.perf_counter()
        super()._handle(task)
        took = (time.thread_time() - cpu, time.perf_counter() - begun)
        self.times.append((task["startedEventId"], *took))


def main() -> int:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m bench.parts")
    parser.add_argument("part", choices=["decider", "worker"])
    parser.add_argument("report", type=Path)
    parser.add_argument("shapes", nargs="*")
    parser.add_argument("--one-run", action="store_true", help="never continue as new")
    options = parser.parse_args()
    settings = config.use(config.load())
    logs.configure(settings)
    client, traffic = SwfClient(settings), Traffic()
    traffic.watch(client.client)
    found: dict[str, Any] = {}
    if options.part == "worker":
        _work(client)
    else:
        found["times"] = _decide(client, options.shapes, one_run=options.one_run)
    options.report.write_text(json.dumps({**traffic.figures(), **found}))
    return 0


def _work(client: SwfClient) -> None:
    worker = ActivityWorker(swf_client=client)
    worker.activities[shapes.ACTIVITY] = lambda _: {"done": True}
    worker.run()


def _decide(client: SwfClient, names: list[str], *, one_run: bool) -> list[Any]:
    if one_run:
        commands.HISTORY_SOFT_LIMIT = commands.HISTORY_HARD_LIMIT = ENDLESS
    definitions = [shapes.named(name) for name in names]
    decider = TimedDecider(swf_client=client, definitions=definitions)
    decider.times = []
    decider.run()
    return decider.times


if __name__ == "__main__":
    sys.exit(main())
