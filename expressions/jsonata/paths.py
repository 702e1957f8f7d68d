"""Paths: steps, filters, order, and the names that steps bind.

A step is evaluated for each item that the step before it gave, and what it gives is one flat
sequence.  Where steps bind names (`@$x`, `#$i`, `%`), the path carries tuples along: dicts of
the names, with the context itself under `@`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from expressions.jsonata.errors import JsonataError, too_deep
from expressions.jsonata.groups import Groups, grouped
from expressions.jsonata.machine import Code, Frame, State
from expressions.jsonata.sorting import merge_sorted
from expressions.jsonata.tree import Filter, Node
from expressions.jsonata.values import (
    DEPTH,
    UNDEFINED,
    Cons,
    Kept,
    Outer,
    Sequence,
    Tuples,
    Value,
    collapse,
    is_number,
    precedes,
    truth,
)

CONTEXT = "@"

Narrow: TypeAlias = Callable[[Value, Frame], Value]
"""A filter: what it leaves of a list."""


def lookup(value: Value, name: str, state: State, depth: int = 0) -> Value:
    """The member of that name, of an object or of each object in a list."""
    if isinstance(value, dict):
        return value.get(name, UNDEFINED)
    if not isinstance(value, list):
        return UNDEFINED
    if depth > DEPTH:
        raise too_deep()
    state.spend(len(value))
    found = Sequence()
    for item in value:
        if isinstance(item, dict):
            member = item.get(name, UNDEFINED)
        elif isinstance(item, list):
            member = lookup(item, name, state, depth + 1)
        else:
            continue
        if isinstance(member, list):
            state.elements(len(member))
            found.extend(member)
        elif member is not UNDEFINED:
            found.append(member)
    return collapse(found)


def flattened(values: list[Value], state: State, *, last: bool) -> list[Value]:
    """What a step gave, as one sequence; a single list at the end of a path stays as it is."""
    if last and len(values) == 1:
        only = values[0]
        if isinstance(only, list) and not isinstance(only, Sequence):
            return only
    result = Sequence()
    for value in values:
        if isinstance(value, list) and type(value) is not Cons:
            result.extend(value)
        else:
            result.append(value)
    state.elements(len(result))
    return result


def framed(bindings: Value, frame: Frame) -> Frame:
    """A frame of the names in a tuple."""
    return Frame(dict(bindings), frame, frame.state)


class Step(NamedTuple):
    """One step of a path."""

    code: Code
    weight: int
    node: Node
    stages: list[tuple[Filter, Narrow | None]]
    sort: Sort | None = None


class Paths(Groups):
    """The part of the compiler that compiles paths."""

    def path(self, node: Node) -> Code:
        """The closure of a path."""
        nodes = node.list()
        code = self._names(node, nodes)
        if code is not None:
            return code
        steps = [self._step(step) for step in nodes]
        group = None if node.group is None else self.pairs(node.group)
        walk = _tuple_path if any(step.tuple for step in nodes) else _path
        code = walk(node, steps)
        if group is None:
            return code
        return grouped(code, group)

    def _names(self, node: Node, nodes: list[Node]) -> Code | None:
        """The quick form of a path that is a variable or name, and names."""
        plain = all(
            step.kind in ("name", "variable")
            and not (step.stages or step.predicates or step.group or step.keep_array or step.tuple)
            for step in nodes
        )
        if (
            not plain
            or node.group is not None
            or node.keep_singleton
            or node.keep_array
            or any(step.kind == "variable" for step in nodes[1:])
        ):
            return None
        self.count += len(nodes)
        if nodes[0].kind == "variable":
            names = [str(step.value) for step in nodes[1:]]
            if nodes[0].value:
                return _variable_path(str(nodes[0].value), names)
            return _name_path(names, unwraps=True)
        return _name_path([str(step.value) for step in nodes], unwraps=False)

    def _step(self, node: Node) -> Step:
        stages = [
            (stage, None if stage.test is None else filter_code(self, stage.test))
            for stage in node.stages or ()
        ]
        if node.kind == "sort":
            terms = [(self.compile(term.expression), term.descending) for term in node.terms or ()]
            sort = Sort(terms, node.position)
            return Step(_nothing, 1, node, stages, sort)
        before = self.count
        code = self.compile(node)
        return Step(code, self.count - before, node, stages)


def _nothing(_: Value, __: Frame) -> Value:
    return UNDEFINED


def _name_path(names: list[str], *, unwraps: bool) -> Code:
    """`a.b`, or `$.a.b`, which looks into the input document where that is a list."""

    def find(context: Value, frame: Frame) -> Value:
        value = context[0] if unwraps and type(context) is Outer else context
        for index, name in enumerate(names):
            if type(value) is dict:
                value = value.get(name, UNDEFINED)
            elif isinstance(value, list):
                return _names_of(value, names, index, frame.state)
            else:
                return UNDEFINED
        return value

    return find


def _variable_path(variable: str, names: list[str]) -> Code:
    """`$x.a.b`."""

    def find(_: Value, frame: Frame) -> Value:
        value: Value = UNDEFINED
        inner: Frame | None = frame
        while inner is not None:
            if variable in inner.names:
                value = inner.names[variable]
                break
            inner = inner.outer
        for index, name in enumerate(names):
            if type(value) is dict:
                value = value.get(name, UNDEFINED)
            elif isinstance(value, list):
                return _names_of(value, names, index, frame.state)
            else:
                return UNDEFINED
        return value

    return find


def _names_of(values: list[Value], names: list[str], index: int, state: State) -> Value:
    """The rest of a path of names, from where a list is met."""
    final = len(names)
    while index < final:
        name = names[index]
        index += 1
        state.spend(len(values))
        found = []
        for item in values:
            known = type(item) is dict
            member = item.get(name, UNDEFINED) if known else lookup(item, name, state)
            if member is not UNDEFINED:
                found.append(member)
        values = flattened(found, state, last=index == final)
    return collapse(values)


def _path(node: Node, steps: list[Step]) -> Code:
    absolute = steps[0].node.kind == "variable"
    whole = steps[0].node.cons
    final = len(steps) - 1
    keep = node.keep_singleton or node.keep_array

    def walk(context: Value, frame: Frame) -> Value:
        if isinstance(context, list) and not absolute:
            values: Value = context
        else:
            values = Sequence([context])
        for index, step in enumerate(steps):
            if index == 0 and whole:
                values = step.code(values, frame)
            else:
                values = _taken(step, values, frame, last=index == final)
            if values is UNDEFINED or not values:
                break
        return _finished(values, keep)

    return walk


def _finished(values: Value, keep: bool) -> Value:  # noqa: FBT001 - as the path says
    if not keep:
        return collapse(values)
    if values is UNDEFINED:
        return values
    if type(values) is Cons:
        return Kept([values])
    return Kept(values) if isinstance(values, Sequence) and values else collapse(values)


def _taken(step: Step, values: list[Value], frame: Frame, *, last: bool) -> list[Value]:
    """What a step gives for each value before it."""
    if step.sort is not None:
        ordered: list[Value] = _staged(step, step.sort.ordered(values, frame), frame)
        return ordered
    state = frame.state
    code = step.code
    narrow = [test for _, test in step.stages if test is not None]
    found = []
    weight = step.weight
    for item in values:
        state.spend(weight)
        value = code(item, frame)
        for test in narrow:
            value = test(value, frame)
        if value is not UNDEFINED:
            found.append(value)
    return flattened(found, state, last=last)


def _staged(step: Step, values: Value, frame: Frame) -> Value:
    """What filters and `#$i` make of the whole of a step."""
    for stage, test in step.stages:
        if test is not None:
            values = test(values, frame)
        else:
            for place, bindings in enumerate(values):
                bindings[stage.name] = place
    return values


# --- paths that bind names --------------------------------------------------------------------


def _tuple_path(node: Node, steps: list[Step]) -> Code:
    absolute = steps[0].node.kind == "variable"
    first_tuple = next(index for index, step in enumerate(steps) if step.node.tuple)
    keep, carry = node.keep_singleton or node.keep_array, node.tuple
    for_group = node.group is not None

    def walk(context: Value, frame: Frame) -> Value:
        if isinstance(context, list) and not absolute:
            values: Value = context
        else:
            values = Sequence([context])
        for index, step in enumerate(steps[:first_tuple]):
            if index == 0 and step.node.cons:
                values = step.code(values, frame)
            else:
                values = _taken(step, values, frame, last=False)
            if values is UNDEFINED or not values:
                return Tuples() if for_group else UNDEFINED
        tuples: Tuples | None = None
        for step in steps[first_tuple:]:
            tuples = _bound(step, values, tuples, frame)
        assert tuples is not None  # noqa: S101 - one step binds
        if carry or for_group:
            return tuples
        return _finished(Sequence([item[CONTEXT] for item in tuples]), keep)

    return walk


def _bound(step: Step, values: Value, tuples: Tuples | None, frame: Frame) -> Tuples:
    """The tuples that a step makes of those before it."""
    node = step.node
    state = frame.state
    if step.sort is not None:
        if tuples is not None:
            ordered: list[Value] = step.sort.ordered(tuples, frame)
        else:
            listed = enumerate(step.sort.ordered(values, frame))
            ordered = [{CONTEXT: value, node.index: place} for place, value in listed]
        return _tuples(_staged(step, Tuples(ordered), frame))
    before = [{CONTEXT: value} for value in values] if tuples is None else tuples
    result = Tuples()
    for bindings in before:
        state.spend(step.weight + 8)
        found = step.code(bindings[CONTEXT], framed(bindings, frame))
        if found is UNDEFINED:
            continue
        items = found if isinstance(found, list) else [found]
        carried = type(found) is Tuples
        state.elements(len(items) * (1 + len(bindings)))
        for place, item in enumerate(items):
            made = {**bindings, **item} if carried else _named(node, bindings, item, place)
            result.append(made)
    return _tuples(_staged(step, result, frame))


def _named(node: Node, bindings: dict[str, Value], item: Value, place: int) -> dict[str, Value]:
    """A tuple with what a step binds for one item."""
    made = {**bindings, (node.focus or CONTEXT): item}
    if node.index:
        made[node.index] = place
    if node.ancestor is not None:
        made[node.ancestor.label] = bindings[CONTEXT]
    return made


def _tuples(values: Value) -> Tuples:
    if type(values) is Tuples:
        return values
    return Tuples(values if isinstance(values, list) else [values])


# --- filters ----------------------------------------------------------------------------------


def filter_code(compiler: Groups, node: Node) -> Narrow:
    """`[...]`: an index, several, or a test."""
    if node.kind == "number" and not node.predicates:
        place = math.floor(node.value)
        return lambda values, _: _at(values, place)
    before = compiler.count
    code = compiler.compile(node)
    weight = compiler.count - before

    def narrow(values: Value, frame: Frame) -> Value:
        if values is UNDEFINED:
            return UNDEFINED
        carried = type(values) is Tuples
        results: list[Value] = Tuples() if carried else Sequence()
        items = values if isinstance(values, list) else [values]
        state = frame.state
        for place, item in enumerate(items):
            state.spend(weight)
            found = code(item[CONTEXT], framed(item, frame)) if carried else code(item, frame)
            if _accepts(found, place, len(items), state):
                results.append(item)
        return results

    return narrow


def _accepts(found: Value, place: int, size: int, state: State) -> bool:
    """Whether a filter's value takes the element at a place."""
    kind = type(found)
    if kind is bool:
        return bool(found)
    if kind is int or kind is float:
        return is_number(found) and _is_place(found, place, size)
    if isinstance(found, list) and found and all(map(is_number, found)):
        state.spend(len(found))
        return any(_is_place(number, place, size) for number in found)
    return truth(found)


def _is_place(number: int | float, place: int, size: int) -> bool:
    index = math.floor(number)
    return (index + size if index < 0 else index) == place


def _at(values: Value, place: int) -> Value:
    if values is UNDEFINED:
        return UNDEFINED
    items = values if isinstance(values, list) else [values]
    index = place + len(items) if place < 0 else place
    carried = type(values) is Tuples
    if not 0 <= index < len(items) or items[index] is UNDEFINED:
        return Tuples() if carried else Sequence()
    item = items[index]
    if carried:
        return Tuples([item])
    return item if isinstance(item, list) else Sequence([item])


# --- order ------------------------------------------------------------------------------------


class Sort:
    """`^(<a, >b)`: the values in order; equal ones keep theirs, missing ones come last."""

    __slots__ = ("position", "terms")

    def __init__(self, terms: list[tuple[Code, bool]], position: int) -> None:
        self.terms = terms
        self.position = position

    def ordered(self, values: Value, frame: Frame) -> list[Value]:
        """A new sequence (or tuples) in order."""
        carried = type(values) is Tuples
        items = list(values)
        state = frame.state
        keys: list[list[Value]] = [[] for _ in items]

        def key(index: int, term: int) -> Value:
            known = keys[index]
            while len(known) <= term:
                state.spend(8)
                code = self.terms[len(known)][0]
                item = items[index]
                if carried:
                    known.append(code(item[CONTEXT], framed(item, frame)))
                else:
                    known.append(code(item, frame))
            return known[term]

        def after(one: int, other: int) -> bool:
            for term, (_, descending) in enumerate(self.terms):
                left, right = key(one, term), key(other, term)
                if left is UNDEFINED or right is UNDEFINED:
                    if left is right:
                        continue
                    return left is UNDEFINED
                self._check(left, right)
                if left == right:
                    continue
                return precedes(left, right) if descending else precedes(right, left)
            return False

        order = merge_sorted(list(range(len(items))), after, state)
        kind = Tuples if carried else Sequence
        return kind([items[index] for index in order])

    def _check(self, left: Value, right: Value) -> None:
        texts = [type(value) is str for value in (left, right)]
        for text, value in zip(texts, (left, right), strict=True):
            if not text and (isinstance(value, bool) or not isinstance(value, int | float)):
                raise JsonataError("T2008", "order-by takes numbers or texts", self.position)
        if texts[0] != texts[1]:
            raise JsonataError("T2007", "order-by takes values of one type", self.position)
