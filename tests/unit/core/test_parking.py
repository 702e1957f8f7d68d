"""What a decider answers when it cannot decide."""

from __future__ import annotations

import json

from workflow.parking import park

from .history_model import History


def undecidable(history: History) -> list[dict]:
    """A decision task that this decider cannot decide; gives what it answers."""
    history.start_decision()
    parking = park(history.events, "no definition here")
    if parking is None:
        history.time_out_decision()
        return []
    assert json.loads(parking.context)["state"] == "BLOCKED"
    history.respond(parking.decisions)
    return parking.decisions


def waits(decisions: list[dict]) -> list[str]:
    return [d["startTimerDecisionAttributes"]["startToFireTimeout"] for d in decisions]


def test_the_first_time_the_task_is_left_to_time_out():
    history = History()
    assert undecidable(history) == []
    assert history.types()[-2:] == ["DecisionTaskTimedOut", "DecisionTaskScheduled"]


def test_then_it_waits_on_park_timers_that_grow_to_an_hour():
    history = History()
    undecidable(history)
    seen = []
    for _ in range(11):
        seen += waits(undecidable(history))
        history.fire()
    assert seen[:4] == ["10", "20", "40", "80"]
    assert seen[-1] == "3600"


def test_a_signal_while_parked_adds_no_second_timer():
    history = History()
    undecidable(history)
    undecidable(history)
    history.signal("RESUME_FROM_STEP", {"step_name": "ValidateInput"})
    assert undecidable(history) == []
    assert len(history.timers) == 1


def test_what_waited_parked_is_decided_as_if_nothing_had_been():
    history = History()
    undecidable(history)
    undecidable(history)
    history.fire()
    history.decide()
    assert history.name_of(history.scheduled()[0]) == "ValidateInput"
    assert history.run() == "WorkflowExecutionCompleted"


def test_a_later_trouble_is_left_to_time_out_once_again():
    history = History()
    undecidable(history)
    undecidable(history)
    history.fire()
    history.decide()
    history.complete()
    assert undecidable(history) == []


def test_where_even_timers_are_refused_the_task_is_left_to_time_out():
    history = History()
    undecidable(history)
    history.refuse["StartTimer"] = "OPERATION_NOT_PERMITTED"
    assert undecidable(history)
    assert undecidable(history) == []
