r"""Conditions on data, as States Language writes the rules of a Choice in JSONPath.

    {"Variable": "$.total", "NumericGreaterThan": 100, "Next": "Approve"}
    {"And": [{...}, {...}]}      {"Or": [...]}      {"Not": {...}}

A rule is compiled once; `compile(rule)(scope)` says whether it holds.  A comparison with a value
of another type does not hold, and is no error.  A path that finds nothing raises
`MissingPathError` (`States.Runtime`), but for `IsPresent`; `And` and `Or` stop at the first part
that settles them, so an `IsPresent` before a comparison guards it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from expressions import jsonpath
from expressions.budget import DEPTH, too_deep
from expressions.errors import ExpressionSyntaxError, Problem
from expressions.jsonpath import Path
from expressions.moments import instant
from expressions.scope import Scope
from expressions.values import MISSING, code_units, is_number
from wire import Json

Condition: TypeAlias = Callable[[Scope], bool]
"""Whether a rule holds in a scope."""

Test: TypeAlias = Callable[[Any], bool]
"""Whether a value stands in a relation to an operand that is known."""

NESTED = ("And", "Or", "Not")
AROUND = ("Variable", "Next", "Comment", "Assign", "Output")


def compile(rule: Json) -> Condition:  # noqa: A001 - what re calls it
    """The condition of a rule, whose `Next`, `Assign` and `Comment` are left aside.

    `ExpressionSyntaxError` where `problems` finds any.
    """
    found = problems(rule)
    if found:
        raise ExpressionSyntaxError("; ".join(f"{place}: {text}" for place, text in found))
    return _compiled(rule)


def _compiled(rule: Mapping[str, Json]) -> Condition:
    if "Not" in rule:
        inner = _compiled(rule["Not"])
        return lambda scope: not inner(scope)
    for word, combined in (("And", _every), ("Or", _some)):
        if word in rule:
            return combined(tuple(map(_compiled, rule[word])))
    return _comparison(rule)


def _every(parts: tuple[Condition, ...]) -> Condition:
    def holds(scope: Scope) -> bool:
        for part in parts:  # noqa: SIM110 - a generator costs more than the comparisons
            if not part(scope):
                return False
        return True

    return holds


def _some(parts: tuple[Condition, ...]) -> Condition:
    def holds(scope: Scope) -> bool:
        for part in parts:  # noqa: SIM110 - as above
            if part(scope):
                return True
        return False

    return holds


def _comparison(rule: Mapping[str, Json]) -> Condition:
    path = jsonpath.compile(rule["Variable"])
    name = next(key for key in rule if key not in AROUND)
    operand = rule[name]
    if name == "IsPresent":
        return lambda scope: (path.get(scope) is not MISSING) is operand
    if name in TYPES:
        kind = TYPES[name]
        return _of(path, kind if operand else lambda value: not kind(value))
    if name in OPERATORS:
        return _of(path, OPERATORS[name](operand))
    return _of_two(path, OPERATORS[name.removesuffix("Path")], jsonpath.compile(operand))


def _of(path: Path, test: Test) -> Condition:
    need = path.need

    def holds(scope: Scope) -> bool:
        value = need(scope)
        return test(value if scope.content is None else scope.content(value))

    return holds


def _of_two(path: Path, relation: Callable[[Json], Test], other: Path) -> Condition:
    def holds(scope: Scope) -> bool:
        content = scope.content
        value, operand = path.need(scope), other.need(scope)
        if content is not None:
            value, operand = content(value), content(operand)
        return relation(operand)(value)

    return holds


# --- operators --------------------------------------------------------------------------------


def _never(_value: Json) -> bool:
    return False


def _numeric(compare: Callable[[Any, Any], bool]) -> Callable[[Json], Test]:
    def relation(operand: Json) -> Test:
        if not is_number(operand):
            return _never
        return lambda value: is_number(value) and compare(value, operand)

    return relation


def _string(compare: Callable[[Any, Any], bool]) -> Callable[[Json], Test]:
    """Texts are ordered by UTF-16 code units."""

    def relation(operand: Json) -> Test:
        if not isinstance(operand, str):
            return _never
        units = code_units(operand)
        return lambda value: isinstance(value, str) and compare(code_units(value), units)

    return relation


def _timestamp(compare: Callable[[Any, Any], bool]) -> Callable[[Json], Test]:
    """Timestamps are compared as instants: zone and fraction taken into account."""

    def relation(operand: Json) -> Test:
        moment = instant(operand)
        if moment is None:
            return _never

        def test(value: Json) -> bool:
            found = instant(value)
            return found is not None and compare(found, moment)

        return test

    return relation


def _string_equals(operand: Json) -> Test:
    return lambda value: isinstance(value, str) and value == operand


def _boolean_equals(operand: Json) -> Test:
    return lambda value: isinstance(value, bool) and value is operand


def _string_matches(operand: Json) -> Test:
    first, *rest = pieces(operand)
    return lambda value: isinstance(value, str) and _fits(value, first, rest)


_ORDERS = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "GreaterThan": operator.gt,
    "LessThanEquals": operator.le,
    "GreaterThanEquals": operator.ge,
}

OPERATORS: dict[str, Callable[[Json], Test]] = {
    **{f"Numeric{name}": _numeric(compare) for name, compare in _ORDERS.items()},
    **{f"String{name}": _string(compare) for name, compare in _ORDERS.items()},
    **{f"Timestamp{name}": _timestamp(compare) for name, compare in _ORDERS.items()},
    "StringEquals": _string_equals,
    "BooleanEquals": _boolean_equals,
    "StringMatches": _string_matches,
}
"""By name: the test for an operand; each but StringMatches has a variant `...Path`."""

TYPES: dict[str, Test] = {
    "IsNull": lambda value: value is None,
    "IsNumeric": is_number,
    "IsString": lambda value: isinstance(value, str),
    "IsBoolean": lambda value: isinstance(value, bool),
    "IsTimestamp": lambda value: instant(value) is not None,
}
"""By name: whether a value has the type; the operand `false` inverts."""


# --- StringMatches ----------------------------------------------------------------------------


def pieces(pattern: str) -> list[str]:
    r"""The texts between the stars of a pattern; `\*` and `\\` stand for a star and a backslash.

    `ExpressionSyntaxError` for a backslash before anything else (ASL: an open escape).
    """
    found = [""]
    signs = iter(pattern)
    for sign in signs:
        if sign == "*":
            found.append("")
            continue
        literal = next(signs, "") if sign == "\\" else sign
        if sign == "\\" and literal not in ("*", "\\"):
            raise ExpressionSyntaxError(r"a backslash of StringMatches must be \* or \\")
        found[-1] += literal
    return found


def _fits(text: str, first: str, rest: list[str]) -> bool:
    """Whether a text is the pieces with anything between them; in linear time."""
    if not rest:
        return text == first
    last = rest[-1]
    if len(text) < len(first) + len(last) or not text.startswith(first) or not text.endswith(last):
        return False
    at, end = len(first), len(text) - len(last)
    for piece in rest[:-1]:
        at = text.find(piece, at, end)
        if at < 0:
            return False
        at += len(piece)
    return True


# --- mistakes ---------------------------------------------------------------------------------


def problems(rule: Json, pointer: str = "", *, nested: bool = False) -> list[Problem]:
    """What is wrong with a rule of a definition, with the place of each mistake.

    `Next` and the values of `Assign` are not looked at; a nested rule may have neither.
    """
    return _rule_problems(rule, pointer, DEPTH // 2, nested=nested)


def _rule_problems(rule: Json, pointer: str, depth: int, *, nested: bool) -> list[Problem]:
    if not isinstance(rule, dict):
        return [Problem(pointer, "a rule must be an object")]
    if depth == 0:
        return [Problem(pointer, str(too_deep()))]
    found = _misplaced(rule, pointer) if nested else []
    names = [key for key in rule if key not in AROUND]
    if len(names) != 1:
        return [*found, Problem(pointer, "a rule needs exactly one operator")]
    name = names[0]
    place = f"{pointer}/{name}"
    if name not in NESTED:
        return found + _comparison_problems(rule, name, pointer)
    if "Variable" in rule:
        found.append(Problem(pointer, f"{name} takes no Variable"))
    parts = [rule[name]] if name == "Not" else rule[name]
    if not isinstance(parts, list) or not parts:
        return [*found, Problem(place, f"{name} needs a list of rules")]
    for number, part in enumerate(parts):
        inner = place if name == "Not" else f"{place}/{number}"
        found += _rule_problems(part, inner, depth - 1, nested=True)
    return found


def _misplaced(rule: dict[str, Json], pointer: str) -> list[Problem]:
    return [
        Problem(f"{pointer}/{key}", f"a rule within another has no {key}")
        for key in ("Next", "Assign", "Output")
        if key in rule
    ]


def _comparison_problems(rule: dict[str, Json], name: str, pointer: str) -> list[Problem]:
    if "Variable" not in rule:
        found = [Problem(pointer, "a comparison needs a Variable")]
    else:
        found = _path_problems(rule["Variable"], f"{pointer}/Variable")
    place = f"{pointer}/{name}"
    plain = name.removesuffix("Path")
    if name in OPERATORS or name in TYPES or name == "IsPresent":
        wrong = _operand_problem(name, rule[name])
        return [*found, Problem(place, wrong)] if wrong else found
    if plain == name or plain not in OPERATORS or plain == "StringMatches":
        return [*found, Problem(place, f"there is no operator {name}")]
    return found + _path_problems(rule[name], place)


def _path_problems(path: Json, pointer: str) -> list[Problem]:
    return [Problem(pointer, problem.message) for problem in jsonpath.problems(path)]


def _operand_problem(name: str, operand: Json) -> str:
    if name.startswith("Numeric"):
        return "" if is_number(operand) else f"{name} needs a number"
    if name.startswith("Timestamp"):
        return "" if instant(operand) is not None else f"{name} needs a timestamp"
    if not name.startswith("String"):
        return "" if isinstance(operand, bool) else f"{name} needs true or false"
    if not isinstance(operand, str):
        return f"{name} needs a string"
    return _pattern_problem(operand) if name == "StringMatches" else ""


def _pattern_problem(pattern: str) -> str:
    try:
        pieces(pattern)
    except ExpressionSyntaxError as error:
        return str(error)
    return ""
