"""Reads YAML into JSON values, with the place of each.

Only what JSON has: objects with texts as keys, lists, text, numbers, true, false, null.  A plain
word is a number, true, false or null where it is written as in JSON (and YAML's `~`, `True`,
`TRUE`...); all else is text: `yes`, `on`, `2020-01-01`, `0x1F`, `1_000`, `12:30` are what they
look like.  Tags are refused, and so are merge keys; anchors and aliases are read, but may not
make the document grow beyond what a document has room for.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from asl.diagnostics import INVALID_JSON, TOO_DEEP, Diagnostic, DocumentError
from asl.json_text import DIGITS, NESTING
from asl.pointers import NOWHERE, Place
from wire import Json

VALUES = 200_000
"""Values that a document may have, with those that aliases repeat."""

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_NO_NUMBER = re.compile(r"[+-]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_WORDS = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_TEXT_TAGS = (None, "!", "tag:yaml.org,2002:str")
_TAGS = {
    "scalar": _TEXT_TAGS,
    "mapping": (None, "!", "tag:yaml.org,2002:map"),
    "sequence": (None, "!", "tag:yaml.org,2002:seq"),
}


def read(text: str) -> tuple[Json, Place, list[tuple[int, int]]]:
    """The value, its places, and the lines and columns that places stand for.

    `DocumentError` for what is not YAML, or has more than JSON.
    """
    builder = _Builder()
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _problem(error.problem or "no YAML", mark) from None
    except yaml.YAMLError as error:
        raise _problem(str(error).splitlines()[0], None) from None
    if not builder.done:
        raise _problem("Definition must be a valid JSON object", None)
    return builder.value, builder.root, builder.positions


@dataclass(slots=True)
class _Open:
    """An object or a list that is being read."""

    value: Any
    place: Place
    anchor: str | None
    before: int
    """How many values had been read when it began."""
    key: str | None = None
    """The member whose value is awaited."""
    deepest: int = 0
    """Levels within it."""


@dataclass(slots=True)
class _Anchored:
    value: Json
    size: int
    levels: int


@dataclass(slots=True)
class _Builder:
    """Makes values of events, without a call per level: depth costs nothing."""

    value: Json = None
    root: Place = field(default_factory=lambda: Place(0))
    positions: list[tuple[int, int]] = field(default_factory=lambda: [NOWHERE])
    done: bool = False
    count: int = 0
    stack: list[_Open] = field(default_factory=list)
    anchors: dict[str, _Anchored] = field(default_factory=dict)

    def take(self, event: Any) -> None:
        """Go on by one event."""
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.MappingStartEvent):
            self._open(event, {}, "mapping")
        elif isinstance(event, yaml.SequenceStartEvent):
            self._open(event, [], "sequence")
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._close()
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)
        elif isinstance(event, yaml.DocumentStartEvent) and self.done:
            raise _problem("one document is expected, and another begins", event.start_mark)

    def _scalar(self, event: Any) -> None:
        if event.tag not in _TAGS["scalar"]:
            raise _problem(f"the tag {event.tag} is not part of JSON", event.start_mark)
        if self._awaits_key():
            self._key(event)
            return
        plain = event.implicit[0] and event.tag is None
        value = _plain(event) if plain else event.value
        self._put(value, self._place(event))
        self._remember(event.anchor, value, 1, 0)

    def _open(self, event: Any, value: Json, kind: str) -> None:
        if event.tag not in _TAGS[kind]:
            raise _problem(f"the tag {event.tag} is not part of JSON", event.start_mark)
        if self._awaits_key():
            raise _problem("a key must be a text", event.start_mark)
        if len(self.stack) >= NESTING:
            raise _too_deep(event)
        place = self._place(event)
        before = self.count
        self._put(value, place, waits=True)
        self.stack.append(_Open(value, place, event.anchor, before))

    def _close(self) -> None:
        closed = self.stack.pop()
        self._remember(closed.anchor, closed.value, self.count - closed.before, closed.deepest + 1)
        self._went(closed.deepest + 1)
        if not self.stack:
            self.done = True

    def _alias(self, event: Any) -> None:
        known = self.anchors.get(event.anchor)
        if known is None:
            raise _problem(f"the alias *{event.anchor} names nothing before it", event.start_mark)
        if self._awaits_key():
            raise _problem("a key must be a text", event.start_mark)
        if len(self.stack) + known.levels > NESTING:
            raise _too_deep(event)
        self.count += known.size - 1
        self._went(known.levels)
        self._put(known.value, self._place(event))

    def _awaits_key(self) -> bool:
        return (
            bool(self.stack)
            and isinstance(self.stack[-1].value, dict)
            and (self.stack[-1].key is None)
        )

    def _key(self, event: Any) -> None:
        holder = self.stack[-1]
        if event.value == "<<" and event.implicit[0]:
            raise _problem("merge keys (<<) are not part of JSON", event.start_mark)
        if event.value in holder.value:
            raise _problem(f"Duplicate field {event.value[:80]!r}", event.start_mark)
        if event.anchor:
            raise _problem("a key may not have an anchor", event.start_mark)
        holder.key = event.value

    def _put(self, value: Json, place: Place, *, waits: bool = False) -> None:
        self.count += 1
        if self.count > VALUES:
            raise _problem(f"a definition may have {VALUES} values", None)
        if not self.stack:
            self.value, self.root = value, place
            self.done = not waits
            return
        holder = self.stack[-1]
        if holder.key is None:
            holder.place.within[str(len(holder.value))] = place
            holder.value.append(value)
        else:
            holder.place.within[holder.key] = place
            holder.value[holder.key] = value
            holder.key = None

    def _place(self, event: Any) -> Place:
        mark = event.start_mark
        self.positions.append((mark.line + 1, mark.column + 1))
        return Place(len(self.positions) - 1)

    def _went(self, levels: int) -> None:
        if self.stack:
            self.stack[-1].deepest = max(self.stack[-1].deepest, levels)

    def _remember(self, anchor: str | None, value: Json, size: int, levels: int) -> None:
        if anchor:
            self.anchors[anchor] = _Anchored(value, size, levels)


def _plain(event: Any) -> Json:
    text: str = event.value
    if text in _WORDS:
        return _WORDS[text]
    if _NO_NUMBER.fullmatch(text):
        raise _problem(f"{text} is no JSON number", event.start_mark)
    found = _NUMBER.fullmatch(text)
    if found is None:
        return text
    whole = not (found.group(1) or found.group(2))
    number = math.inf if len(text) > DIGITS else int(text) if whole else float(text)
    if math.isinf(number):
        raise _problem("the number is too large", event.start_mark)
    return number


def _too_deep(event: Any) -> DocumentError:
    message = f"objects and lists may be nested {NESTING} levels deep"
    return _problem(message, event.start_mark, TOO_DEEP)


def _problem(message: str, mark: Any, code: str = INVALID_JSON) -> DocumentError:
    line, column = NOWHERE if mark is None else (mark.line + 1, mark.column + 1)
    return DocumentError([Diagnostic(code, message, "", "ERROR", line, column)])
