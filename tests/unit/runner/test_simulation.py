"""Simulations: given outcomes, a timeline, and what users' tests can demand."""

from __future__ import annotations

import doctest

import pytest

import runner.testing
from errors import InvalidInputError
from runner.simulation import Sent, plan_of
from runner.testing import cancel, fails, returns, signal, simulate, times_out
from runner.timeline import clock
from tests.unit.core.history_model import FIVE
from workflow import Rollback, child, map_items, process, step, wait, wait_for_signal

PAY = process("Order", "1.0", [step("Pay", compensation="Refund"), step("Ship")])


def test_the_documented_example_is_true():
    failed, tried = doctest.testmod(runner.testing)
    assert (failed, tried > 5) == (0, True)


def test_with_nothing_said_every_step_completes():
    ended = simulate(FIVE, {"order_id": "1"})
    ended.assert_completed()
    ended.assert_steps(*FIVE.steps)
    assert ended.result["order_id"] == "1"
    assert ended.seconds == 0


def test_attempts_follow_the_sequence_of_which_the_last_repeats():
    ended = simulate(PAY, outcomes={"Ship": [times_out(), fails("X: no"), returns({"no": 7})]})
    ended.assert_completed()
    assert ended.attempts("Ship") == 3
    assert ended.seconds == 300 + 1 + 2
    ended.assert_result("Ship", {"no": 7})
    simulate(PAY, outcomes={"Ship": [returns(), fails("X: no")]}).assert_completed()


def test_a_step_that_takes_longer_than_its_limit_times_out():
    limited = process("P", "1", [step("A", start_to_close=10)])
    ended = simulate(limited, outcomes={"A": [returns(after=11), returns(after=10)]})
    ended.assert_completed()
    assert [entry.what for entry in ended.timeline if entry.step == "A"] == [
        "begins", "timed out", "retries", "begins", "completed",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "seconds"), [("SCHEDULE_TO_START", 86_400), ("HEARTBEAT", 60), ("START_TO_CLOSE", 300)]
)
def test_every_kind_of_time_limit(kind, seconds):
    ended = simulate(PAY, outcomes={"Pay": [times_out(kind), returns()]})
    ended.assert_completed()
    assert ended.seconds == seconds + 1


def test_rollback_and_compensations_are_told():
    ended = simulate(PAY, outcomes={"Ship": fails("X: no", retryable=False)})
    ended.assert_failed("Non-retryable")
    ended.assert_compensated("Ship", "Pay")
    assert [
        (e.what, e.undo, e.step) for e in ended.timeline if e.undo or e.what == "rolls back"
    ] == [
        ("rolls back", None, "Ship"),
        ("begins", "RollbackStep", "Ship"),
        ("completed", "RollbackStep", "Ship"),
        ("undone", "RollbackStep", "Ship"),
        ("begins", "Refund", "Pay"),
        ("completed", "Refund", "Pay"),
        ("undone", "Refund", "Pay"),
    ]


def test_an_undo_can_fail_and_is_named():
    ended = simulate(PAY, outcomes={"Ship": fails("X: no"), "Refund": fails("Y: no money")})
    ended.assert_failed("NOT compensated: Pay")
    ended.assert_not_compensated("Pay")


def test_one_item_of_a_map_is_named_by_its_path():
    each = process("P", "1", [map_items("Each", [step("Bill")])])
    ended = simulate(each, {"items": [1, 2, 3]}, {"Each[1].Bill": [fails("X: no"), returns()]})
    ended.assert_completed()
    assert [ended.attempts(f"Each[{index}].Bill") for index in range(3)] == [1, 2, 1]


def test_real_functions_take_part():
    ended = simulate(PAY, {"n": 2}, activities={"Pay": lambda order: {"paid": order["n"] * 2}})
    ended.assert_result("Pay", {"paid": 4})


def test_signals_come_at_their_time():
    asks = process("P", "1", [wait("First", 10), wait_for_signal("Ok", signal="OK"), step("Last")])
    simulate(asks).assert_waiting()
    ended = simulate(asks, signals=[signal("OK", {"yes": True}, at=100)])
    ended.assert_completed()
    ended.assert_result("Ok", {"yes": True})
    assert ended.seconds == 100


def test_a_cancellation_asks_what_is_in_flight_to_stop():
    undoing = process("P", "1", PAY.states.values(), rollback=Rollback(on_cancel=True))
    ended = simulate(undoing, outcomes={"Ship": returns(after=50)}, signals=[cancel(at=5)])
    assert (ended.state, ended.seconds) == ("CANCELED", 5)
    ended.assert_compensated("Pay")
    stubborn = {"Ship": {"result": {}, "after": 50, "stops": False}}
    assert simulate(undoing, outcomes=stubborn, signals=[cancel(at=5)]).seconds == 15


def test_children_are_played_or_run():
    sub = process("Sub", "1", [step("Inner")])
    parent = process("P", "1", [child("C", "Sub@1")])
    simulate(parent).assert_result("C", {})
    simulate(parent, outcomes={"C": returns({"n": 1})}).assert_result("C", {"n": 1})
    simulate(parent, outcomes={"C": fails("X: no")}).assert_failed()
    simulate(parent, outcomes={"C": times_out(after=60)}).assert_failed()
    inner = {"Sub/Inner": returns({"n": 2})}
    ended = simulate(parent, outcomes=inner, definitions=lambda *_: sub)
    assert ended.results["C"]["previous_results"]["Inner"] == {"n": 2}
    assert any("[run.1.1]" in line for line in ended.lines())


def test_names_that_were_never_asked_for_are_told():
    assert simulate(PAY, outcomes={"Shop": returns(), "Ship": returns()}).unused == ["Shop"]


def test_a_demand_that_fails_shows_the_timeline():
    with pytest.raises(AssertionError, match="Ship completed"):
        simulate(PAY).assert_failed()


def test_a_plan_as_json():
    steps, signals = plan_of(
        {
            "steps": {"Ship": [{"error": "X: no", "after": 2}, {"timeout": "HEARTBEAT"}, {}]},
            "signals": [{"at": 5, "signal": "PAUSE", "input": {}}, {"at": 9, "cancel": True}],
        }
    )
    assert signals == [Sent(5.0, "PAUSE", {}), Sent(9.0, "CANCEL")]
    assert simulate(PAY, outcomes=steps, signals=signals).state == "CANCELED"
    simulate(PAY, outcomes=steps).assert_completed()


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "outcomes are"),
        ({"step": {}}, "outcomes are"),
        ({"steps": []}, "must be an object"),
        ({"signals": [{"at": -1, "signal": "X"}]}, r"signals\[0\]"),
        ({"signals": [{"at": 1}]}, r"signals\[0\]"),
        ({"signals": [5]}, r"signals\[0\]"),
    ],
)
def test_a_plan_that_says_nothing_is_refused(document, message):
    with pytest.raises(InvalidInputError, match=message):
        plan_of(document)


@pytest.mark.parametrize(
    ("outcome", "message"),
    [
        ({"result": 1, "error": "X"}, "at once"),
        ({"reslt": 1}, "unknown member reslt"),
        ({"timeout": "NEVER"}, "not one of"),
        ({"after": "2"}, "seconds"),
        ("ok", "an object"),
        ([], "an empty list"),
    ],
)
def test_an_outcome_that_is_none_is_refused(outcome, message):
    with pytest.raises(InvalidInputError, match=message):
        simulate(PAY, outcomes={"Ship": outcome})


def test_durations_are_readable():
    assert [clock(s) for s in (0, 1.5, 3_725, 90_000)] == [
        "0:00:00", "0:00:01.500", "1:02:05", "1d 1:00:00",
    ]  # fmt: skip
