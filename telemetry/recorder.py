"""What can be told to telemetry.  This one, which is in place while it is off, does nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from wire import Json

Event = Mapping[str, Any]
"""One event of a history in SWF's own shape."""


@dataclass(frozen=True)
class Decided:
    """A decision task that was answered, and SWF took the answer."""

    workflow_id: str
    run_id: str
    decision_id: int
    """Id of its DecisionTaskStarted event."""
    decisions: Sequence[Mapping[str, Json]]
    seconds: float
    """From the task's arrival to the accepted answer."""
    start_id: str
    begun: float
    """When the chain of runs began, seconds since 1970."""


@dataclass
class Task:
    """An activity task in work."""

    workflow_id: str
    run_id: str
    start_id: str
    step: str
    attempt: int
    activity: str
    activity_id: str
    error: str = ""
    """Name of the error that it ended with, for whoever serves it to set."""


class Recorder:
    """Takes what happens and keeps nothing of it: telemetry is off."""

    def started(
        self, start_id: str, workflow_id: str, run_id: str, kind: tuple[str, str], begun: float
    ) -> None:
        """A starter has started an execution; `kind` is name and version, `begun` the call's."""

    def folded(self, execution: object, events: Iterable[Event]) -> None:
        """A decider has taken in these events of an execution, as long as that object lives."""

    def deciding(self, execution: object, outcome: Callable[[int], str]) -> object:
        """A decider is about to answer: gives what is news to it, for one of the next two.

        `outcome` is what became of a visit, by its entry: `open`, `done`, `failed`...; empty for
        one that is not known.  Asked before another thread may go on with the execution.
        """

    def decided(self, news: object, answer: Decided) -> None:
        """The answer was taken: the news are told."""

    def undecided(self, news: object) -> None:
        """The answer was not taken: the news wait for the next one."""

    def looked_up(self, *, found: bool) -> None:
        """A decider has looked for an execution in its memory."""

    def executing(self, task: Task) -> AbstractContextManager[object]:  # noqa: ARG002 - off
        """The context in which an activity runs."""
        return nullcontext()

    def counts(self, domain: str, count: Callable[[], int]) -> None:
        """So SWF is asked how many executions are open in a domain, whenever somebody collects."""

    def called(self, operation: str, seconds: float, outcome: str) -> None:
        """SWF was called: `ok`, `throttled`, `failed` (no usable answer) or `refused`."""
