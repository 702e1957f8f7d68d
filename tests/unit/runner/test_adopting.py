"""Taking over a history that was written elsewhere: it ends as it would have there."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from runner import Engine, Script, VirtualClock
from runner.adopting import adopt
from tests.unit.core.generated import INPUT, definitions
from tests.unit.core.history_model import FIVE, History
from workflow import child, parallel, process, step, wait


def ended(definition, outcomes=None):
    engine = Engine(Script(outcomes or {}))
    run = engine.start(definition, INPUT)
    for name in ("GO", "APPROVAL"):
        engine.signal("run", name, {"yes": 1})
    engine.run(events=5_000)
    return run


@given(definitions(), st.data())
@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
def test_it_goes_on_from_anywhere_to_the_same_end(definition, data):
    whole = ended(definition)
    events = whole.histories[0].events
    decided = [e["eventId"] for e in events if e["eventType"] == "DecisionTaskScheduled"]
    assume(whole.closed and len(whole.histories) == 1)
    cut = data.draw(st.sampled_from(decided))
    engine = Engine(Script({}), clock=VirtualClock(events[cut - 1]["eventTimestamp"]))
    run = adopt(engine, definition, events[:cut], workflow_id="run")
    for name in ("GO", "APPROVAL"):
        sent = [e for e in events[cut:] if e["eventType"] == "WorkflowExecutionSignaled"]
        for event in sent:
            if event["workflowExecutionSignaledEventAttributes"]["signalName"] == name:
                engine.signal("run", name, {"yes": 1})
    engine.run(events=5_000)
    assert run.ended.state == whole.ended.state
    assert run.ended.result == whole.ended.result


@pytest.mark.parametrize("steps", range(1, 12))
def test_a_history_of_swf_goes_on(steps):
    history = History()
    for _ in range(steps):
        history.tick()
        if history.wants_decision:
            history.decide()
        elif history.activities:
            history.complete()
    if history.closed:
        return
    engine = Engine(Script({}), clock=VirtualClock(history.now))
    run = adopt(engine, FIVE, history.events, workflow_id="w")
    engine.run()
    assert run.ended.state == "COMPLETED"
    assert len(history.events) < len(run.history.events), "the given list is left alone"


def test_timers_keep_their_end_and_children_are_played():
    parts = [parallel("P", [wait("Long", 100)], [child("C", "Sub@1")]), step("After")]
    definition = process("P", "1", parts)
    history = History({"_process": {"start_id": "w"}}, definition, now=1_000.0)
    history.decide()
    history.tick(40)
    engine = Engine(Script({"C": {"result": {"n": 1}}}), clock=VirtualClock(history.now))
    run = adopt(engine, definition, history.events, workflow_id="w")
    engine.run()
    assert run.ended.result["previous_results"]["P"] == [{}, {"C": {"n": 1}}]
    assert engine.clock.now() == 1_100
