"""A definition's text while it is written: whatever it is, something is said of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from starter.definitions import drafting, publishing
from starter.definitions.drafting import draft


def nested(levels: int) -> dict[str, Any]:
    made: dict[str, Any] = {"StartAt": "L", "States": {"L": {"Type": "Succeed"}}}
    for number in range(levels):
        state = {"Type": "Parallel", "Branches": [made], "End": True}
        made = {"StartAt": f"P{number}", "States": {f"P{number}": state}}
    return made


def chain(count: int) -> dict[str, Any]:
    passes = {f"S{n}": {"Type": "Pass", "Next": f"S{n + 1}"} for n in range(count)}
    return {"StartAt": "S0", "States": {**passes, f"S{count}": {"Type": "Succeed"}}}


HOSTILE = {
    "nothing": "",
    "a brace": "{",
    "no object": "[1]",
    "open brackets": '{"a":' * 5_000,
    "deep": '{"a":' * 400 + "1" + "}" * 400,
    "a control character": "\0",
    "states that are none": '{"StartAt": 1, "States": {"A": null, "B": 3}}',
    "branches that are none": '{"StartAt": "A", "States": {"A": {"Type": "Map", "Iterator": 3}}}',
    "half a process in Python": '{"Rollback": {"Step": []}, "StartAt": {}, "States": null}',
    "a large number": '{"a": ' + "9" * 9_999 + "}",
    "too large": json.dumps({"a": "x" * 1_100_000}),
    "aliases": "a: &a [x,x,x,x]\n" + "".join(f"a{n}: &a{n} [{'*a,' * 9}]\n" for n in range(9)),
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_text_that_is_no_definition_is_told_and_raises_nothing(text: str) -> None:
    found = draft(text)
    assert not found.valid
    assert found.diagnostics
    picture = found.picture("")
    assert picture is None or "<svg" in picture.embedded()


@pytest.mark.parametrize(
    "form", [json.dumps(chain(2)), "StartAt: A\nStates:\n  A: {Type: Succeed}\n"]
)
def test_json_and_yaml_are_drawn(form: str) -> None:
    found = draft(form)
    assert found.valid
    picture = found.picture("")
    assert picture is not None
    assert "<svg" in picture.embedded()


def test_states_are_counted_however_deep_and_too_many_are_not_drawn() -> None:
    assert draft(json.dumps(nested(60))).states == 61
    large = draft(json.dumps(chain(drafting.MOST_STATES)))
    assert large.valid
    assert large.too_large
    assert large.picture("") is None


def test_names_are_escaped_in_the_picture() -> None:
    name = "<script>alert(1)</script>"
    found = draft(json.dumps({"StartAt": name, "States": {name: {"Type": "Succeed"}}}))
    picture = found.picture("")
    assert picture is not None
    assert "<script" not in picture.embedded()


def test_so_many_diagnostics_are_told_and_the_rest_counted() -> None:
    states = {f"S{number}": {"Type": "Task"} for number in range(300)}
    found = draft(json.dumps({"StartAt": "S0", "States": states}))
    assert len(found.diagnostics) == drafting.MOST_DIAGNOSTICS
    assert found.further > 0


@pytest.mark.parametrize(
    "name", ["", "x" * 257, "a/b", "a:b", "a@b", "a|b", "..", ".hidden", "end ", "a\x00b", "arn"]
)
def test_names_that_swf_or_a_file_cannot_have_are_told(name: str) -> None:
    assert publishing.name_problem(name)


@pytest.mark.parametrize("name", ["Order", "Pedido à vista", "注文", "a.b-c_d"])
def test_other_names_can_be_had(name: str) -> None:
    assert publishing.name_problem(name) == ""


@pytest.mark.parametrize("version", ["", "1/2", "1@2", "x" * 65])
def test_versions_that_cannot_be_are_told(version: str) -> None:
    assert publishing.version_problem(version)
