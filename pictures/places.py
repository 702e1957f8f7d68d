"""Places: where each node of the layers stands, so that ways run straight.

Across: sweeps over the layers, down and up, in which each node wants to be at the weighted mean
of its neighbours.  What a layer gets is the least-squares answer to those wishes under "in this
order, this far apart": an isotonic regression, found by pooling neighbours that push each other.

Down: layers of the height of their highest node, and between them channels, wide enough for the
curves and for the lines that go to the lanes.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from pictures.graph import SLACK, Graph, Link, Node

ROUNDS = 4
BESIDE, BESIDE_SLIM = 28.0, 14.0
"""Pixels between neighbours in a layer, and beside a label or a passing edge."""
CHANNEL, CHANNEL_SLIM = 30.0, 18.0
"""Pixels between layers, and where one of them has only labels, marks and passing edges."""
TRACK = 9.0
"""Pixels between two lines to lanes in the same channel."""


def across(graph: Graph) -> None:
    """Give every node its `x`."""
    above: list[list[tuple[int, float]]] = [[] for _ in graph.nodes]
    below: list[list[tuple[int, float]]] = [[] for _ in graph.nodes]
    away = {link.source for lane in graph.lanes for link in lane.links}
    for link in graph.links:  # the label of what goes to a lane moves nothing out of line
        pull = SLACK if link.target in away and graph.nodes[link.target].slim else link.pull
        above[link.target].append((link.source, pull))
        below[link.source].append((link.target, pull))
    offsets = [_offsets([graph.nodes[n] for n in layer]) for layer in graph.layers]
    for round_number in range(ROUNDS):
        _sweep(graph, offsets, above, downwards=True)
        if round_number < ROUNDS - 1:
            _sweep(graph, offsets, below, downwards=False)
    for node in graph.nodes:
        node.x = float(round(node.x))


def _sweep(
    graph: Graph,
    offsets: list[list[float]],
    neighbours: list[list[tuple[int, float]]],
    *,
    downwards: bool,
) -> None:
    numbers = range(len(graph.layers))
    for at in numbers if downwards else reversed(numbers):
        layer = graph.layers[at]
        wishes = [_wish(graph.nodes, number, neighbours[number]) for number in layer]
        if len(layer) == 1:
            graph.nodes[layer[0]].x = wishes[0][0]
            continue
        for number, x in zip(layer, spread(wishes, offsets[at]), strict=True):
            graph.nodes[number].x = x


def _wish(nodes: list[Node], number: int, near: list[tuple[int, float]]) -> tuple[float, float]:
    """Where a node wants to be, and how strongly."""
    if not near:
        return nodes[number].x, 1e-6
    if len(near) == 1:
        return nodes[near[0][0]].x, near[0][1]
    pull = sum(strength for _, strength in near)
    return sum(nodes[other].x * strength for other, strength in near) / pull, pull


def _offsets(layer: Sequence[Node]) -> list[float]:
    """How far right of the first each node stands if they stand as close as they may."""
    found = [0.0]
    for node, following in pairwise(layer):
        gap = BESIDE_SLIM if node.slim or following.slim else BESIDE
        found.append(found[-1] + node.right + gap + following.left)
    return found


def spread(wishes: Sequence[tuple[float, float]], offsets: Sequence[float]) -> list[float]:
    """The places nearest to the wishes (place, weight) that keep at least the offsets apart."""
    pools: list[list[float]] = []  # weighted sum, weight, count
    for (wish, weight), offset in zip(wishes, offsets, strict=True):
        pools.append([(wish - offset) * weight, weight, 1])
        while len(pools) > 1 and pools[-2][0] * pools[-1][1] >= pools[-1][0] * pools[-2][1]:
            last = pools.pop()
            pools[-1] = [a + b for a, b in zip(pools[-1], last, strict=True)]
    found: list[float] = []
    for total, weight, count in pools:
        found.extend([total / weight] * int(count))
    return [place + offset for place, offset in zip(found, offsets, strict=True)]


def down(graph: Graph) -> list[tuple[float, float]]:
    """Give every node its `y`; the upper and lower border of each layer."""
    channels = _channels(graph)
    borders: list[tuple[float, float]] = []
    y = channels[0]
    for layer, channel in zip(graph.layers, channels[1:], strict=True):
        height = max((graph.nodes[number].height for number in layer), default=0.0)
        for number in layer:
            graph.nodes[number].y = y
        borders.append((y, y + height))
        y += height + channel
    return borders


def height(graph: Graph) -> float:
    """The height of everything, once `down` has placed it, with the lines below the last layer."""
    bottom = max((node.y + node.height for node in graph.nodes), default=0.0)
    tracks = tracks_of(graph)[-1]
    return bottom + (TRACK * tracks + 8 if tracks else 0)


def _channels(graph: Graph) -> list[float]:
    """The height of the channel above each layer, and of the one below the last."""
    slim = [all(graph.nodes[number].slim for number in layer) for layer in graph.layers]
    found = [0.0] * (len(slim) + 1)
    for at in range(1, len(slim)):
        found[at] = CHANNEL_SLIM if slim[at - 1] or slim[at] else CHANNEL
    for link in graph.links:
        at = graph.nodes[link.target].layer
        found[at] = max(found[at], _curve(graph, link))
    for at, tracks in enumerate(tracks_of(graph)):
        found[at] += TRACK * tracks + (8 if tracks else 0)
    return found


def _curve(graph: Graph, link: Link) -> float:
    """The height that a curve needs so as not to lie flat."""
    distance = abs(graph.nodes[link.source].x - graph.nodes[link.target].x)
    return min(18.0 + distance / 9, 70.0)


def tracks_of(graph: Graph) -> list[int]:
    """How many lines to and from lanes run in the channel above each layer, and below the last."""
    found = [0] * (len(graph.layers) + 1)
    for lane in graph.lanes:
        found[graph.nodes[lane.target].layer] += 1
        for link in lane.links:
            if not straight(graph, link):
                found[graph.nodes[link.source].layer + 1] += 1
    return found


def straight(graph: Graph, link: Link) -> bool:
    """Whether a link can go straight to its lane on the right, past no other node."""
    return link.side is not None and graph.layers[graph.nodes[link.source].layer][-1] == link.source
