"""Choice rules on paths: every operator in a table, type mismatches, guards, mistakes."""

from __future__ import annotations

import pytest

from expressions import choices
from expressions.errors import RUNTIME, ExpressionSyntaxError, MissingPathError
from expressions.moments import instant
from expressions.scope import Scope

NOON = "2024-05-01T12:00:00Z"
DATA = {
    "n": 7,
    "f": 7.0,
    "zero": 0,
    "negative": -0.0,
    "t": "text",
    "digits": "1",
    "yes": True,
    "no": False,
    "null": None,
    "at": NOON,
    "same": "2024-05-01T09:00:00.000-03:00",
    "late": "2024-05-01T12:00:00.5Z",
    "list": [1],
    "object": {"a": 1},
    "low": "alpha",
    "big": 10,
    "tag": "ship-eu-*",
    "empty": [],
}


def scope(**more):
    return Scope({**DATA, **more}, {"State": {"Name": "Route"}}, {"v": 7, "o": {"p": "q"}})


def holds(rule, **more):
    assert choices.problems(rule) == []
    return choices.compile(rule)(scope(**more))


ORDERS = [
    ("Equals", {"same"}),
    ("LessThan", {"less"}),
    ("GreaterThan", {"greater"}),
    ("LessThanEquals", {"less", "same"}),
    ("GreaterThanEquals", {"greater", "same"}),
]
PAIRS = [
    ("Numeric", 1, 2, "less"),
    ("Numeric", 2, 1.5, "greater"),
    ("Numeric", 2, 2.0, "same"),
    ("Numeric", -0.0, 0, "same"),
    ("Numeric", 10**30, 10**30 + 1, "less"),
    ("String", "a", "b", "less"),
    ("String", "a", "B", "greater"),
    ("String", "a", "a", "same"),
    ("String", "", "a", "less"),
    ("String", "10", "9", "less"),
    ("String", "\U0001f600", "\uff5e", "less"),  # by code units, not by characters
    ("String", "é", "e\u0301", "greater"),
    ("Timestamp", NOON, "2024-05-01T12:00:01Z", "less"),
    ("Timestamp", NOON, "2024-05-01T09:00:00-03:00", "same"),
    ("Timestamp", NOON, "2024-05-01T12:00:00.000Z", "same"),
    ("Timestamp", "2024-05-01T12:00:00.5Z", "2024-05-01T12:00:00.45Z", "greater"),
    ("Timestamp", "2024-05-01T12:00:00.000000001Z", NOON, "greater"),
    ("Timestamp", "2024-05-01T23:30:00+11:30", NOON, "same"),
    ("Timestamp", "2023-12-31T23:59:59Z", "2024-01-01T00:00:00Z", "less"),
]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(("kind", "left", "right", "relation"), PAIRS)
def test_comparisons_with_literals_and_with_paths(kind, left, right, relation, order):
    order, when = order
    expected = relation in when
    assert holds({"Variable": "$.x", f"{kind}{order}": right, "Next": "N"}, x=left) is expected
    by_path = {"Variable": "$.x", f"{kind}{order}Path": "$.y"}
    assert holds(by_path, x=left, y=right) is expected


@pytest.mark.parametrize(
    ("kind", "operand", "others"),
    [
        ("Numeric", 1, ["1", True, None, [1], {"a": 1}, NOON]),
        ("String", "1", [1, True, None, ["1"], {}]),
        ("Timestamp", NOON, [1, "text", "2024-05-01", None, [], True]),
    ],
)
@pytest.mark.parametrize("order", [order for order, _ in ORDERS])
def test_another_type_does_not_hold_and_is_no_error(kind, operand, others, order):
    """[rec] Another type than the operator's is false; "1" is no number; true is not 1."""
    for value in others:
        assert holds({"Variable": "$.x", f"{kind}{order}": operand}, x=value) is False
        assert holds({"Variable": "$.y", f"{kind}{order}Path": "$.x"}, x=value, y=operand) is False


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0, True), (0.0, True), (-0.0, True), (False, False), ("0", False), (None, False)],
)
def test_numeric_equals_zero(value, expected):
    """[rec] `NumericEquals` 0 holds for 0.0 and -0."""
    assert holds({"Variable": "$.x", "NumericEquals": 0}, x=value) is expected


@pytest.mark.parametrize(
    ("operand", "value", "expected"),
    [
        (True, True, True),
        (True, False, False),
        (False, False, True),
        (True, 1, False),
        (False, 0, False),
        (True, "true", False),
        (False, None, False),
    ],
)
def test_boolean_equals(operand, value, expected):
    assert holds({"Variable": "$.x", "BooleanEquals": operand}, x=value) is expected
    assert holds({"Variable": "$.x", "BooleanEqualsPath": "$.y"}, x=value, y=operand) is expected


@pytest.mark.parametrize(
    ("operator", "true_for"),
    [
        ("IsNull", {"null"}),
        ("IsNumeric", {"n", "f", "zero", "negative", "big"}),
        ("IsString", {"t", "digits", "at", "same", "late", "low", "tag"}),
        ("IsBoolean", {"yes", "no"}),
        ("IsTimestamp", {"at", "same", "late"}),
        ("IsPresent", set(DATA)),
    ],
)
def test_type_tests_and_their_inversion(operator, true_for):
    for name in DATA:
        rule = {"Variable": f"$.{name}", operator: True}
        assert holds(rule) is (name in true_for)
        assert holds({**rule, operator: False}) is (name not in true_for)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2016-03-14T01:59:00Z", 1_457_920_740_000_000_000),
        ("1970-01-01T00:00:00.000000001Z", 1),
        ("1969-12-31T23:59:59.5Z", -500_000_000),
        ("1970-01-01T01:30:00+01:30", 0),
        ("1969-12-31T18:30:00-05:30", 0),
        ("2024-02-29T00:00:00Z", 1_709_164_800_000_000_000),
        ("2016-03-14t01:59:00Z", None),
        ("2016-03-14T01:59:00z", None),
        ("2016-03-14T01:59:00", None),
        ("2016-03-14 01:59:00Z", None),
        ("2016-03-14T01:59Z", None),
        ("2016-03-14T24:00:00Z", None),
        ("2016-03-14T01:60:00Z", None),
        ("2023-02-29T00:00:00Z", None),
        ("0000-01-01T00:00:00Z", None),
        ("2016-03-14T01:59:00.Z", None),
        ("2016-03-14T01:59:00.1234567890Z", None),
        ("2016-03-14T01:59:00+0100", None),
        ("2016-03-14T01:59:00+25:00", None),
        ("२०१६-03-14T01:59:00Z", None),
        ("2016-03-14T01:59:00Z\n", None),
        ("", None),
        (1_457_920_740, None),
    ],
)
def test_instants(text, value):
    assert instant(text) == value


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("*", ["", "a", "*"], []),
        ("", [""], ["a"]),
        ("log-*.txt", ["log-.txt", "log-a.b.txt"], ["log-a.tx", "xlog-.txt", "log.txt"]),
        ("*a*b*", ["ab", "xaxbx", "aab"], ["ba", ""]),
        ("a*a", ["aa", "aba"], ["a"]),
        ("ship-*-\\*", ["ship-eu-*", "ship--*"], ["ship-eu-x", "ship-*"]),
        ("a\\\\*", ["a\\", "a\\b"], ["a", "a*"]),
        ("[a]?.", ["[a]?."], ["a"]),
        ("*\n*", ["a\nb"], ["ab"]),
    ],
)
def test_string_matches(pattern, matching, others):
    for text in matching:
        assert holds({"Variable": "$.x", "StringMatches": pattern}, x=text), text
    for text in [*others, None, 1, ["a"]]:
        assert not holds({"Variable": "$.x", "StringMatches": pattern}, x=text), text


def test_string_matches_takes_linear_time():
    rule = {"Variable": "$.x", "StringMatches": "*a" * 2_000 + "*b"}
    assert not holds(rule, x="a" * 250_000)


YES = {"Variable": "$.yes", "BooleanEquals": True}
NO = {"Variable": "$.no", "BooleanEquals": True}
BROKEN = {"Variable": "$.missing", "NumericEquals": 1}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"And": [YES, YES]}, True),
        ({"And": [YES, NO]}, False),
        ({"Or": [NO, YES]}, True),
        ({"Or": [NO, NO]}, False),
        ({"Not": NO}, True),
        ({"Not": {"And": [YES, {"Not": NO}]}}, False),
        ({"And": [{"Or": [NO, YES]}, {"Not": NO}], "Next": "N", "Assign": {"a": 1}}, True),
        ({"And": [NO, BROKEN]}, False),
        ({"Or": [YES, BROKEN]}, True),
        ({"And": [{"Variable": "$.missing", "IsPresent": True}, BROKEN]}, False),
        ({"Or": [{"Variable": "$.missing", "IsPresent": False}, BROKEN]}, True),
    ],
)
def test_rules_in_rules_stop_where_they_are_settled(rule, expected):
    assert holds(rule) is expected


@pytest.mark.parametrize(
    "rule",
    [
        BROKEN,
        {"Not": BROKEN},
        {"And": [YES, BROKEN]},
        {"Variable": "$.missing", "IsNull": True},
        {"Variable": "$.missing", "IsString": False},
        {"Variable": "$.n", "NumericEqualsPath": "$.missing"},
        {"Variable": "$unknown", "NumericEquals": 1},
        {"Variable": "$$.Missing", "StringEquals": "x"},
    ],
)
def test_a_path_without_a_match_is_a_runtime_error_but_for_is_present(rule):
    with pytest.raises(MissingPathError) as raised:
        holds(rule)
    assert raised.value.error == RUNTIME


@pytest.mark.parametrize("path", ["$.missing", "$.n.x", "$.list[1]", "$unknown", "$$.Missing"])
def test_is_present_is_false_for_a_path_without_a_match(path):
    assert holds({"Variable": path, "IsPresent": True}) is False
    assert holds({"Variable": path, "IsPresent": False}) is True


@pytest.mark.parametrize(
    "rule",
    [
        {"Variable": "$", "IsPresent": True},
        {"Variable": "$$.State.Name", "StringEquals": "Route"},
        {"Variable": "$v", "NumericEquals": 7},
        {"Variable": "$o.p", "StringEquals": "q"},
        {"Variable": "$.n", "NumericEqualsPath": "$v"},
        {"Next": "N", "NumericEquals": 7, "Comment": "any order", "Variable": "$.n"},
    ],
)
def test_variables_may_be_the_input_the_context_or_a_variable_in_any_order_of_fields(rule):
    """[rec] `Variable` may be `$`, `$$...` or `$var`; the order of fields within a rule is free."""
    assert holds(rule) is True


def test_the_whole_input_may_be_compared():
    """[rec] `Variable` may be `$`."""
    assert choices.compile({"Variable": "$", "NumericEquals": 2})(Scope(2))


def test_an_indefinite_path_is_a_list_and_present():
    assert holds({"Variable": "$.list[*]", "IsPresent": True})
    assert holds({"Variable": "$.empty[*]", "IsPresent": True})
    assert not holds({"Variable": "$.list[*]", "NumericEquals": 1})


def test_references_are_read_for_comparison():
    stored = {"ref": 5}

    def content(value):
        return 5 if value == stored else value

    surroundings = Scope({"x": stored, "y": 5}, content=content)
    assert choices.compile({"Variable": "$.x", "NumericEquals": 5})(surroundings)
    assert choices.compile({"Variable": "$.y", "NumericEqualsPath": "$.x"})(surroundings)


# --- mistakes ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "pointers"),
    [
        (None, [""]),
        ([], [""]),
        ({}, [""]),
        ({"Next": "N"}, [""]),
        ({"Variable": "$.a"}, [""]),
        ({"NumericEquals": 1}, [""]),
        ({"Variable": "$.a", "NumericEquals": 1, "IsNull": True}, [""]),
        ({"Variable": "a", "NumericEquals": 1}, ["/Variable"]),
        ({"Variable": 1, "NumericEquals": 1}, ["/Variable"]),
        ({"Variable": "$.a", "NumericEqual": 1}, ["/NumericEqual"]),
        ({"Variable": "$.a", "StringMatchesPath": "$.b"}, ["/StringMatchesPath"]),
        ({"Variable": "$.a", "IsNullPath": "$.b"}, ["/IsNullPath"]),
        ({"Variable": "$.a", "NumericEqualsPath": "b"}, ["/NumericEqualsPath"]),
        ({"Variable": "$.a", "NumericEquals": "1"}, ["/NumericEquals"]),
        ({"Variable": "$.a", "NumericEquals": True}, ["/NumericEquals"]),
        ({"Variable": "$.a", "StringEquals": 1}, ["/StringEquals"]),
        ({"Variable": "$.a", "BooleanEquals": 1}, ["/BooleanEquals"]),
        ({"Variable": "$.a", "TimestampEquals": "today"}, ["/TimestampEquals"]),
        ({"Variable": "$.a", "IsPresent": "true"}, ["/IsPresent"]),
        ({"Variable": "$.a", "StringMatches": "a\\b"}, ["/StringMatches"]),
        ({"Variable": "$.a", "StringMatches": "a\\"}, ["/StringMatches"]),
        ({"And": []}, ["/And"]),
        ({"Or": {}}, ["/Or"]),
        ({"Not": []}, ["/Not"]),
        ({"And": [YES], "Variable": "$.a"}, [""]),
        ({"And": [YES], "Or": [YES]}, [""]),
        (
            {"And": [YES, {"Not": {"Variable": "x", "IsNull": 1}}]},
            ["/And/1/Not/Variable", "/And/1/Not/IsNull"],
        ),
        ({"Or": [{**YES, "Next": "N"}, {**YES, "Assign": {}}]}, ["/Or/0/Next", "/Or/1/Assign"]),
    ],
)
def test_mistakes_are_named_with_their_places(rule, pointers):
    assert [found.pointer for found in choices.problems(rule)] == pointers
    with pytest.raises(ExpressionSyntaxError):
        choices.compile(rule)


def test_deep_rules_are_refused():
    rule: dict = YES
    for _ in range(50_000):
        rule = {"Not": rule}
    assert choices.problems(rule)
    with pytest.raises(ExpressionSyntaxError):
        choices.compile(rule)
