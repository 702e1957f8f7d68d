"""A log as it grows, like `tail -f`, until the user has seen enough."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path

from arguments import safe
from cli.terminal import Terminal

SHOWN_LINES = 20  # of what is there already
SHOWN_BYTES = 16_384
LOOK_SECONDS = 0.1


class Tail:
    """The last lines of a file, then those that come."""

    def __init__(self, path: Path, lines: int = SHOWN_LINES) -> None:
        self._path = path
        self._lines: int | None = lines
        self._place = 0
        self._rest = b""

    def read(self) -> list[str]:
        """The lines that are new, whole ones only; none while the file is away."""
        try:
            return self._read()
        except OSError:
            return []

    def _read(self) -> list[str]:
        size = self._path.stat().st_size
        if size < self._place:  # begun anew
            self._place, self._rest = 0, b""
        first = self._lines is not None
        if first:
            self._place = max(0, size - SHOWN_BYTES)
        with self._path.open("rb") as file:
            file.seek(self._place)
            data = self._rest + file.read()
            self._place = file.tell()
        *whole, self._rest = data.split(b"\n")
        lines = [safe(line.decode("utf-8", "replace").rstrip("\r")) for line in whole]
        if first:
            lines, self._lines = lines[-(self._lines or 0) :], None
        return lines


def follow(path: Path, terminal: Terminal) -> None:
    """Write a log's lines as they come, until Enter or Ctrl+C."""
    tail, enough = Tail(path), threading.Event()

    def write() -> None:
        for line in tail.read():
            terminal.write(line)

    def watch() -> None:
        while not enough.wait(LOOK_SECONDS):
            write()

    write()
    watcher = threading.Thread(target=watch, name="follow", daemon=True)
    watcher.start()
    try:
        with contextlib.suppress(KeyboardInterrupt):
            terminal.ask("")
    finally:
        enough.set()
        watcher.join()
