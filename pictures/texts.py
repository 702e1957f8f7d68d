"""Text in a picture: how wide it is, where it is broken, what XML lets through.

Which font draws a picture is not known here, so widths are those of a wide one (DejaVu Sans).
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

ELLIPSIS = "…"
NARROW = frozenset("ijlftI|!.,:;'`()[] ")
WIDE = frozenset("mwMW@%—")
FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no way to write."""

BREAKS = re.compile(r"(?<=[\s_\-./:,])|(?<=[a-z0-9])(?=[A-Z])")
"""Where a name may be broken: after a space or a sign, and before a hump of camel case."""

ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\n": "&#10;", "\r": "&#13;"}


def xml(text: str) -> str:
    """Text for XML, as content or in double quotes."""
    text = FORBIDDEN.sub("\ufffd", text)
    return "".join(ESCAPES.get(character, character) for character in text)


@lru_cache(maxsize=4096)
def _ems(character: str) -> float:
    if character in NARROW:
        return 0.4
    if character in WIDE:
        return 1.0
    if character.isascii():
        return 0.72 if character.isupper() else 0.63
    if unicodedata.combining(character) or unicodedata.category(character) in ("Cf", "Mn", "Me"):
        return 0.0
    return 1.1 if unicodedata.east_asian_width(character) in "FW" else 0.75


def width(text: str, size: float, *, bold: bool = False) -> float:
    """About how wide a text is, in pixels, at a font size in pixels."""
    return sum(map(_ems, text)) * size * (1.08 if bold else 1.0)


def cut(text: str, size: float, most: float, *, bold: bool = False) -> str:
    """The text, or as much of its beginning as fits into `most` pixels and an ellipsis."""
    text = " ".join(text.split())
    if width(text, size, bold=bold) <= most:
        return text
    room = most - width(ELLIPSIS, size, bold=bold)
    return text[: _fitting(text, size, room, bold=bold)].rstrip() + ELLIPSIS


def wrap(text: str, size: float, most: float, lines: int, *, bold: bool = False) -> list[str]:
    """The text in at most so many lines of at most so many pixels; the last one may be cut."""
    text = " ".join(text.split())
    found: list[str] = []
    while text and len(found) < lines - 1 and width(text, size, bold=bold) > most:
        fits = max(1, _fitting(text, size, most, bold=bold))
        ends = [match.start() for match in BREAKS.finditer(text[: fits + 1])]
        end = next((end for end in reversed(ends) if fits // 2 < end <= fits), fits)
        found.append(text[:end].rstrip())
        text = text[end:].lstrip()
    return [*found, cut(text, size, most, bold=bold)] if text else found


def _fitting(text: str, size: float, most: float, *, bold: bool) -> int:
    """How many characters of the text fit."""
    used = 0.0
    for count, character in enumerate(text):
        used += width(character, size, bold=bold)
        if used > most:
            return count
    return len(text)
