r"""Regular expressions in time linear to the text, whatever the pattern: RE2's.

Python's own backtrack, and a pattern of ten characters can hold a decider for hours.  What RE2
does not have (look-around, back references, possessive repeats) is refused by name when the
pattern is compiled.  RE2's cost is bounded by pattern times text; `cost` says that product in
steps, so that a large pattern on a large text ends with a `BudgetError` rather than in seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import re2

from expressions.errors import ExpressionSyntaxError

LENGTH = 1_000  # characters of a pattern
MEMORY = 1 << 20  # bytes: RE2 refuses patterns that compile to more
FLAGS = frozenset("ims")


class Match(NamedTuple):
    """Where a pattern was found: characters from 0, end excluded."""

    start: int
    end: int
    text: str
    groups: tuple[str | None, ...]
    """What the pattern's groups took; None for one that took no part."""


class Pattern:
    """A compiled pattern; made by `compile`."""

    __slots__ = ("_compiled", "_size")

    def __init__(self, compiled: Any) -> None:
        self._compiled = compiled
        self._size = int(compiled.programsize)

    def cost(self, text: str) -> int:
        """Steps that one pass over a text may take at most."""
        return 1 + len(text) * self._size // 1_000

    def fullmatch(self, text: str) -> Match | None:
        """The match that takes the whole text."""
        return _match(self._compiled.fullmatch(_encodable(text)))

    def search(self, text: str, start: int = 0) -> Match | None:
        """The first match at or after a character."""
        return _match(self._compiled.search(_encodable(text), start))

    def finditer(self, text: str) -> Iterator[Match]:
        """All matches that do not overlap, in one pass."""
        for found in self._compiled.finditer(_encodable(text)):
            yield Match(found.start(), found.end(), found.group(), found.groups())


@lru_cache(maxsize=512)
def compile(pattern: str, flags: str = "", length: int = LENGTH) -> Pattern:  # noqa: A001 - what re calls it
    """Compile a pattern; `flags` of i (any case), m (lines), s (dot takes line ends).

    `ExpressionSyntaxError` for a pattern that is malformed, too large or beyond RE2.
    """
    if len(pattern) > length:
        raise ExpressionSyntaxError(f"a regular expression may have {length:,} characters")
    if not FLAGS.issuperset(flags):
        raise ExpressionSyntaxError(f"unknown flags of a regular expression: {flags!r}")
    options = re2.Options()
    options.log_errors = False
    options.max_mem = MEMORY
    used = "".join(sorted(set(flags)))
    try:
        return Pattern(re2.compile(f"(?{used}:{pattern})" if used else pattern, options))
    except (re2.error, UnicodeEncodeError) as error:
        reason = error.args[0] if error.args else ""
        text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise ExpressionSyntaxError(
            f"the regular expression /{pattern}/ cannot be used: {text}"
        ) from None


def _match(found: Any) -> Match | None:
    if found is None:
        return None
    return Match(found.start(), found.end(), found.group(), found.groups())


def _encodable(text: str) -> str:
    """The text, with a sign in place of each half of a character that no UTF-8 can hold."""
    if text.isascii():
        return text
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return "".join("\ufffd" if "\ud800" <= sign <= "\udfff" else sign for sign in text)
    return text
