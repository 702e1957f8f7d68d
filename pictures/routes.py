"""The ways of edges through a layout: curves between layers, lines along lanes.

A curve stays in the channel between two layers, and a lane lies beside everything in the layers
that it passes; so no edge runs through a box.  A way is the text of an SVG path.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pictures.graph import Graph, Lane, Link, Node
from pictures.places import BESIDE_SLIM, TRACK, straight

ARROW = 7.0
"""The length of an arrow's head; a way ends so far before its target."""
CORNER = 8.0
"""The radius of a corner, at most."""

Point = tuple[float, float]


@dataclass(slots=True)
class Route:
    """A piece of an edge as it is drawn."""

    kind: str
    path: str
    head: Point | None
    """Where the arrow's head points to, downwards; None where the piece has no head."""


def routes(graph: Graph, borders: Sequence[Point]) -> list[Route]:
    """Every edge of a graph whose nodes have their places."""
    found = [_curve(graph, link, borders) for link in graph.links]
    _place_lanes(graph)
    tracks = _tracks(graph, borders)
    for number, lane in enumerate(graph.lanes):
        found += _lane(graph, lane, number, tracks)
    return found


def number_text(value: float) -> str:
    """A coordinate without needless digits."""
    return f"{value:.1f}".removesuffix(".0")


# --- curves -----------------------------------------------------------------------------------


def _curve(graph: Graph, link: Link, borders: Sequence[Point]) -> Route:
    """From a node down its layer, in a curve through the channel, to a node of the next layer."""
    source, target = graph.nodes[link.source], graph.nodes[link.target]
    start, end = source.y + source.height, target.y
    channel = borders[source.layer][1]
    stop = end - ARROW if link.arrow else end
    n = number_text
    path = f"M{n(source.x)} {n(start)}"
    if source.x == target.x:
        path += f"V{n(stop)}"
    else:
        middle = n((channel + stop) / 2)
        if channel > start:
            path += f"V{n(channel)}"
        path += f"C{n(source.x)} {middle} {n(target.x)} {middle} {n(target.x)} {n(stop)}"
    if not link.arrow and target.height:  # behind a label, which covers the line
        path += f"V{n(end + target.height)}"
    return Route(link.kind, path, (target.x, end) if link.arrow else None)


# --- lanes ------------------------------------------------------------------------------------


def _place_lanes(graph: Graph) -> None:
    """Give every lane its `x`: beside all it passes, the shortest innermost."""
    nodes = graph.nodes
    right = [max(nodes[n].x + nodes[n].right for n in layer) for layer in graph.layers]
    left = [min(nodes[n].x - nodes[n].left for n in layer) for layer in graph.layers]
    spans = {id(lane): _span(graph, lane) for lane in graph.lanes}
    for lane in sorted(graph.lanes, key=lambda one: len(spans[id(one)])):
        span = spans[id(lane)]
        if not span:  # both ends are in the same channel
            lane.x = _leaving(nodes[lane.links[0].source], lane.links[0], lane)
            continue
        passed = slice(span.start, span.stop)
        if lane.left:
            lane.x = min(left[passed]) - BESIDE_SLIM
            left[passed] = [lane.x] * len(span)
        else:
            lane.x = max(right[passed]) + BESIDE_SLIM
            right[passed] = [lane.x] * len(span)


def _span(graph: Graph, lane: Lane) -> range:
    """The layers that a lane passes."""
    end = graph.nodes[lane.target].layer
    first, last = end, end - 1
    for link in lane.links:
        layer = graph.nodes[link.source].layer
        if layer >= end:
            last = max(last, layer)
        else:
            first = min(first, layer if straight(graph, link) else layer + 1)
    return range(first, last + 1)


def _leaving(source: Node, link: Link, lane: Lane) -> float:
    """Where a link goes down from its source."""
    if link.side is not None:
        return source.x + link.side.turn
    if source.slim:
        return source.x
    return source.x + _beside(source, lane)


def _beside(node: Node, lane: Lane) -> float:
    """How far from the middle of a box's border a lane's line comes or goes."""
    room = min(node.left, node.right) / 3
    return -min(18.0, room) if lane.left else min(18.0, room)


def _tracks(graph: Graph, borders: Sequence[Point]) -> dict[tuple[int, int], float]:
    """The height of each lane's lines: by its number and -1 for the last, or that of a link.

    In each channel the lines that come from above are over those that go down; on the right, the
    nearer to the lane the source is, the higher; so lines cross as little as they can.
    """
    found: dict[tuple[int, int], float] = {}
    leaving: dict[int, list[tuple[float, int, int]]] = {}
    entering: dict[int, list[tuple[float, int, int]]] = {}
    for number, lane in enumerate(graph.lanes):
        target = graph.nodes[lane.target]
        sign = 1 if lane.left else -1
        entering.setdefault(target.layer, []).append((-sign * target.x, number, -1))
        for at, link in enumerate(lane.links):
            source = graph.nodes[link.source]
            if not straight(graph, link):
                place = sign * _leaving(source, link, lane)
                leaving.setdefault(source.layer + 1, []).append((place, number, at))
    for channel, lines in leaving.items():
        top = borders[channel - 1][1]
        for row, (_, number, at) in enumerate(sorted(lines), 1):
            found[number, at] = top + row * TRACK
    for channel, lines in entering.items():
        bottom = borders[channel][0] - ARROW - 2
        for row, (_, number, at) in enumerate(sorted(lines, reverse=True), 1):
            found[number, at] = bottom - row * TRACK
    return found


def _lane(
    graph: Graph, lane: Lane, number: int, tracks: dict[tuple[int, int], float]
) -> list[Route]:
    """The pieces of a lane: the furthest link above and below go all the way, the others join."""
    target = graph.nodes[lane.target]
    enter = tracks[number, -1]
    x = target.x + _beside(target, lane)
    last = [(lane.x, enter), (x, enter), (x, target.y - ARROW)]
    starts = [_start(graph, lane, at, tracks.get((number, at))) for at in range(len(lane.links))]
    heights = [points[-1][1] for points in starts]
    furthest = {heights.index(min(heights)), heights.index(max(heights))}
    if min(heights) >= enter or max(heights) <= enter:  # all from one side
        furthest = {heights.index(max(heights, key=lambda y: abs(y - enter)))}
    found = []
    for at, points in enumerate(starts):
        whole = at in furthest
        towards = CORNER if heights[at] <= enter else -CORNER
        rest = last if whole else [(lane.x, heights[at] + towards)]
        head = (x, target.y) if whole else None
        found.append(Route(lane.kind, rounded([*points, *rest]), head))
    return found


def _start(graph: Graph, lane: Lane, at: int, track: float | None) -> list[Point]:
    """From a link's source to its lane."""
    link = lane.links[at]
    source = graph.nodes[link.source]
    x = _leaving(source, link, lane)
    if link.side is None:
        start = [(x, source.y + source.height)]
    else:
        start = [(source.x + link.side.start, source.y + link.side.y)]
        if track is None:
            return [*start, (lane.x, start[0][1])]
        start.append((x, start[0][1]))
    assert track is not None  # noqa: S101 - only straight links are without one
    return [*start, (x, track), (lane.x, track)]


def rounded(points: Sequence[Point]) -> str:
    """A path along the points, with round corners."""
    points = [point for at, point in enumerate(points) if at == 0 or point != points[at - 1]]
    n = number_text
    parts = [f"M{n(points[0][0])} {n(points[0][1])}"]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        if (before[0] == corner[0] == after[0]) or (before[1] == corner[1] == after[1]):
            continue
        into, out = _towards(corner, before), _towards(corner, after)
        parts.append(f"L{n(into[0])} {n(into[1])}Q{n(corner[0])} {n(corner[1])}")
        parts.append(f" {n(out[0])} {n(out[1])}")
    parts.append(f"L{n(points[-1][0])} {n(points[-1][1])}")
    return "".join(parts)


def _towards(corner: Point, other: Point) -> Point:
    """The point at which the way to or from a corner leaves the straight line."""
    dx, dy = other[0] - corner[0], other[1] - corner[1]
    length = max(abs(dx), abs(dy))
    share = min(CORNER, length / 2) / length
    return corner[0] + dx * share, corner[1] + dy * share
