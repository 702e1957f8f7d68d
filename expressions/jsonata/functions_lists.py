"""Functions of lists and objects."""

from __future__ import annotations

from collections.abc import Callable

from expressions.jsonata.errors import JsonataError, too_deep
from expressions.jsonata.library import native
from expressions.jsonata.machine import State, apply, arguments_for
from expressions.jsonata.paths import lookup
from expressions.jsonata.sorting import merge_sorted
from expressions.jsonata.transforms import copied
from expressions.jsonata.values import (
    DEPTH,
    UNDEFINED,
    Function,
    Sequence,
    Value,
    identity,
    precedes,
    truth,
)

_TYPES = {
    str: "string", int: "number", float: "number", bool: "boolean", type(None): "null",
    dict: "object",
}  # fmt: skip


@native("count", "<a:n>")
def count(_: State, values: Value) -> Value:
    """How many there are."""
    return 0 if values is UNDEFINED else len(values)


@native("append", "<xx:a>")
def append(state: State, one: Value, other: Value) -> Value:
    """Two lists as one."""
    if one is UNDEFINED:
        return other
    if other is UNDEFINED:
        return one
    left = one if isinstance(one, list) else [one]
    right = other if isinstance(other, list) else [other]
    state.elements(len(left) + len(right))
    return [*left, *right]


@native("exists", "<x:b>")
def exists(_: State, value: Value) -> Value:
    """Whether there is a value."""
    return value is not UNDEFINED


@native("reverse", "<a:a>")
def reverse(state: State, values: Value) -> Value:
    """A list from its end."""
    if values is UNDEFINED:
        return UNDEFINED
    state.elements(len(values))
    return list(reversed(values))


@native("shuffle", "<a:a>")
def shuffle(state: State, values: Value) -> Value:
    """A list in an order that is drawn."""
    if values is UNDEFINED:
        return UNDEFINED
    state.elements(len(values))
    state.spend(len(values))
    result = list(values)
    for place in range(len(result) - 1, 0, -1):
        other = int(state.chance() * (place + 1))
        result[place], result[other] = result[other], result[place]
    return result


@native("zip", "<a+>", variadic=True)
def zip_(state: State, *lists: Value) -> Value:
    """The first elements of some lists, the second ones, and so on."""
    if any(values is UNDEFINED for values in lists):
        return []
    rows = list(zip(*lists, strict=False))
    state.elements(len(rows) * (1 + len(lists)))
    return [list(row) for row in rows]


@native("distinct", "<x:x>")
def distinct(state: State, values: Value) -> Value:
    """A list without what it has already."""
    if not isinstance(values, list) or len(values) <= 1:
        return values
    result: list[Value] = Sequence() if isinstance(values, Sequence) else []
    known = set()
    for value in values:
        known_by_itself = isinstance(value, Function)
        key = (known_by_itself, value) if known_by_itself else identity(value, state, state.depth)
        if key not in known:
            known.add(key)
            result.append(value)
    state.elements(len(result))
    return result


@native("sort", "<af?:a>")
def sort(state: State, values: Value, comparator: Value) -> Value:
    """A list in order: of numbers, of texts, or as a function says."""
    if values is UNDEFINED:
        return UNDEFINED
    state.elements(len(values))
    if len(values) <= 1:
        return values
    after: Callable[[Value, Value], bool]
    if comparator is UNDEFINED:
        numbers = all(type(value) in (int, float) for value in values)
        if not numbers and not all(isinstance(value, str) for value in values):
            raise JsonataError("D3070", "sort without a function takes numbers or texts")
        if numbers or all(map(str.isascii, values)):
            state.spend(len(values) * len(values).bit_length() >> 2)
            return sorted(values)

        def after(one: Value, other: Value) -> bool:
            return precedes(other, one)
    else:

        def after(one: Value, other: Value) -> bool:
            return truth(apply(comparator, [one, other], state))

    return merge_sorted(list(values), after, state)


# --- objects ----------------------------------------------------------------------------------


@native("keys", "<x-:a<s>>")
def keys(state: State, value: Value) -> Value:
    """The names of an object's members, or of all objects' in a list."""
    return Sequence(_keys(value, state, 0))


def _keys(value: Value, state: State, depth: int) -> dict[str, None]:
    if depth > DEPTH:
        raise too_deep()
    if isinstance(value, dict):
        state.elements(len(value))
        return dict.fromkeys(value)
    found: dict[str, None] = {}
    if isinstance(value, list):
        state.spend(len(value))
        for item in value:
            found.update(_keys(item, state, depth + 1))
    return found


@native("lookup", "<x-s:x>")
def lookup_(state: State, value: Value, name: Value) -> Value:
    """The member of that name, of an object or of each object in a list."""
    return UNDEFINED if name is UNDEFINED else lookup(value, name, state)


@native("spread", "<x-:a<o>>")
def spread(state: State, value: Value) -> Value:
    """An object as a list of objects of one member each."""
    return _spread(value, state, 0)


def _spread(value: Value, state: State, depth: int) -> Value:
    if depth > DEPTH:
        raise too_deep()
    if isinstance(value, dict):
        state.elements(2 * len(value))
        return Sequence({key: member} for key, member in value.items())
    if not isinstance(value, list):
        return value
    result = Sequence()
    state.spend(len(value))
    for item in value:
        spread_out = _spread(item, state, depth + 1)
        if isinstance(spread_out, list):
            result.extend(spread_out)
        else:
            result.append(spread_out)
    state.elements(len(result))
    return result


@native("merge", "<a<o>:o>")
def merge(state: State, objects: Value) -> Value:
    """Objects as one; later members win."""
    if objects is UNDEFINED:
        return UNDEFINED
    result: dict[str, Value] = {}
    for item in objects:
        state.elements(1 + len(item))
        result.update(item)
    return result


@native("type", "<x:s>")
def type_(_: State, value: Value) -> Value:
    """The name of a value's type."""
    if value is UNDEFINED:
        return UNDEFINED
    if isinstance(value, list):
        return "array"
    return "function" if isinstance(value, Function) else _TYPES[type(value)]


@native("clone", "<(oa)-:o>")
def clone(state: State, value: Value) -> Value:
    """A copy."""
    return UNDEFINED if value is UNDEFINED else copied(value, state, state.depth)


@native("error", "<s?:x>")
def error(_: State, message: Value) -> Value:
    """End the evaluation."""
    raise JsonataError("D3137", "$error() was called" if message is UNDEFINED else message)


@native("assert", "<bs?:x>")
def assert_(_: State, holds: Value, message: Value) -> Value:
    """End the evaluation unless something holds."""
    if holds is not True:
        text = "the $assert() statement failed" if message is UNDEFINED else message
        raise JsonataError("D3141", text)
    return UNDEFINED


# --- functions of functions -------------------------------------------------------------------


@native("map", "<af>")
def map_(state: State, values: Value, function: Value) -> Value:
    """What a function gives for each element."""
    if values is UNDEFINED:
        return UNDEFINED
    result = Sequence()
    for place, value in enumerate(values):
        given = apply(function, arguments_for(function, value, place, values), state)
        if given is not UNDEFINED:
            result.append(given)
    state.elements(len(result))
    return result


@native("filter", "<af>")
def filter_(state: State, values: Value, function: Value) -> Value:
    """The elements for which a function holds."""
    if values is UNDEFINED:
        return UNDEFINED
    result = Sequence()
    for place, value in enumerate(values):
        if truth(apply(function, arguments_for(function, value, place, values), state)):
            result.append(value)
    state.elements(len(result))
    return result


@native("single", "<af?>")
def single(state: State, values: Value, function: Value) -> Value:
    """The only element for which a function holds."""
    if values is UNDEFINED:
        return UNDEFINED
    found: list[Value] = []
    for place, value in enumerate(values):
        if function is UNDEFINED or truth(
            apply(function, arguments_for(function, value, place, values), state)
        ):
            if found:
                raise JsonataError("D3138", "$single() matched more than one")
            found.append(value)
    if not found:
        raise JsonataError("D3139", "$single() matched none")
    return found[0]


@native("reduce", "<afj?:j>")
def reduce(state: State, values: Value, function: Value, first: Value) -> Value:
    """What a function makes of the elements one after the other."""
    if values is UNDEFINED:
        return UNDEFINED
    arity = function.arity
    if arity < 2:
        raise JsonataError("D3050", "the function of reduce must take two arguments")
    start = 0
    result = first
    if first is UNDEFINED and values:
        result, start = values[0], 1
    for place in range(start, len(values)):
        arguments = [result, values[place]]
        if arity >= 3:
            arguments.append(place)
        if arity >= 4:
            arguments.append(values)
        result = apply(function, arguments, state)
    return result


@native("each", "<o-f:a>")
def each(state: State, value: Value, function: Value) -> Value:
    """What a function gives for each member: of value, name and object."""
    if value is UNDEFINED:
        return UNDEFINED
    result = Sequence()
    for key, member in value.items():
        given = apply(function, arguments_for(function, member, key, value), state)
        if given is not UNDEFINED:
            result.append(given)
    state.elements(len(result))
    return result


@native("sift", "<o-f?:o>")
def sift(state: State, value: Value, function: Value) -> Value:
    """The members for which a function holds."""
    if value is UNDEFINED:
        return UNDEFINED
    result = {
        key: member
        for key, member in value.items()
        if function is UNDEFINED
        or truth(apply(function, arguments_for(function, member, key, value), state))
    }
    state.elements(len(result))
    return result or UNDEFINED
