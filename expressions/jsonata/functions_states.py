"""What AWS Step Functions adds to JSONata, and the functions that draw from time and chance."""

from __future__ import annotations

import hashlib
import json
import math

from expressions.jsonata import dates
from expressions.jsonata.errors import JsonataError
from expressions.jsonata.functions_text import made
from expressions.jsonata.library import native
from expressions.jsonata.machine import State
from expressions.jsonata.values import UNDEFINED, Sequence, Value, is_number, text_of, tidy
from expressions.values import from_json_text

_ALGORITHMS = {
    "MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512",
}  # fmt: skip
WRONG = "T0410"
BAD = "D3137"


def _whole(value: Value) -> int:
    """A number, cut towards zero as Step Functions does."""
    if not math.isfinite(value):
        raise JsonataError("D1001", "a number is out of range")
    return int(value)


@native("partition", "<an:a>")
def partition(state: State, values: Value, size: Value) -> Value:
    """A list in parts of so many elements, of which the last may have fewer; nothing for none."""
    if values is UNDEFINED or size is UNDEFINED:
        return UNDEFINED
    step = _whole(size)
    if step <= 0 or not values:
        return UNDEFINED
    state.elements(2 * len(values))
    state.spend(len(values))
    return [list(values[at : at + step]) for at in range(0, len(values), step)]


@native("range", "<nnn:a>")
def range_(state: State, first: Value, last: Value, step: Value) -> Value:
    """The whole numbers from the first to the last (which may be one of them) by a step.

    A sequence: one number stands for itself.  Nothing where the step leads nowhere.
    """
    if first is UNDEFINED or last is UNDEFINED or step is UNDEFINED:
        return UNDEFINED
    start, end, by = _whole(first), _whole(last), _whole(step)
    count = (end - start) // by + 1 if by else 0
    if count <= 0:
        return UNDEFINED
    state.elements(count)
    state.spend(count)
    return Sequence(tidy(start + place * by) for place in range(count))


@native("hash", "<ss:s>")
def hash_(state: State, text: Value, algorithm: Value) -> Value:
    """The hash of a text in hexadecimal digits; `algorithm` as MD5 or SHA-256."""
    if text is UNDEFINED or algorithm is UNDEFINED:
        return UNDEFINED
    name = _ALGORITHMS.get(algorithm) if isinstance(algorithm, str) else None
    if name is None:
        raise JsonataError(BAD, f"the algorithm must be one of {', '.join(_ALGORITHMS)}")
    state.make(len(text))
    return hashlib.new(name, text.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()


@native("random", "<(nsb)?:n>", 0)
def random(state: State, seed: Value) -> Value:
    """A number from 0 up to 1: drawn, or always the same for a seed."""
    if seed is UNDEFINED:
        return state.chance()
    if is_number(seed) and math.isfinite(seed):
        return _first_of_java(int(seed))
    digest = hashlib.sha256(str(text_of(seed, state)).encode("utf-8", "replace")).digest()
    return (int.from_bytes(digest[:8], "big") >> 11) / 2**53


def _first_of_java(seed: int) -> float:
    """The first double of java.util.Random with a seed: what Step Functions gives."""
    drawn = (seed ^ 0x5DEECE66D) & (2**48 - 1)
    parts = []
    for bits in (26, 27):
        drawn = (drawn * 0x5DEECE66D + 0xB) & (2**48 - 1)
        parts.append(drawn >> (48 - bits))
    return float((parts[0] << 27) + parts[1]) / 2**53


@native("uuid", "<:s>")
def uuid(state: State) -> Value:
    """A UUID of version 4, drawn."""
    state.make(36)
    state.spend(30)
    drawn = bytearray(int(state.chance() * 256) & 255 for _ in range(16))
    drawn[6] = drawn[6] & 0x0F | 0x40
    drawn[8] = drawn[8] & 0x3F | 0x80
    text = drawn.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


@native("parse", "<s-:x>")
def parse(state: State, text: Value) -> Value:
    """The value of a JSON text."""
    if text is UNDEFINED:
        return UNDEFINED
    state.make(len(text))
    state.elements(text.count(",") + text.count(":"))
    try:
        return from_json_text(text)
    except (ValueError, json.JSONDecodeError):
        raise JsonataError(BAD, "no JSON, or deeper than 200 levels") from None


# --- time -------------------------------------------------------------------------------------


def _millis(state: State) -> int:
    return math.floor(state.now * 1000)


@native("now", "<s?s?:s>", 2)
def now(state: State, picture: Value, timezone: Value) -> Value:
    """The evaluation's time as a text."""
    return _written(state, _millis(state), picture, timezone)


@native("millis", "<:n>")
def millis(state: State) -> Value:
    """The evaluation's time in milliseconds since 1970."""
    return _millis(state)


@native("fromMillis", "<n-s?s?:s>")
def from_millis(state: State, value: Value, picture: Value, timezone: Value) -> Value:
    """A time in milliseconds since 1970 as a text."""
    if value is UNDEFINED:
        return UNDEFINED
    if not is_number(value):
        raise JsonataError("D1001", "a number is out of range")
    return _written(state, math.floor(value), picture, timezone)


def _written(state: State, value: int, picture: Value, timezone: Value) -> Value:
    state.spend(60 + (0 if picture is UNDEFINED else len(picture)))
    form = None if picture is UNDEFINED else picture
    zone = None if timezone is UNDEFINED else timezone
    return made(dates.format_time(value, form, zone), state)


@native("toMillis", "<s-s?:n>")
def to_millis(state: State, text: Value, picture: Value) -> Value:
    """The milliseconds since 1970 of a time in a text."""
    if text is UNDEFINED:
        return UNDEFINED
    state.spend(50 + len(text))
    if picture is UNDEFINED:
        return dates.parse_iso(text)
    # what compiling the picture costs, also when it is remembered: the count may not depend on it
    state.spend(dates.pattern_size(picture))
    found = dates.parse_time(text, picture, _millis(state))
    return UNDEFINED if found is None else found
