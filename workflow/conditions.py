"""Conditions on data, as States Language writes the rules of a Choice.

    {"Variable": "$.total", "NumericGreaterThan": 100}
    {"And": [{...}, {...}]}      {"Or": [...]}      {"Not": {...}}

A comparison with a value of another kind does not hold, and is no error.  A path without a
value is an error, except for `IsPresent`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from errors import DataError
from wire import Json
from workflow.paths import MISSING, Reader, parse

Condition = Mapping[str, Json]


def holds(condition: Condition, read: Reader) -> bool:
    """Whether a condition holds for the data that `read` reads paths of."""
    if "And" in condition:
        return all(holds(item, read) for item in condition["And"])
    if "Or" in condition:
        return any(holds(item, read) for item in condition["Or"])
    if "Not" in condition:
        return not holds(condition["Not"], read)
    name, operand = _comparison(condition)
    value = read(condition["Variable"])
    if name == "IsPresent":
        return (value is not MISSING) is operand
    if value is MISSING:
        raise DataError(f"there is nothing at {condition['Variable']} to be compared")
    if name in TESTS:
        return TESTS[name](value) is operand
    if name.endswith("Path"):
        name, operand = name[:-4], read(operand)
    return COMPARISONS[name](value, operand)


def problems(condition: Any) -> list[str]:
    """What is wrong with a condition; empty when it can be used."""
    if not isinstance(condition, Mapping):
        return ["a condition must be an object"]
    for word in ("And", "Or"):
        if word in condition:
            parts = condition[word]
            if not isinstance(parts, list | tuple) or not parts:
                return [f"{word} needs a list of conditions"]
            return [found for part in parts for found in problems(part)]
    if "Not" in condition:
        return problems(condition["Not"])
    return _comparison_problems(condition)


def _comparison_problems(condition: Condition) -> list[str]:
    names = [key for key in condition if key not in ("Variable", "Next", "Comment")]
    if "Variable" not in condition or len(names) != 1:
        return ["a comparison needs Variable and exactly one operator"]
    name = names[0]
    if name not in TESTS and name != "IsPresent" and name.removesuffix("Path") not in COMPARISONS:
        return [f"there is no operator {name}"]
    paths = [condition["Variable"], *([condition[name]] if name.endswith("Path") else [])]
    return [found for path in paths for found in path_problems(path)]


def path_problems(path: Any) -> list[str]:
    """What is wrong with a path; empty when it can be read."""
    try:
        parse(path)
    except DataError as error:
        return [str(error)]
    return []


def _comparison(condition: Condition) -> tuple[str, Json]:
    return next(
        (key, value)
        for key, value in condition.items()
        if key not in ("Variable", "Next", "Comment")
    )


# --- operators --------------------------------------------------------------------------------


def is_number(value: Json) -> bool:
    """Whether a value is a JSON number: true and false are not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def moment(value: Json) -> datetime | None:
    """The instant that an RFC 3339 text names; None for anything else."""
    return _moment(value) if isinstance(value, str) else None


@lru_cache(maxsize=1024)
def _moment(text: str) -> datetime | None:
    if len(text) < 20 or text[10] != "T" or not (text.endswith("Z") or text[-6] in "+-"):
        return None
    whole, dot, rest = text.partition(".")
    if dot:  # Python 3.10 reads three or six digits of a second, and no Z
        digits = rest.rstrip("Z").partition("+")[0].partition("-")[0]
        zone = rest[len(digits) :]
        text = f"{whole}.{digits[:6].ljust(6, '0')}{zone}"
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None


def matches(text: str, pattern: str) -> bool:
    r"""Whether a text matches a pattern of `*` (anything), `\*` and `\\`; in linear time."""
    return _matches(text, _pieces(pattern))


@lru_cache(maxsize=256)
def _pieces(pattern: str) -> tuple[str, ...]:
    pieces, piece, index = [], "", 0
    while index < len(pattern):
        character = pattern[index]
        if character == "\\" and index + 1 < len(pattern):
            index += 1
            piece += pattern[index]
        elif character == "*":
            pieces.append(piece)
            piece = ""
        else:
            piece += character
        index += 1
    return (*pieces, piece)


def _matches(text: str, pieces: tuple[str, ...]) -> bool:
    first, *middle = pieces
    if not middle:
        return text == first
    last = middle.pop()
    if len(text) < len(first) + len(last) or not text.startswith(first) or not text.endswith(last):
        return False
    at, end = len(first), len(text) - len(last)
    for piece in middle:
        at = text.find(piece, at, end)
        if at < 0:
            return False
        at += len(piece)
    return True


def _of(
    kind: Callable[[Json], bool], compare: Callable[[Any, Any], bool]
) -> Callable[[Json, Json], bool]:
    return lambda value, operand: kind(value) and kind(operand) and compare(value, operand)


def _units(text: str) -> bytes:
    return text.encode("utf-16-be", "surrogatepass")


def _texts(compare: Callable[[Any, Any], bool]) -> Callable[[Json, Json], bool]:
    def test(value: Json, operand: Json) -> bool:
        both = isinstance(value, str) and isinstance(operand, str)
        return both and compare(_units(value), _units(operand))

    return test


def _moments(compare: Callable[[Any, Any], bool]) -> Callable[[Json, Json], bool]:
    def test(value: Json, operand: Json) -> bool:
        left, right = moment(value), moment(operand)
        return left is not None and right is not None and compare(left, right)

    return test


_ORDERS = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "GreaterThan": operator.gt,
    "LessThanEquals": operator.le,
    "GreaterThanEquals": operator.ge,
}

COMPARISONS: dict[str, Callable[[Json, Json], bool]] = {
    **{f"String{name}": _texts(compare) for name, compare in _ORDERS.items()},
    **{f"Numeric{name}": _of(is_number, compare) for name, compare in _ORDERS.items()},
    **{f"Timestamp{name}": _moments(compare) for name, compare in _ORDERS.items()},
    "BooleanEquals": _of(lambda value: isinstance(value, bool), operator.eq),
    "StringMatches": _of(lambda value: isinstance(value, str), matches),
}

TESTS: dict[str, Callable[[Json], bool]] = {
    "IsNull": lambda value: value is None,
    "IsNumeric": is_number,
    "IsString": lambda value: isinstance(value, str),
    "IsBoolean": lambda value: isinstance(value, bool),
    "IsTimestamp": lambda value: moment(value) is not None,
}
