"""The nodes of a parsed expression."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias


@dataclass(slots=True, eq=False)
class Slot:
    """A place where a step's parent will be kept, for a `%` further to the right."""

    label: str
    level: int = 1


@dataclass(slots=True, eq=False)
class Filter:
    """`[...]` after a step or a value, or `#$i` after one."""

    kind: str
    """filter or index"""
    test: Node | None = None
    name: str = ""
    position: int = 0


@dataclass(slots=True, eq=False)
class Term:
    """One term of `^(...)`."""

    expression: Node
    descending: bool


Pair: TypeAlias = "tuple[Node, Node]"


@dataclass(slots=True, eq=False)
class Node:
    """A node of the tree; which members are used depends on `kind`."""

    kind: str
    value: Any = None
    position: int = 0
    left: Node | None = None
    right: Node | None = None
    other: Node | None = None
    """The third part: what follows `:` of a condition, or the deletions of a transform."""
    items: list[Node] | None = None
    """Elements, arguments, steps or expressions of a block."""
    pairs: list[Pair] | None = None
    terms: list[Term] | None = None
    stages: list[Filter] | None = None
    predicates: list[Filter] | None = None
    group: Node | None = None
    signature: Any = None
    keep_array: bool = False
    """`[]` was written: the result stays an array of one."""
    keep_singleton: bool = False
    cons: bool = False
    """An array constructor at an end of a path: its arrays are not flattened."""
    tuple: bool = False
    """A step that binds names, so that the path carries them along."""
    focus: str = ""
    index: str = ""
    ancestor: Slot | None = None
    seeking: list[Slot] | None = None
    slot: Slot | None = None
    tail: bool = False
    """A call whose result is its function's result: made without another level."""

    def part(self) -> Node:
        """The left part, which this kind has."""
        assert self.left is not None  # noqa: S101 - the parser gave it
        return self.left

    def second(self) -> Node:
        """The right part, which this kind has."""
        assert self.right is not None  # noqa: S101 - as above
        return self.right

    def list(self) -> list[Node]:
        """The elements, which this kind has."""
        assert self.items is not None  # noqa: S101 - as above
        return self.items
