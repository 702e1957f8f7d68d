"""The page's words in other languages than English.

`locale/LANGUAGE/*.json` map English texts to those of a language; what is not there stays English.
A text with `{}` in it also translates sentences that were made elsewhere: `{} is undone`.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).with_name("locale")
ENGLISH, PORTUGUESE = "en", "pt-BR"
LANGUAGES = {ENGLISH: "English", PORTUGUESE: "Português"}
SEPARATORS = {ENGLISH: {}, PORTUGUESE: str.maketrans(",.", ".,")}


@cache
def catalog(language: str) -> dict[str, str]:
    """All texts of a language by the English ones."""
    found: dict[str, str] = {}
    for path in sorted((FOLDER / language).glob("*.json")):
        found |= json.loads(path.read_text(encoding="utf-8"))
    return found


def translated(language: str, text: str) -> str:
    """A text in a language, as it is where there is none."""
    if language == ENGLISH:
        return text
    return catalog(language).get(text) or _by_pattern(language, text) or text


def _by_pattern(language: str, text: str) -> str:
    for pattern, template in _patterns(language):
        found = pattern.fullmatch(text)
        if found is not None:
            return template.format(*(_inner(language, part) for part in found.groups()))
    return ""


def _inner(language: str, part: str) -> str:
    """What stands in a place: a sentence is translated too, a name is not."""
    return translated(language, part) if " " in part else part


@cache
def _patterns(language: str) -> list[tuple[re.Pattern[str], str]]:
    """Texts with places, the longest first."""
    places = [text for text in catalog(language) if "{}" in text]
    return [
        (
            re.compile("(.*)".join(map(re.escape, text.split("{}"))), re.DOTALL),
            catalog(language)[text],
        )
        for text in sorted(places, key=len, reverse=True)
    ]


def number(language: str, value: float, decimals: int | None = None) -> str:
    """A number as a language writes it: thousands apart, so many decimals or else two at most."""
    if decimals is not None:
        written = f"{value:,.{decimals}f}"
    elif isinstance(value, float):
        written = f"{value:,.2f}".rstrip("0").rstrip(".")
    else:
        written = f"{value:,}"
    return written.translate(SEPARATORS[language])


def preferred(accepted: str) -> str:
    """The language for an Accept-Language header: the first that is here."""
    for item in accepted.split(","):
        name = item.partition(";")[0].strip().lower()
        if name.startswith("pt"):
            return PORTUGUESE
        if name.startswith("en"):
            return ENGLISH
    return ENGLISH
