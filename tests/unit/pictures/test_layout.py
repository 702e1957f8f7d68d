import itertools
import math
import re
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pictures.layout import Plan, every_plan, plan
from pictures.places import spread
from pictures.reading import read

from .documents import machine, nested, scopes, task


class Rectangle(NamedTuple):
    x: float
    y: float
    width: float
    height: float

    def overlaps(self, other: "Rectangle") -> bool:
        apart = self.x + self.width <= other.x or other.x + other.width <= self.x
        return not (apart or self.y + self.height <= other.y or other.y + other.height <= self.y)

    def contains(self, other: "Rectangle") -> bool:
        across = self.x <= other.x and other.x + other.width <= self.x + self.width + 0.01
        return (
            across and self.y <= other.y and other.y + other.height <= self.y + self.height + 0.01
        )

    def has(self, x: float, y: float) -> bool:
        inside = self.x + 0.5 < x < self.x + self.width - 0.5
        return inside and self.y + 0.5 < y < self.y + self.height - 0.5


def boxes(part: Plan) -> list[Rectangle]:
    return [Rectangle(one.x, one.y, one.box.width, one.box.height) for one in part.states]


def labels(part: Plan) -> list[Rectangle]:
    found = [Rectangle(one.x - one.width / 2, one.y, one.width, one.height) for one in part.labels]
    for placed in part.states:
        for slot in placed.box.slots:
            x = placed.x + placed.box.width / 2 + slot.label.x - slot.label.width / 2
            y = placed.y + slot.label.y
            found.append(Rectangle(x, y, slot.label.width, slot.label.height))
    return [one for one in found if one.height]


def points(path: str) -> list[tuple[float, float]]:
    """Points along a path, its curves included."""
    found: list[tuple[float, float]] = []
    x = y = 0.0
    for letter, text in re.findall(r"([MLHVQC])([^MLHVQC]*)", path):
        given = [float(number) for number in re.findall(r"-?[\d.]+", text)]
        if letter in "HV":
            given = [given[0], y] if letter == "H" else [x, given[0]]
        ends = [(x, y), *pairs(given)]
        if letter == "M":
            ends = ends[1:]
        found += [bezier(ends, step / 20) for step in range(21)]
        x, y = ends[-1]
    return found


def pairs(numbers: list[float]) -> list[tuple[float, float]]:
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def bezier(ends: list[tuple[float, float]], t: float) -> tuple[float, float]:
    degree = len(ends) - 1
    weights = [math.comb(degree, i) * t**i * (1 - t) ** (degree - i) for i in range(degree + 1)]
    return (
        sum(weight * end[0] for weight, end in zip(weights, ends, strict=True)),
        sum(weight * end[1] for weight, end in zip(weights, ends, strict=True)),
    )


@given(scopes())
@settings(max_examples=60, deadline=None)
def test_boxes_and_labels_never_overlap(document):
    for part, _, _ in every_plan(plan(read(document), {})):
        things = boxes(part) + labels(part)
        assert not any(a.overlaps(b) for a, b in itertools.combinations(things, 2))


@given(scopes())
@settings(max_examples=60, deadline=None)
def test_what_a_state_contains_lies_within_its_box(document):
    root = plan(read(document), {})
    for part, _, _ in every_plan(root):
        whole = Rectangle(0, 0, part.width, part.height)
        assert all(whole.contains(box) for box in [*boxes(part), *labels(part)])
        for placed in part.states:
            box = Rectangle(0, 0, placed.box.width, placed.box.height)
            branches = [Rectangle(one.x, one.y, one.width, one.height) for one in placed.inside]
            assert all(box.contains(branch) for branch in branches)
            assert not any(a.overlaps(b) for a, b in itertools.combinations(branches, 2))
            for one, branch in zip(placed.inside, branches, strict=True):
                inner = Rectangle(*one.origin, one.plan.width, one.plan.height)
                assert branch.contains(inner)


@given(scopes())
@settings(max_examples=40, deadline=None)
def test_no_edge_runs_through_a_box(document):
    for part, _, _ in every_plan(plan(read(document), {})):
        ways = [[(x + part.shift, y) for x, y in points(one.path)] for one in part.routes]
        for box in boxes(part):
            assert not any(box.has(*point) for way in ways for point in way)


@given(scopes())
@settings(max_examples=40, deadline=None)
def test_edges_stay_in_the_picture(document):
    for part, _, _ in every_plan(plan(read(document), {})):
        for one in part.routes:
            for x, y in points(one.path):
                assert -1 <= x + part.shift <= part.width + 1
                assert -1 <= y <= part.height + 1


def test_a_chain_with_catches_is_one_straight_column():
    document = machine(
        a=task("b", Catch=[{"ErrorEquals": ["E"], "Next": "bad"}]),
        b=task("c", Catch=[{"ErrorEquals": ["E"], "Next": "bad"}]),
        c=task(),
        bad={"Type": "Fail"},
    )
    root = plan(read(document), {})
    middles = {one.state.name: one.x + one.box.width / 2 for one in root.states}
    assert middles["a"] == middles["b"] == middles["c"] < middles["bad"]


def test_depth_is_not_limited_by_recursion():
    assert len(list(every_plan(plan(read(nested(2000)), {})))) == 2001


@given(st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(0.1, 10)), min_size=1, max_size=8))
def test_spreading_keeps_order_and_distance(wishes):
    offsets = [10.0 * at for at in range(len(wishes))]
    found = spread(wishes, offsets)
    assert all(b - a >= 10 - 1e-6 for a, b in itertools.pairwise(found))


@pytest.mark.parametrize(
    ("wishes", "expected"),
    [([0, 100], [0, 100]), ([0, 0], [-5, 5]), ([0, 0, 0], [-10, 0, 10]), ([20, 0], [5, 15])],
)
def test_spreading_moves_as_little_as_it_can(wishes, expected):
    offsets = [10.0 * at for at in range(len(wishes))]
    assert spread([(wish, 1.0) for wish in wishes], offsets) == pytest.approx(expected)
