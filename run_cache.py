"""What a decider remembers between the decision tasks of a run: executions, and what it told."""

from __future__ import annotations

import threading
from collections import OrderedDict

from workflow import Execution


class RunCache:
    """A bounded cache by run id; an execution is taken out while it is used.

    Losing an entry costs one reading of the whole history, never correctness.
    """

    def __init__(self, size: int = 1000) -> None:
        self.size = size
        """How many executions are kept at most."""
        self._held: OrderedDict[str, Execution] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, run_id: str) -> Execution | None:
        """Take an execution out, or None where it is not here."""
        with self._lock:
            return self._held.pop(run_id, None)

    def put(self, run_id: str, execution: Execution) -> None:
        """Put an execution (back); the one used longest ago makes room."""
        with self._lock:
            self._held[run_id] = execution
            self._held.move_to_end(run_id)
            while len(self._held) > self.size:
                self._held.popitem(last=False)

    def __len__(self) -> int:
        return len(self._held)


class Told:
    """Up to which event a run's lines are in this process's log; the oldest is forgotten first.

    SWF tells by `previousStartedEventId` what an earlier task had already, but perhaps not of one
    that timed out (its documents and its clients disagree).
    """

    def __init__(self, size: int = 1000) -> None:
        self.size = size
        """How many runs are remembered at most."""
        self._events: OrderedDict[str, int] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, run_id: str, otherwise: int) -> int:
        """The last event that was told of a run."""
        return self._events.get(run_id, otherwise)

    def put(self, run_id: str, event_id: int) -> None:
        """Lines up to this event are written."""
        with self._lock:
            self._events[run_id] = event_id
            self._events.move_to_end(run_id)
            while len(self._events) > self.size:
                self._events.popitem(last=False)
