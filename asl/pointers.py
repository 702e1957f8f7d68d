"""JSON pointers (RFC 6901): how they are written, and the places they name in a text."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TypeAlias

Position: TypeAlias = "tuple[int, int]"
"""Line and column of a character, both from 1; (0, 0) for nowhere."""

NOWHERE: Position = (0, 0)


def join(pointer: str, key: str | int) -> str:
    """The pointer of a member or an element."""
    return f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}"


def split(pointer: str) -> list[str]:
    """The keys and indexes that a pointer goes through."""
    return (
        [
            token.replace("~1", "/").replace("~0", "~")
            for token in pointer.removeprefix("/").split("/")
        ]
        if pointer
        else []
    )


@dataclass(slots=True)
class Place:
    """Where a value stands in a text, and where those within it do."""

    at: int
    """Its first character, counted from 0; or what `Lines` is given for it."""
    within: dict[str, Place] = field(default_factory=dict)
    """By key or index."""

    def find(self, pointer: str) -> int:
        """Where the value at a pointer begins, or the nearest thing around it."""
        place = self
        for token in split(pointer):
            inner = place.within.get(token)
            if inner is None:
                break
            place = inner
        return place.at


class Lines:
    """Turns the number of a character into a line and a column."""

    __slots__ = ("_starts",)

    def __init__(self, text: str) -> None:
        starts = [0]
        at = text.find("\n")
        while at >= 0:
            starts.append(at + 1)
            at = text.find("\n", at + 1)
        self._starts = starts

    def position(self, at: int) -> Position:
        """Line and column of a character."""
        line = bisect_right(self._starts, at)
        return line, at - self._starts[line - 1] + 1
