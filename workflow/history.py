"""Histories as the fold wants them: SWF's event dicts in the order in which they count."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import Any, TypeAlias

Event: TypeAlias = Mapping[str, Any]
"""One event as boto3 gives it: eventId, eventTimestamp, eventType, xxxEventAttributes."""

DECISION_STARTED = "DecisionTaskStarted"
DECISION_COMPLETED = "DecisionTaskCompleted"
DECISION_TIMED_OUT = "DecisionTaskTimedOut"


@cache
def attributes_key(event_type: str) -> str:
    """The member under which an event of that type keeps its attributes."""
    return event_type[0].lower() + event_type[1:] + "EventAttributes"


def attributes(event: Event) -> Mapping[str, Any]:
    """The attributes of an event; empty where it has none."""
    found = event.get(attributes_key(event["eventType"]))
    return found if found is not None else {}


def seconds(event: Event) -> float:
    """When the event happened, in seconds since 1970."""
    moment = event["eventTimestamp"]
    return moment.timestamp() if isinstance(moment, datetime) else float(moment)


def in_order(events: Iterable[Event]) -> Iterator[Event]:
    """Events as a decider must take them.

    What landed between a DecisionTaskStarted and its DecisionTaskCompleted was not seen by
    that decision, so it counts after the events of its decisions.
    """
    held: list[Event] = []
    completed = 0  # the DecisionTaskCompleted whose decisions' events are being read
    deciding = False
    for event in events:
        kind = event["eventType"]
        if deciding and kind not in (DECISION_COMPLETED, DECISION_TIMED_OUT):
            held.append(event)
            continue
        if held and not deciding and not _is_of_decision(event, completed):
            yield from held
            held = []
        yield event
        if kind == DECISION_STARTED:
            deciding = True
        elif kind == DECISION_COMPLETED:
            deciding, completed = False, event["eventId"]
        elif kind == DECISION_TIMED_OUT:
            deciding, completed = False, 0
    yield from held


def _is_of_decision(event: Event, completed: int) -> bool:
    if not completed:
        return False
    found = attributes(event)
    if found.get("decisionTaskCompletedEventId") == completed:
        return True
    # The one event of a decision that names no DecisionTaskCompleted: the cancellation of an
    # activity that no worker had yet, which SWF writes at once behind the request.
    return event["eventType"] == "ActivityTaskCanceled" and found.get("startedEventId") == 0
