"""What differs between two versions of a process."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from starter.definitions.comparing import (
    ADDED,
    CHANGED,
    REMOVED,
    Change,
    Line,
    changes,
    ordered,
    seen,
    side_by_side,
)


def task(**members: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": "arn:aws:states:::activity:Work", **members}


OLDER: dict[str, Any] = {
    "StartAt": "A",
    "States": {
        "A": task(Next="B"),
        "B": {
            "Type": "Parallel",
            "Branches": [{"StartAt": "In", "States": {"In": task(End=True)}}],
            "Next": "C",
        },
        "C": {"Type": "Succeed"},
    },
}


def newer(change: Any) -> dict[str, Any]:
    made = copy.deepcopy(OLDER)
    change(made)
    return made


def retried(document: Any) -> None:
    document["States"]["A"].update(Retry=[{"ErrorEquals": ["X"]}], Next="C")


def commented(document: Any) -> None:
    document["Comment"] = "new"


def inner_added(document: Any) -> None:
    branch = document["States"]["B"]["Branches"][0]
    branch["States"]["In"] = task(Next="Too")
    branch["States"]["Too"] = task(End=True)


def removed(document: Any) -> None:
    del document["States"]["C"]
    document["States"]["B"].update(End=True)
    del document["States"]["B"]["Next"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda document: None, []),
        (retried, [Change(CHANGED, "A", ("Next", "Retry"))]),
        (commented, [Change(CHANGED, "", ("Comment",))]),
        (
            inner_added,
            [
                Change(CHANGED, "B", ("Branches",)),
                Change(CHANGED, "In", ("End", "Next")),
                Change(ADDED, "Too"),
            ],
        ),
        (removed, [Change(CHANGED, "B", ("Next", "End")), Change(REMOVED, "C")]),
    ],
)
def test_changes_are_told_state_by_state(change: Any, told: list[Change]) -> None:
    assert changes(OLDER, newer(change)) == told


@pytest.mark.parametrize(
    "document", [None, [], {"States": []}, {"States": {"A": None}}, {"States": {"A": {"Type": 1}}}]
)
def test_what_is_no_definition_differs_and_raises_nothing(document: Any) -> None:
    assert changes(OLDER, document)
    assert side_by_side(OLDER, document) is not None


def test_true_is_not_one() -> None:
    one = {"States": {"A": {"Type": "Pass", "Result": True}}}
    other = {"States": {"A": {"Type": "Pass", "Result": 1}}}
    assert changes(one, other) == [Change(CHANGED, "A", ("Result",))]


def test_each_side_is_marked_with_what_it_has() -> None:
    found = [Change(ADDED, "New"), Change(REMOVED, "Old"), Change(CHANGED, "A", ("Next",))]
    assert {name: item.outcome for name, item in seen(found, newer=True).items()} == {
        "New": "added",
        "A": "changed",
    }
    assert set(seen(found, newer=False)) == {"Old", "A"}


def test_lines_stand_beside_each_other_and_equal_ones_are_cut_short() -> None:
    older = {"a": list(range(20)), "b": 1, "c": 2}
    lines = side_by_side(older, {"a": list(range(20)), "b": 5, "c": 2})
    assert lines is not None
    assert [line for line in lines if not line.equal and not line.left_out] == [
        Line('  "b": 1,', '  "b": 5,', 24, 24)
    ]
    assert lines[0] == Line("", "", left_out=20)
    assert len(lines) == 7


def test_the_order_of_members_is_no_difference() -> None:
    assert side_by_side({"a": 1, "b": {"c": 1, "d": 2}}, {"b": {"d": 2, "c": 1}, "a": 1}) == [
        Line("", "", left_out=7)
    ]


def test_a_member_that_is_new_stays_where_it_was_put() -> None:
    assert list(ordered({"a": 1, "new": 2, "b": 3}, {"a": 1, "b": 3})) == ["a", "new", "b"]


def test_too_long_texts_are_not_compared() -> None:
    assert side_by_side({"a": list(range(6_000))}, {}) is None
