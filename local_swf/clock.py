"""Engine time: milliseconds since the epoch that never go back."""

from __future__ import annotations

import time


class WallClock:
    """Wall time at the start, carried on by the monotonic clock.

    A wall clock that is set back while the endpoint runs, or between two runs on the same
    database, therefore never makes history go backwards.
    """

    virtual = False

    def __init__(self) -> None:
        self._base_ms = int(time.time() * 1000)
        self._started = time.monotonic()

    def now(self) -> int:
        """The current time in milliseconds since the epoch."""
        return self._base_ms + int((time.monotonic() - self._started) * 1000)

    def not_before(self, milliseconds: int) -> None:
        """Move on to `milliseconds` if the clock is behind it."""
        self._base_ms += max(0, milliseconds - self.now())


class VirtualClock(WallClock):
    """A clock that runs at wall speed and can jump forward.

    `skipping` says whether the engine may jump by itself while nobody works; it starts off,
    and a client unlocks it (`unlock`).
    """

    virtual = True

    def __init__(self, *, skipping: bool = False) -> None:
        super().__init__()
        self.skipping = skipping

    def unlock(self) -> None:
        """Let the engine jump to the next timer or task timeout while nothing is going on."""
        self.skipping = True

    def lock(self) -> None:
        """Only `advance` moves the clock beyond wall speed from now on."""
        self.skipping = False
