"""Functions of texts."""

from __future__ import annotations

import base64
import binascii
import math
import re
from urllib.parse import quote, unquote_to_bytes

from expressions.jsonata.errors import JsonataError
from expressions.jsonata.library import native
from expressions.jsonata.machine import State, apply
from expressions.jsonata.regexes import Found, matches
from expressions.jsonata.values import UNDEFINED, Function, Sequence, Value, text_of

_BLANKS = re.compile(r"[ \t\n\r]+")
_COMPONENT = "-_.!~*'()"
_URL = _COMPONENT + ";,/?:@&=+$#"
_ESCAPES = re.compile(r"%(?![0-9a-fA-F]{2})")


def made(text: str, state: State) -> str:
    """A new text, counted."""
    state.make(len(text))
    return text


@native("string", "<x-b?:s>", 1)
def string(state: State, value: Value, pretty: Value) -> Value:
    """The text of a value."""
    return text_of(value, state, pretty=pretty is True)


@native("length", "<s-:n>")
def length(_: State, text: Value) -> Value:
    """How many characters a text has."""
    return UNDEFINED if text is UNDEFINED else len(text)


@native("substring", "<s-nn?:s>")
def substring(state: State, text: Value, start: Value, size: Value) -> Value:
    """A part of a text; a negative start counts from the end."""
    if text is UNDEFINED:
        return UNDEFINED
    begin = _place(start)
    if len(text) + begin < 0:
        begin = 0
    if size is UNDEFINED:
        return made(text[begin:], state)
    taken = _place(size)
    if taken <= 0 or start is UNDEFINED:  # an end that is no number, in JavaScript
        return ""
    end = begin + taken if begin >= 0 else len(text) + begin + taken
    return made(text[begin:end], state)


def _place(number: Value) -> int:
    if number is UNDEFINED or number != number:  # noqa: PLR0124 - NaN counts as 0
        return 0
    return int(max(-(2**53), min(2**53, number)))


@native("substringBefore", "<s-s:s>")
def substring_before(state: State, text: Value, sign: Value) -> Value:
    """What stands before the first such text; all of it where there is none."""
    if text is UNDEFINED:
        return UNDEFINED
    if sign is UNDEFINED:
        return text
    state.spend(len(text) >> 8)
    return made(text.split(sign, 1)[0] if sign else "", state)


@native("substringAfter", "<s-s:s>")
def substring_after(state: State, text: Value, sign: Value) -> Value:
    """What stands after the first such text; all of it where there is none."""
    if text is UNDEFINED:
        return UNDEFINED
    if sign is UNDEFINED:
        return text
    state.spend(len(text) >> 8)
    if sign not in text:
        return text
    return made(text.split(sign, 1)[1] if sign else text, state)


@native("lowercase", "<s-:s>")
def lowercase(state: State, text: Value) -> Value:
    """A text in small letters."""
    return text if text is UNDEFINED else made(text.lower(), state)


@native("uppercase", "<s-:s>")
def uppercase(state: State, text: Value) -> Value:
    """A text in capital letters."""
    return text if text is UNDEFINED else made(text.upper(), state)


@native("trim", "<s-:s>")
def trim(state: State, text: Value) -> Value:
    """A text without blanks at its ends, and one blank for several within."""
    if text is UNDEFINED:
        return text
    state.make(len(text))
    return _BLANKS.sub(" ", text).strip(" ")


@native("pad", "<s-ns?:s>", 3)
def pad(state: State, text: Value, width: Value, sign: Value) -> Value:
    """A text of at least so many characters: filled on the right, or the left if negative."""
    if text is UNDEFINED:
        return UNDEFINED
    filling = " " if sign is UNDEFINED or not sign else sign
    size = _place(width)
    missing = abs(size) - len(text)
    if missing <= 0:
        return text
    state.make(abs(size))
    more = (filling * (missing // len(filling) + 1))[:missing]
    return more + text if size < 0 else text + more


# --- patterns ---------------------------------------------------------------------------------


@native("contains", "<s-(sf):b>")
def contains(state: State, text: Value, wanted: Value) -> Value:
    """Whether a text contains another, or a match."""
    if text is UNDEFINED or wanted is UNDEFINED:
        return UNDEFINED
    if isinstance(wanted, str):
        state.spend(len(text) >> 6)
        return wanted in text
    for _ in matches(wanted, text, state):
        return True
    return False


@native("match", "<s-f<s:o>n?:a<o>>")
def match(state: State, text: Value, pattern: Value, limit: Value) -> Value:
    """The matches of a pattern: objects of match, index and groups."""
    if text is UNDEFINED:
        return UNDEFINED
    if limit is not UNDEFINED and limit < 0:
        raise JsonataError("D3040", "the third argument of match may not be negative")
    result = Sequence()
    if limit is not UNDEFINED and limit <= 0:
        return result
    for found in matches(pattern, text, state):
        result.append({"match": found.text, "index": found.start, "groups": found.groups})
        if limit is not UNDEFINED and len(result) >= limit:
            break
    return result


@native("replace", "<s-(sf)(sf)n?:s>")
def replace(state: State, text: Value, pattern: Value, replacement: Value, limit: Value) -> Value:
    """A text with another in place of a part or of each match."""
    if text is UNDEFINED:
        return UNDEFINED
    if pattern == "":
        raise JsonataError("D3010", "the second argument of replace may not be empty")
    if limit is not UNDEFINED and limit < 0:
        raise JsonataError("D3011", "the fourth argument of replace may not be negative")
    most = math.inf if limit is UNDEFINED else limit
    if isinstance(pattern, str):
        return _replaced(text, pattern, replacement, most, state)
    if pattern is UNDEFINED:
        return text
    parts: list[str] = []
    at = count = 0
    if most > 0:
        for found in matches(pattern, text, state):
            parts.append(text[at : found.start])
            parts.append(made(_replacement(replacement, found, state), state))
            at = found.start + len(found.text)
            count += 1
            if count >= most:
                break
    parts.append(text[at:])
    return made("".join(parts), state)


def _replaced(text: str, old: str, new: Value, most: float, state: State) -> str:
    if not isinstance(new, str):
        new = _replacement(new, Found(old, 0, len(old), []), state) if new is not UNDEFINED else ""
    count = -1 if most == math.inf else math.ceil(most)
    state.spend(len(text) >> 8)
    pieces = text.count(old)
    times = pieces if count < 0 else min(count, pieces)
    state.make(len(text) + max(0, len(new) - len(old)) * times)
    return text.replace(old, new, count)


def _replacement(replacement: Value, found: Found, state: State) -> str:
    if isinstance(replacement, str):
        return _substituted(replacement, found)
    if not isinstance(replacement, Function):
        return ""
    given = {
        "match": found.text,
        "start": found.start,
        "end": found.end,
        "groups": found.groups,
    }
    result = apply(replacement, [given], state)
    if not isinstance(result, str):
        raise JsonataError("D3012", "a match was to be replaced by what is no text")
    return result


def _substituted(template: str, found: Found) -> str:
    """`$$` is a dollar, `$0` the match, `$12` the twelfth group, or the first and a 2."""
    if "$" not in template:
        return template
    parts: list[str] = []
    at = 0
    most = len(str(len(found.groups)))
    while True:
        dollar = template.find("$", at)
        if dollar < 0:
            parts.append(template[at:])
            return "".join(parts)
        parts.append(template[at:dollar])
        following = template[dollar + 1 : dollar + 2]
        if following == "$":
            parts.append("$")
            at = dollar + 2
        elif following == "0":
            parts.append(found.text)
            at = dollar + 2
        elif following.isascii() and following.isdigit():
            at = _group(template, dollar + 1, most, found, parts)
        else:
            parts.append("$")
            at = dollar + 1


def _group(template: str, at: int, most: int, found: Found, parts: list[str]) -> int:
    end = at
    while end - at < most and end < len(template) and template[end] in "0123456789":
        end += 1
    number = int(template[at:end])
    if end - at > 1 and number > len(found.groups):
        end -= 1
        number = int(template[at:end])
    if 0 < number <= len(found.groups):
        group = found.groups[number - 1]
        parts.append(group if isinstance(group, str) else "")
    return end


@native("split", "<s-(sf)n?:a<s>>")
def split(state: State, text: Value, separator: Value, limit: Value) -> Value:
    """The parts of a text between separators."""
    if text is UNDEFINED:
        return UNDEFINED
    if limit is not UNDEFINED and limit < 0:
        raise JsonataError("D3020", "the third argument of split may not be negative")
    most = None if limit is UNDEFINED else _place(limit)
    if isinstance(separator, str):
        state.elements(len(text) if not separator else text.count(separator) + 1)
        state.make(len(text))
        parts = text.split(separator) if separator else list(text)
        return parts if most is None else parts[:most]
    if separator is UNDEFINED:
        return [text]
    result: list[Value] = []
    at = 0
    for found in matches(separator, text, state):
        if most is not None and len(result) >= most:
            return result
        result.append(text[at : found.start])
        at = found.end
    if most is None or len(result) < most:
        result.append(text[at:])
    return result


@native("join", "<a<s>s?:s>")
def join(state: State, texts: Value, separator: Value) -> Value:
    """Texts as one, with a separator between them."""
    if texts is UNDEFINED:
        return UNDEFINED
    between = "" if separator is UNDEFINED else separator
    state.spend(len(texts) >> 3)
    state.make(sum(map(len, texts)) + len(between) * max(0, len(texts) - 1))
    return between.join(texts)


# --- encodings --------------------------------------------------------------------------------


@native("base64encode", "<s-:s>")
def base64encode(state: State, text: Value) -> Value:
    """Base64 of a text: a byte for each character, or UTF-8 where one has no byte."""
    if text is UNDEFINED:
        return UNDEFINED
    state.make(len(text) * 2)
    try:
        data = text.encode("latin-1")
    except UnicodeEncodeError:
        data = text.encode("utf-8", "replace")
    return base64.b64encode(data).decode("ascii")


@native("base64decode", "<s-:s>")
def base64decode(state: State, text: Value) -> Value:
    """The text of base64: UTF-8 where it is that, else a character for each byte."""
    if text is UNDEFINED:
        return UNDEFINED
    state.make(len(text))
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        raise JsonataError("D3137", "the text is no base64") from None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _encoded(text: Value, safe: str, name: str, state: State) -> Value:
    if text is UNDEFINED:
        return UNDEFINED
    try:
        return made(quote(text, safe=safe), state)
    except UnicodeEncodeError:
        raise JsonataError("D3140", f"a text given to {name} cannot be encoded") from None


def _decoded(text: Value, kept: str, name: str, state: State) -> Value:
    if text is UNDEFINED:
        return UNDEFINED
    state.spend(50 + (len(text) >> 2))
    if _ESCAPES.search(text):
        raise JsonataError("D3140", f"a text given to {name} is malformed")
    for sign in kept:  # what the encoder leaves is left by the decoder
        code = f"{ord(sign):02X}"
        text = re.sub(f"%{code}", f"%25{code}", text, flags=re.IGNORECASE)
    try:
        return made(unquote_to_bytes(text).decode("utf-8"), state)
    except (UnicodeDecodeError, UnicodeEncodeError):
        raise JsonataError("D3140", f"a text given to {name} is malformed") from None


@native("encodeUrlComponent", "<s-:s>")
def encode_url_component(state: State, text: Value) -> Value:
    """A text as a part of a URL."""
    return _encoded(text, _COMPONENT, "encodeUrlComponent", state)


@native("encodeUrl", "<s-:s>")
def encode_url(state: State, text: Value) -> Value:
    """A text as a whole URL."""
    return _encoded(text, _URL, "encodeUrl", state)


@native("decodeUrlComponent", "<s-:s>")
def decode_url_component(state: State, text: Value) -> Value:
    """The text of a part of a URL."""
    return _decoded(text, "", "decodeUrlComponent", state)


@native("decodeUrl", "<s-:s>")
def decode_url(state: State, text: Value) -> Value:
    """The text of a whole URL."""
    return _decoded(text, ";,/?:@&=+$#", "decodeUrl", state)
