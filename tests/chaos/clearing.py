"""Leaving in the middle of a chaos: `python -m tests.chaos.clearing FOLDER yes|no CODE`.

The chaos becomes this program when a signal ends it: so none of its threads can start anything
any more, or wait for an answer.  What it has started carries the folder's name in its
environment, and is killed; `yes` removes the folder.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

MARK = "CHAOS_FOLDER"
"""The variable that every process of a chaos has."""
SIGNALS = (signal.SIGINT, signal.SIGTERM)
PACE_SECONDS = 0.05


@contextmanager
def left_by_signals(folder: Path, *, keep: bool) -> Iterator[None]:
    """Leave at the first SIGTERM or Ctrl+C, at once, and leave no process behind."""
    os.environ[MARK] = str(folder)

    def leave(number: int, _: FrameType | None) -> None:
        for each in SIGNALS:
            signal.signal(each, signal.SIG_IGN)  # the clearing is not to be disturbed
        words = [str(folder), "no" if keep else "yes", str(128 + number)]
        os.execv(sys.executable, [sys.executable, "-m", "tests.chaos.clearing", *words])

    before = {number: signal.signal(number, leave) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        del os.environ[MARK]


def living(folder: Path) -> set[int]:
    """Processes of that chaos but this one, as far as the system shows them."""
    mark, found = f"{MARK}={folder}".encode(), set()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # gone, or another user's
            if mark in (process / "environ").read_bytes().split(b"\0"):
                found.add(int(process.name))
    return found - {os.getpid()}


def end(find: Callable[[], set[int]]) -> None:
    """Kill what is found, until nothing is."""
    while pids := find():
        for pid in pids:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG) != (0, 0):
                pass
        time.sleep(PACE_SECONDS)


def main() -> int:
    """Kill, remove; gives the exit code that was asked for."""
    folder, remove, code = Path(sys.argv[1]), sys.argv[2] == "yes", int(sys.argv[3])
    end(lambda: living(folder))
    if remove:
        shutil.rmtree(folder, ignore_errors=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
