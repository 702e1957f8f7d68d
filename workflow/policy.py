"""What a run keeps for its whole life: attempts, intervals, timeouts.

A policy is not part of a definition's shape.  The decider's settings give it, the marker
`RUN_OPTIONS` of the run's first decision records it, and every decision states it.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from wire import Json


@dataclass(frozen=True)
class Policy:
    """Retry policy and timeouts of one run."""

    max_attempts: int = 3
    """Attempts in all, per visit of a step."""
    retry_initial_seconds: int = 1
    """Wait before the second attempt, in seconds."""
    retry_backoff_rate: float = 2.0
    """Each further wait is this many times the one before."""
    retry_max_seconds: int = 60
    """No wait is longer, in seconds."""
    start_to_close: str = "300"
    """Seconds as text, or NONE; so are the next three."""
    schedule_to_start: str = "86400"
    schedule_to_close: str = "NONE"
    heartbeat: str = "60"
    cancel_grace: int = 10
    """Seconds that work in flight gets to stop before it is abandoned."""
    lambda_tasks: bool = False
    """Whether Lambda functions are invoked by SWF; else activity workers call Python functions."""

    def delay(self, failures: int) -> int:
        """Whole seconds to wait after so many failures, rounded up as SWF timers need."""
        exponent = min(failures - 1, 1000)
        try:
            wait = self.retry_initial_seconds * self.retry_backoff_rate**exponent
        except OverflowError:
            wait = math.inf
        return math.ceil(min(wait, self.retry_max_seconds))

    def to_json(self) -> dict[str, Json]:
        """The policy as the marker `RUN_OPTIONS` records it."""
        found = asdict(self)
        if not self.lambda_tasks:  # runs of the first releases have recorded no such member
            del found["lambda_tasks"]
        return found

    @classmethod
    def from_json(cls, document: Any) -> Policy:
        """The recorded policy; members that this release does not know are passed over."""
        known = {name: document[name] for name in cls.__dataclass_fields__ if name in document}
        return cls(**known)


LONGEST_TIMER = 31_536_000
"""Seconds that a timer may take in SWF, as long as an execution; who waits longer waits again."""

UNCOUNTED_TRIES = 20
"""How often a missing activity function is waited for before it counts as a failure."""


def patience(tries: int, first: int, longest: int) -> int:
    """Seconds to wait for something that is not the process's fault, doubling each time."""
    return min(first << min(tries, 32), longest)
