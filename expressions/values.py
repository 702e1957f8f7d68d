"""JSON values compared, measured and written, as States Language sees them.

1 equals 1.0, and true is not 1.  Every walk is counted, and none goes deeper than `DEPTH`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Hashable, Iterable
from typing import Final

from expressions.budget import BYTES, DEPTH, Budget, too_deep
from expressions.errors import BudgetError
from wire import Json, dumps

DIGITS = 400  # of a whole number in JSON text: beyond it no double reaches
BITS = DIGITS * 10 // 3
EXACT = 2**53
TEXT = 1_048_576  # characters of one JSON text: four payloads of States Language


class Missing:
    """What is read where there is nothing: not even null."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = Missing()


def is_number(value: Json) -> bool:
    """Whether a value is a JSON number: true and false are not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def code_units(text: str) -> bytes:
    """What orders a text as States Language does: by UTF-16 code units."""
    return text.encode("utf-16-be", "surrogatepass")


def same(left: Json, right: Json, budget: Budget) -> bool:
    """Whether two JSON values are equal; costs a step for each pair of values compared."""
    if not isinstance(left, list | dict):
        return _same_scalar(left, right)
    pairs = [(left, right)]
    while pairs:
        one, other = pairs.pop()
        if isinstance(one, dict) and isinstance(other, dict):
            if one.keys() != other.keys():
                return False
            budget.spend(1 + len(one))
            pairs.extend((value, other[key]) for key, value in one.items())
        elif isinstance(one, list) and isinstance(other, list):
            if len(one) != len(other):
                return False
            budget.spend(1 + len(one))
            pairs.extend(zip(one, other, strict=True))
        elif not _same_scalar(one, other):
            return False
    return True


def _same_scalar(left: Json, right: Json) -> bool:
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return not isinstance(right, list | dict) and bool(left == right)


def identity(value: Json, budget: Budget, depth: int = DEPTH) -> Hashable:
    """What two values have in common exactly when they are the same: a key for sets."""
    budget.spend(4)  # it takes that many times the time of a comparison
    if isinstance(value, bool):
        return ("truth", value)
    if isinstance(value, int | float):  # large ones as texts: crafted numbers collide as hashes
        if abs(value) < EXACT:
            return value
        whole = isinstance(value, int) or math.isfinite(value)
        return ("number", f"{int(value):x}" if whole else repr(value))
    if value is None or isinstance(value, str):
        return value
    if depth == 0:
        raise too_deep(budget.error)
    parts: list[Hashable] = []
    if isinstance(value, list):
        for item in value:
            parts.append(identity(item, budget, depth - 1))  # noqa: PERF401 - a frame less a level
        return ("list", tuple(parts))
    for key, item in value.items():
        parts.append((key, identity(item, budget, depth - 1)))
    return ("object", frozenset(parts))


def contains(values: Iterable[Json], wanted: Json, budget: Budget) -> bool:
    """Whether one of some values is the one that is wanted."""
    for value in values:
        budget.spend(1)
        if same(value, wanted, budget):
            return True
    return False


# --- texts ------------------------------------------------------------------------------------


def size(value: Json, limit: int = BYTES, error: str | None = None) -> int:
    """A lower bound of the bytes of a value's JSON text; `BudgetError` above the limit.

    It stops as soon as the limit is passed, so a value that shares its parts a thousand times
    costs no more than its first so many bytes.  Looks no deeper than `DEPTH` levels.
    """
    failing = Budget(bytes=limit) if error is None else Budget(bytes=limit, error=error)
    level: list[Json] = [value]
    depth = 0
    while level:
        if depth > DEPTH:
            raise too_deep(failing.error)
        below: list[Json] = []
        for item in level:
            _weigh(item, failing)
            if isinstance(item, dict):
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)
        level = below
        depth += 1
    return limit - failing.bytes


def _weigh(value: Json, budget: Budget) -> None:
    """Take what a value costs without the values in it: quotes, brackets, commas and colons."""
    if isinstance(value, str):
        budget.make(2 + len(value))
    elif isinstance(value, dict):
        budget.make(2 + sum(map(len, value)) + 4 * len(value))
    elif isinstance(value, list):
        budget.make(2 + max(0, len(value) - 1))
    elif isinstance(value, int):
        budget.make(1 + _bits(value, budget) // 4)
    else:
        budget.make(3)


def _bits(value: int, budget: Budget) -> int:
    """The bits of a whole number; Python's own limit for writing one differs by version."""
    bits = value.bit_length()
    if bits > BITS:
        raise BudgetError(f"a number has more than {DIGITS} digits", budget.error)
    return bits


def json_text(value: Json, budget: Budget) -> str:
    """The compact JSON text of a value; counted before it is made."""
    if isinstance(value, dict | list):
        size(value, min(TEXT, max(0, budget.bytes)), budget.error)
    try:
        # A whole number is the common case, and str faster.
        text = str(value) if type(value) is int and _bits(value, budget) else dumps(value)
    except ValueError:  # infinite, or none
        raise BudgetError("a number cannot be written as JSON", budget.error) from None
    budget.make(len(text))
    return text


def from_json_text(text: str) -> Json:
    """The value of a JSON text as RFC 8259 has it; `ValueError` for anything else.

    No NaN or Infinity, no number beyond doubles, no nesting deeper than `DEPTH`.
    """
    if _nesting(text) > DEPTH:
        raise ValueError(f"more than {DEPTH} levels are nested")
    return _DECODER.decode(text)


def _nesting(text: str) -> int:
    """The deepest level of brackets outside of strings."""
    if text.count("[") + text.count("{") <= DEPTH:
        return 0
    deepest = depth = 0
    for part in text.replace("\\\\", "").replace('\\"', "").split('"')[::2]:
        for sign in part:
            if sign in "[{":
                depth += 1
                deepest = max(deepest, depth)
            elif sign in "]}":
                depth -= 1
    return deepest


def _whole(digits: str) -> int:
    if len(digits) > DIGITS:
        raise ValueError("a number has too many digits")
    return int(digits)


def _fraction(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError("a number is too large")
    return number


def _refuse(word: str) -> Json:
    raise ValueError(f"{word} is no JSON")


_DECODER = json.JSONDecoder(parse_int=_whole, parse_float=_fraction, parse_constant=_refuse)
