"""Starters: `python -m tests.load.starting NAME` starts executions, at a rate or at once.

Each start has its moment; who is late goes on as fast as it can.  On standard output: how many
were acknowledged, which errors there were, and how long a start took.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, TypedDict

import config
import logs
from tests.load import definitions
from workflow_starter import WorkflowStarter

if TYPE_CHECKING:
    from tests.load.stage import Stage

STARTERS = 4  # processes
WORTH_ONE = 100  # starts for which a process of its own is worth while
THREADS = 8  # of each, that wait for their answers
PATIENCE_SECONDS = 3600.0


class Told(TypedDict):
    """What came of one process's starts."""

    acknowledged: int
    errors: dict[str, int]
    seconds: float
    """That it started for."""
    took: list[float]
    """Seconds of each start, sorted."""


def run(
    stage: Stage,
    name: str,
    *,
    count: int | None = None,
    rate: float | None = None,
    seconds: float | None = None,
    wait_seconds: int | None = None,
) -> list[Told]:
    """Have processes start `count` executions, or `rate` a second for so many seconds."""
    processes = []
    expected = count if count is not None else (rate or math.inf) * (seconds or math.inf)
    starters = math.ceil(min(STARTERS, expected / WORTH_ONE))
    for number in range(starters):
        command = ["-m", "tests.load.starting", f"{name}-{number}"]
        if count is not None:
            command += ["--count", str((count + number) // starters)]
        if rate is not None:
            command += ["--rate", str(rate / starters)]
        if seconds is not None:
            command += ["--seconds", str(seconds)]
        if wait_seconds is not None:
            command += ["--wait-seconds", str(wait_seconds)]
        processes.append(stage.program(command))
    outputs = [process.communicate(timeout=PATIENCE_SECONDS)[0] for process in processes]
    return [json.loads(output) for output in outputs]


class Starting:
    """The starts of one process."""

    def __init__(self, starter: WorkflowStarter, options: argparse.Namespace) -> None:
        self._starter, self._options = starter, options
        self._errors: Counter[str] = Counter()
        self._took: list[float] = []
        self._lock = threading.Lock()
        self._next = 0
        self._begun = time.monotonic()

    def run(self) -> Told:
        """Start until the time is over, or all are started."""
        threads = [threading.Thread(target=self._work) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return Told(
            acknowledged=len(self._took),
            errors=dict(self._errors),
            seconds=time.monotonic() - self._begun,
            took=sorted(self._took),
        )

    def _work(self) -> None:
        while (number := self._due()) is not None:
            begun = time.monotonic()
            try:
                self._start(number)
            except Exception as error:  # noqa: BLE001 - counted, for nobody may see one
                with self._lock:
                    self._errors[f"{type(error).__name__}: {error}"[:200]] += 1
            else:
                with self._lock:
                    self._took.append(time.monotonic() - begun)

    def _due(self) -> int | None:
        """The number of the next start, once its moment has come; None when it is over."""
        with self._lock:
            number, self._next = self._next, self._next + 1
        moment = self._begun + number / self._options.rate
        if number >= self._options.count:
            return None
        if max(moment, time.monotonic()) > self._begun + self._options.seconds:
            return None
        time.sleep(max(0.0, moment - time.monotonic()))
        return number

    def _start(self, number: int) -> None:
        workflow_id, wait = f"{self._options.name}-{number}", self._options.wait_seconds
        if wait:
            given = {"seconds": wait}
            self._starter.start_workflow(given, workflow_id, definition=definitions.WAITING)
        else:
            self._starter.start_workflow(definitions.order(number), workflow_id)


def main() -> int:
    """Start, and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.load.starting")
    parser.add_argument("name")
    parser.add_argument("--rate", type=float, default=math.inf)
    parser.add_argument("--seconds", type=float, default=math.inf)
    parser.add_argument("--count", type=float, default=math.inf)
    parser.add_argument("--wait-seconds", type=int)
    options = parser.parse_args()
    settings = config.use(config.load())
    logs.configure(settings)
    found: dict[str, Any] = {**Starting(WorkflowStarter(settings), options).run()}
    json.dump(found, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
