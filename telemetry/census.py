"""How many executions are open, which only SWF knows: it is asked seldom, and aside.

Whoever has a client says how to ask (`counts`); it is asked where somebody collects metrics, at
most once a minute, in a thread of its own: no scrape waits for SWF.  What was asked longer than
five minutes ago is not told any more.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

EVERY_SECONDS = 60.0
TOLD_SECONDS = 300.0

Count = Callable[[], int]


@dataclass
class Census:
    """The open executions of a domain, as they were counted last."""

    count: Count
    complain: Callable[[Exception], None]
    """Hears what asking failed with."""
    _asked: float = float("-inf")
    """When it was asked last, and when it was answered: monotonic seconds."""
    _answered: float = float("-inf")
    _found: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def found(self) -> int | None:
        """The last count, unless it is too old; asks anew where a minute has passed."""
        now = time.monotonic()
        with self._lock:
            told = self._found if now - self._answered < TOLD_SECONDS else None
            if now - self._asked < EVERY_SECONDS:
                return told
            self._asked = now
        threading.Thread(target=self._ask, name="census", daemon=True).start()
        return told

    def _ask(self) -> None:
        try:
            self._found = self.count()
        except Exception as error:  # noqa: BLE001 - telemetry never fails work
            self.complain(error)
        else:
            self._answered = time.monotonic()
