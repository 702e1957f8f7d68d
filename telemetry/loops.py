"""The health of an event loop: how late it is.  Whoever runs one has it beat here."""

from __future__ import annotations

import asyncio
import time
from collections import deque

from telemetry import pulse
from telemetry.pulse import Health

BEAT_SECONDS = 0.5
KEPT_SECONDS = 10.0
"""How long a lag is told of after it is over."""
LATE_SECONDS = 1.0
"""From which lag on whoever asks has to wait for too long."""
STUCK_SECONDS = 30.0
"""After how long it counts as stuck."""


class LoopPulse:
    """Beats on a loop; read from other threads, for a loop that is stuck answers nobody."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._due: float | None = None
        self._lags: deque[float] = deque(maxlen=int(KEPT_SECONDS / BEAT_SECONDS))
        pulse.register(self)

    async def beat(self) -> None:
        """Run this on the loop, as long as it is to be healthy."""
        try:
            while True:
                due = self._due = time.monotonic() + BEAT_SECONDS
                await asyncio.sleep(BEAT_SECONDS)
                self._lags.append(max(0.0, time.monotonic() - due))
        finally:
            self._due = None

    @property
    def overdue(self) -> float:
        """Seconds for which it should have beaten, and has not."""
        due = self._due
        return 0.0 if due is None else max(0.0, time.monotonic() - due)

    @property
    def lag(self) -> float:
        """How late it is, or was of late: seconds, at most."""
        return max(self.overdue, *tuple(self._lags), 0.0)

    def health(self) -> Health:
        """How it is now."""
        if self._due is None:
            return Health(healthy=True, ready=False, problems=(f"{self.name} does not run",))
        lag, stuck = self.lag, self.overdue > STUCK_SECONDS
        late = lag > LATE_SECONDS
        told = (f"the event loop of {self.name} is late by {lag:.1f} s",) if late else ()
        return Health(healthy=not stuck, ready=not late, problems=told)
