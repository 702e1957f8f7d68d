"""Spreading calls over time, so that SWF's request quotas are never run dry."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Pace:
    """So many calls a second on average, after a burst that may go at once.

    Threads share one: each calls `wait()` before its request.  The schedule is kept as one
    number, the time at which the bucket would be full again.
    """

    def __init__(
        self,
        per_second: float,
        burst: int = 1,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._step = 1.0 / per_second
        self._allowance = (burst - 1) * self._step
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._next = clock() - self._allowance

    def wait(self) -> None:
        """Return when the next call may be made."""
        delay = self._reserve()
        if delay > 0:
            self._sleep(delay)

    def _reserve(self) -> float:
        with self._lock:
            now = self._clock()
            turn = max(self._next, now - self._allowance)
            self._next = turn + self._step
            return turn - now
