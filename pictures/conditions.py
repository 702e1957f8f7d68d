"""The condition of a Choice rule in few words: `total > 100`, `note is absent`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from wire import Json, dumps

DEPTH = 4
"""How deep conditions within conditions are told; what lies deeper is an ellipsis."""

SIGNS = {
    "Equals": "=",
    "LessThan": "<",
    "GreaterThan": ">",
    "LessThanEquals": "≤",
    "GreaterThanEquals": "≥",
    "Matches": "matches",
}
COMPARISON = re.compile(
    r"(?:String|Numeric|Timestamp|Boolean)"
    r"(LessThanEquals|GreaterThanEquals|LessThan|GreaterThan|Equals|Matches)(Path)?$"
)
TESTS = {
    "IsPresent": ("is present", "is absent"),
    "IsNull": ("is null", "is not null"),
    "IsNumeric": ("is a number", "is no number"),
    "IsString": ("is a text", "is no text"),
    "IsBoolean": ("is true or false", "is neither true nor false"),
    "IsTimestamp": ("is a time", "is no time"),
}


def words(rule: Json, depth: int = DEPTH) -> str:
    """The condition of a rule, in JSONPath's operators or as a JSONata `Condition`."""
    if not isinstance(rule, Mapping) or depth == 0:
        return "…"
    if "Condition" in rule:
        return expression(rule["Condition"])
    for member, joint in (("And", " and "), ("Or", " or ")):
        if isinstance(parts := rule.get(member), list):
            return joint.join(_part(part, depth) for part in parts) or "…"
    if "Not" in rule:
        return "not " + _part(rule["Not"], depth)
    return _comparison(rule)


def expression(value: Json) -> str:
    """A JSONata expression without its `{% %}`; a path without the dollar before its first name."""
    if not isinstance(value, str):
        return _literal(value)
    text = " ".join(value.split())
    if text.startswith("{%") and text.endswith("%}") and len(text) >= 4:
        return text[2:-2].strip().replace("$states.input.", "")
    return text[2:] if text.startswith("$.") and len(text) > 2 else text


def _part(rule: Json, depth: int) -> str:
    text = words(rule, depth - 1)
    compound = isinstance(rule, Mapping) and ("And" in rule or "Or" in rule)
    return f"({text})" if compound else text


def _comparison(rule: Mapping[str, Json]) -> str:
    subject = expression(rule.get("Variable", "…"))
    for operator, operand in rule.items():
        if operator in TESTS:
            return f"{subject} {TESTS[operator][operand is False]}"
        if found := COMPARISON.match(str(operator)):
            other = expression(operand) if found[2] else _literal(operand)
            return f"{subject} {SIGNS[found[1]]} {other}"
    return "…"


def _literal(value: Json) -> str:
    try:
        return dumps(value)
    except (TypeError, ValueError, RecursionError):
        return "…"
