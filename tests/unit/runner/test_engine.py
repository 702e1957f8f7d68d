"""The in-process engine: the same core as on SWF, functions called directly."""

from __future__ import annotations

import threading
import time

import pytest

import runner
from errors import (
    ActivityNotRegisteredError,
    DefinitionError,
    ExecutionAlreadyStartedError,
    NonRetryableError,
    UndecidableError,
)
from runner import Engine, Functions, Script, VirtualClock, execute
from tests.unit.core.history_model import FIVE, History
from workflow import (
    Definition,
    Execution,
    Policy,
    Retry,
    child,
    choice,
    commands,
    definition_from_json,
    map_items,
    parallel,
    process,
    step,
    wait,
    where,
)

DONE = dict.fromkeys([*FIVE.steps, "RollbackStep", "CompensateTransaction"], lambda _: {"ok": 1})


def test_the_public_face():
    assert runner.__all__ == [
        "Completed", "Ended", "Engine", "Failed", "Functions", "Outcome", "RealClock", "Run",
        "Script", "Task", "TimedOut", "VirtualClock", "execute", "express",
    ]  # fmt: skip


def test_functions_get_the_input_with_earlier_results_and_give_theirs():
    seen = {}
    greet = process("Greet", "1", [step("Ask"), step("Say")])
    activities = {
        "Ask": lambda order: {"name": order["who"]},
        "Say": lambda order: seen.update(order) or {},
    }
    ended = execute(greet, {"who": "Ana"}, activities)
    assert ended.state == "COMPLETED"
    assert seen == {"who": "Ana", "previous_results": {"Ask": {"name": "Ana"}}}
    assert ended.result["previous_results"] == {"Ask": {"name": "Ana"}, "Say": {}}


@pytest.mark.parametrize("value", [None, [1], "text", 7, {"a": 1}])
def test_any_json_value_can_be_the_input(value):
    seen = []
    execute(process("P", "1", [step("A")]), value, {"A": lambda order: seen.append(order) or {}})
    expected = value if isinstance(value, dict) else {"input": value}
    assert seen == [{**expected, "previous_results": {}}]


def test_an_exception_is_retried_and_rolled_back_under_its_name():
    def broken(_):
        raise OSError("no disk")

    engine = Engine(Functions({**DONE, "SaveResults": broken}))
    run = engine.start(FIVE, {})
    engine.run()
    assert run.ended.state == "FAILED"
    assert run.ended.details["last_error"] == "OSError: no disk"
    assert engine.clock.now() == 1 + 2, "the retries' waits took no time"


def test_an_error_that_is_not_retryable_is_not_retried():
    calls = []

    def broken(_):
        calls.append(1)
        raise NonRetryableError("bad order")

    ended = execute(FIVE, {}, {**DONE, "ValidateInput": broken})
    assert (ended.state, len(calls)) == ("FAILED", 1)


def test_a_result_that_is_no_dict_is_a_failure():
    ended = execute(
        process("P", "1", [step("A", retry=Retry(attempts=1))]), {}, {**DONE, "A": lambda _: [1]}
    )
    assert "A returned list" in ended.details["last_error"]


def test_a_missing_function_is_said_at_once():
    with pytest.raises(ActivityNotRegisteredError, match=r"activity A; there are: B"):
        execute(process("P", "1", [step("A")]), {}, {"B": lambda _: {}})


def test_threads_run_branches_side_by_side():
    together = threading.Barrier(3, timeout=20)

    def meet(_):
        together.wait()
        return {}

    three = process("P", "1", [map_items("Each", [step("Meet")])])
    assert execute(three, {"items": [1, 2, 3]}, {"Meet": meet}, threads=3).state == "COMPLETED"


def test_an_activity_in_a_thread_that_takes_too_long_has_timed_out():
    release = threading.Event()
    one = process("P", "1", [step("Slow", start_to_close=1, retry=Retry(attempts=1))])
    begun = time.monotonic()
    ended = execute(one, {}, {**DONE, "Slow": lambda _: release.wait(20) and {}}, threads=2)
    release.set()
    assert ended.details["last_error"] == "START_TO_CLOSE timeout"
    assert time.monotonic() - begun < 15


def test_children_run_in_process_and_give_their_result():
    sub = process("Sub", "1", [step("Inner")])
    parent = process("P", "1", [child("C", "Sub@1"), step("After")])
    engine = Engine(
        Functions({"Inner": lambda order: {"got": order["n"]}, "After": lambda _: {}}),
        definitions=lambda name, version: sub if (name, version) == ("Sub", "1") else None,
    )
    run = engine.start(parent, {"n": 5})
    engine.run()
    assert run.ended.result["previous_results"]["C"]["previous_results"] == {"Inner": {"got": 5}}


def test_a_child_that_nobody_knows_is_said():
    engine = Engine(Functions({}))
    engine.start(process("P", "1", [child("C", "Sub@1")]), {})
    with pytest.raises(DefinitionError, match=r"C starts Sub@1"):
        engine.run()


@pytest.mark.parametrize("limit", [20, 40, 60])
def test_long_executions_continue_as_new_with_children_that_report(monkeypatch, limit):
    sub = process("Sub", "1", [wait("Long", 500), step("Inner")])
    parts = [step(f"S{number}") for number in range(12)]
    definition = process("P", "1", [parallel("Both", [child("C", "Sub@1")], parts)])
    monkeypatch.setattr(commands, "HISTORY_SOFT_LIMIT", limit)
    engine = Engine(Script({}), definitions=lambda _name, _version: sub)
    run = engine.start(definition, {})
    engine.run(events=5_000)
    assert run.ended.state == "COMPLETED"
    assert len(run.histories) > 1


def test_a_workflow_id_is_open_once():
    engine = Engine(Script({}))
    engine.start(FIVE, {})
    with pytest.raises(ExecutionAlreadyStartedError):
        engine.start(FIVE, {})
    engine.run()
    engine.start(FIVE, {})


def test_an_endless_process_is_stopped_and_said():
    again = (where("$.previous_results.A.again").equals(value=True), "A")
    endless = process("P", "1", [step("A"), choice("Again", again)])
    engine = Engine(Functions({"A": lambda _: {"again": True}}))
    engine.start(endless, {})
    with pytest.raises(UndecidableError, match="does not come to an end within 2,000 events"):
        engine.run(events=2_000)


def test_the_virtual_clock_jumps_and_tells_when():
    clock = VirtualClock(1_000.0)
    engine = Engine(Script({}), clock=clock)
    run = engine.start(process("P", "1", [wait("Long", 86_400 * 300), step("A")]), {})
    engine.run()
    assert run.ended.state == "COMPLETED"
    assert clock.now() == 1_000 + 86_400 * 300


def test_swf_limit_for_the_whole_execution():
    engine = Engine(Script({}))
    run = engine.start(process("P", "1", [wait("Long", 100), step("A")]), {}, timeout=50)
    engine.run()
    assert run.ended.state == "TIMED_OUT"


def test_the_history_is_one_that_the_core_replays():
    engine = Engine(Script({"SaveResults": {"error": "OSError: no"}}))
    run = engine.start(FIVE, {"order_id": "1"})
    engine.run()
    replayed = Execution.from_history(run.history.events, FIVE, start_id="run")
    assert replayed.state.to_json() == run.execution.state.to_json()
    assert [event["eventId"] for event in run.history.events] == list(
        range(1, len(run.history.events) + 1)
    )


def test_the_same_outcomes_give_the_events_that_the_model_of_swf_gives():
    engine = Engine(Script({"EnrichData": [{"error": "ValueError: EnrichData broke"}, {}]}))
    run = engine.start(FIVE, {"order_id": "1"})
    engine.run()
    model = History(policy=Policy())
    model.run({"EnrichData": ["fail"]})
    assert [event["eventType"] for event in run.history.events] == model.types()


def passes(states: int) -> Definition:
    """A chain of Pass and Choice states, two for each number."""
    document = {"StartAt": "C0", "Rollback": {"Step": "R", "Transaction": "T"}, "States": {}}
    for number in range(states):
        rules = [{"Variable": "$.n", "NumericEquals": 1, "Next": f"P{number}"}]
        after = f"C{number + 1}" if number < states - 1 else "Last"
        document["States"][f"C{number}"] = {"Type": "Choice", "Choices": rules, "Default": "Last"}
        document["States"][f"P{number}"] = {"Type": "Pass", "Next": after}
    document["States"]["Last"] = {
        "Type": "Task", "Resource": "arn:aws:states:::activity:A",
        "ResultPath": "$.previous_results.Last", "End": True,
    }  # fmt: skip
    return definition_from_json("P", "1", document)


def test_transitions_beyond_what_one_event_allows_go_on_behind_a_timer():
    ended = execute(passes(1_500), {"n": 1}, {"A": lambda _: {}}, clock=VirtualClock())
    assert ended.state == "COMPLETED"


def quickest(times: int, *arguments: object) -> float:
    """Seconds of processor that the quickest of some tries took, for so many executions."""
    found = []
    for _ in range(3):
        begun = time.process_time()
        for _ in range(times):
            execute(*arguments)
        found.append(time.process_time() - begun)
    return min(found)


def test_it_is_quick():
    transitions = 4 * 1_000 / quickest(4, passes(500), {"n": 1}, {"A": lambda _: {}})
    assert transitions > 10_000, "Pass and Choice, a second"
    assert 50 / quickest(50, FIVE, {}, DONE) > 100, "cases of five steps a second"
