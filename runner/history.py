"""One run's history, written as SWF writes it, and what is open in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from wire import Json
from workflow.history import attributes_key

if TYPE_CHECKING:
    from runner.attempts import Attempt

Event: TypeAlias = dict[str, Any]
"""One event in SWF's own shape; `eventTimestamp` is seconds since 1970."""


class History:
    """The events of one run.  An execution that continues as new has several."""

    def __init__(
        self, now: Callable[[], float], heard: Callable[[Event], None] | None = None
    ) -> None:
        self.events: list[Event] = []
        self.activities: dict[str, Attempt] = {}
        """Open activities, by activity id."""
        self.timers: dict[str, int] = {}
        """Running timers: timer id to the id of TimerStarted."""
        self.waiting = 0
        """The DecisionTaskScheduled of the task that waits, if one does."""
        self.completed = 0
        """The last DecisionTaskCompleted."""
        self.closed = ""
        """SWF's close status."""
        self._now = now
        self._heard = heard

    def add(self, event_type: str, attributes: Mapping[str, Json], at: float | None = None) -> int:
        """Write an event; gives its id."""
        event_id = len(self.events) + 1
        event = {
            "eventId": event_id,
            "eventTimestamp": self._now() if at is None else at,
            "eventType": event_type,
            attributes_key(event_type): attributes,
        }
        self.events.append(event)
        if self._heard is not None:
            self._heard(event)
        return event_id

    def decided(self, event_type: str, attributes: Mapping[str, Json]) -> int:
        """Write an event that a decision made."""
        return self.add(event_type, {**attributes, "decisionTaskCompletedEventId": self.completed})

    def wake(self) -> bool:
        """Schedule a decision task, unless one waits; whether there was need to."""
        if self.waiting or self.closed:
            return False
        self.waiting = self.add("DecisionTaskScheduled", {})
        return True

    def begin_decision(self) -> int:
        """Hand out the decision task that waits; gives its DecisionTaskStarted."""
        return self.add("DecisionTaskStarted", {"scheduledEventId": self.waiting})

    def end_decision(self, started: int) -> None:
        """Take a decider's response."""
        scheduled, self.waiting = self.waiting, 0
        self.completed = self.add(
            "DecisionTaskCompleted", {"scheduledEventId": scheduled, "startedEventId": started}
        )
