"""Everything that happens by itself at a time: one heap, one entry per open thing."""

from __future__ import annotations

import heapq
from typing import NamedTuple


class Deadline(NamedTuple):
    """What is due: the kind, the run's number, and the thing's event id (0 for the run)."""

    kind: str
    run: int
    ref: int = 0


DECISION = "decision"
ACTIVITY = "activity"
TIMER = "timer"
LAMBDA = "lambda"
EXECUTION = "execution"
RETENTION = "retention"

NOT_SKIPPED = frozenset({EXECUTION, RETENTION})
"""Deadlines that a virtual clock does not jump to by itself."""

RETENTION_SWEEP = Deadline(RETENTION, 0)
"""The next removal of closed runs that are past their days."""


class Deadlines:
    """The next deadline, in memory; rows of the database are the truth behind it."""

    def __init__(self) -> None:
        self._due: dict[Deadline, int] = {}
        self._heap: list[tuple[int, Deadline]] = []

    def __len__(self) -> int:
        return len(self._due)

    def set(self, deadline: Deadline, at: int) -> None:
        """Make `deadline` due at `at` (ms), instead of any time it had."""
        if self._due.get(deadline) == at:
            return
        self._due[deadline] = at
        heapq.heappush(self._heap, (at, deadline))
        if len(self._heap) > 2 * len(self._due) + 1000:
            self._rebuild()

    def discard(self, deadline: Deadline) -> None:
        """Forget a deadline, if it is there."""
        self._due.pop(deadline, None)
        if len(self._heap) > 2 * len(self._due) + 1000:
            self._rebuild()

    def time_of(self, deadline: Deadline) -> int | None:
        """When a deadline is due (ms), None if it is not there."""
        return self._due.get(deadline)

    def next(self) -> tuple[int, Deadline] | None:
        """The earliest deadline and its time, left in place."""
        while self._heap:
            at, deadline = self._heap[0]
            if self._due.get(deadline) == at:
                return at, deadline
            heapq.heappop(self._heap)
        return None

    def clear(self) -> None:
        """Forget everything."""
        self._due.clear()
        self._heap.clear()

    def _rebuild(self) -> None:
        self._heap = [(at, deadline) for deadline, at in self._due.items()]
        heapq.heapify(self._heap)
