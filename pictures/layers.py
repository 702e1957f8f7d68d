"""Layers: every node in one, every link down to the next one, few links crossing.

Nodes are ranked by their longest way from the start, with the links that close a circle set
aside.  A link over several layers becomes a chain of passing nodes if it is short, and else a
jump along a lane (`graph.Lane`), which costs nothing however far it goes.  The order within a
layer is found by sweeps that sort by the mean place of the neighbours (barycentres).
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable
from itertools import pairwise

from pictures.graph import SPINE, Graph, Lane, Link, Node, mark
from pictures.reading import CATCH, NEXT

PASSED_LAYERS = 6
"""A link may pass through so many layers; what goes further takes a lane."""
PASSING_PER_NODE = 2
"""Passing nodes, per node of the graph, that are made at most."""
ROW = 6
"""Nodes without a way to them stand in rows of so many."""
SWEEPS = 8
MANY = 3000
"""With more nodes than these the order is swept less."""


def arrange(graph: Graph, roots: list[int]) -> None:
    """Fill the layers of a graph.  `roots` come first; what they do not reach comes below."""
    back = _rank(graph, roots)
    _mark_ends(graph)
    _close_up(graph)
    _part(graph, back)
    count = max((node.layer for node in graph.nodes), default=-1) + 1
    graph.layers = [[] for _ in range(count)]
    for number, node in enumerate(graph.nodes):
        graph.layers[node.layer].append(number)
    _order(graph)


# --- ranks ------------------------------------------------------------------------------------


def _rank(graph: Graph, roots: list[int]) -> set[int]:
    """Give every node its layer; the places in `links` of those that lead back."""
    out: list[list[int]] = [[] for _ in graph.nodes]
    for place, link in enumerate(graph.links):
        out[link.source].append(place)
    seen = [False] * len(graph.nodes)
    back: set[int] = set()
    reached = _postorder(graph, out, roots, seen, back)
    _longest(graph, out, back, reached)
    _rank_rest(graph, out, seen, back)
    return back


def _postorder(
    graph: Graph, out: list[list[int]], roots: Iterable[int], seen: list[bool], back: set[int]
) -> list[int]:
    """The nodes that are reached, each after those it leads to; circles are noted in `back`."""
    done: list[int] = []
    open_nodes: set[int] = set()
    for root in roots:
        if seen[root]:
            continue
        seen[root] = True
        open_nodes.add(root)
        stack = [(root, iter(out[root]))]
        while stack:
            node, ways = stack[-1]
            for place in ways:
                target = graph.links[place].target
                if not seen[target]:
                    seen[target] = True
                    open_nodes.add(target)
                    stack.append((target, iter(out[target])))
                    break
                if target in open_nodes:
                    back.add(place)
            else:
                stack.pop()
                open_nodes.discard(node)
                done.append(node)
    return done


def _longest(graph: Graph, out: list[list[int]], back: set[int], postorder: list[int]) -> None:
    for node in reversed(postorder):
        below = graph.nodes[node].layer + 1
        for place in out[node]:
            target = graph.nodes[graph.links[place].target]
            if place not in back and target.layer < below:
                target.layer = below


def _rank_rest(graph: Graph, out: list[list[int]], seen: list[bool], back: set[int]) -> None:
    """Rank below everything what no root reaches: its own roots first, in rows."""
    if all(seen):
        return
    layers = [node.layer for node, was in zip(graph.nodes, seen, strict=True) if was]
    layers += [graph.nodes[number].layer + 1 for number in graph.ends if seen[number]]
    base = max(layers, default=-1)
    entered = {link.target for link in graph.links}
    first = [number for number, was in enumerate(seen) if not was and number not in entered]
    rest = [number for number, was in enumerate(seen) if not was]
    reached_before = list(seen)
    order = _postorder(graph, out, [*first, *rest], seen, back)
    for number in order:  # a way to what is already ranked above leads up
        back.update(place for place in out[number] if reached_before[graph.links[place].target])
    _longest(graph, out, back, order)
    deepest = max(graph.nodes[number].layer for number in order)
    for number in order:
        graph.nodes[number].layer = base + 1
    for place, number in enumerate(first):
        graph.nodes[number].layer += place // ROW * (deepest + 2)
    _longest(graph, out, back, order)


def _mark_ends(graph: Graph) -> None:
    """An end mark under each node that ends; one for all those in the last layer with any."""
    deepest = max((graph.nodes[number].layer for number in graph.ends), default=0)
    shared: int | None = None
    for number in graph.ends:
        layer = graph.nodes[number].layer
        end = shared
        if end is None or layer < deepest:
            end = graph.add(mark(layer + 1))
            graph.marks.append(end)
        if layer == deepest:
            shared = end
        graph.links.append(Link(number, end, NEXT, SPINE))


def _close_up(graph: Graph) -> None:
    """Leave no layer without a node."""
    used = sorted({node.layer for node in graph.nodes})
    rank = {layer: at for at, layer in enumerate(used)}
    for node in graph.nodes:
        node.layer = rank[node.layer]


# --- long links -------------------------------------------------------------------------------


def _part(graph: Graph, back: set[int]) -> None:
    """Replace every link that is not to the next layer, by passing nodes or by a lane."""
    lanes: dict[tuple[int, str, bool], Lane] = {}
    budget = PASSING_PER_NODE * len(graph.nodes)
    kept: list[Link] = []
    for place, link in enumerate(graph.links):
        passed = graph.depth(link) - 1
        aside = place in back or link.kind == CATCH
        if passed == 0 and not aside:
            kept.append(link)
        elif aside or passed > min(PASSED_LAYERS, budget):
            catch = link.kind == CATCH
            key = (link.target, CATCH if catch else NEXT, place in back and not catch)
            lanes.setdefault(key, Lane(*key)).links.append(link)
        else:
            budget -= passed
            kept.extend(_chain(graph, link))
    graph.links, graph.lanes = kept, list(lanes.values())


def _chain(graph: Graph, link: Link) -> list[Link]:
    """The pieces of a link through passing nodes."""
    pieces, source = [], link.source
    for layer in range(graph.nodes[link.source].layer + 1, graph.nodes[link.target].layer):
        passing = graph.add(Node(4, 4, 0, slim=True, layer=layer))
        pieces.append(Link(source, passing, link.kind, link.pull, arrow=False))
        source = passing
    return [*pieces, Link(source, link.target, link.kind, link.pull, arrow=link.arrow)]


# --- order ------------------------------------------------------------------------------------


def _order(graph: Graph) -> None:
    """Sort each layer so that few links cross; the order that was there decides ties."""
    above: list[list[int]] = [[] for _ in graph.nodes]
    below: list[list[int]] = [[] for _ in graph.nodes]
    for link in graph.links:
        above[link.target].append(link.source)
        below[link.source].append(link.target)
    lean = _lean(graph)
    best, fewest = graph.layers, _crossings(graph.layers, below)
    layers = [list(layer) for layer in graph.layers]
    for sweep in range(SWEEPS if len(graph.nodes) < MANY else SWEEPS // 4):
        downwards = sweep % 2 == 0
        _sweep(layers, above if downwards else below, lean, downwards=downwards)
        crossings = _crossings(layers, below)
        if crossings < fewest or sweep == 0:
            best, fewest = [list(layer) for layer in layers], crossings
    graph.layers = best


def _lean(graph: Graph) -> list[float]:
    """How far a node would rather stand to the right of its neighbours: on its lane's side."""
    lean = [0.0] * len(graph.nodes)
    for lane in graph.lanes:
        labels = (link.source for link in lane.links if graph.nodes[link.source].slim)
        for number in (lane.target, *labels):
            lean[number] += -0.3 if lane.left else 0.3
    return lean


def _sweep(
    layers: list[list[int]], neighbours: list[list[int]], lean: list[float], *, downwards: bool
) -> None:
    place = {number: float(at) for layer in layers for at, number in enumerate(layer)}
    for layer in layers if downwards else reversed(layers):
        means = {}
        for at, number in enumerate(layer):
            near = neighbours[number]
            if near:
                means[number] = sum(place[other] for other in near) / len(near) + lean[number]
            else:  # no neighbour to go by: at the side of its lane, or where it is
                means[number] = at + lean[number] * 1e6
        layer.sort(key=means.__getitem__)
        for at, number in enumerate(layer):
            place[number] = float(at)


def _crossings(layers: list[list[int]], below: list[list[int]]) -> int:
    """How many pairs of links cross."""
    count = 0
    for upper, lower in pairwise(layers):
        if len(upper) < 2 or len(lower) < 2:
            continue
        place = {number: at for at, number in enumerate(lower)}
        met: list[int] = []
        for number in upper:
            ends = sorted(place[target] for target in below[number])
            count += sum(len(met) - bisect_left(met, end + 1) for end in ends)
            for end in ends:
                insort(met, end)
    return count
