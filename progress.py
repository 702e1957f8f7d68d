"""How far something long has come: a bar on standard error, for people who wait.

It appears after two seconds, on a terminal only.  With `--json` it is left out where the JSON
goes to the terminal as well; where that goes into a file the bar is all there is to see.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress

PATIENCE_SECONDS = 2.0
DUMB = ("dumb", "unknown")  # terminals on which nothing can be drawn anew

Tell = Callable[[int], object]
"""Hears how many are done."""


def can_be_shown(*, as_json: bool = False) -> bool:
    """Whether somebody sees a bar on standard error, and it disturbs nothing."""
    if not sys.stderr.isatty() or os.environ.get("TERM") in DUMB:
        return False
    return not (as_json and sys.stdout.isatty())


@contextmanager
def bar(what: str, total: int | None = None, *, as_json: bool = False) -> Iterator[Tell]:
    """Within the block, a bar once that takes long; without a `total` it only counts."""
    if not can_be_shown(as_json=as_json):
        yield lambda _: None
        return
    shown = _Bar(what, total)
    timer = threading.Timer(PATIENCE_SECONDS, shown.start)
    timer.daemon = True
    timer.start()
    try:
        yield shown.tell
    finally:
        timer.cancel()
        shown.stop()


class _Bar:
    """A bar that may be started late, from another thread, or never."""

    def __init__(self, what: str, total: int | None) -> None:
        self._what, self._total = what, total
        self._count = 0
        self._lock = threading.Lock()
        self._over = False
        self._progress: Progress | None = None

    def start(self) -> None:
        """Show it, unless all is over."""
        with self._lock:
            if not self._over:
                self._progress = _progress()
                self._progress.add_task(
                    self._what, total=self._total, completed=self._count, counted=self._counted()
                )
                self._progress.start()

    def tell(self, count: int) -> None:
        """So many are done."""
        with self._lock:
            self._count = count
            if self._progress is not None:
                self._progress.update(
                    self._progress.task_ids[0], completed=count, counted=self._counted()
                )

    def _counted(self) -> str:
        if self._total is not None:
            return f"{self._count:,} of {self._total:,}"
        return f"{self._count:,}" if self._count else ""

    def stop(self) -> None:
        """Take it away."""
        with self._lock:
            self._over = True
            if self._progress is not None:
                self._progress.stop()


def _progress() -> Progress:
    # Slow to import, and only for those who wait.
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[counted]}"),
        TimeElapsedColumn(),
        console=Console(file=sys.stderr),
        transient=True,
    )
