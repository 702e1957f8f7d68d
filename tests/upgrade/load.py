"""Who starts executions: a process of a release, restarted like the others."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from tests.upgrade.releases import Release

REFUSED_EACH = 4  # one order of so many is refused at its last step
TARRIES_EACH = 5  # and one of so many is open for some seconds

PROGRAM = """
import json, sys
from workflow_starter import WorkflowStarter
starter = WorkflowStarter()
for line in sys.stdin:
    order = json.loads(line)
    print(json.dumps(starter.start_workflow(order, order["order_id"])), flush=True)
"""

Begin = Callable[[Release, list[str]], "subprocess.Popen[str]"]
"""Starts a program of a release, with pipes to it and from it."""


class Load:
    """Starts an execution every so often, through the starter of now."""

    def __init__(self, begin: Begin, pace: float) -> None:
        self.started: dict[str, tuple[str, str]] = {}
        """Run id and version, by workflow id: what was acknowledged."""
        self.problems: list[str] = []
        self._begin, self._pace = begin, pace
        self._starter: tuple[Release, subprocess.Popen[str]] | None = None
        self._turn = threading.Lock()
        self._over = threading.Event()
        self._number = 0
        self._thread = threading.Thread(target=self._run, daemon=True)

    def begin(self, release: Release) -> None:
        """Start with the starter of a release."""
        self.restart(release)
        self._thread.start()

    def restart(self, release: Release) -> None:
        """Go over to the starter of another release."""
        process = self._begin(release, [sys.executable, "-c", PROGRAM])
        with self._turn:
            before, self._starter = self._starter, (release, process)
        if before is not None:
            before[1].communicate()  # at the end of its orders it ends

    def end(self) -> None:
        """Start nothing more."""
        self._over.set()
        self._thread.join()
        if self._starter is not None:
            self._starter[1].communicate()

    def burst(self, release: Release, count: int) -> None:
        """Start some at once by another starter; all of them tarry."""
        process = self._begin(release, [sys.executable, "-c", PROGRAM])
        for _ in range(count):
            with self._turn:
                self._start(release, process, tarry=True)
        process.communicate()

    def _run(self) -> None:
        while not self._over.wait(self._pace):
            with self._turn:
                assert self._starter is not None
                self._start(*self._starter)

    def _start(
        self, release: Release, process: subprocess.Popen[str], *, tarry: bool = False
    ) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._number += 1
        process.stdin.write(json.dumps(_order(self._number, tarry)) + "\n")
        process.stdin.flush()
        answer = process.stdout.readline()
        if answer:
            told: dict[str, Any] = json.loads(answer)
            self.started[told["workflow_id"]] = (told["run_id"], release.version)
        else:
            self.problems.append(f"order {self._number} was not started by {release.version}")
            time.sleep(1)


def _order(number: int, tarry: bool) -> dict[str, Any]:  # noqa: FBT001
    return {
        "order_id": f"ORD-{number}",
        "items": [{"sku": "A", "quantity": 1, "price": 5}],
        "metadata": {
            "refuse": number % REFUSED_EACH == 0,
            "tarry": tarry or number % TARRIES_EACH == 0,
        },
    }
