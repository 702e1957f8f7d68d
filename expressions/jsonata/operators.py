"""What the operators do with values."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

from expressions.jsonata.errors import JsonataError
from expressions.jsonata.machine import Frame, State
from expressions.jsonata.values import (
    DEPTH,
    UNDEFINED,
    Outer,
    Sequence,
    Value,
    collapse,
    is_number,
    precedes,
    same,
    text_of,
    tidy,
)

RANGE = 10_000_000  # elements that JSONata's range operator gives at most

Quick: TypeAlias = Callable[[int, int], Any]


def negated(value: Value, position: int) -> Value:
    """The number below 0; nothing of nothing."""
    if value is UNDEFINED:
        return UNDEFINED
    if not is_number(value):
        raise JsonataError("D1002", "only a number can be negated", position)
    return -value


def arithmetic(left: Value, right: Value, sign: str, position: int) -> Value:
    """`+ - * / %` of two numbers; nothing where one is missing."""
    if left is not UNDEFINED and not is_number(left):
        raise JsonataError("T2001", f"the left side of {sign} must be a number", position)
    if right is not UNDEFINED and not is_number(right):
        raise JsonataError("T2002", f"the right side of {sign} must be a number", position)
    if left is UNDEFINED or right is UNDEFINED:
        return UNDEFINED
    # whole numbers beyond doubles would be slow, and are infinite in JSONata
    left, right = tidy(left), tidy(right)
    if sign == "+":
        return tidy(left + right)
    if sign == "-":
        return tidy(left - right)
    if sign == "*":
        return tidy(left * right)
    return _quotient(left, right) if sign == "/" else _remainder(left, right)


def _quotient(left: int | float, right: int | float) -> int | float:
    if right == 0:
        if left == 0:
            return math.nan
        return math.inf if (left > 0) == (math.copysign(1, right) > 0) else -math.inf
    return tidy(left / right)


def _remainder(left: int | float, right: int | float) -> int | float:
    return math.nan if right == 0 else tidy(math.fmod(left, right))


ARITHMETIC: dict[str, Quick] = {
    "+": lambda left, right: tidy(left + right),
    "-": lambda left, right: tidy(left - right),
    "*": lambda left, right: tidy(left * right),
    "/": lambda left, right: _quotient(tidy(left), tidy(right)),
    "%": lambda left, right: _remainder(tidy(left), tidy(right)),
}


# --- comparisons ------------------------------------------------------------------------------


def _equal(left: Value, right: Value, state: State, _: int) -> Value:
    if left is UNDEFINED or right is UNDEFINED:
        return False
    return same(left, right, state)


def _unequal(left: Value, right: Value, state: State, _: int) -> Value:
    if left is UNDEFINED or right is UNDEFINED:
        return False
    return not same(left, right, state)


def _kind(value: Value) -> str:
    kind = type(value)
    if kind is str:
        return "string"
    if kind is int or kind is float:
        return "number"
    return "undefined" if value is UNDEFINED else ""


def _comparison(sign: str, test: Callable[[Any, Any], bool]) -> Operator:
    def compare(left: Value, right: Value, state: State, position: int) -> Value:
        one, other = _kind(left), _kind(right)
        if not one or not other:
            raise JsonataError("T2010", f"{sign} compares numbers or texts", position)
        if left is UNDEFINED or right is UNDEFINED:
            return UNDEFINED
        if one != other:
            raise JsonataError("T2009", f"{sign} compares values of one type", position)
        if one == "string":
            state.spend((len(left) + len(right)) >> 5)
        return test(left, right)

    return compare


def _contained(left: Value, right: Value, state: State, _: int) -> Value:
    if left is UNDEFINED or right is UNDEFINED:
        return False
    items = right if isinstance(right, list) else [right]
    state.spend(len(items))
    return any(same(left, item, state) for item in items)


# --- texts and ranges -------------------------------------------------------------------------


def _joined(left: Value, right: Value, state: State, _: int) -> Value:
    one = left if type(left) is str else text_of(left, state)
    other = right if type(right) is str else text_of(right, state)
    text = (one or "") + (other or "")
    state.make(len(text))
    return text


def _whole(value: Value) -> bool:
    kind = type(value)
    return kind is int or (kind is float and math.isfinite(value) and value.is_integer())


def _range(left: Value, right: Value, state: State, position: int) -> Value:
    if left is not UNDEFINED and not _whole(left):
        raise JsonataError("T2003", "the left side of .. must be a whole number", position)
    if right is not UNDEFINED and not _whole(right):
        raise JsonataError("T2004", "the right side of .. must be a whole number", position)
    if left is UNDEFINED or right is UNDEFINED or left > right:
        return UNDEFINED
    size = int(right) - int(left) + 1
    if size > RANGE:
        raise JsonataError("D2014", f"a range may have {RANGE:,} elements", position)
    state.elements(size)
    return collapse(Sequence(range(int(left), int(right) + 1)))


Operator: TypeAlias = Callable[[Value, Value, State, int], Value]

OTHERS: dict[str, Operator] = {
    "=": _equal,
    "!=": _unequal,
    "<": _comparison("<", precedes),
    ">": _comparison(">", lambda left, right: precedes(right, left)),
    "<=": _comparison("<=", lambda left, right: not precedes(right, left)),
    ">=": _comparison(">=", lambda left, right: not precedes(left, right)),
    "in": _contained,
    "&": _joined,
    "..": _range,
}


# --- wildcards --------------------------------------------------------------------------------


def wildcard(context: Value, frame: Frame) -> Value:
    """`*`: the values of all members; lists among them are flattened."""
    if type(context) is Outer:
        context = context[0]
    if isinstance(context, list):
        members: Any = context
    elif isinstance(context, dict):
        members = context.values()
    else:
        return UNDEFINED
    state = frame.state
    results: list[Value] = Sequence()
    listed = False
    for value in members:
        if isinstance(value, list):
            listed = True
            _flatten(value, results, state, 0)
        else:
            results.append(value)
    state.elements(len(results))
    return list(results) if listed else collapse(results)


def _flatten(value: list[Value], into: list[Value], state: State, depth: int) -> None:
    state.elements(len(value))
    for item in value:
        if isinstance(item, list) and depth < DEPTH:
            _flatten(item, into, state, depth + 1)
        else:
            into.append(item)


def descendants(context: Value, frame: Frame) -> Value:
    """`**`: a value and everything within it, in order; lists themselves are not among it."""
    if context is UNDEFINED:
        return UNDEFINED
    state = frame.state
    results = Sequence()
    pending = [context]
    while pending:
        value = pending.pop()
        state.elements(1)
        state.spend(2)
        if isinstance(value, list):
            pending.extend(reversed(value))
            continue
        results.append(value)
        if isinstance(value, dict):
            pending.extend(reversed(value.values()))
    return collapse(results)
