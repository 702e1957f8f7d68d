"""What the layout works on: nodes with sizes in layers, links between neighbours, far jumps."""

from __future__ import annotations

from dataclasses import dataclass, field

SPINE, EVEN, SLACK = 8.0, 4.0, 1e-4
"""How much a link pulls its ends straight: the way that goes on, a choice, a catch."""


MARK = 7.0
"""The radius of a start or end mark."""


@dataclass(slots=True)
class Node:
    """A box, a label on an edge, a mark, or the place where an edge passes a layer.

    `x` is the line on which edges come and go, `y` the upper border.
    """

    left: float
    """Pixels from `x` to the left border."""
    right: float
    """Pixels from `x` to the right border."""
    height: float
    slim: bool = False
    """A label, mark or passing edge: it needs less room around it."""
    x: float = 0.0
    y: float = 0.0
    layer: int = 0


def mark(layer: int = 0) -> Node:
    """The node of a start or end mark."""
    return Node(MARK, MARK, 2 * MARK, slim=True, layer=layer)


@dataclass(frozen=True, slots=True)
class Side:
    """The place on the right border of a node where a link leaves it."""

    y: float
    """Pixels below the upper border."""
    start: float
    """Pixels from the node's `x` to its right border."""
    turn: float
    """Pixels from the node's `x` to where the link may turn, past its label."""


@dataclass(slots=True)
class Link:
    """A piece of an edge between two nodes, by their numbers."""

    source: int
    target: int
    kind: str
    """As the kind of a `Way`."""
    pull: float = EVEN
    arrow: bool = True
    """Whether it ends at its target, and not at a label or in passing."""
    side: Side | None = None
    """Where it leaves, if not in the middle of the lower border."""


@dataclass(slots=True)
class Lane:
    """A jump over layers, or back: by the side of everything between its ends.

    The jumps of one kind to the same target share a line, so there is one lane for all of them.
    """

    target: int
    kind: str
    left: bool
    """Whether it runs on the left, as what leads back does; catches are always on the right."""
    links: list[Link] = field(default_factory=list)
    x: float = 0.0


@dataclass(slots=True)
class Graph:
    """A scope's nodes and links; `layers` are filled by the layout, from the top."""

    nodes: list[Node] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    lanes: list[Lane] = field(default_factory=list)
    layers: list[list[int]] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    """The nodes after which the scope ends."""
    marks: list[int] = field(default_factory=list)
    """The marks of the end, made by the layout."""

    def add(self, node: Node) -> int:
        """The number of a new node."""
        self.nodes.append(node)
        return len(self.nodes) - 1

    def depth(self, link: Link) -> int:
        """Over how many layers a link goes down; negative upwards."""
        return self.nodes[link.target].layer - self.nodes[link.source].layer
