"""Where the checks put what they find, and the parts of a document that they look at.

A place is a trail of keys, linked to the trail around it; its pointer is written only for what
is reported, so that a document with long keys costs no more than its size.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from asl.diagnostics import SCHEMA, Diagnostic, Severity
from asl.pointers import join
from asl.reading import Source
from wire import Json

MOST = 1_000
"""Problems that are reported of one document."""

POINTER = 8_192
"""Characters of a pointer; a place further within is reported as what is around it."""

Trail: TypeAlias = "tuple[Any, str | int] | None"
"""The trail around, and a key or index in it; None for the whole document."""


class Found(NamedTuple):
    """A problem, before its place is looked up."""

    trail: Trail
    code: str
    message: str
    severity: Severity


class Report:
    """What was found so far."""

    def __init__(self, kind: str) -> None:
        self.express = kind == "EXPRESS"
        self.found: list[Found] = []

    def add(
        self, trail: Trail, message: str, code: str = SCHEMA, severity: Severity = "ERROR"
    ) -> None:
        """Keep a problem."""
        if len(self.found) < MOST:
            self.found.append(Found(trail, code, message, severity))

    def diagnostics(self, source: Source) -> list[Diagnostic]:
        """What was found, in the order of the document."""
        order = _Order(source.document)
        placed = [(order.of(steps(item.trail)), item) for item in self.found]
        placed.sort(key=lambda pair: pair[0])
        return [_diagnostic(item, source) for _, item in placed]


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """An object of the document, and the language of its expressions."""

    report: Report
    trail: Trail
    members: dict[str, Json]
    jsonata: bool = False

    def at(self, key: str | int | None) -> Trail:
        """The place of a member; of the object itself without a key."""
        return self.trail if key is None else (self.trail, key)

    def error(self, message: str, key: str | None = None, code: str = SCHEMA) -> None:
        """Report what AWS refuses as well."""
        self.report.add(self.at(key), message, code)

    def warn(self, message: str, key: str | None = None, code: str = SCHEMA) -> None:
        """Report what is doubtful."""
        self.report.add(self.at(key), message, code, "WARNING")

    def only(self, keys: frozenset[str]) -> Node:
        """The same, without the members that are not among these."""
        if self.members.keys() <= keys:
            return self
        members = {key: value for key, value in self.members.items() if key in keys}
        return Node(self.report, self.trail, members, self.jsonata)

    def object(self, key: str) -> Node | None:
        """A member that must be an object, if it is there."""
        if key not in self.members:
            return None
        return self.within(self.members[key], self.at(key))

    def objects(self, key: str) -> list[Node]:
        """The elements of a member that must be a list of objects, if it is there."""
        value = self.members.get(key)
        if key not in self.members:
            return []
        if not isinstance(value, list):
            self.error("Expected value of type [ARRAY]", key)
            return []
        trail = self.at(key)
        nodes = (self.within(item, (trail, number)) for number, item in enumerate(value))
        return [node for node in nodes if node is not None]

    def within(self, value: Json, trail: Trail) -> Node | None:
        """A value as a part of this one; reported where it is no object."""
        if isinstance(value, dict):
            return Node(self.report, trail, value, self.jsonata)
        self.report.add(trail, "Expected value of type [OBJECT]")
        return None


def steps(trail: Trail) -> list[str | int]:
    """The keys of a trail, outermost first."""
    keys = []
    while trail is not None:
        trail, key = trail
        keys.append(key)
    return keys[::-1]


def quoted(name: object) -> str:
    """A name for a message, shortened."""
    text = str(name)
    return text if len(text) <= 100 else f"{text[:100]}..."


def _diagnostic(item: Found, source: Source) -> Diagnostic:
    pointer = ""
    for key in steps(item.trail):
        longer = join(pointer, key)
        if len(longer) > POINTER:
            break
        pointer = longer
    line, column = source.position(pointer)
    return Diagnostic(item.code, item.message, pointer, item.severity, line, column)


class _Order:
    """The order of places: by the order of members in their objects."""

    def __init__(self, document: Json) -> None:
        self._document = document
        self._members: dict[int, dict[str, int]] = {}

    def of(self, keys: list[str | int]) -> tuple[int, ...]:
        """A key to sort by."""
        value = self._document
        order = []
        for key in keys:
            if isinstance(value, dict):
                place = self._of_members(value).get(str(key), -1)
                value = value.get(str(key))
            elif isinstance(value, list) and str(key).isdecimal() and int(key) < len(value):
                place = int(key)
                value = value[place]
            else:
                break
            order.append(place)
        return tuple(order)

    def _of_members(self, value: dict[str, Json]) -> dict[str, int]:
        known = self._members.get(id(value))
        if known is None:
            known = self._members[id(value)] = {key: at for at, key in enumerate(value)}
        return known
