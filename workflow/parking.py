"""Parking: what a decider answers when it cannot decide (a bug, an unknown version).

The task is left once to time out.  On redelivery it is answered with nothing but a park
timer, which the fold ignores, and a status that says why.  Nobody's execution is failed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from wire import Json, dumps
from workflow.history import Event, attributes, seconds
from workflow.policy import patience
from workflow.status import BLOCKED

PREFIX = "park."
FIRST_SECONDS = 10
LONGEST_SECONDS = 3600

_WAITING = frozenset(
    {
        "DecisionTaskScheduled",
        "DecisionTaskStarted",
        "DecisionTaskCompleted",
        "DecisionTaskTimedOut",
        "WorkflowExecutionSignaled",
        "WorkflowExecutionCancelRequested",
    }
)
_TIMERS = frozenset({"TimerStarted", "TimerFired", "StartTimerFailed"})


@dataclass(frozen=True)
class Parking:
    """How to answer a task that cannot be decided."""

    decisions: list[dict[str, Any]]
    context: str


def park(events: Sequence[Event], why: str) -> Parking | None:
    """The answer to a task that cannot be decided; None means: leave it to time out."""
    tail = _tail(events)
    parked = [event for event in tail if event["eventType"] == "TimerStarted"]
    timed_out = any(event["eventType"] == "DecisionTaskTimedOut" for event in tail)
    refused = bool(tail) and any(event["eventType"] == "StartTimerFailed" for event in tail)
    if refused or not (parked or timed_out):
        return None
    context: dict[str, Json] = {"state": BLOCKED, "blocked": why, "at": seconds(events[-1])}
    fired = {
        attributes(event).get("startedEventId")
        for event in tail
        if event["eventType"] == "TimerFired"
    }
    waiting = [event for event in parked if event["eventId"] not in fired]
    timer = [] if waiting else [_timer(len(parked), events[-1]["eventId"])]
    return Parking(timer, dumps(context))


def _tail(events: Sequence[Event]) -> list[Event]:
    """The last stretch of the history in which nothing went on but waiting and parking."""
    tail: list[Event] = []
    for event in reversed(events):
        kind = event["eventType"]
        ours = kind in _TIMERS and str(attributes(event).get("timerId")).startswith(PREFIX)
        if kind not in _WAITING and not ours:
            break
        tail.append(event)
    return tail


def _timer(parked: int, event_id: int) -> dict[str, Any]:
    wait = patience(parked, FIRST_SECONDS, LONGEST_SECONDS)
    block = {"timerId": f"{PREFIX}{event_id}", "startToFireTimeout": str(wait)}
    return {"decisionType": "StartTimer", "startTimerDecisionAttributes": block}
