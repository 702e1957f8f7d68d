"""Merge sort with a comparison that is an expression: which pairs it compares is fixed."""

from __future__ import annotations

from collections.abc import Callable

from expressions.jsonata.errors import too_deep
from expressions.jsonata.machine import State
from expressions.jsonata.values import Value

After = Callable[[Value, Value], bool]
"""Whether the first of two values belongs behind the second."""


def merge_sorted(values: list[Value], after: After, state: State) -> list[Value]:
    """The values in order; equal ones keep theirs."""
    depth = state.depth
    state.depth = depth + len(values).bit_length() + 2
    if state.depth >= state.limit:
        raise too_deep()
    result = _sorted(values, after, state)
    state.depth = depth
    return result


def _sorted(values: list[Value], after: After, state: State) -> list[Value]:
    if len(values) <= 1:
        return values
    middle = len(values) // 2
    left = _sorted(values[:middle], after, state)
    right = _sorted(values[middle:], after, state)
    state.spend(4 * len(values))
    merged: list[Value] = []
    one = other = 0
    while one < len(left) and other < len(right):
        if after(left[one], right[other]):
            merged.append(right[other])
            other += 1
        else:
            merged.append(left[one])
            one += 1
    return merged + left[one:] + right[other:]
