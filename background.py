"""Processes that another one of ours starts and answers for: a log each, and no orphans.

The demo and the menu run deciders and workers this way; the menu's are started again after a
crash (`cli/supervisor.py`).  Each is started in a session of its own, so that Ctrl+C in the
terminal reaches the owner alone, who then stops them in order.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

DRAIN_SECONDS = 10.0  # how long what a worker has in hand may take to finish
LEAVE_SECONDS = 2.0  # how long leaving at once may take
LOOK_SECONDS = 0.02
TAIL_BYTES = 16_384

SIGNALS: tuple[signal.Signals, ...] = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
"""What ends an owner: Ctrl+C, a plain `kill`, the terminal going away."""


class Interrupted(BaseException):
    """A signal asked this process to end.  As KeyboardInterrupt: no error, but an end."""

    def __init__(self, number: int) -> None:
        self.exit_code = 128 + number
        super().__init__(signal.Signals(number).name)


@dataclass(frozen=True)
class Process:
    """One process in the background."""

    name: str
    log: Path
    """Its output, both streams."""
    handle: subprocess.Popen[bytes]
    log_start: int = 0
    """Where its output begins in the log, in bytes."""

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.handle.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; minus the signal's number where a signal ended it."""
        return self.handle.poll()

    def last_line(self) -> str:
        """The last line of its log."""
        lines = self._tail().splitlines()
        return lines[-1] if lines else ""

    def has_said(self, text: str) -> bool:
        """Whether its log holds that text near its end."""
        return text in self._tail()

    def found(self, pattern: str) -> str | None:
        """What a regular expression finds first near the end of its log."""
        match = re.search(pattern, self._tail())
        return match and match[0]

    def _tail(self) -> str:
        try:
            with self.log.open("rb") as file:
                file.seek(max(self.log_start, self.log.stat().st_size - TAIL_BYTES))
                return file.read().decode("utf-8", "replace").strip()
        except OSError:
            return ""


class Background:
    """The processes of one owner, in the order of their starts."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._processes: list[Process] = []

    def start(
        self,
        name: str,
        arguments: Sequence[str],
        environment: Mapping[str, str] | None = None,
        *,
        append: bool = False,
    ) -> Process:
        """Run `python ARGUMENTS`; `name` names it to people and its log file.

        The log is begun anew unless `append`.  An interrupt takes effect only when the process
        is on record.
        """
        self._logs.mkdir(parents=True, exist_ok=True)
        log = self._logs / f"{name}.log"
        with interrupts_held(), log.open("ab" if append else "wb") as output:
            begin = output.seek(0, os.SEEK_END)
            handle = subprocess.Popen(  # noqa: S603 - our own programs
                [sys.executable, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=None if environment is None else dict(environment),
                start_new_session=os.name != "nt",
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            )
            process = Process(name, log, handle, begin)
            self._processes.append(process)
        return process

    def forget(self, process: Process) -> None:
        """Take a process that has ended off the record."""
        self._processes.remove(process)

    def running(self) -> list[Process]:
        """Those that run."""
        return [process for process in self._processes if process.exit_code is None]

    def ended(self) -> list[Process]:
        """Those that have ended without being stopped."""
        return [process for process in self._processes if process.exit_code is not None]

    def stop(self, drain_seconds: float = DRAIN_SECONDS) -> list[Process]:
        """Stop all and wait until they are gone; gives those that ran.

        The first signal lets a worker finish what it has in hand, for `drain_seconds` at most;
        the second makes it leave at once, and what still runs is killed.
        """
        stopped = self.running()
        try:
            self._drain(stopped, drain_seconds)
        finally:
            for process in self.running():
                process.handle.kill()
            for process in stopped:
                process.handle.wait()
            self._processes.clear()
        return stopped

    def _drain(self, processes: Sequence[Process], drain_seconds: float) -> None:
        for seconds in (drain_seconds, LEAVE_SECONDS):
            for process in self.running():
                process.handle.terminate()
            if wait_until(lambda: not any(p.exit_code is None for p in processes), seconds):
                return


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether a condition came to hold within so many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(LOOK_SECONDS)
    return True


@contextmanager
def cleaned_up(
    cleanup: Callable[[], object], signals: Sequence[signal.Signals] = SIGNALS
) -> Iterator[None]:
    """Call `cleanup` at the end of the block, however it ends, once and undisturbed.

    Within the block the first of `signals` raises `Interrupted`; during the cleanup all of
    `SIGNALS` are ignored, and after an interruption until the process has ended.  Needs the
    main thread.
    """
    before = {number: signal.getsignal(number) for number in SIGNALS}

    def ignore() -> None:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)

    def interrupt(number: int, _: FrameType | None) -> None:
        ignore()
        raise Interrupted(number)

    try:
        try:
            for number in signals:
                if before[number] is not signal.SIG_IGN:  # `nohup` means it
                    signal.signal(number, interrupt)
            yield
        finally:
            ignore()
    finally:
        cleanup()
        if not isinstance(sys.exc_info()[1], Interrupted):
            for number, handler in before.items():
                signal.signal(number, handler)


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Signals that come within the block take effect at its end."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = {number: signal.signal(number, lambda n, _: came.append(n)) for number in SIGNALS}
    try:
        yield
    finally:
        for held, handler in before.items():
            signal.signal(held, handler)
        for number in came:
            signal.raise_signal(number)
