"""Simulations of state machines: outcomes by state, answers to tokens, and readable lines."""

from __future__ import annotations

import pytest

from runner import Completed
from runner.simulation import plan_of
from runner.simulation import simulate as simulate_plan
from runner.testing import fails, returns, signal, simulate, times_out
from tests.unit.core.language import asking, machine, scope, task
from wire import pending
from workflow import Policy

RETRY = [{"ErrorEquals": ["Busy"], "MaxAttempts": 2}]
CATCH = [{"ErrorEquals": ["States.ALL"], "Next": "Mend", "ResultPath": "$.error"}]
ITEM = {"T": task("T", Next="W"), "W": {"Type": "Wait", "Seconds": 60, "End": True}}
ORDER = machine(
    {
        "Choose": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.n", "NumericEquals": 1, "Next": "v1.2"}],
            "Default": "Mend",
        },
        "v1.2": task("A", ResultPath="$.a", Next="Each", Retry=RETRY, Catch=CATCH),
        "Each": {
            "Type": "Map",
            "ItemsPath": "$.items",
            "ItemProcessor": scope(ITEM),
            "ResultPath": "$.each",
            "Next": "Mend",
        },
        "Mend": {"Type": "Succeed"},
    }
)
DATA = {"n": 1, "items": ["x", "y"]}


def test_nothing_said_completes_with_an_empty_object():
    simulate(machine({"A": task("A")})).assert_output({})


def test_lines_tell_waits_retries_items_and_ways():
    outcomes = {"v1.2": [fails("Busy: later"), returns(3)], "Each[1].T": returns(5, after=3)}
    ended = simulate(ORDER, DATA, outcomes)
    ended.assert_output({**DATA, "a": 3, "each": [{}, 5]})
    ended.assert_steps('"v1.2"', "Each[0].T", "Each[1].T")
    assert [line.split("  ", 1)[1].strip() for line in map(str.strip, ended.lines())] == [
        "started Machine 1",
        "Choose passed on to v1.2",
        '"v1.2" begins',
        '"v1.2" failed Busy: later',
        '"v1.2" (attempt 2) retries in 1 s',
        '"v1.2" (attempt 2) begins',
        '"v1.2" (attempt 2) completed 3',
        "Each[0].T begins",
        "Each[1].T begins",
        "Each[0].T completed",
        "Each[0].W waits for 60 s",
        "Each[1].T completed 5",
        "Each[1].W waits for 60 s",
        "Each[0].W passed",
        "Each[1].W passed",
        "Mend passed",
        'ends COMPLETED {"n":1,"items":["x","y"],"a":3,"each":[{},5]}',
    ]


def test_what_was_caught_is_told():
    ended = simulate(ORDER, DATA, {"v1.2": fails("No", cause="no disk")})
    ended.assert_caught('"v1.2"', "No")
    ended.assert_passed("Choose", "Mend")
    ended.assert_output({**DATA, "error": {"Error": "No", "Cause": "no disk"}})
    assert any('"v1.2" caught No' in line for line in ended.lines())


def test_assertions_show_the_lines():
    ended = simulate(ORDER, DATA)
    for wrong in (
        lambda: ended.assert_output(1),
        lambda: ended.assert_caught("Each"),
        lambda: ended.assert_passed("Mend", "Choose"),
    ):
        with pytest.raises(AssertionError, match="started Machine 1"):
            wrong()


def test_from_a_file():
    plan = {"steps": {"v1.2": [{"error": "Busy", "cause": "later"}, {"error": "No: no disk"}]}}
    outcomes, signals = plan_of(plan)
    ended = simulate_plan(ORDER, DATA, outcomes, signals=signals)
    assert ended.result["error"] == {"Error": "No", "Cause": "no disk"}


def test_what_is_asked_again_is_no_step_that_completed():
    definition = machine({"Job": task("Job")})
    ended = simulate(definition, {}, {"Job": [Completed(pending("id-1", 30)), returns(4)]})
    ended.assert_steps("Job")
    assert any('Job is not done "id-1"' in line for line in ended.lines())
    assert ended.seconds == 30


# --- task tokens ----------------------------------------------------------------------------------

ASK = machine({"Ask": asking(Retry=RETRY, TimeoutSeconds=100)})


def test_with_nothing_said_nobody_answers():
    ended = simulate(machine({"Ask": asking()}))
    ended.assert_waiting()
    assert ended.lines()[-1].endswith("Ask waits for an answer to its task token")
    assert ended.steps == []


def test_the_outcome_of_a_state_is_the_answer_to_its_token():
    ended = simulate(ASK, {}, {"Ask": [fails("Busy: later"), returns({"yes": 1}, after=20)]})
    ended.assert_output({"yes": 1})
    ended.assert_steps("Ask")
    assert ended.seconds == 21
    assert ended.attempts("Ask") == 2


def test_nobody_answers_in_time():
    ended = simulate(ASK, {}, {"Ask": times_out()})
    ended.assert_failed("States.Timeout")
    assert ended.seconds == 100


def test_a_signal_answers_the_token_of_a_state_by_its_name():
    answers = [
        signal("TASK_HEARTBEAT", {"step_name": "Ask"}, at=10),
        signal("TASK_SUCCESS", {"step_name": "Ask", "output": 5}, at=50),
    ]
    ended = simulate(ASK, {}, signals=answers)
    ended.assert_output(5)
    assert ended.seconds == 50


def test_an_answer_to_what_does_not_wait_is_refused():
    ended = simulate(ORDER, DATA, signals=[signal("TASK_SUCCESS", {"step_name": "Each"}, at=1)])
    ended.assert_completed()
    assert any("refused" in line for line in ended.lines())


def test_functions_that_swf_calls_are_told_alike():
    resource = "arn:aws:lambda:us-east-1:123456789012:function:f"
    definition = machine({"Call": task("", Resource=resource, Retry=RETRY)})
    outcomes = {"Call": [fails("Busy: later"), returns(1)]}
    ended = simulate(definition, {}, outcomes, policy=Policy(lambda_tasks=True))
    ended.assert_output(1)
    ended.assert_steps("Call")
    assert ended.attempts("Call") == 2
