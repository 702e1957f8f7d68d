"""The values of JSONata within an evaluation, and how they are compared and written.

JSON values are Python's own; a whole number is an int as far as doubles count exactly.  A list
made by a path is a `Sequence`, for a sequence of one is its element and an empty one is nothing.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from expressions.jsonata.errors import NO_VALUE, JsonataError, too_deep

if TYPE_CHECKING:
    from expressions.jsonata.machine import State

Value: TypeAlias = Any
"""A JSON value, UNDEFINED or a function."""

EXACT = 2**53
DEPTH = 100  # levels of lists within lists that are walked
LEVELS = 300  # levels of calls and, within them, of values that are walked
RESULT = 200  # levels of objects and lists of a result


class Undefined:
    """What there is where there is nothing: not even null."""

    __slots__ = ()
    _only: Undefined | None = None

    def __new__(cls) -> Undefined:
        """The only one."""
        if cls._only is None:
            cls._only = super().__new__(cls)
        return cls._only

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "UNDEFINED"


UNDEFINED: Final = Undefined()


class Sequence(list[Value]):
    """What a path gives: one element stands for itself, none for nothing."""

    __slots__ = ()


class Kept(Sequence):
    """A sequence that stays a list when it has one element: `[]` was written."""

    __slots__ = ()


class Outer(Sequence):
    """The input document, a list: one value, not many."""

    __slots__ = ()


class Tuples(Sequence):
    """The bindings that a path carries along: dicts, the context of each under `@`."""

    __slots__ = ()


class Cons(list[Value]):
    """A list made by a constructor at an end of a path: it is not flattened."""

    __slots__ = ()


class Function:
    """What can be called; `arity` is how many arguments it takes."""

    __slots__ = ("arity",)
    arity: int


def collapse(value: Value) -> Value:
    """A sequence of one as its element, an empty one as nothing."""
    kind = type(value)
    if kind is Sequence or kind is Outer:
        if not value:
            return UNDEFINED
        return value[0] if len(value) == 1 else value
    if kind is Kept and not value:
        return UNDEFINED
    return value


def kept(value: Value) -> Value:
    """A sequence as a list, also when it has one element; an empty one as nothing."""
    if isinstance(value, Sequence):
        return Kept(value) if value else UNDEFINED
    return value


# --- numbers ----------------------------------------------------------------------------------


def is_number(value: Value) -> bool:
    """Whether a value is a number; an infinite one is D1001."""
    kind = type(value)
    if kind is int:
        return True
    if kind is not float or math.isnan(value):
        return False
    if value in (math.inf, -math.inf):
        raise JsonataError("D1001", "a number is out of range")
    return True


def tidy(number: int | float) -> int | float:
    """A number as JSONata counts: a double, but an int where it is whole and exact."""
    if type(number) is int:
        if -EXACT <= number <= EXACT:
            return number
        try:
            return float(number)
        except OverflowError:
            return math.inf if number > 0 else -math.inf
    if -EXACT <= number <= EXACT and number == int(number):
        return int(number)
    return number


def number_text(number: int | float) -> str:
    """A number as JSONata writes it: fifteen digits, and an exponent only far from 0."""
    if type(number) is int and -EXACT <= number <= EXACT:
        return str(number)
    value = float(tidy(number))
    if not math.isfinite(value):
        return "null"
    if not value.is_integer() or abs(value) >= EXACT:
        value = float(f"{value:.15g}")
    return double_text(value)


def double_text(value: float) -> str:
    """A double as JavaScript writes it: the shortest digits that give it back."""
    mantissa, _, exponent = repr(value).partition("e")
    sign = "-" if mantissa.startswith("-") else ""
    whole, _, fraction = mantissa.lstrip("-").partition(".")
    fraction = "" if fraction == "0" else fraction
    digits = (whole + fraction).lstrip("0")
    if not digits:
        return "0"
    # the point's place, counted from the first digit that is not 0
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))
    digits = digits.rstrip("0")
    if 0 < point <= 21:
        if len(digits) <= point:
            return sign + digits.ljust(point, "0")
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    rest = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{rest}e{point - 1:+d}"


# --- truth and order --------------------------------------------------------------------------


def truth(value: Value) -> bool:
    """What a value counts for in a condition: nothing, 0, "", {}, [] and functions are false."""
    kind = type(value)
    if kind is bool:
        return bool(value)
    if kind is int or kind is str or kind is dict:
        return bool(value)
    if kind is float:
        return is_number(value) and value != 0
    if isinstance(value, list):
        return _truth_of_list(value, 0)
    return False


def _truth_of_list(value: list[Value], depth: int) -> bool:
    if depth > DEPTH:
        raise too_deep()
    for item in value:
        if _truth_of_list(item, depth + 1) if isinstance(item, list) else truth(item):
            return True
    return False


def same(left: Value, right: Value, state: State) -> bool:  # noqa: C901, PLR0911 - one case each
    """Whether two values are equal, part by part; costs a step for each pair compared."""
    kind = type(left)
    if kind is str or kind is bool or left is None:
        return type(right) is kind and bool(left == right)
    if kind is int or kind is float:
        return type(right) in (int, float) and bool(left == right)
    pairs = [(left, right)]
    while pairs:
        one, other = pairs.pop()
        if isinstance(one, dict) and isinstance(other, dict):
            if one.keys() != other.keys():
                return False
            state.spend(2 + 2 * len(one))
            pairs.extend((value, other[key]) for key, value in one.items())
        elif isinstance(one, list) and isinstance(other, list):
            if len(one) != len(other):
                return False
            state.spend(2 + 2 * len(one))
            pairs.extend(zip(one, other, strict=True))
        elif isinstance(one, bool) or isinstance(other, bool):
            if one is not other:
                return False
        elif isinstance(one, dict | list) or isinstance(other, dict | list) or one != other:
            return False
    return True


def identity(value: Value, state: State, depth: int) -> Any:
    """What two equal values have in common: a key for sets."""
    state.spend(1)
    if isinstance(value, bool) or value is None:
        return (value,)
    if isinstance(value, int | float):
        # the hashes of crafted large numbers collide; their texts do not
        return value if abs(value) <= EXACT else ("number", repr(float(tidy(value))))
    if not isinstance(value, dict | list):
        return value
    if depth > LEVELS:
        raise too_deep()
    if isinstance(value, list):
        return ("list", *[identity(item, state, depth + 1) for item in value])
    parts = [(key, identity(item, state, depth + 1)) for key, item in value.items()]
    return ("object", frozenset(parts))


def text_key(text: str) -> Any:
    """What orders a text by UTF-16 code units, as JSONata does."""
    return text.encode("utf-16-be", "surrogatepass")


def precedes(left: Any, right: Any) -> bool:
    """Whether one of two texts or two numbers comes before the other."""
    if type(left) is str and not (left.isascii() and right.isascii()):
        return bool(text_key(left) < text_key(right))
    return bool(left < right)


# --- texts ------------------------------------------------------------------------------------

_quoted = json.encoder.encode_basestring


def quoted(text: str) -> str:
    """A text as JSON has it."""
    return str(_quoted(text))


def text_of(value: Value, state: State, *, pretty: bool = False) -> Value:
    """What `$string` gives; the text is counted."""
    kind = type(value)
    if kind is str or value is UNDEFINED:
        return value
    if kind is int:
        return number_text(value)
    if kind is float:
        if not math.isfinite(value):
            raise JsonataError("D3001", "an infinite number has no text")
        state.spend(12)
        return number_text(value)
    if isinstance(value, Function):
        return ""
    if type(value) is Outer:
        value = value[0]
    parts: list[str] = []
    _write(value, state, parts.append, "\n" if pretty else "", state.depth)
    return "".join(parts)


def _write(value: Value, state: State, put: Callable[[str], None], line: str, depth: int) -> None:
    """Write a value; one frame of Python's stack for each level of it."""
    if not isinstance(value, list | dict):
        text = _scalar(value)
        state.make(len(text))
        put(text)
        return
    if depth > LEVELS:
        raise too_deep()
    opening, closing = "[]" if isinstance(value, list) else "{}"
    inside = line + "  " if line else ""
    empty = True
    for key in value:
        item = key if opening == "[" else value[key]
        if item is UNDEFINED:
            continue
        state.spend(4)
        put(opening + inside if empty else "," + inside)
        if opening == "{":
            name = quoted(key) + (": " if line else ":")
            state.make(len(name))
            put(name)
        state.make(3 + len(inside))
        _write(item, state, put, inside, depth + 1)
        empty = False
    state.make(2)
    put(opening + closing if empty else line + closing)


def _scalar(value: Value) -> str:
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, Function):
        return '""'
    is_number(value)
    return number_text(value)


# --- results ----------------------------------------------------------------------------------


_SCALARS = frozenset([str, int, bool, type(None)])


def plain(value: Value, state: State, depth: int = 0) -> Value:
    """A result as JSON has it: lists are lists, and there are no functions.

    What needs no change is not copied.
    """
    if isinstance(value, list):
        return _plain_list(value, state, depth)
    if isinstance(value, dict):
        _enter(value, state, depth)
        members = {key: plain(item, state, depth + 1) for key, item in value.items()}
        return value if all(map(_is, members.values(), value.values())) else members
    if isinstance(value, Function):
        raise JsonataError(NO_VALUE, "the result is a function")
    if type(value) is float and not math.isfinite(value):
        raise JsonataError("D1001", "a number is out of range")
    return value


def _plain_list(value: list[Value], state: State, depth: int) -> Value:
    if type(value) is Outer:
        return plain(value[0], state, depth)
    _enter(value, state, depth)
    if type(value) is list and _SCALARS.issuperset(map(type, value)):
        return value
    # a group of a match that took no part is undefined in a list: null in JSON
    items = [None if item is UNDEFINED else plain(item, state, depth + 1) for item in value]
    return value if type(value) is list and all(map(_is, items, value)) else items


def _enter(value: list[Value] | dict[str, Value], state: State, depth: int) -> None:
    if depth > RESULT:
        raise too_deep()
    state.spend(2 + 2 * len(value))


def _is(one: Value, other: Value) -> bool:
    return one is other
