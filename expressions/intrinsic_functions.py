"""What each intrinsic function does with its arguments: the 18 of States Language.

Limits and roundings are AWS's: from its documentation, and as recorded from it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import math
import re
from collections.abc import Callable, Hashable, Mapping
from typing import NamedTuple, TypeAlias

from expressions.errors import BudgetError
from expressions.scope import Scope
from expressions.values import contains, from_json_text, identity, is_number, json_text, size
from wire import Json, length

PAYLOAD = 262_144  # bytes: the payload limit of States Language
ELEMENTS = 1_000  # of States.ArrayRange
CHARACTERS = 10_000  # of States.Hash, Base64Encode and Base64Decode
LEAST, MOST = -2_147_483_648, 2_147_483_647  # of numbers to calculate with

ANY, TEXT, NUMBER, TRUTH, LIST, OBJECT, NULL = (
    "anything", "a string", "a number", "a boolean", "an array", "an object", "null",
)  # fmt: skip

ALGORITHMS = {
    "MD5": "md5",
    "SHA-1": "sha1",
    "SHA-256": "sha256",
    "SHA-384": "sha384",
    "SHA-512": "sha512",
}

Run: TypeAlias = Callable[[list[Json], Scope], Json]


class RefusedError(Exception):
    """Arguments that a function does not take; becomes an `IntrinsicError` with its name."""


class Function(NamedTuple):
    """An intrinsic function: how many arguments of which kinds, what it gives, what it does."""

    run: Run
    least: int
    most: int
    kinds: tuple[str, ...]
    """Of each argument; the last one stands for all further ones."""
    result: str
    allowed: Mapping[int, tuple[Json, ...]] = {}
    """The only values that an argument may have, by its position from 0."""


def kind_of(value: Json) -> str:
    """The kind of a JSON value."""
    if value is None:
        return NULL
    if isinstance(value, bool):
        return TRUTH
    if isinstance(value, str):
        return TEXT
    if isinstance(value, list):
        return LIST
    return OBJECT if isinstance(value, dict) else NUMBER


# --- arguments --------------------------------------------------------------------------------


def _text(value: Json) -> str:
    if not isinstance(value, str):
        raise RefusedError(f"a string is needed, not {kind_of(value)}")
    return value


def _short(text: str) -> str:
    if length(text) > CHARACTERS:
        raise RefusedError(f"the string has more than {CHARACTERS:,} characters")
    return text


def _list(value: Json, scope: Scope) -> list[Json]:
    if not isinstance(value, list):
        raise RefusedError(f"an array is needed, not {kind_of(value)}")
    scope.budget.spend(1 + len(value))
    return value


def _object(value: Json, scope: Scope) -> dict[str, Json]:
    if not isinstance(value, dict):
        raise RefusedError(f"an object is needed, not {kind_of(value)}")
    scope.budget.spend(1 + len(value))
    return value


def _integer(value: Json) -> int:
    """A number, rounded as AWS does: half of one goes up (2.5 to 3, -1.5 to -1) [recorded]."""
    if not is_number(value):
        raise RefusedError(f"a number is needed, not {kind_of(value)}")
    if not isinstance(value, int) and not math.isfinite(value):
        raise RefusedError("the number is not finite")
    return value if isinstance(value, int) else math.floor(value + 0.5)


def _small_integer(value: Json) -> int:
    number = _integer(value)
    if not LEAST <= number <= MOST:
        raise RefusedError(f"a number is not between {LEAST} and {MOST}")
    return number


def _made(text: str, scope: Scope) -> str:
    scope.budget.make(len(text))
    return text


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")  # half a character becomes '?', as in Java


# --- arrays -----------------------------------------------------------------------------------


def _array(values: list[Json], _scope: Scope) -> Json:
    return values


def _array_partition(values: list[Json], scope: Scope) -> Json:
    """Parts of `n` elements, the last one perhaps shorter; 262,144 bytes at most."""
    items, number = _list(values[0], scope), _integer(values[1])
    if number < 1:
        raise RefusedError("the size of a part must be a positive integer")
    try:
        scope.budget.spend(size(items, PAYLOAD) // 4)
    except BudgetError:
        scope.budget.spend(PAYLOAD // 4)
        raise RefusedError(f"the array has more than {PAYLOAD:,} bytes") from None
    return [items[start : start + number] for start in range(0, len(items), number)]


def _array_contains(values: list[Json], scope: Scope) -> Json:
    return contains(_list(values[0], scope), values[1], scope.budget)


def _array_range(values: list[Json], scope: Scope) -> Json:
    """From the first number to the second, which is included where a step reaches it."""
    start, end, step = map(_small_integer, values)
    if step == 0:
        raise RefusedError("the step cannot be 0")
    numbers = range(start, end + (1 if step > 0 else -1), step)
    if len(numbers) > ELEMENTS:
        raise RefusedError(f"more than {ELEMENTS:,} elements")
    scope.budget.spend(len(numbers))
    return list(numbers)


def _array_get_item(values: list[Json], scope: Scope) -> Json:
    items, index = _list(values[0], scope), _integer(values[1])
    if not 0 <= index < len(items):
        raise RefusedError(f"there is no such element among {len(items)}")
    return items[index]


def _array_length(values: list[Json], scope: Scope) -> Json:
    return len(_list(values[0], scope))


def _array_unique(values: list[Json], scope: Scope) -> Json:
    """The array without what equals an earlier element."""
    kept: dict[Hashable, Json] = {}
    for item in _list(values[0], scope):
        kept.setdefault(identity(item, scope.budget), item)
    return list(kept.values())


# --- texts ------------------------------------------------------------------------------------

_PIECE = re.compile(r"\\(.)|(\{\})|([^\\{]+|.)", re.DOTALL)


def format_pieces(raw: str) -> tuple[str, ...]:
    r"""The parts of a literal template between its `{}`; `\{`, `\}`, `\'` and `\\` are escapes."""
    pieces = [""]
    for escaped, place, plain in (found.groups() for found in _PIECE.finditer(raw)):
        if place:
            pieces.append("")
        else:
            pieces[-1] += escaped or plain
    return tuple(pieces)


def formatted(pieces: tuple[str, ...], values: list[Json], scope: Scope) -> str:
    """Values between pieces: strings bare, others as JSON text."""
    if len(values) != len(pieces) - 1:
        raise RefusedError(f"{len(pieces) - 1} places for {len(values)} arguments")
    parts = [pieces[0]]
    for value, piece in zip(values, pieces[1:], strict=True):
        text = value if isinstance(value, str) else json_text(value, scope.budget)
        scope.budget.make(len(text) + len(piece))
        parts += (text, piece)
    return "".join(parts)


def _format(values: list[Json], scope: Scope) -> Json:
    """A template that is data: its `{}` are places, and it has no escapes."""
    template = _text(values[0])
    scope.budget.spend(1 + len(template) // 8)
    return formatted(tuple(template.split("{}")), values[1:], scope)


def _string_split(values: list[Json], scope: Scope) -> Json:
    """Split at every character of a set; empty parts are dropped [recorded]."""
    text, separators = _text(values[0]), _text(values[1])
    scope.budget.spend(1 + len(text) // 8)
    if len(separators) > 1:
        text = text.translate({ord(sign): separators[0] for sign in separators})
    parts = text.split(separators[0]) if separators else [text]
    return [part for part in parts if part]


def _string_to_json(values: list[Json], scope: Scope) -> Json:
    """The value of a JSON text; null for an empty or blank one [recorded]."""
    text = _made(_text(values[0]), scope)
    if not text.strip():
        return None
    try:
        return from_json_text(text)
    except ValueError as error:
        raise RefusedError(f"the string is no JSON: {error}") from None


def _json_to_string(values: list[Json], scope: Scope) -> Json:
    return json_text(values[0], scope.budget)


def _base64_encode(values: list[Json], scope: Scope) -> Json:
    return _made(base64.b64encode(_bytes(_short(_text(values[0])))).decode("ascii"), scope)


def _base64_decode(values: list[Json], scope: Scope) -> Json:
    text = _short(_text(values[0]))
    padding = "" if text.endswith("=") else "=" * (-len(text) % 4)
    try:
        return _made(base64.b64decode(text + padding, validate=True).decode("utf-8"), scope)
    except (binascii.Error, ValueError):
        raise RefusedError("the string is no Base64 of UTF-8 text") from None


def _hash(values: list[Json], scope: Scope) -> Json:
    """A digest in hexadecimal digits; what is no string is hashed as its JSON text."""
    data, name = values[0], _text(values[1])
    if name not in ALGORITHMS:
        raise RefusedError(f"the algorithm must be one of {', '.join(ALGORITHMS)}")
    text = _short(data if isinstance(data, str) else json_text(data, scope.budget))
    return hashlib.new(ALGORITHMS[name], _bytes(text), usedforsecurity=False).hexdigest()


# --- objects, numbers, chance -----------------------------------------------------------------


def _json_merge(values: list[Json], scope: Scope) -> Json:
    """Both objects' members, the second one's where both have one: members are not merged."""
    if values[2] is not False:
        raise RefusedError("the third argument must be false: merging is shallow")
    return {**_object(values[0], scope), **_object(values[1], scope)}


def _math_add(values: list[Json], _scope: Scope) -> Json:
    return sum(map(_small_integer, values))


def _math_random(values: list[Json], scope: Scope) -> Json:
    """A whole number from the first (included) to the second (excluded).

    With a seed the number follows from it and the bounds alone; which number it is for a seed
    AWS does not document, so it differs from AWS's.
    """
    low, high = _small_integer(values[0]), _small_integer(values[1])
    if low >= high:
        raise RefusedError("the end must be greater than the start")
    if len(values) < 3:
        return min(high - 1, low + math.floor(scope.chance() * (high - low)))
    digest = hashlib.sha256(str(_small_integer(values[2])).encode("ascii")).digest()
    return low + int.from_bytes(digest[:16], "big") % (high - low)


def _uuid(_values: list[Json], scope: Scope) -> Json:
    """Version 4, of four drawn numbers."""
    bits = 0
    for _ in range(4):
        bits = bits << 32 | math.floor(scope.chance() * 2**32)
    bits = bits & ~(0xF << 76) | 0x4 << 76
    bits = bits & ~(0x3 << 62) | 0x2 << 62
    digits = f"{bits:032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


UNLIMITED = 1_000_000

FUNCTIONS: dict[str, Function] = {
    "Array": Function(_array, 0, UNLIMITED, (ANY,), LIST),
    "ArrayContains": Function(_array_contains, 2, 2, (LIST, ANY), TRUTH),
    "ArrayGetItem": Function(_array_get_item, 2, 2, (LIST, NUMBER), ANY),
    "ArrayLength": Function(_array_length, 1, 1, (LIST,), NUMBER),
    "ArrayPartition": Function(_array_partition, 2, 2, (LIST, NUMBER), LIST),
    "ArrayRange": Function(_array_range, 3, 3, (NUMBER,), LIST),
    "ArrayUnique": Function(_array_unique, 1, 1, (LIST,), LIST),
    "Base64Decode": Function(_base64_decode, 1, 1, (TEXT,), TEXT),
    "Base64Encode": Function(_base64_encode, 1, 1, (TEXT,), TEXT),
    "Format": Function(_format, 1, UNLIMITED, (TEXT, ANY), TEXT),
    "Hash": Function(_hash, 2, 2, (ANY, TEXT), TEXT, {1: tuple(ALGORITHMS)}),
    "JsonMerge": Function(_json_merge, 3, 3, (OBJECT, OBJECT, TRUTH), OBJECT, {2: (False,)}),
    "JsonToString": Function(_json_to_string, 1, 1, (ANY,), TEXT),
    "MathAdd": Function(_math_add, 2, 2, (NUMBER,), NUMBER),
    "MathRandom": Function(_math_random, 2, 3, (NUMBER,), NUMBER),
    "StringSplit": Function(_string_split, 2, 2, (TEXT,), LIST),
    "StringToJson": Function(_string_to_json, 1, 1, (TEXT,), ANY),
    "UUID": Function(_uuid, 0, 0, (ANY,), TEXT),
}
"""By the name after `States.`."""
