"""Looking again and again until something is there, at growing intervals."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Rhythm:
    """How often to look.  Seconds; each pause is `growth` times the one before."""

    first: float = 0.005
    growth: float = 1.5
    most: float = 1.0

    def pauses(self) -> Iterator[float]:
        """The pauses between looks, without end."""
        pause = self.first
        while True:
            yield pause
            pause = min(self.most, pause * self.growth)


LOCAL = Rhythm(most=0.5)
REMOTE = Rhythm(first=0.2, most=2.0)  # SWF grants 60 history reads a second to an account


def until(
    look: Callable[[], T | None],
    timeout: float | None,
    rhythm: Rhythm,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> T | None:
    """What `look` finds, or None when `timeout` seconds have gone by without it."""
    deadline = None if timeout is None else clock() + timeout
    for pause in rhythm.pauses():
        found = look()
        if found is not None:
            return found
        left = pause if deadline is None else deadline - clock()
        if left <= 0:
            return None
        sleep(min(pause, left))
    return None
