r"""Regular expressions of JSONata: JavaScript's notation on RE2, which takes linear time.

RE2 has no look-around and no references back; such a pattern is refused by name (U1006).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from expressions import patterns
from expressions.errors import ExpressionSyntaxError
from expressions.jsonata.errors import PATTERN, JsonataError
from expressions.jsonata.machine import Native, State, apply
from expressions.jsonata.signatures import Signature
from expressions.jsonata.values import UNDEFINED, Function, Value

_SIGNATURE = Signature.parse("<s-n?:o>")
_ESCAPES = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_SPACE = r"\s\v\x{a0}\x{feff}\p{Z}"  # what JavaScript counts as blank


class Found(NamedTuple):
    """One match: its text, place and groups."""

    text: str
    start: int
    end: int
    groups: list[Value]


class Regex(Native):
    """A regular expression; called with a text, it gives the first match."""

    __slots__ = ("pattern",)

    def __init__(self, pattern: patterns.Pattern) -> None:
        super().__init__("regex", _SIGNATURE, 1, 2, self._first)
        self.pattern = pattern

    @classmethod
    def compile(cls, pattern: str, flags: str, position: int) -> Regex:
        """The function for `/pattern/flags`."""
        try:
            return cls(patterns.compile(_translated(pattern), flags))
        except ExpressionSyntaxError as error:
            raise JsonataError(PATTERN, str(error), position) from None

    def found(self, text: str, state: State) -> Iterator[Found]:
        """All matches; D1004 where one is empty and there is more to come."""
        state.spend(20 + self.pattern.cost(text))
        for number, match in enumerate(self.pattern.finditer(text)):
            if match.text == "" and number > 0:
                if match.start >= len(text):
                    return
                raise _empty()
            yield _found(match, text, state)
            if match.text == "" and text:
                raise _empty()

    def _first(self, state: State, text: Value, start: Value) -> Value:
        if text is UNDEFINED:
            return UNDEFINED
        state.spend(20 + self.pattern.cost(text))
        match = self.pattern.search(text, int(start) if start else 0)
        if match is None:
            return UNDEFINED
        found = _found(match, text, state)

        def following(state: State) -> Value:
            if found.end >= len(text):
                return UNDEFINED
            result = self._first(state, text, found.end)
            if result is not UNDEFINED and result["match"] == "":
                raise _empty()
            return result

        return {
            "match": found.text,
            "start": found.start,
            "end": found.end,
            "groups": found.groups,
            "next": Native("next", None, 0, 0, following),
        }


def matches(matcher: Function, text: str, state: State) -> Iterator[Found]:
    """All matches of a regular expression, or of a function that JSONata takes for one."""
    if isinstance(matcher, Regex):
        yield from matcher.found(text, state)
        return
    result = apply(matcher, [text], state)
    while result is not UNDEFINED:
        if not isinstance(result, dict) or not (
            isinstance(result.get("start"), int | float)
            or isinstance(result.get("end"), int | float)
            or isinstance(result.get("groups"), list)
            or isinstance(result.get("next"), Function)
        ):
            raise JsonataError("T1010", "the matcher does not give the object of a match")
        yield _given(result)
        following = result.get("next", UNDEFINED)
        result = apply(following, [], state)


def _given(result: dict[str, Value]) -> Found:
    text, start, end = (result.get(key, UNDEFINED) for key in ("match", "start", "end"))
    groups = result.get("groups", UNDEFINED)
    if not isinstance(text, str) or not isinstance(start, int | float):
        raise JsonataError("T1010", "the matcher does not give the object of a match")
    listed = groups if isinstance(groups, list) else [] if groups is UNDEFINED else [groups]
    end = end if isinstance(end, int | float) else start + len(text)
    return Found(text, int(start), int(end), listed)


def _found(match: patterns.Match, text: str, state: State) -> Found:
    groups = [UNDEFINED if group is None else group for group in match.groups]
    state.spend(60 + 10 * len(groups))
    state.elements(4 + len(groups))
    state.make(len(match.text) * (1 + len(groups)))
    # the text itself: a pattern sees a sign in place of each lone half of a character
    return Found(text[match.start : match.end], match.start, match.end, groups)


def _empty() -> JsonataError:
    return JsonataError("D1004", "the regular expression matches an empty text")


def _translated(pattern: str) -> str:
    """The pattern in RE2's notation."""
    parts: list[str] = []
    at, inside = 0, False
    while at < len(pattern):
        sign = pattern[at]
        if sign != "\\":
            inside = sign != "]" if inside else sign == "["
            parts.append(sign)
            at += 1
            continue
        found = _ESCAPES.match(pattern, at)
        if found is None:
            raise JsonataError(PATTERN, f"the pattern /{pattern}/ ends with a backslash")
        parts.append(_escape(found, inside))
        at = found.end()
    return "".join(parts)


def _escape(found: re.Match[str], inside: bool) -> str:  # noqa: FBT001 - within brackets
    code, sign = found.groups()
    if code:
        return f"\\x{{{code}}}"
    if sign == "s":
        return _SPACE if inside else f"[{_SPACE}]"
    if sign == "S" and not inside:
        return f"[^{_SPACE}]"
    return "/" if sign == "/" else found.group()
