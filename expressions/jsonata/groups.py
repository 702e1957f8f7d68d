"""Objects made of pairs: `{key: value}`, and the same after a path, which groups its items."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from expressions.jsonata.errors import JsonataError
from expressions.jsonata.machine import Code, Frame, State
from expressions.jsonata.tree import Node
from expressions.jsonata.values import UNDEFINED, Tuples, Value

CONTEXT = "@"

Pairs: TypeAlias = "list[tuple[Code, Code, str | None]]"
"""Key and value, and the key itself where it is a literal."""

Build: TypeAlias = Callable[[Value, Frame], Value]


class Groups:
    """The part of the compiler that compiles pairs, and what all parts share."""

    def __init__(self) -> None:
        self.level = 0
        self.count = 0
        self.binds = 0

    def compile(self, node: Node) -> Code:
        """The closure of a node."""
        raise NotImplementedError

    def pairs(self, node: Node) -> tuple[Build, int]:
        """What makes the object of an item or of a list of items, and its weight for each."""
        before = self.count
        pairs = [
            (self.compile(key), self.compile(value), _literal(key))
            for key, value in node.pairs or ()
        ]
        weight = self.count - before
        literals = [literal for _, _, literal in pairs if literal is not None]
        simple = [(code, key) for _, code, key in pairs if key is not None]
        if not len(simple) == len(pairs) == len(set(literals)):
            simple = []
        position = node.position

        def build(context: Value, frame: Frame) -> Value:
            if not isinstance(context, list):
                if simple:
                    return _simple(simple, context, frame)
                return _build([context], pairs, frame, position)
            frame.state.spend(weight * len(context))
            return _build(context or [UNDEFINED], pairs, frame, position)

        return build, weight


def _literal(node: Node) -> str | None:
    return node.value if node.kind == "string" and not node.predicates else None


def object_code(compiler: Groups, node: Node) -> Code:
    """The closure of an object that stands for itself."""
    return compiler.pairs(node)[0]


def grouped(code: Code, pairs: tuple[Build, int]) -> Code:
    """The closure of a path with a group."""
    build = pairs[0]

    def run(context: Value, frame: Frame) -> Value:
        value = code(context, frame)
        return build(value, frame)

    return run


def group_code(compiler: Groups, code: Code, group: Node) -> Code:
    """The closure of a node with a group."""
    return grouped(code, compiler.pairs(group))


def _simple(pairs: list[tuple[Code, str]], context: Value, frame: Frame) -> Value:
    """An object of one item, whose keys are literals."""
    result: dict[str, Value] = {}
    for code, key in pairs:
        value = code(context, frame)
        if value is not UNDEFINED:
            result[key] = value
    frame.state.elements(len(pairs))
    return result


def _build(items: list[Value], pairs: Pairs, frame: Frame, position: int) -> Value:
    carried = type(items) is Tuples
    state = frame.state
    groups: dict[str, tuple[list[Value], int]] = {}
    for item in items:
        if carried:
            context, inner = item[CONTEXT], Frame(dict(item), frame, state)
        else:
            context, inner = item, frame
        for index, (code, _, literal) in enumerate(pairs):
            key = code(context, inner) if literal is None else literal
            if key is UNDEFINED:
                continue
            if type(key) is not str:
                raise JsonataError("T1003", "a key of an object must be a text", position)
            group = groups.get(key)
            if group is None:
                groups[key] = ([item], index)
                state.elements(1)
            elif group[1] != index:
                raise JsonataError("D1009", f"two definitions give the key {key!r}", position)
            else:
                group[0].append(item)
    result: dict[str, Value] = {}
    for key, (data, index) in groups.items():
        value = _value(data, pairs[index][1], frame, carried=carried)
        if value is not UNDEFINED:
            result[key] = value
    return result


def _value(data: list[Value], code: Code, frame: Frame, *, carried: bool) -> Value:
    if carried:
        names = _reduced(data, frame.state)
        context = names.pop(CONTEXT, UNDEFINED)
        return code(context, Frame(names, frame, frame.state))
    if len(data) == 1:
        return code(data[0], frame)
    whole: list[Value] = []
    for item in data:
        if isinstance(item, list):
            whole.extend(item)
        elif item is not UNDEFINED:
            whole.append(item)
    return code(whole, frame)


def _reduced(tuples: list[Value], state: State) -> dict[str, Value]:
    """The tuples of a group as one: the values of each name together."""
    if len(tuples) == 1:
        return dict(tuples[0])
    result: dict[str, Value] = {}
    state.elements(len(tuples))
    for name in tuples[0]:
        whole: list[Value] = []
        for bindings in tuples:
            value = bindings.get(name, UNDEFINED)
            if isinstance(value, list):
                whole.extend(value)
            elif value is not UNDEFINED:
                whole.append(value)
        result[name] = whole
    return result
