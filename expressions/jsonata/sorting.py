"""Merge sort with a comparison that is an expression: which pairs it compares is fixed."""

from __future__ import annotations

from collections.abc import Callable

from expressions.jsonata.machine import State
from expressions.jsonata.values import Value


def merge_sorted(
    values: list[Value], after: Callable[[Value, Value], bool], state: State
) -> list[Value]:
    """The values in order; `after` says whether its first argument belongs behind the second."""
    if len(values) <= 1:
        return values
    middle = len(values) // 2
    left = merge_sorted(values[:middle], after, state)
    right = merge_sorted(values[middle:], after, state)
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
