"""Injected faults: what the client sees, and what has happened nevertheless."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from local_swf.faults import Faults, Rule, WrongRuleError
from tests.contract.local_swf.swf_world import last, schedule
from tests.contract.local_swf.test_domains_and_types import code

START = "StartWorkflowExecution"


def test_a_dropped_response_leaves_the_work_done(world):
    world.swf.faults.add("drop", START, count=1)
    with pytest.raises(ConnectionClosedError):
        world.start()
    with pytest.raises(ClientError, match="Already Started"):
        world.start()


def test_a_dropped_answer_of_a_poll_loses_the_task_until_it_times_out(world):
    run_id = world.start()
    world.decide(schedule())
    world.swf.faults.add("drop", "PollForActivityTask", count=1)
    with pytest.raises(ConnectionClosedError):
        world.activity()
    world.swf.clock.advance(100)
    timed_out = last(world.history(run_id), "ActivityTaskTimedOut")
    assert timed_out["timeoutType"] == "START_TO_CLOSE"


def test_a_request_processed_twice_answers_the_second_time(world):
    world.swf.faults.add("twice", START, count=1)
    with pytest.raises(ClientError, match="Already Started"):
        world.start()
    world.swf.faults.add("twice", "SignalWorkflowExecution")
    world.client.signal_workflow_execution(domain="d", workflowId="w", signalName="s")
    assert [event["eventType"] for event in world.decision()["events"]].count(
        "WorkflowExecutionSignaled"
    ) == 2


def test_throttling_and_unavailability_do_nothing(world):
    world.swf.faults.add("throttle", START, count=1)
    assert code(world.start) == ("ThrottlingException", "Rate exceeded")
    world.swf.faults.add("unavailable", START, count=1)
    with pytest.raises(ClientError) as refused:
        world.start()
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
    world.start()


def test_a_reset_connection_and_a_delay(world):
    world.swf.faults.add("reset", START, count=1)
    with pytest.raises(ConnectionClosedError):
        world.start()
    world.swf.faults.add("delay", START, count=1, seconds=0.01)
    world.start()


def test_a_duplicated_task_goes_to_two_pollers_with_one_token(world):
    run_id = world.start()
    world.decide(schedule())
    world.swf.faults.add("duplicate", "PollForActivityTask", count=1)
    first, second = world.activity(), world.activity()
    assert first["taskToken"] == second["taskToken"]
    assert world.types(run_id).count("ActivityTaskStarted") == 1
    world.client.respond_activity_task_completed(taskToken=first["taskToken"])
    with pytest.raises(ClientError, match="Unknown activity"):
        world.client.respond_activity_task_completed(taskToken=second["taskToken"])


def test_the_same_seed_gives_the_same_faults():
    def struck(seed):
        faults = Faults([Rule("drop", rate=0.5)], seed=seed)
        return [bool(faults.strike(START)) for _ in range(64)]

    assert struck(1) == struck(1) != struck(2)


def test_rules_come_from_a_file_and_wrong_ones_say_what_is_wrong(tmp_path):
    file = tmp_path / "faults.json"
    file.write_text(json.dumps({"seed": 3, "rules": [{"kind": "drop", "count": 1}]}))
    faults = Faults.from_file(file)
    assert faults.strike("anything").keys() == {"drop"}
    assert faults.strike("anything") == {}
    for rules in ([{"kind": "explode"}], [{"kind": "drop", "rate": 2}], [{"oops": 1}], 7):
        file.write_text(json.dumps({"rules": rules}))
        with pytest.raises(WrongRuleError):
            Faults.from_file(file)


def test_faults_can_be_cleared(world):
    world.swf.faults.add("throttle")
    world.swf.faults.clear()
    world.start()


def test_faults_are_counted_as_they_happen(world):
    faults = world.swf.faults
    faults.add("throttle", START, count=2)
    faults.add("drop", START, count=1)
    for _ in range(2):
        with pytest.raises((ClientError, ConnectionClosedError)):
            world.start()
    assert faults.done == {"throttle": 2}
    faults.clear()
    faults.add("twice", START, count=1)
    with pytest.raises(ClientError, match="Already Started"):
        world.start()
    assert faults.done == {"throttle": 2, "twice": 1}
