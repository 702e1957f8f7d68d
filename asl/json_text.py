"""Reads JSON text strictly: no duplicate keys, no NaN, bounded nesting; and finds places in it."""

from __future__ import annotations

import json
import math
import re
from typing import NoReturn

from asl.diagnostics import INVALID_JSON, TOO_DEEP, Diagnostic, DocumentError
from asl.pointers import Lines, Place, join
from wire import Json

NESTING = 500
"""Levels of objects and lists."""

MOST = 100
"""Mistakes that are named, of a text that has more."""

DIGITS = 400
"""Of a whole number; those of larger ones are no help to anybody."""

# A text that does not end takes the rest along: there is no way to read it twice.
_TOKEN = re.compile(r'"(?:[^"\\]+|\\.)*"?|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def read(text: str) -> Json:
    """The value of a JSON text; `DocumentError` with each mistake and its place."""
    _check_nesting(text)
    try:
        value = json.loads(
            text,
            object_pairs_hook=_members,
            parse_constant=_refuse,
            parse_float=_number,
            parse_int=_whole,
        )
    except _DuplicateError:
        raise DocumentError(_duplicates(text)) from None
    except json.JSONDecodeError as error:
        raise _problem(text, error.pos, error.msg) from None
    except _NumberError as error:
        raise _problem(text, max(0, text.find(error.text)), str(error)) from None
    if _SURROGATE.search(text):
        _check_characters(text, value)
    return value


def places(text: str) -> Place:
    """Where each value of a valid JSON text begins."""
    return _scan(text, [])


class _DuplicateError(Exception):
    """Some object has a key twice."""


def _members(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _DuplicateError
    return members


class _NumberError(Exception):
    """What stands where a number should cannot be one."""

    def __init__(self, text: str, message: str) -> None:
        self.text = text
        super().__init__(f"{text if len(text) < 50 else text[:50] + '...'} {message}")


def _refuse(word: str) -> NoReturn:
    raise _NumberError(word, "is no JSON number")


def _number(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise _NumberError(text, "is too large a number")
    return number


def _whole(text: str) -> int:
    if len(text) > DIGITS:
        raise _NumberError(text, "is too large a number")
    return int(text)


def _problem(text: str, at: int, message: str, code: str = INVALID_JSON) -> DocumentError:
    return DocumentError([Diagnostic(code, message, "", "ERROR", *Lines(text).position(at))])


def _check_nesting(text: str) -> None:
    """Refuse deep nesting before Python's reader is asked, which would go down with it."""
    depth = 0
    for token in _TOKEN.finditer(text):
        sign = text[token.start()]
        if sign in "{[":
            depth += 1
            if depth > NESTING:
                message = f"objects and lists may be nested {NESTING} levels deep"
                raise _problem(text, token.start(), message, TOO_DEEP)
        elif sign in "}]":
            depth -= 1


def _check_characters(text: str, value: Json) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        found = _SURROGATE.search(text)
        at = found.start() if found else 0
        raise _problem(text, at, "half of a character (a lone surrogate)") from None


def _duplicates(text: str) -> list[Diagnostic]:
    found: list[tuple[str, int]] = []
    _scan(text, found)
    lines = Lines(text)
    return [
        Diagnostic(INVALID_JSON, "Duplicate field", pointer, "ERROR", *lines.position(at))
        for pointer, at in found
    ]


def _scan(text: str, duplicates: list[tuple[str, int]]) -> Place:
    """The places of a text that is JSON; keys that come again go into `duplicates`."""
    around = Place(0)  # holds the document, as its only element
    stack = [(around, False, "")]
    name = ""  # the key that was read and whose value is awaited
    awaited = False
    for token in _TOKEN.finditer(text):
        at = token.start()
        sign = text[at]
        if sign in "}]":
            stack.pop()
        elif sign in ",:":
            awaited = sign == ":"
        elif stack[-1][1] and not awaited:
            name = json.loads(token.group())
            if name in stack[-1][0].within and len(duplicates) < MOST:
                duplicates.append((_pointer(stack, name), at))
        else:
            holder, is_object, _ = stack[-1]
            key = name if is_object else str(len(holder.within))
            place = holder.within[key] = Place(at)
            if sign in "{[":
                stack.append((place, sign == "{", key))
            awaited = False
    return around.within.get("0", around)


def _pointer(stack: list[tuple[Place, bool, str]], name: str) -> str:
    pointer = ""
    for _, _, key in stack[2:]:
        pointer = join(pointer, key)
    return join(pointer, name)
