"""The layout of a whole document: each scope laid out, those inside before those around them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pictures import layers, places
from pictures.boxes import PAD, WIDTHS, Box, Label, add_slots, box, label
from pictures.graph import EVEN, MARK, SLACK, SPINE, Graph, Link, Node, mark
from pictures.reading import CATCH, CHOICE, NEXT, Scope, State, Way, every_scope
from pictures.routes import Route, routes
from pictures.seen import Seen

INSIDE = 12.0
"""Pixels around a branch in its box, and between branches."""
TITLE = 18.0
"""Pixels above a branch for its title."""
ROW_WIDTH = 1400.0
"""A row of branches is about so wide, or as wide as it takes to be about square."""


@dataclass(slots=True)
class Inner:
    """A branch or a processor in its state's box; `x` and `y` from the box's corner."""

    x: float
    y: float
    width: float
    height: float
    title: str
    plan: Plan
    """What is in it, in the middle, from `y` + TITLE on."""

    @property
    def origin(self) -> tuple[float, float]:
        """Where its plan begins, from the corner of its state's box."""
        return self.x + (self.width - self.plan.width) / 2, self.y + TITLE


@dataclass(slots=True)
class Placed:
    """A state with its box, at a place of its scope (the box's corner)."""

    state: State
    box: Box
    x: float = 0.0
    y: float = 0.0
    inside: list[Inner] = field(default_factory=list)


@dataclass(slots=True)
class Plan:
    """A scope laid out, in pixels from its own corner."""

    width: float = 0.0
    height: float = 0.0
    states: list[Placed] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    marks: list[tuple[float, float, str]] = field(default_factory=list)
    """Middle and kind (`start`, `end`) of each mark."""
    routes: list[Route] = field(default_factory=list)
    shift: float = 0.0
    """What is added to the `x` of every route."""


def plan(root: Scope, seen: Mapping[str, Seen]) -> Plan:
    """The layout of a scope with everything inside it."""
    plans: dict[int, Plan] = {}
    for scope in reversed(list(every_scope(root))):
        plans[id(scope)] = _plan(scope, seen, plans)
    return plans[id(root)]


def every_plan(root: Plan) -> Iterator[tuple[Plan, float, float]]:
    """Every scope's layout with its place in the picture, outer ones first."""
    work = [(root, 0.0, 0.0)]
    while work:
        one, x, y = work.pop()
        yield one, x, y
        inner = [(placed, part) for placed in one.states for part in placed.inside]
        for placed, part in reversed(inner):
            dx, dy = part.origin
            work.append((part.plan, x + placed.x + dx, y + placed.y + dy))


# --- one scope --------------------------------------------------------------------------------


def _plan(scope: Scope, seen: Mapping[str, Seen], plans: Mapping[int, Plan]) -> Plan:
    made, graph = Plan(), Graph()
    roots = [graph.add(mark())] if scope.start is not None else []
    numbers: dict[str, int] = {}
    for name, state in scope.states.items():
        placed = Placed(state, box(state, seen.get(name)))
        if state.scopes:
            _contain(placed, [(inner.title, plans[id(inner)]) for inner in state.scopes])
        made.states.append(placed)
        half = placed.box.width / 2
        numbers[name] = graph.add(Node(half, placed.box.right, placed.box.height))
    graph.ends = [numbers[placed.state.name] for placed in made.states if placed.state.ends]
    if scope.start is not None:
        graph.links.append(Link(roots[0], numbers[scope.start], NEXT, SPINE))
    labels = _link(graph, made.states, numbers)
    layers.arrange(graph, roots)
    places.across(graph)
    made.routes = routes(graph, places.down(graph))
    _place(made, graph, numbers, labels)
    made.marks += [
        (graph.nodes[number].x, graph.nodes[number].y + MARK, "start") for number in roots
    ]
    made.marks += [(graph.nodes[n].x, graph.nodes[n].y + MARK, "end") for n in graph.marks]
    _measure(made, graph)
    return made


def _link(
    graph: Graph, states: list[Placed], numbers: Mapping[str, int]
) -> list[tuple[int, Label]]:
    """Link the nodes as the ways go; the numbers of the labels' nodes, with the labels."""
    labels: list[tuple[int, Label]] = []
    for placed in states:
        source = numbers[placed.state.name]
        for slot in placed.box.slots:
            if not slot.loop:
                target = numbers[slot.way.target]
                graph.links.append(Link(source, target, slot.way.kind, SLACK, side=slot.side))
        for way in placed.state.ways:
            if way.kind != CATCH and way.target != placed.state.name:
                _way(graph, source, numbers[way.target], way, labels)
    return labels


def _way(graph: Graph, source: int, target: int, way: Way, labels: list[tuple[int, Label]]) -> None:
    if way.kind != CHOICE:
        graph.links.append(Link(source, target, way.kind, SPINE))
        return
    text = label(way.labels)
    number = graph.add(Node(text.width / 2, text.width / 2, text.height, slim=True))
    labels.append((number, text))
    graph.links.append(Link(source, number, way.kind, EVEN, arrow=False))
    graph.links.append(Link(number, target, way.kind, EVEN))


def _place(
    made: Plan, graph: Graph, numbers: Mapping[str, int], labels: list[tuple[int, Label]]
) -> None:
    for placed in made.states:
        node = graph.nodes[numbers[placed.state.name]]
        placed.x, placed.y = node.x - placed.box.width / 2, node.y
    for number, text in labels:
        text.x, text.y = graph.nodes[number].x, graph.nodes[number].y
        made.labels.append(text)


def _measure(made: Plan, graph: Graph) -> None:
    """The size of a scope with its lanes, and everything moved to begin at its corner."""
    lefts = [node.x - node.left for node in graph.nodes] + [lane.x - 2 for lane in graph.lanes]
    rights = [node.x + node.right for node in graph.nodes] + [lane.x + 2 for lane in graph.lanes]
    shift = -min(lefts, default=0.0)
    made.shift = shift
    made.width = max(rights, default=0.0) + shift
    made.height = places.height(graph)
    for placed in made.states:
        placed.x += shift
    for text in made.labels:
        text.x += shift
    made.marks = [(x + shift, y, kind) for x, y, kind in made.marks]


# --- what contains scopes ---------------------------------------------------------------------


def _contain(placed: Placed, plans: list[tuple[str, Plan]]) -> None:
    """Put the branches into their state's box, in rows."""
    y, widest = placed.box.header, 0.0
    for row in _rows(plans):
        height = max(TITLE + inner.height + INSIDE for _, inner in row)
        x = PAD
        for title, inner in row:
            wide = max(inner.width, WIDTHS[0] / 2) + 2 * INSIDE
            placed.inside.append(Inner(x, y, wide, height, title, inner))
            x += wide + INSIDE
        widest = max(widest, x - INSIDE + PAD)
        y += height + INSIDE
    made = placed.box
    spare = made.width - widest
    if spare > 0 and len(placed.inside) == 1:
        placed.inside[0].width += spare
    made.width, made.height = max(made.width, widest), y
    add_slots(made, placed.state)


def _rows(plans: list[tuple[str, Plan]]) -> Iterator[list[tuple[str, Plan]]]:
    """The branches in rows, none much wider than a screen unless all together are high."""
    area = sum((inner.width + 40) * (inner.height + 40) for _, inner in plans)
    most = max(ROW_WIDTH, math.sqrt(area))
    row: list[tuple[str, Plan]] = []
    used = 0.0
    for title, inner in plans:
        if row and used + inner.width > most:
            yield row
            row, used = [], 0.0
        row.append((title, inner))
        used += inner.width + 3 * INSIDE
    yield row
