"""The order in which a decider must take events, and never waiting for nothing."""

from __future__ import annotations

import pytest

from errors import UndecidableError
from workflow.commands import decide
from workflow.history import in_order
from workflow.machine import Machine

from .history_model import FIVE, History


def order(*rows):
    """Event ids in the order taken; a row is (type, attributes)."""
    events = []
    for event_id, (kind, found) in enumerate(rows, 1):
        key = kind[0].lower() + kind[1:] + "EventAttributes"
        events.append({"eventId": event_id, "eventType": kind, key: found})
    return [event["eventId"] for event in in_order(events)]


STARTED = ("DecisionTaskStarted", {})
SCHEDULED = ("DecisionTaskScheduled", {})
SIGNAL = ("WorkflowExecutionSignaled", {})


def completed():
    return ("DecisionTaskCompleted", {})


def timed_out():
    return ("DecisionTaskTimedOut", {})


def decided(by):
    return ("TimerStarted", {"decisionTaskCompletedEventId": by})


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        ([STARTED, completed(), decided(2), SIGNAL], [1, 2, 3, 4]),
        ([STARTED, SIGNAL, completed(), decided(3), decided(3)], [1, 3, 4, 5, 2]),
        ([STARTED, SIGNAL, SCHEDULED, completed(), decided(4), STARTED], [1, 4, 5, 2, 3, 6]),
        ([STARTED, SIGNAL, completed(), decided(3), SIGNAL], [1, 3, 4, 2, 5]),
        ([STARTED, SIGNAL, timed_out(), SCHEDULED], [1, 3, 2, 4]),
        ([STARTED, SIGNAL], [1, 2]),
        ([STARTED, SIGNAL, completed()], [1, 3, 2]),
    ],
)
def test_what_a_decision_did_not_see_counts_after_it(rows, wanted):
    assert order(*rows) == wanted


def test_the_cancellation_of_unstarted_work_belongs_to_the_decision():
    asked = ("ActivityTaskCancelRequested", {"decisionTaskCompletedEventId": 3})
    gone = ("ActivityTaskCanceled", {"startedEventId": 0})
    assert order(STARTED, SIGNAL, completed(), asked, gone, decided(3)) == [1, 3, 4, 5, 6, 2]


def test_a_gap_is_an_error():
    history = History()
    history.decide()
    execution = history.execution()
    with pytest.raises(UndecidableError, match="missing"):
        execution.apply([{"eventId": 99, "eventType": "TimerFired", "eventTimestamp": 1.0}])


def test_markers_alone_wake_nobody_so_a_timer_does():
    machine = Machine(FIVE)
    machine.state.options_recorded = True
    machine.note("SIGNAL_HANDLED", outcome="done")
    kinds = [decision["decisionType"] for decision in decide(machine)]
    assert kinds == ["RecordMarker", "StartTimer"]


def test_waiting_for_nothing_is_a_bug_and_never_a_loop():
    machine = Machine(FIVE)
    machine.state.options_recorded = True
    with pytest.raises(UndecidableError, match="waits for nothing"):
        decide(machine)
