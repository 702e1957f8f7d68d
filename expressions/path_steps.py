"""What the steps of a path find in a value: the evaluation behind `jsonpath.Path`.

Steps become functions once.  A chain of keys and indexes finds one value or `MISSING`; from the
first step on that may find many, functions take the list of all values found so far and give the
list of the next ones, in document order.  Every list made is paid for before it is made.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

from expressions import path_parser as syntax
from expressions.budget import Budget
from expressions.path_parser import Compare, Exists, Function, Literal, Regex
from expressions.scope import Content
from expressions.values import MISSING, code_units, contains, identity, is_number, same
from wire import Json

PER_STEP = 256
"""Characters that a comparison of texts goes through in the time of one step."""


class Run:
    """One evaluation of a path: what `$` is in its filters, what may be spent."""

    __slots__ = ("budget", "content", "root")

    def __init__(self, root: Json, budget: Budget, content: Content | None) -> None:
        self.root = root
        self.budget = budget
        self.content = content


Finder: TypeAlias = Callable[[Any, Run], Any]
"""Gives what steps find in a value: a value, `MISSING`, or a list where they are indefinite."""

Selector: TypeAlias = Callable[[list[Any], Run], list[Any]]
"""Gives what one step finds in each of some values, one after the other."""

Check: TypeAlias = Callable[[Any, Run], bool]
"""Whether a filter lets an element pass."""


def is_definite(steps: syntax.Steps) -> bool:
    """Whether steps find one value at most: keys and indexes, or a function of whatever."""
    if steps and isinstance(steps[-1], Function):
        return True
    return all(isinstance(step, str | int) for step in steps)


def finder(steps: syntax.Steps) -> Finder:
    """What steps find in a value."""
    if steps and isinstance(steps[-1], Function):
        return _applied(steps[-1], finder(steps[:-1]))
    if is_definite(steps):
        return _one(steps)
    first = next(at for at, step in enumerate(steps) if not isinstance(step, str | int))
    return _many(_one(steps[:first]), tuple(map(_selector, steps[first:])))


def _one(steps: syntax.Steps) -> Finder:
    def find(value: Any, run: Run) -> Any:
        content = run.content
        for step in steps:
            value = child(value if content is None else content(value), step)
            if value is MISSING:
                break
        return value

    return find


def child(value: Json, step: Any) -> Any:
    """The member or element of a value, or `MISSING`."""
    if isinstance(step, str):
        return value.get(step, MISSING) if isinstance(value, dict) else MISSING
    if isinstance(value, list) and -len(value) <= step < len(value):
        return value[step]
    return MISSING


def _many(first: Finder, selectors: tuple[Selector, ...]) -> Finder:
    def find(value: Any, run: Run) -> list[Any]:
        start = first(value, run)
        values = [] if start is MISSING else [start]
        for select in selectors:
            run.budget.spend(1 + len(values))
            values = select(_contents(values, run), run)
        return values

    return find


def _contents(values: list[Any], run: Run) -> list[Any]:
    return values if run.content is None else [run.content(value) for value in values]


# --- steps ------------------------------------------------------------------------------------


def _selector(step: syntax.Step) -> Selector:
    if isinstance(step, syntax.Scan):
        return _scan(step.step)
    if isinstance(step, syntax.Filter):
        return _filter(check(step.test))
    if isinstance(step, syntax.Slice):
        return _slice(slice(step.start, step.stop))
    if isinstance(step, syntax.Wildcard):
        return _wildcard
    return _children(tuple(step) if isinstance(step, syntax.Union) else (step,))


def _children(steps: tuple[Any, ...]) -> Selector:
    def select(values: list[Any], run: Run) -> list[Any]:
        run.budget.spend(len(values) * len(steps))
        found = (child(value, step) for value in values for step in steps)
        return [value for value in found if value is not MISSING]

    return select


def _wildcard(values: list[Any], run: Run) -> list[Any]:
    found: list[Any] = []
    for value in values:
        if isinstance(value, list | dict):
            run.budget.spend(len(value))
            found.extend(value.values() if isinstance(value, dict) else value)
    return found


def _slice(part: slice) -> Selector:
    def select(values: list[Any], run: Run) -> list[Any]:
        found: list[Any] = []
        for value in values:
            if isinstance(value, list):
                run.budget.spend(len(range(*part.indices(len(value)))))
                found.extend(value[part])
        return found

    return select


def _filter(passes: Check) -> Selector:
    def select(values: list[Any], run: Run) -> list[Any]:
        found: list[Any] = []
        for value in values:
            candidates = value if isinstance(value, list) else [value]
            if isinstance(value, list | dict):
                run.budget.spend(len(candidates))
                found.extend(item for item in candidates if passes(item, run))
        return found

    return select


def _scan(step: syntax.Step) -> Selector:
    """A step taken from every object and list, outer ones first; a filter tests each of them."""
    if isinstance(step, syntax.Filter):
        passes = check(step.test)
        return lambda values, run: [
            value for value in _containers(values, run) if passes(value, run)
        ]
    select = _selector(step)
    return lambda values, run: select(_containers(values, run), run)


def _containers(values: list[Any], run: Run) -> list[Any]:
    """The objects and lists among and within some values, in document order."""
    found: list[Any] = []
    pending = [value for value in reversed(values) if isinstance(value, dict | list)]
    while pending:
        value = pending.pop() if run.content is None else run.content(pending.pop())
        if not isinstance(value, dict | list):
            continue
        run.budget.spend(1 + len(value))
        found.append(value)
        inner = value.values() if isinstance(value, dict) else value
        pending.extend(reversed([item for item in inner if isinstance(item, dict | list)]))
    return found


# --- functions --------------------------------------------------------------------------------


def _applied(function: Function, find: Finder) -> Finder:
    apply = FUNCTIONS[function.name]

    def call(value: Any, run: Run) -> Any:
        found = find(value, run)
        if found is MISSING:
            return MISSING
        if run.content is not None:
            found = run.content(found)
        if isinstance(found, list | dict):
            run.budget.spend(len(found))
        return apply(found, function.argument)

    return call


# math.fsum rounds once, and so alike on all versions of Python; sum changed with 3.12.


def _numbers(value: Json) -> list[float]:
    return [float(item) for item in value if is_number(item)] if isinstance(value, list) else []


def _of_numbers(compute: Callable[[list[float]], float]) -> Callable[[Json, int | None], Any]:
    def apply(value: Json, _argument: int | None) -> Any:
        try:
            numbers = _numbers(value)
            result = compute(numbers) if numbers else math.nan
        except OverflowError:  # a whole number, or a sum, beyond doubles
            return MISSING
        return result if math.isfinite(result) else MISSING

    return apply


def _mean(numbers: list[float]) -> float:
    return math.fsum(numbers) / len(numbers)


def _deviation(numbers: list[float]) -> float:
    mean = _mean(numbers)
    return math.sqrt(math.fsum((number - mean) ** 2 for number in numbers) / len(numbers))


def _at(value: Json, index: int | None) -> Any:
    return child(value, index) if isinstance(value, list) else MISSING


FUNCTIONS: dict[str, Callable[[Json, int | None], Any]] = {
    "length": lambda value, _: len(value) if isinstance(value, list | dict) else None,
    "keys": lambda value, _: list(value) if isinstance(value, dict) else MISSING,
    "first": lambda value, _: _at(value, 0),
    "last": lambda value, _: _at(value, -1),
    "index": _at,
    "min": _of_numbers(min),
    "max": _of_numbers(max),
    "sum": _of_numbers(math.fsum),
    "avg": _of_numbers(_mean),
    "stddev": _of_numbers(_deviation),
}
"""By name: the function of what the path before it found (Jayway: numbers come as doubles)."""


# --- filters ----------------------------------------------------------------------------------


def check(test: syntax.Test) -> Check:
    """The function that a filter's test becomes."""
    if isinstance(test, syntax.Every):
        parts = tuple(map(check, test.tests))
        return lambda value, run: all(part(value, run) for part in parts)
    if isinstance(test, syntax.Some):
        parts = tuple(map(check, test.tests))
        return lambda value, run: any(part(value, run) for part in parts)
    if isinstance(test, syntax.Not):
        inner = check(test.test)
        return lambda value, run: not inner(value, run)
    if isinstance(test, Exists):
        return _exists(test)
    return _comparison(test)


def _exists(test: Exists) -> Check:
    find = _operand(test.path)
    if is_definite(test.path.steps):
        return lambda value, run: find(value, run) is not MISSING
    return lambda value, run: bool(find(value, run))


def _operand(operand: syntax.Operand) -> Finder:
    if isinstance(operand, Literal):
        constant = operand.value
        return lambda _value, _run: constant
    if isinstance(operand, Regex):
        pattern = operand.pattern
        return lambda _value, _run: pattern
    find = finder(operand.steps)
    if operand.root == "$":
        return lambda _value, run: _content(find(run.root, run), run)
    return lambda value, run: _content(find(value, run), run)


def _content(value: Any, run: Run) -> Any:
    return value if run.content is None or value is MISSING else run.content(value)


def _comparison(test: Compare) -> Check:
    left, right = _operand(test.left), _operand(test.right)
    if isinstance(test.left, Regex):
        left, right = right, left
    compare = OPERATORS[test.operator]

    def passes(value: Any, run: Run) -> bool:
        run.budget.spend(1)
        return compare(left(value, run), right(value, run), run.budget)

    return passes


def _equal(left: Any, right: Any, budget: Budget) -> bool:
    return left is not MISSING and right is not MISSING and same(left, right, budget)


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any, Budget], bool]:
    def test(left: Any, right: Any, budget: Budget) -> bool:
        if is_number(left) and is_number(right):
            return compare(left, right)
        if isinstance(left, str) and isinstance(right, str):
            budget.spend((len(left) + len(right)) // PER_STEP)
            return compare(code_units(left), code_units(right))
        return False

    return test


def _in(left: Any, right: Any, budget: Budget) -> bool:
    return left is not MISSING and isinstance(right, list) and contains(right, left, budget)


def _matches(left: Any, pattern: Any, budget: Budget) -> bool:
    """Whether a whole text matches, or one of a list of texts (Jayway: `matches`, not `find`)."""
    for text in left if isinstance(left, list) else [left]:
        if isinstance(text, str):
            budget.spend(pattern.cost(text))
            if pattern.fullmatch(text):
                return True
    return False


def _identities(value: Any, budget: Budget) -> set[Any] | None:
    return {identity(item, budget) for item in value} if isinstance(value, list) else None


def _sets(compare: Callable[[set[Any], set[Any]], bool]) -> Callable[[Any, Any, Budget], bool]:
    def test(left: Any, right: Any, budget: Budget) -> bool:
        ours, theirs = _identities(left, budget), _identities(right, budget)
        return ours is not None and theirs is not None and compare(ours, theirs)

    return test


def _holds(left: Any, right: Any, budget: Budget) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        budget.spend((len(left) + len(right)) // PER_STEP)
        return right in left
    return _in(right, left, budget)


def _size(left: Any, right: Any, _budget: Budget) -> bool:
    return isinstance(left, list | str) and is_number(right) and len(left) == right


def _empty(left: Any, right: Any, _budget: Budget) -> bool:
    return isinstance(left, list | dict | str) and (not left) is right


OPERATORS: dict[str, Callable[[Any, Any, Budget], bool]] = {
    "==": _equal,
    "===": _equal,
    "!=": lambda left, right, budget: not _equal(left, right, budget),
    "!==": lambda left, right, budget: not _equal(left, right, budget),
    "<": _ordered(lambda left, right: left < right),
    "<=": _ordered(lambda left, right: left <= right),
    ">": _ordered(lambda left, right: left > right),
    ">=": _ordered(lambda left, right: left >= right),
    "=~": _matches,
    "in": _in,
    "nin": lambda left, right, budget: not _in(left, right, budget),
    "subsetof": _sets(lambda ours, theirs: ours <= theirs),
    "anyof": _sets(lambda ours, theirs: not ours.isdisjoint(theirs)),
    "noneof": _sets(lambda ours, theirs: ours.isdisjoint(theirs)),
    "all": _sets(lambda ours, theirs: theirs <= ours),
    "contains": _holds,
    "size": _size,
    "empty": _empty,
}
"""By name: whether two operands (values or `MISSING`) stand in that relation.

Values of different types are never equal and never ordered, so `!=` and `nin` hold for them
(Jayway's documentation: 1 is not equal to '1').
"""
