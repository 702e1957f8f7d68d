"""Payload templates: what is computed and what is literal, mistakes and their places."""

from __future__ import annotations

import pytest

from expressions import templates
from expressions.errors import (
    INTRINSIC_FAILURE,
    RUNTIME,
    ExpressionSyntaxError,
    IntrinsicError,
    MissingPathError,
)
from expressions.scope import Scope

DATA = {"a": 1, "b": {"c": [10, {"d": "deep"}]}, "rows": [{"x": 1}, {"x": 2}], "null": None}
CONTEXT = {"State": {"Name": "Shape"}, "Execution": {"Input": {"who": "Ada"}}}
SCOPE = Scope(DATA, CONTEXT, {"v": {"w": 7}, "x": 1, "y": 2})


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ({}, {}),
        ({"k": 1, "l": [1, {"m": None}]}, {"k": 1, "l": [1, {"m": None}]}),
        ({"k.$": "$.a"}, {"k": 1}),
        ({"k.$": "$"}, {"k": DATA}),
        ({"k.$": "$.null"}, {"k": None}),
        ({"k.$": "$$.State.Name"}, {"k": "Shape"}),
        ({"k.$": "$$"}, {"k": CONTEXT}),
        ({"k.$": "$v"}, {"k": {"w": 7}}),
        ({"k.$": "$v.w"}, {"k": 7}),
        ({"k.$": "$.rows[*].x"}, {"k": [1, 2]}),
        ({"k.$": "$.none[*]"}, {"k": []}),
        ({"k.$": "States.Format('{}!', $.a)"}, {"k": "1!"}),
        ({"k.$": "States.Array($.a, $v.w, $$.State.Name)"}, {"k": [1, 7, "Shape"]}),
        ({"x.$": "$y", "y.$": "$x"}, {"x": 2, "y": 1}),
        ({"o": {"p": {"q.$": "$.b.c[1].d"}}}, {"o": {"p": {"q": "deep"}}}),
        ({"l": [1, {"n.$": "$.a"}, [{"m.$": "$.a"}]]}, {"l": [1, {"n": 1}, [{"m": 1}]]}),
        ([{"n.$": "$.a"}, "$.a"], [{"n": 1}, "$.a"]),
        ({"k": "$.a", "l": "States.UUID()"}, {"k": "$.a", "l": "States.UUID()"}),
        ({"$": 1, "k$": 2, ".x": 3}, {"$": 1, "k$": 2, ".x": 3}),
        ("$.a", "$.a"),
        (None, None),
    ],
)
def test_members_ending_in_dollar_are_computed_and_all_else_is_literal(template, filled):
    before = repr(template)
    assert templates.problems(template) == []
    compiled = templates.compile(template)
    assert compiled.fill(SCOPE) == filled
    assert compiled.fill(SCOPE) == filled
    assert repr(template) == before
    assert compiled.constant is (template == filled)


def test_members_keep_their_order():
    template = {"z.$": "$.a", "a": 1, "m": {"n.$": "$.a"}, "b.$": "$.a"}
    assert list(templates.compile(template).fill(SCOPE)) == ["z", "a", "m", "b"]


def test_literal_parts_are_shared():
    template = {"k": [1, 2], "x.$": "$.a"}
    assert templates.compile(template).fill(SCOPE)["k"] is template["k"]


def test_a_path_without_a_match_is_a_runtime_error():
    """[rec] AWS reports States.Runtime for a missing path in the Parameters of a Pass."""
    with pytest.raises(MissingPathError) as raised:
        templates.compile({"o": [{"k.$": "$.nothing.here"}]}).fill(SCOPE)
    assert raised.value.error == RUNTIME
    assert "$.nothing.here" in str(raised.value)


def test_a_call_that_fails_is_an_intrinsic_failure():
    with pytest.raises(IntrinsicError) as raised:
        templates.compile({"k.$": "States.StringToJson('{')"}).fill(SCOPE)
    assert raised.value.error == INTRINSIC_FAILURE


@pytest.mark.parametrize(
    ("template", "pointers"),
    [
        ({"k.$": 1}, ["/k.$"]),
        ({"k.$": "a"}, ["/k.$"]),
        ({"k.$": "$."}, ["/k.$"]),
        ({"k.$": None, "l.$": {"m": 1}}, ["/k.$", "/l.$"]),
        ({"k.$": "States.Nope()"}, ["/k.$"]),
        ({"k.$": "$.a", "k": 1}, ["/k.$"]),
        ({"a/b": [0, {"c~": {"k.$": ""}}]}, ["/a~1b/1/c~0/k.$"]),
        ([{"k.$": "x"}], ["/0/k.$"]),
    ],
)
def test_mistakes_are_named_with_their_places(template, pointers):
    assert [found.pointer for found in templates.problems(template)] == pointers
    under = templates.problems(template, "/States/X/Parameters")
    assert [found.pointer for found in under] == [f"/States/X/Parameters{at}" for at in pointers]
    with pytest.raises(ExpressionSyntaxError):
        templates.compile(template)


def test_deep_templates_are_refused():
    template: object = 1
    for _ in range(50_000):
        template = {"k": [template]}
    assert len(templates.problems(template)) == 1
    with pytest.raises(ExpressionSyntaxError):
        templates.compile(template)


@pytest.mark.parametrize("name", ["a", "_", "total_2", "Größe", "a" * 80])
def test_names_of_variables(name):
    assert templates.assign_problems({name: 1, "z.$": "$.a"}) == []


@pytest.mark.parametrize("name", ["", "1a", "a.b", "a-b", "a b", "states", "$a", "a" * 81])
def test_names_that_no_variable_may_have(name):
    assert [found.pointer for found in templates.assign_problems({name: 1}, "/Assign")] == [
        f"/Assign/{name}"
    ]
    assert templates.assign_problems({f"{name}.$": "$.a"})


def test_an_assign_is_an_object_and_a_template():
    assert templates.assign_problems([1])
    assert [found.pointer for found in templates.assign_problems({"a": {"b.c.$": "x"}})] == [
        "/a/b.c.$"
    ]


@pytest.mark.parametrize(
    ("text", "found"), [("$.a", 1), ("States.Format('{}', $.a)", "1"), ("$v.w", 7)]
)
def test_expressions_of_plain_fields(text, found):
    """ErrorPath and CausePath take a path or a call."""
    assert templates.expression(text)(SCOPE) == found
    assert templates.expression_problems(text) == []


@pytest.mark.parametrize("text", ["a", "", None, 1, "$.", "States.X()"])
def test_what_is_no_expression(text):
    with pytest.raises(ExpressionSyntaxError):
        templates.expression(text)
    assert [found.pointer for found in templates.expression_problems(text, "/CausePath")] == [
        "/CausePath"
    ]
