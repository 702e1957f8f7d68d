"""What is filled in for a simulation, as the command `simulate` would take it."""

from __future__ import annotations

from typing import Any

import pytest

from dashboard.views.simulations import Attempt, Filled, Sent, plan_of
from errors import InvalidInputError


def plan(*rows: Attempt, sent: tuple[Sent, ...] = (), text: str = "") -> Any:
    return plan_of(Filled("{}", list(rows), list(sent), text))


@pytest.mark.parametrize(
    ("row", "outcome"),
    [
        (Attempt("A", "result", '{"n": 1}'), {"result": {"n": 1}}),
        (Attempt("A", "result"), {"result": {}}),
        (Attempt("A", "", "", "2.5"), {"result": {}, "after": 2.5}),
        (Attempt("A", "error", "X: y"), {"error": "X: y", "retryable": True}),
        (Attempt("A", "fatal", "X: y", "1"), {"error": "X: y", "retryable": False, "after": 1.0}),
        (Attempt("A", "timeout"), {"timeout": "START_TO_CLOSE"}),
        (Attempt("A", "timeout", "HEARTBEAT"), {"timeout": "HEARTBEAT"}),
    ],
)
def test_a_line_is_one_outcome(row: Attempt, outcome: Any) -> None:
    assert plan(row) == {"steps": {"A": [outcome]}, "signals": []}


def test_a_step_of_which_nothing_is_said_is_left_out() -> None:
    assert plan(Attempt("A"), Attempt("B", "", "ignored")) == {"steps": {}, "signals": []}


def test_lines_of_a_step_are_its_attempts() -> None:
    assert plan(Attempt("A", "error", "X"), Attempt("B"), Attempt("A"))["steps"] == {
        "A": [{"error": "X", "retryable": True}, {"result": {}}]
    }


def test_signals_come_at_their_times() -> None:
    sent = (Sent("5", "PAUSE"), Sent("", "GO", '{"a": 1}'), Sent("7", "CANCEL"), Sent("9", ""))
    assert plan(sent=sent)["signals"] == [
        {"at": 5.0, "signal": "PAUSE", "input": None},
        {"at": 0.0, "signal": "GO", "input": {"a": 1}},
        {"at": 7.0, "cancel": True},
    ]


def test_json_takes_the_place_of_the_lines() -> None:
    assert plan(Attempt("A", "error", "X"), text='{"steps": {}}') == {"steps": {}}


@pytest.mark.parametrize(
    ("rows", "text", "told"),
    [
        ([Attempt("A", "result", "{")], "", "the result of A is not JSON"),
        ([Attempt("A", "error", "X", "soon")], "", "A: 'soon' is not a number of seconds"),
        ([], "{", "the list of outcomes is not JSON"),
        ([], "[" * 100_000, "nested too deeply"),
    ],
)
def test_what_is_wrong_is_told(rows: list[Attempt], text: str, told: str) -> None:
    with pytest.raises(InvalidInputError, match=told):
        plan(*rows, text=text)
