"""Counting what histories hold: events, API calls, billed units, what was open at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import wire
from starter.costs.prices import DAY_SECONDS, Units
from starter.runs import Event, attributes
from wire import Json
from workflow.history import seconds

CALLS = {
    "DecisionTaskStarted": "PollForDecisionTask",
    "DecisionTaskCompleted": "RespondDecisionTaskCompleted",
    "ActivityTaskStarted": "PollForActivityTask",
    "ActivityTaskCompleted": "RespondActivityTaskCompleted",
    "ActivityTaskFailed": "RespondActivityTaskFailed",
    "ActivityTaskCanceled": "RespondActivityTaskCanceled",
    "WorkflowExecutionTerminated": "TerminateWorkflowExecution",
}
"""Events that an API call made; heartbeats and polls that bring nothing leave none."""

FROM_OUTSIDE = {
    "WorkflowExecutionSignaled": "SignalWorkflowExecution",
    "WorkflowExecutionCancelRequested": "RequestCancelWorkflowExecution",
}
"""The same, unless another execution's decision did it."""

TEXTS = ("input", "result", "details", "control", "executionContext")

_OPENS = {
    "ActivityTaskScheduled": "activities",
    "LambdaFunctionScheduled": "functions",
    "TimerStarted": "timers",
    "StartChildWorkflowExecutionInitiated": "children",
}
_ENDS = {
    **{f"ActivityTask{how}": "scheduledEventId" for how in ("Completed", "Failed", "TimedOut")},
    "ActivityTaskCanceled": "scheduledEventId",
    **{f"LambdaFunction{how}": "scheduledEventId" for how in ("Completed", "Failed", "TimedOut")},
    "TimerFired": "startedEventId",
    "TimerCanceled": "startedEventId",
    "StartChildWorkflowExecutionFailed": "initiatedEventId",
    **{
        f"ChildWorkflowExecution{how}": "initiatedEventId"
        for how in ("Completed", "Failed", "TimedOut", "Canceled", "Terminated")
    },
}


class Attempt(NamedTuple):
    """An attempt at a state, or at its undoing."""

    path: Json
    visit: Json
    attempt: Json
    undo: Json = None


@dataclass
class Tally:
    """What one or more runs hold."""

    types: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    longest: int = 0
    """Events of the longest run."""
    runs: int = 0
    peaks: Counter[str] = field(default_factory=Counter)
    """Most `activities`, `functions`, `timers`, `children` that were open at once in a run."""
    characters: int = 0
    """Of the longest text."""
    entered: int = 0
    """States entered, and retries: what Step Functions would call transitions."""
    begun: float | None = None
    ended: float = 0.0
    run_days: float = 0.0
    """Days open beyond the first, of all runs."""

    @property
    def events(self) -> int:
        """Events in all."""
        return sum(self.types.values())

    @property
    def seconds(self) -> float:
        """From the first event to the last."""
        return 0.0 if self.begun is None else round(self.ended - self.begun, 3)

    def add(self, events: Sequence[Event], *, after: int = 0) -> None:
        """Count a run; with `after` only what comes behind that event, for its peaks all."""
        news = [event for event in events if event["eventId"] > after]
        self.runs += 0 if after else 1
        self.longest = max(self.longest, len(events))
        for event in news:
            self._count(event)
        for kind, most in _peaks(events).items():
            self.peaks[kind] = max(self.peaks[kind], most)
        if news:
            self._time(seconds(events[0]), seconds(news[0]), seconds(news[-1]))

    def transitions(self, entries: int, attempts: Collection[Attempt]) -> None:
        """Take the number of states entered, and the attempts that were made.

        What is asked for again until it is done, or because a worker died, is one attempt.
        """
        visits = {(made.path, made.visit) for made in attempts if not made.undo}
        self.entered += entries - len(visits) + len(attempts)

    def units(self, retention_days: float) -> Units:
        """What is billed."""
        return Units(
            starts=self.types["WorkflowExecutionStarted"],
            activity_tasks=self.types["ActivityTaskScheduled"]
            + self.types["LambdaFunctionScheduled"],
            decision_tasks=self.types["DecisionTaskScheduled"],
            timers=self.types["TimerStarted"],
            signals=self.types["WorkflowExecutionSignaled"],
            markers=self.types["MarkerRecorded"],
            open_days=round(self.run_days, 3),
            retained_days=round(retention_days * self.types["WorkflowExecutionStarted"], 3),
            transitions=self.entered,
            seconds=self.seconds,
        )

    def _count(self, event: Event) -> None:
        kind, told = event["eventType"], attributes(event)
        self.types[kind] += 1
        if kind in CALLS:
            self.calls[CALLS[kind]] += 1
        elif kind in FROM_OUTSIDE and not told.get("externalInitiatedEventId"):
            self.calls[FROM_OUTSIDE[kind]] += 1
        elif kind == "WorkflowExecutionStarted" and _by_call(told):
            self.calls["StartWorkflowExecution"] += 1
        for name in TEXTS:
            text = told.get(name)
            if isinstance(text, str):
                self.characters = max(self.characters, wire.length(text))

    def _time(self, opened: float, first: float, last: float) -> None:
        """Take a run's time, between the first and the last event that count."""
        self.begun = first if self.begun is None else min(self.begun, first)
        self.ended = max(self.ended, last)
        billed = last - max(opened + DAY_SECONDS, first)
        self.run_days += max(0.0, billed / DAY_SECONDS)


def _by_call(told: Mapping[str, object]) -> bool:
    return not (told.get("continuedExecutionRunId") or told.get("parentWorkflowExecution"))


def _peaks(events: Iterable[Event]) -> Counter[str]:
    """Most of each kind that were open at once."""
    peaks: Counter[str] = Counter()
    now: Counter[str] = Counter()
    kinds: dict[int, str] = {}
    for event in events:
        kind = event["eventType"]
        if kind in _OPENS:
            name = kinds[event["eventId"]] = _OPENS[kind]
            now[name] += 1
            peaks[name] = max(peaks[name], now[name])
        elif kind in _ENDS:
            opened = kinds.pop(attributes(event).get(_ENDS[kind]) or 0, None)
            if opened is not None:
                now[opened] -= 1
    return peaks
