"""What can be said of an expression of States Language without running it."""

from __future__ import annotations

from typing import NamedTuple

from expressions.jsonata.errors import NOT_FOR_STATES, JsonataError
from expressions.jsonata.library import LIBRARY
from expressions.jsonata.shape import children
from expressions.jsonata.tree import Node

STATES = "states"


class Usage(NamedTuple):
    """What an expression uses."""

    variables: frozenset[str]
    """Variables that come from outside, without the dollar, `states` and functions apart."""
    states: frozenset[str]
    """Members of `$states`: input, result, errorOutput, context; `*` where it is used whole."""
    functions: frozenset[str]
    """Names that are called and are no function of Step Functions, nor bound within."""


def refuse_context(node: Node) -> None:
    """Refuse `$` and `$$` where the context is the input document, which is not there."""
    pending = [node]
    while pending:
        node = pending.pop()
        if node.kind == "variable" and node.value in ("", "$"):
            raise JsonataError(
                NOT_FOR_STATES,
                f"${node.value} has no value here; use $states.input",
                node.position,
            )
        pending.extend(_at_top(node))


def _at_top(node: Node) -> list[Node]:
    """The parts of a node whose context is the node's own."""
    if node.kind in ("subscript", "group", "order") or (
        node.kind == "binary" and node.value == "."
    ):
        return [node.part()]
    if node.kind == "transform":
        return []
    if node.kind == "lambda":
        return [node.part()]
    return list(children(node))


def usage_of(root: Node) -> Usage:
    """What an expression uses."""
    bound: set[str] = set()
    used: set[str] = set()
    called: set[str] = set()
    states: set[str] = set()
    pending = [root]
    while pending:
        node = pending.pop()
        parts = list(children(node))
        if node.kind in ("bind", "focus", "index"):
            bound.add(node.value)
            if node.kind == "bind":
                parts = [node.second()]
        elif node.kind == "lambda":
            bound.update(argument.value for argument in node.list())
            parts = [node.part()]
        elif node.kind in ("function", "partial") and node.part().kind == "variable":
            called.add(node.part().value)
            parts = node.list()
        member = _member(node)
        if member is not None:
            states.add(member)
            parts = [node.second()] if node.second().kind not in ("name", "string") else []
        elif node.kind == "variable":
            used.add(node.value)
        pending.extend(parts)
    if STATES in used:
        states.add("*")
    free = used - bound - {"", "$", STATES} - LIBRARY.keys()
    unknown = called - bound - (LIBRARY.keys() - {"eval"})
    return Usage(frozenset(free), frozenset(states), frozenset(unknown))


def _member(node: Node) -> str | None:
    """The member of `$states` that a node names."""
    if node.kind != "binary" or node.value != ".":
        return None
    left, right = node.part(), node.second()
    while right.kind in ("subscript", "group", "order"):
        right = right.part()
    if left.kind == "variable" and left.value == STATES and right.kind in ("name", "string"):
        return str(right.value)
    return None
