"""Whole numbers as texts: `$formatInteger` and `$parseInteger`, by the pictures of XPath 3.1."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from expressions.jsonata.errors import TOO_LARGE, JsonataError
from expressions.jsonata.values import tidy

PICTURE = 256  # characters of a picture
ROMAN = 1_000_000  # beyond it, a Roman numeral has a thousand signs


def _split(words: str) -> list[str]:
    return words.split()


_FEW = _split(
    "Zero One Two Three Four Five Six Seven Eight Nine Ten Eleven Twelve Thirteen Fourteen "
    "Fifteen Sixteen Seventeen Eighteen Nineteen"
)
_ORDINALS = _split(
    "Zeroth First Second Third Fourth Fifth Sixth Seventh Eighth Ninth Tenth Eleventh Twelfth "
    "Thirteenth Fourteenth Fifteenth Sixteenth Seventeenth Eighteenth Nineteenth"
)
_TENS = _split("Twenty Thirty Forty Fifty Sixty Seventy Eighty Ninety")
_MAGNITUDES = _split("Thousand Million Billion Trillion")
_ROMAN = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"),
    (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip
_ROMAN_DIGITS = {"m": 1000, "d": 500, "c": 100, "l": 50, "x": 10, "v": 5, "i": 1}
_ZEROS = (
    0x30, 0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66,
    0xDE6, 0xE50, 0xED0, 0xF20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90,
    0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10,
)  # fmt: skip
_PRIMARY = {
    "A": ("letters", "upper"), "a": ("letters", "lower"), "I": ("roman", "upper"),
    "i": ("roman", "lower"), "W": ("words", "upper"), "w": ("words", "lower"),
    "Ww": ("words", "title"),
}  # fmt: skip


class Separator(NamedTuple):
    """A sign between digits, and how many digits stand behind it."""

    place: int
    sign: str


class Format(NamedTuple):
    """What a picture says."""

    kind: str
    """decimal, letters, roman, words or sequence"""
    case: str = "lower"
    ordinal: bool = False
    zero: int = 0x30
    mandatory: int = 0
    optional: int = 0
    regular: int = 0
    """The distance of separators that stand at regular places, or 0."""
    separators: tuple[Separator, ...] = ()
    token: str = ""


@lru_cache(maxsize=256)
def format_of(picture: str) -> Format:
    """What a picture says; D3131 for digits of two scripts."""
    if len(picture) > PICTURE:
        raise JsonataError(TOO_LARGE, f"a picture may have {PICTURE:,} characters")
    primary, semicolon, modifier = picture.rpartition(";")
    if not semicolon:
        primary, modifier = picture, ""
    ordinal = modifier.startswith("o")
    if primary in _PRIMARY:
        kind, case = _PRIMARY[primary]
        return Format(kind, case, ordinal)
    zero, mandatory, optional, place = None, 0, 0, 0
    separators: list[Separator] = []
    for sign in reversed(primary):
        group = _zero_of(sign)
        if group is not None:
            if zero not in (None, group):
                raise JsonataError("D3131", "the digits of a picture must be of one script")
            zero = group
            mandatory += 1
            place += 1
        elif sign == "#":
            optional += 1
            place += 1
        else:
            separators.append(Separator(place, sign))
    if not mandatory or zero is None:
        return Format("sequence", ordinal=ordinal, token=primary)
    regular = _regular(separators)
    return Format(
        "decimal", "lower", ordinal, zero, mandatory, optional, regular, tuple(separators)
    )


def _zero_of(sign: str) -> int | None:
    code = ord(sign)
    return next((zero for zero in _ZEROS if zero <= code <= zero + 9), None)


def _regular(separators: list[Separator]) -> int:
    if not separators or len({separator.sign for separator in separators}) > 1:
        return 0
    places = [separator.place for separator in separators]
    factor = places[0]
    for one, other in pairwise([0, *places]):
        factor = min(factor, other - one) if other > one else 0
        if not factor:
            return 0
    return factor if places == [factor * (index + 1) for index in range(len(places))] else 0


# --- writing ----------------------------------------------------------------------------------


def format_integer(value: int, picture: str) -> str:
    """A whole number as a picture says."""
    return formatted(value, format_of(picture))


def formatted(value: int, form: Format) -> str:
    """A whole number as a format says."""
    size = abs(value)
    if form.kind == "letters":
        text = _letters(size)
    elif form.kind == "roman":
        text = _roman(size)
    elif form.kind == "words":
        text = _words(size, ordinal=form.ordinal)
    elif form.kind == "decimal":
        text = _decimal(size, form)
    else:
        raise _sequence(form)
    if form.kind != "decimal":
        text = {"upper": text.upper(), "lower": text.lower(), "title": text}[form.case]
    return "-" + text if value < 0 else text


def _sequence(form: Format) -> JsonataError:
    return JsonataError("D3130", f"a sequence starting with {form.token!r} is not supported")


def _letters(value: int) -> str:
    signs = []
    while value > 0:
        value, rest = divmod(value - 1, 26)
        signs.append(chr(97 + rest))
    return "".join(reversed(signs))


def _roman(value: int) -> str:
    if value > ROMAN:
        raise JsonataError(TOO_LARGE, f"a Roman numeral goes up to {ROMAN:,}")
    parts = []
    for size, signs in _ROMAN:
        times, value = divmod(value, size)
        parts.append(signs * times)
    return "".join(parts)


def _words(value: int, *, ordinal: bool, before: str = "") -> str:
    if value <= 19:
        return ("" if not before else " and ") + (_ORDINALS if ordinal else _FEW)[value]
    if value < 100:
        tens, rest = divmod(value, 10)
        words = ("" if not before else " and ") + _TENS[tens - 2]
        if rest:
            return f"{words}-{_words(rest, ordinal=ordinal)}"
        return words[:-1] + "ieth" if ordinal else words
    if value < 1000:
        head, rest = divmod(value, 100)
        words = f"{_FEW[head]} Hundred"
    else:
        magnitude = min((len(str(value)) - 1) // 3, len(_MAGNITUDES))
        head, rest = divmod(value, 1000**magnitude)
        words = f"{_words(head, ordinal=False)} {_MAGNITUDES[magnitude - 1]}"
    words = (", " if before else "") + words
    if rest:
        return words + _words(rest, ordinal=ordinal, before=words)
    return words + "th" if ordinal else words


def _decimal(value: int, form: Format) -> str:
    text = str(value).rjust(form.mandatory, "0")
    if form.zero != 0x30:
        text = "".join(chr(ord(sign) + form.zero - 0x30) for sign in text)
    if form.regular:
        sign = form.separators[0].sign
        first = len(text) % form.regular or form.regular
        parts = [text[:first]]
        parts += [text[at : at + form.regular] for at in range(first, len(text), form.regular)]
        text = sign.join(parts)
    else:
        for separator in reversed(form.separators):
            at = max(0, len(text) - separator.place)
            text = text[:at] + separator.sign + text[at:]
    if form.ordinal:
        suffix = {"1": "st", "2": "nd", "3": "rd"}.get(text[-1], "th")
        text += "th" if text[-2:-1] == "1" else suffix
    return text


# --- reading ----------------------------------------------------------------------------------


def parse_integer(text: str, picture: str) -> int | float:
    """The whole number that was written as a picture says."""
    return read(text, format_of(picture))


def read(text: str, form: Format) -> int | float:
    """The whole number of a text; D3137 for one that is none."""
    try:
        return tidy(_read(text, form))
    except (KeyError, ValueError):
        raise JsonataError("D3137", f"not written as the picture says: {text[:100]!r}") from None


def _read(text: str, form: Format) -> int:
    if form.kind == "letters":
        value = 0
        for sign in text.lower()[:400]:
            value = value * 26 + ord(sign) - 96
        return value
    if form.kind == "roman":
        return _read_roman(text.lower())
    if form.kind == "words":
        return _read_words(text.lower())
    if form.kind == "sequence":
        raise _sequence(form)
    digits = text[:-2] if form.ordinal else text
    for sign in {separator.sign for separator in form.separators}:
        digits = digits.replace(sign, "")
    if len(digits) > 400:
        raise ValueError(digits)
    return int("".join(chr(ord(sign) - form.zero + 0x30) for sign in digits))


def _read_roman(text: str) -> int:
    value, largest = 0, 1
    for sign in reversed(text):
        digit = _ROMAN_DIGITS[sign]
        if digit < largest:
            value -= digit
        else:
            largest = digit
            value += digit
    return value


def _word_values() -> dict[str, int]:
    values = {word.lower(): number for number, word in enumerate(_FEW)}
    values.update((word.lower(), number) for number, word in enumerate(_ORDINALS))
    for number, word in enumerate([*_TENS, "Hundred"]):
        values[word.lower()] = (number + 2) * 10
        values[word.lower()[:-1] + "ieth"] = (number + 2) * 10
    values["hundredth"] = 100
    for number, word in enumerate(_MAGNITUDES):
        values[word.lower()] = values[word.lower() + "th"] = 1000 ** (number + 1)
    return values


WORDS = _word_values()
_BETWEEN = re.compile(r",\s|\sand\s|[\s\-]")


def _read_words(text: str) -> int:
    if len(text) > PICTURE:
        raise ValueError(text)
    segments = [0]
    for word in _BETWEEN.split(text):
        value = WORDS[word]
        if value >= 100:
            segments.append(segments.pop() * value)
            continue
        top = segments.pop()
        if top >= 1000:
            segments.append(top)
            top = 0
        segments.append(top + value)
    return sum(segments)
