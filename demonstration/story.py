"""What the history of one run tells: its attempts, its waits, its markers, its end.

The demo's checks ask a `Story` and nothing else, and its timelines are read off one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import wire
from starter.executions.status import seconds
from starter.runs import CLOSINGS, Event, attributes
from wire import Json

OUTCOMES = {
    "ActivityTaskCompleted": "completed",
    "ActivityTaskFailed": "failed",
    "ActivityTaskTimedOut": "timed out",
    "ActivityTaskCanceled": "stopped",
}
Facts: TypeAlias = dict[str, Json]
"""The attributes of one event."""


@dataclass(frozen=True)
class Attempt:
    """One attempt of an activity."""

    activity: str
    visit: int
    """Which entrance of the step, from 1."""
    number: int
    """Which attempt of that visit, from 1."""
    input: Json
    outcome: str = "open"
    """`completed`, `failed`, `timed out`, `stopped` or `open`."""
    result: Json = None
    reason: str = ""

    @property
    def name(self) -> str:
        """The attempt for people; visit and number where they say something."""
        facts = [f"visit {self.visit}"] if self.visit > 1 else []
        facts += [f"attempt {self.number}"] if self.number > 1 else []
        return f"{self.activity} ({', '.join(facts)})" if facts else self.activity


@dataclass(frozen=True)
class Moment:
    """Something that happened, for people."""

    at: float
    """Seconds since 1970."""
    text: str
    smooth: bool = False
    """A step went as it should: nothing that anybody has to hear of at once."""


class Story:
    """One run, from its events."""

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self.events: list[Event] = []
        self._attempts: dict[int, Attempt] = {}  # by the id of the event that scheduled it
        for event in events:
            self.add(event)

    def add(self, event: Event) -> None:
        """Take in the next event."""
        self.events.append(event)
        kind, facts = event["eventType"], attributes(event)
        if kind == "ActivityTaskScheduled":
            self._attempts[event["eventId"]] = _attempt(facts)
        elif kind in OUTCOMES:
            self._attempts[facts["scheduledEventId"]] = replace(
                self._attempts[facts["scheduledEventId"]],
                outcome=OUTCOMES[kind],
                result=wire.loads(facts.get("result")),
                reason=facts.get("reason") or facts.get("timeoutType") or "",
            )

    # --- what was ------------------------------------------------------------------------

    @property
    def state(self) -> str:
        """How the run closed; `OPEN` while it has not."""
        return CLOSINGS.get(self.events[-1]["eventType"], "OPEN") if self.events else "OPEN"

    @property
    def input(self) -> Json:
        """What the caller handed to the start."""
        return wire.loads(attributes(self.events[0])["input"])

    @property
    def order_of_work(self) -> list[str]:
        """The activities as they were scheduled, attempts and all."""
        return [attempt.activity for attempt in self._attempts.values()]

    def attempts(self, activity: str, outcome: str = "") -> list[Attempt]:
        """The attempts of an activity, or those with that outcome."""
        return [
            attempt
            for attempt in self._attempts.values()
            if attempt.activity == activity and outcome in ("", attempt.outcome)
        ]

    def completed(self) -> list[str]:
        """The activities that completed, in the order they were scheduled."""
        return [a.activity for a in self._attempts.values() if a.outcome == "completed"]

    def failed(self) -> list[Attempt]:
        """The attempts that gave no result through a fault of their own."""
        return [a for a in self._attempts.values() if a.outcome in ("failed", "timed out")]

    def results(self) -> dict[str, Json]:
        """The last result of each activity that gave one."""
        return {a.activity: a.result for a in self._attempts.values() if a.outcome == "completed"}

    def waits(self) -> list[int]:
        """Seconds of each durable timer that held back another attempt."""
        return [
            int(attributes(event)["startToFireTimeout"])
            for event in self._of("TimerStarted")
            if _holds_back_retry(attributes(event))
        ]

    def markers(self, name: str) -> list[dict[str, Json]]:
        """The details of each marker of that name."""
        found = (attributes(event) for event in self._of("MarkerRecorded"))
        return [wire.loads(facts["details"]) for facts in found if facts["markerName"] == name]

    def signals(self) -> list[str]:
        """Names of the signals that arrived."""
        return [attributes(event)["signalName"] for event in self._of("WorkflowExecutionSignaled")]

    def has(self, kind: str) -> bool:
        """Whether there is an event of that type."""
        return any(True for _ in self._of(kind))

    def _of(self, kind: str) -> Iterator[Event]:
        return (event for event in self.events if event["eventType"] == kind)

    # --- for people ----------------------------------------------------------------------

    def moment(self, event: Event) -> Moment | None:
        """What an event that was added means to people; None for the engine's own affairs."""
        text = self._text(event)
        smooth = event["eventType"] == "ActivityTaskCompleted"
        return Moment(seconds(event["eventTimestamp"]) or 0.0, text, smooth) if text else None

    def timeline(self) -> list[str]:
        """The run in a few lines: seconds since its start, and what happened."""
        moments = [moment for moment in map(self.moment, self.events) if moment]
        start = seconds(self.events[0]["eventTimestamp"]) or 0.0
        return [f"{moment.at - start:7.2f} s  {moment.text}" for moment in _joined(moments)]

    def _text(self, event: Event) -> str:
        kind, facts = event["eventType"], attributes(event)
        if kind in OUTCOMES:
            return _outcome(self._attempts[facts["scheduledEventId"]])
        if kind in CLOSINGS:
            return f"{CLOSINGS[kind]} {facts.get('reason', '')}".rstrip()
        return _TEXTS[kind](facts) if kind in _TEXTS else ""


def _attempt(facts: Facts) -> Attempt:
    control = wire.loads(facts.get("control")) or {}
    return Attempt(
        activity=facts["activityType"]["name"],
        visit=control.get("visit", 1),
        number=control.get("attempt", 1),
        input=wire.loads(facts.get("input")),
    )


def _outcome(attempt: Attempt) -> str:
    if attempt.outcome == "completed":
        return attempt.name
    why = f": {attempt.reason}" if attempt.reason else ""
    return f"{attempt.activity} {attempt.outcome} (attempt {attempt.number}){why}"


def _marker(facts: Facts) -> str:
    name, details = facts["markerName"], wire.loads(facts.get("details"))
    if name == "ROLLBACK_INITIATED":
        return f"rollback begins: {details['reason']}"
    if name == "STEP_COMPENSATED":
        return f"undone: {details['step']}"
    if name == "RESUMED":
        run = " of the run before" if details.get("from_run_id") else ""
        return f"resumes from {details['step']}{run}"
    return ""


def _timer(facts: Facts) -> str:
    return f"waits {facts['startToFireTimeout']} s" if _holds_back_retry(facts) else ""


def _holds_back_retry(facts: Facts) -> bool:
    control = wire.loads(facts.get("control"))
    return isinstance(control, dict) and control.get("timer") == "retry"


def _signal(facts: Facts) -> str:
    payload = wire.loads(facts.get("input"))
    step = payload.get("step_name", "") if isinstance(payload, dict) else ""
    return f"signal {facts['signalName']} {step}".rstrip()


_TEXTS: dict[str, Callable[[Facts], str]] = {
    "MarkerRecorded": _marker,
    "TimerStarted": _timer,
    "WorkflowExecutionSignaled": _signal,
    "WorkflowExecutionCancelRequested": lambda _: "asked to cancel",
}


def _joined(moments: Sequence[Moment]) -> list[Moment]:
    """Steps that went smoothly after one another on one line."""
    joined: list[Moment] = []
    for moment in moments:
        if moment.smooth and joined and joined[-1].smooth:
            joined[-1] = replace(moment, text=f"{joined[-1].text}, {moment.text}")
        else:
            joined.append(moment)
    return joined
