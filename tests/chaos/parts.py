"""Processes that are started again and again, and never left behind."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.chaos import clocks

ROOT = Path(__file__).resolve().parents[2]


class EndedError(Exception):
    """All is over: no process is started any more."""


class Children:
    """Every process that was started here, from any thread."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[Any]] = set()
        self._over = False
        self._turn = threading.Lock()

    def start(self, command: Sequence[str], **options: Any) -> subprocess.Popen[Any]:
        """Start a process; `EndedError` after `end`."""
        with self._turn:
            if self._over:
                raise EndedError
            self._running = {child for child in self._running if child.poll() is None}
            child = subprocess.Popen(command, **options)
            self._running.add(child)
            return child

    def end(self) -> None:
        """Kill whatever still runs."""
        with self._turn:
            self._over = True
            for child in self._running:
                with contextlib.suppress(ProcessLookupError):
                    child.kill()  # also one that is stopped
            for child in self._running:
                child.wait()


class Part:
    """A process in a role of `tests.chaos.serve`, with a log and a wall clock of its own."""

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        *,
        folder: Path,
        environment: Mapping[str, str],
        children: Children,
    ) -> None:
        self.name = name
        self.turn = threading.RLock()
        """One blow at a time."""
        self.log = folder / f"{name}.log"
        self.clock = folder / f"{name}.clock"
        clocks.lay(self.clock)
        self.process: subprocess.Popen[bytes] | None = None
        self._command = [sys.executable, "-m", "tests.chaos.serve", *arguments]
        self._folder, self._environment, self._children = folder, environment, children

    def start(self) -> None:
        """Start it, with the settings of now."""
        with self.log.open("ab") as log:
            self.process = self._children.start(
                self._command,
                cwd=self._folder,
                env={**self._environment, "CHAOS_CLOCK": str(self.clock)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def signal(self, number: int) -> None:
        """Send it a signal."""
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)

    def ended(self) -> int | None:
        """Its exit code, where it has ended."""
        return None if self.process is None else self.process.poll()

    def wait(self, seconds: float) -> int | None:
        """Its exit code, once it has ended; None where it does not."""
        assert self.process is not None
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
