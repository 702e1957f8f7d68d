"""Two clocks: the wall's, and one that jumps to whatever is due next."""

from __future__ import annotations

import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Protocol, TypeAlias

Inbox: TypeAlias = "SimpleQueue[Callable[[], None]]"
"""What other threads want done by the engine's own."""


class Clock(Protocol):
    """Tells the time, and lets it pass."""

    def now(self) -> float:
        """Seconds since 1970."""

    def wait(self, until: float | None, inbox: Inbox) -> Callable[[], None] | None:
        """Return at that moment (None: whenever something comes), or with what came before it."""


class VirtualClock:
    """Stands still, and jumps: waits take no time."""

    def __init__(self, start: float = 0.0) -> None:
        self._now = start

    def now(self) -> float:
        """Seconds since 1970, as far as this clock is concerned."""
        return self._now

    def wait(self, until: float | None, inbox: Inbox) -> Callable[[], None] | None:
        """Jump to that moment, unless another thread's activity has ended."""
        try:
            return inbox.get(block=until is None)
        except Empty:
            self._now = max(self._now, until or 0.0)
            return None


class RealClock:
    """The time on the wall."""

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time()

    def wait(self, until: float | None, inbox: Inbox) -> Callable[[], None] | None:
        """Sleep until that moment, or until something comes."""
        try:
            if until is None:
                return inbox.get()
            left = until - self.now()
            return inbox.get(timeout=left) if left > 0 else inbox.get(block=False)
        except Empty:
            return None
