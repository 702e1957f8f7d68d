"""What a `Story` reads off a history."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from demonstration.scene import CheckFailedError, Scene
from demonstration.story import Story

BEGIN = datetime(2026, 1, 1, tzinfo=timezone.utc)


class History:
    """Writes events, one every tenth of a second."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.add("WorkflowExecutionStarted", input='{"order_id": "é"}')

    def add(self, kind: str, **facts: Any) -> int:
        number = len(self.events) + 1
        name = f"{kind[0].lower()}{kind[1:]}EventAttributes"
        at = BEGIN + timedelta(milliseconds=100 * len(self.events))
        event = {"eventId": number, "eventType": kind, "eventTimestamp": at, name: facts}
        self.events.append(event)
        return number

    def attempt(self, step: str, outcome: str, visit=1, attempt=1, **facts: Any) -> None:
        control = json.dumps({"path": step, "visit": visit, "attempt": attempt})
        kind = {"name": step, "version": "1"}
        scheduled = self.add(
            "ActivityTaskScheduled", activityType=kind, control=control, input='{"a": 1}'
        )
        if outcome:
            self.add(f"ActivityTask{outcome}", scheduledEventId=scheduled, **facts)

    def marker(self, name: str, **details: Any) -> None:
        self.add("MarkerRecorded", markerName=name, details=json.dumps(details))

    def timer(self, seconds: int, kind: str = "retry") -> None:
        control = json.dumps({"timer": kind})
        self.add("TimerStarted", timerId="t", startToFireTimeout=str(seconds), control=control)


@pytest.fixture
def eventful() -> Story:
    """A retry, a rollback, a failed end."""
    history = History()
    history.attempt("First", "Completed", result='{"x": 1}')
    history.attempt("Second", "Completed", result='{"y": 2}')
    history.attempt("Third", "Failed", reason="OSError: full", details="{}")
    history.timer(1)
    history.timer(30, kind="deadline")
    history.attempt("Third", "TimedOut", attempt=2, timeoutType="START_TO_CLOSE")
    history.marker("ROLLBACK_INITIATED", reason="Max retries exceeded")
    history.add("WorkflowExecutionFailed", reason="Third failed")
    return Story(history.events)


def test_an_open_run_has_no_end():
    history = History()
    history.attempt("First", "")
    story = Story(history.events)
    assert story.state == "OPEN"
    assert [attempt.outcome for attempt in story.attempts("First")] == ["open"]


def test_attempts_have_outcome_and_reason(eventful):
    third = eventful.attempts("Third")
    assert [(a.number, a.outcome, a.reason) for a in third] == [
        (1, "failed", "OSError: full"),
        (2, "timed out", "START_TO_CLOSE"),
    ]
    assert eventful.failed() == third
    assert eventful.attempts("Third", "completed") == []


def test_work_and_results_are_in_order(eventful):
    assert eventful.order_of_work == ["First", "Second", "Third", "Third"]
    assert eventful.completed() == ["First", "Second"]
    assert eventful.results() == {"First": {"x": 1}, "Second": {"y": 2}}
    assert eventful.input == {"order_id": "é"}


def test_only_retry_timers_are_waits(eventful):
    assert eventful.waits() == [1]


def test_markers_are_found_by_name(eventful):
    assert eventful.markers("ROLLBACK_INITIATED") == [{"reason": "Max retries exceeded"}]
    assert eventful.markers("RESUMED") == []


def test_the_timeline_is_compact(eventful):
    assert eventful.timeline() == [
        "   0.40 s  First, Second",
        "   0.60 s  Third failed (attempt 1): OSError: full",
        "   0.70 s  waits 1 s",
        "   1.00 s  Third timed out (attempt 2): START_TO_CLOSE",
        "   1.10 s  rollback begins: Max retries exceeded",
        "   1.20 s  FAILED Third failed",
    ]


def test_the_timeline_tells_what_operators_did():
    history = History()
    history.add("WorkflowExecutionSignaled", signalName="PAUSE")
    history.add(
        "WorkflowExecutionSignaled", signalName="RESUME_FROM_STEP", input='{"step_name": "First"}'
    )
    history.attempt("Second", "Canceled")
    history.marker("RESUMED", step="First", from_run_id=None)
    history.attempt("First", "Completed", visit=2, attempt=3)
    history.add("WorkflowExecutionCancelRequested")
    history.add("WorkflowExecutionCanceled")
    assert [line[11:] for line in Story(history.events).timeline()] == [
        "signal PAUSE",
        "signal RESUME_FROM_STEP First",
        "Second stopped (attempt 1)",
        "resumes from First",
        "First (visit 2, attempt 3)",
        "asked to cancel",
        "CANCELED",
    ]


# --- a scene -----------------------------------------------------------------------------


def scene(play) -> Scene:
    return Scene("one", "One", play, "demo-1", None, lambda scene, text: None)


def test_a_scene_whose_checks_hold_is_ok():
    played = scene(lambda own: own.expect("end", "COMPLETED", "COMPLETED"))
    played.perform()
    assert (played.state, played.over.is_set()) == ("ok", True)


def test_a_scene_whose_check_fails_says_which():
    played = scene(lambda own: own.expect("end", "FAILED", "COMPLETED"))
    played.perform()
    assert played.state == "FAILED"
    assert played.note == "end: the history says 'FAILED' instead of 'COMPLETED'"


def test_a_scene_that_breaks_has_failed():
    played = scene(lambda own: own.nothing)
    played.perform()
    assert (played.state, played.over.is_set()) == ("FAILED", True)
    assert "AttributeError" in played.note


def test_a_scene_after_a_failed_one_fails():
    first = scene(lambda own: own.expect("end", 1, 2))
    first.perform()
    with pytest.raises(CheckFailedError, match="needs 'One'"):
        scene(lambda own: None).after(first)
