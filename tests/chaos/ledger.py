"""What was acknowledged: that much, at least, must be there in the end."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field

from tests.chaos import definitions


@dataclass(frozen=True)
class Sent:
    """An acknowledged signal, or an acknowledged resume of a closed run."""

    workflow_id: str
    run_id: str
    request_id: str
    what: str


@dataclass
class Ledger:
    """Written by many threads."""

    starts: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Run id and name of the process, by workflow id."""
    there: set[str] = field(default_factory=set)
    """Workflow ids that a start was refused for, since they were open."""
    signals: list[Sent] = field(default_factory=list)
    resumes: list[Sent] = field(default_factory=list)
    """Of closed runs, by the new run."""
    rolled_back: set[str] = field(default_factory=set)
    """Workflow ids that an operator wanted undone, acknowledged or not."""
    steered: set[str] = field(default_factory=set)
    """Workflow ids that an operator wanted anything of."""
    outcomes: Counter[str] = field(default_factory=Counter)
    """What came of what people tried."""
    problems: list[str] = field(default_factory=list)
    """Errors that no caller may get to see."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def started(self, workflow_id: str, run_id: str, name: str) -> None:
        with self.lock:
            self.starts[workflow_id] = (run_id, name)

    def sent(self, sent: Sent, *, new_run: bool = False) -> None:
        with self.lock:
            (self.resumes if new_run else self.signals).append(sent)

    def answers(self, workflow_id: str) -> int:
        """How many answers to an execution that waits were acknowledged."""
        with self.lock:
            sent = [item for item in self.signals if item.workflow_id == workflow_id]
        return sum(item.what == definitions.APPROVAL for item in sent)

    def count(self, outcome: str) -> None:
        with self.lock:
            self.outcomes[outcome] += 1

    def problem(self, what: str) -> None:
        with self.lock:
            self.problems.append(what)
