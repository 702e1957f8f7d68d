"""Reads a States Language definition from JSON or YAML text, and finds places in it.

    source = read('{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}')
    source.document["StartAt"]            # "A"
    source.position("/States/A/Type")     # (1, 43)

Text that begins with `{` is JSON, and any other is YAML (of which JSON is a part).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from asl import json_text, yaml_text
from asl.diagnostics import INVALID_JSON, SCHEMA, Diagnostic, DocumentError
from asl.pointers import NOWHERE, Lines, Position
from wire import Json

SIZE = 1_048_576
"""Bytes of a definition: AWS's limit is 1 MB."""

NOT_AN_OBJECT = "Definition must be a valid JSON object"

Find = Callable[[str], Position]


@dataclass(frozen=True)
class Source:
    """A definition that was read; made by `read` and `of`."""

    document: Json
    """An object, from `read`; any value, from `of`."""
    text: str = ""
    """What was read; empty for a value that was there already."""
    yaml_places: Find | None = field(default=None, repr=False, compare=False)
    """How positions are found, where the text is YAML."""

    def position(self, pointer: str) -> Position:
        """Line and column, both from 1, of the value at a JSON pointer (RFC 6901).

        Of the nearest thing around it, where there is no such value.  (0, 0) for a definition
        that did not come as text.
        """
        return self._find(pointer)

    @cached_property
    def _find(self) -> Find:
        if self.yaml_places is not None:
            return self.yaml_places
        if not self.text:
            return lambda _pointer: NOWHERE
        places, lines = json_text.places(self.text), Lines(self.text)
        return lambda pointer: lines.position(places.find(pointer))


def read(text: str) -> Source:
    """The definition that a JSON or YAML text is.

    `DocumentError` for a text that is neither (`INVALID_JSON_DESCRIPTION`, with line and column),
    has a key twice in an object, NaN or Infinity, more than 200 levels, more than 1 MiB, or is
    no object (`SCHEMA_VALIDATION_FAILED`).
    """
    text = text.removeprefix("\ufeff")
    _check_size(text)
    if not text.strip():
        raise _refused(SCHEMA, NOT_AN_OBJECT)
    source = _read(text)
    if isinstance(source.document, str) and source.yaml_places is not None:
        raise DocumentError([Diagnostic(INVALID_JSON, "neither JSON nor YAML", "", "ERROR", 1, 1)])
    if not isinstance(source.document, dict):
        raise _refused(SCHEMA, NOT_AN_OBJECT)
    return source


def of(value: Json) -> Source:
    """The definition that a value is, which was read already; it has no positions."""
    return Source(value)


def _read(text: str) -> Source:
    begin = text.lstrip()[:1]
    if begin in '{["':
        try:
            return Source(json_text.read(text), text)
        except DocumentError as error:
            if begin == "{" or error.diagnostics[0].code != INVALID_JSON:
                raise
    document, places, positions = yaml_text.read(text)
    return Source(document, text, lambda pointer: positions[places.find(pointer)])


def _check_size(text: str) -> None:
    try:
        size = len(text) if text.isascii() else len(text.encode())
    except UnicodeEncodeError as error:
        position = Lines(text).position(error.start)
        message = "half of a character (a lone surrogate)"
        raise DocumentError([Diagnostic(INVALID_JSON, message, "", "ERROR", *position)]) from None
    if size > SIZE:
        raise _refused(SCHEMA, f"a definition may have {SIZE} bytes, and this one has {size}")


def _refused(code: str, message: str) -> DocumentError:
    return DocumentError([Diagnostic(code, message, "")])
