"""Functions of numbers and truth."""

from __future__ import annotations

import math
import re
from decimal import ROUND_HALF_EVEN, Context, Decimal

from expressions.jsonata import integers, pictures
from expressions.jsonata.errors import JsonataError
from expressions.jsonata.functions_text import made
from expressions.jsonata.library import native
from expressions.jsonata.machine import State
from expressions.jsonata.values import UNDEFINED, Value, is_number, tidy, truth

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([Ee][-+]?[0-9]+)?")
_BASED = {"0x": 16, "0o": 8, "0b": 2}
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_EXACT = Context(prec=800, rounding=ROUND_HALF_EVEN)


@native("number", "<(nsb)-:n>")
def number(_: State, value: Value) -> Value:
    """The number that a text, a truth value or a number stands for."""
    if value is UNDEFINED:
        return UNDEFINED
    if isinstance(value, bool):
        return int(value)
    if not isinstance(value, str):
        is_number(value)
        return value
    if len(value) <= 1_000:
        if _NUMBER.fullmatch(value):
            found = float(value)
            if math.isfinite(found):
                return _counted(value, found)
        base = _BASED.get(value[:2].lower())
        if base is not None and value[2:].isalnum() and value[2:].isascii():
            try:
                return tidy(int(value[2:], base))
            except ValueError:
                pass
    raise JsonataError("D3030", f"no number: {value[:100]!r}")


def _counted(text: str, found: float) -> int | float:
    return int(text) if len(text) <= 16 and text.lstrip("-").isdigit() else tidy(found)


def _finite(value: Value) -> Value:
    number = tidy(value)
    if not is_number(number):
        raise JsonataError("D1001", "a number is out of range")
    return number


@native("floor", "<n-:n>")
def floor(_: State, value: Value) -> Value:
    """The whole number below."""
    return value if value is UNDEFINED else tidy(math.floor(_finite(value)))


@native("ceil", "<n-:n>")
def ceil(_: State, value: Value) -> Value:
    """The whole number above."""
    return value if value is UNDEFINED else tidy(math.ceil(_finite(value)))


@native("abs", "<n-:n>")
def absolute(_: State, value: Value) -> Value:
    """A number without its sign."""
    return value if value is UNDEFINED else abs(value)


@native("round", "<n-n?:n>")
def round_(_: State, value: Value, places: Value) -> Value:
    """A number rounded to so many places; halves go to the even neighbour."""
    if value is UNDEFINED:
        return UNDEFINED
    return rounded(_finite(value), 0 if places is UNDEFINED else int(_finite(places)))


def rounded(value: int | float, places: int) -> int | float:
    """A number rounded to so many places, as its digits read; halves to even."""
    if not -330 <= places <= 330:
        return value if places > 0 else 0
    written = Decimal(str(value)) if isinstance(value, int) else Decimal(repr(value))
    result = written.quantize(Decimal(1).scaleb(-places), context=_EXACT)
    return tidy(float(result)) if places > 0 else tidy(int(result))


@native("sqrt", "<n-:n>")
def sqrt(_: State, value: Value) -> Value:
    """The square root."""
    if value is UNDEFINED:
        return UNDEFINED
    if _finite(value) < 0:
        raise JsonataError("D3060", "a negative number has no square root")
    return tidy(math.sqrt(value))


@native("power", "<n-n:n>")
def power(_: State, base: Value, exponent: Value) -> Value:
    """A number to a power."""
    if base is UNDEFINED:
        return UNDEFINED
    try:
        result = math.pow(tidy(base), tidy(exponent))
    except (OverflowError, ValueError, TypeError):
        result = math.inf
    if not math.isfinite(result):
        raise JsonataError("D3061", "the power is no number of JSON")
    return tidy(result)


# --- of several -------------------------------------------------------------------------------


def _total(values: list[Value], state: State) -> int | float:
    state.spend(len(values) >> 2)
    result: int | float = 0
    for value in values:
        result += tidy(value)
    return tidy(result)


@native("sum", "<a<n>:n>")
def sum_(state: State, values: Value) -> Value:
    """All of some numbers together."""
    return UNDEFINED if values is UNDEFINED else _total(values, state)


@native("max", "<a<n>:n>")
def max_(state: State, values: Value) -> Value:
    """The largest of some numbers."""
    if values is UNDEFINED or not values:
        return UNDEFINED
    state.spend(len(values) >> 2)
    return max(values)


@native("min", "<a<n>:n>")
def min_(state: State, values: Value) -> Value:
    """The smallest of some numbers."""
    if values is UNDEFINED or not values:
        return UNDEFINED
    state.spend(len(values) >> 2)
    return min(values)


@native("average", "<a<n>:n>")
def average(state: State, values: Value) -> Value:
    """The mean of some numbers."""
    if values is UNDEFINED or not values:
        return UNDEFINED
    return tidy(_total(values, state) / len(values))


# --- truth ------------------------------------------------------------------------------------


@native("boolean", "<x-:b>")
def boolean(_: State, value: Value) -> Value:
    """What a value counts for in a condition."""
    return UNDEFINED if value is UNDEFINED else truth(value)


@native("not", "<x-:b>")
def not_(_: State, value: Value) -> Value:
    """The contrary of a value in a condition."""
    return UNDEFINED if value is UNDEFINED else not truth(value)


# --- texts ------------------------------------------------------------------------------------


@native("formatBase", "<n-n?:s>")
def format_base(_: State, value: Value, base: Value) -> Value:
    """A whole number's digits in a base."""
    if value is UNDEFINED:
        return UNDEFINED
    left = rounded(_finite(value), 0)
    radix = 10 if base is UNDEFINED else rounded(_finite(base), 0)
    if not 2 <= radix <= 36:
        raise JsonataError("D3100", "the base must be between 2 and 36")
    rest, digits = abs(int(left)), []
    while rest:
        rest, digit = divmod(rest, int(radix))
        digits.append(_DIGITS[digit])
    return ("-" if left < 0 else "") + ("".join(reversed(digits)) or "0")


@native("formatNumber", "<n-so?:s>", 3)
def format_number(state: State, value: Value, picture: Value, options: Value) -> Value:
    """A number as a picture says: `#,##0.00`."""
    if value is UNDEFINED or picture is UNDEFINED:
        return UNDEFINED
    state.spend(250 + 2 * len(picture))
    given = {} if options is UNDEFINED else options
    return made(pictures.format_number(_finite(value), picture, given), state)


@native("formatInteger", "<n-s:s>")
def format_integer(state: State, value: Value, picture: Value) -> Value:
    """A whole number as a picture says: `w`, `I`, `000;o`."""
    if value is UNDEFINED or picture is UNDEFINED:
        return UNDEFINED
    state.spend(20)
    size = abs(_finite(value))
    whole = int(Decimal(repr(size))) if isinstance(size, float) else size
    return made(integers.format_integer(-whole if value < 0 else whole, picture), state)


@native("parseInteger", "<s-s:n>")
def parse_integer(state: State, text: Value, picture: Value) -> Value:
    """The whole number that was written as a picture says."""
    if text is UNDEFINED or picture is UNDEFINED:
        return UNDEFINED
    state.spend(20 + len(text))
    return integers.parse_integer(text, picture)
