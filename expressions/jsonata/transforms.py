"""`|pattern|update, delete|`: a function that gives a changed copy."""

from __future__ import annotations

from expressions.jsonata.errors import JsonataError, too_deep
from expressions.jsonata.machine import Code, Frame, Native, State
from expressions.jsonata.signatures import Signature
from expressions.jsonata.values import LEVELS, UNDEFINED, Function, Outer, Value

_SIGNATURE = Signature.parse("<(oa):o>")


def transformer(
    pattern: Code, update: Code, delete: Code | None, weight: int, frame: Frame
) -> Native:
    """The function of a transform expression."""

    def transform(state: State, value: Value) -> Value:
        if value is UNDEFINED:
            return UNDEFINED
        result = copied(value, state, state.depth)
        matches = pattern(result, frame)
        if matches is UNDEFINED:
            return result
        for match in matches if isinstance(matches, list) else [matches]:
            state.spend(weight)
            _change(match, update(match, frame))
            if delete is not None:
                _remove(match, delete(match, frame))
        return result

    return Native("transform", _SIGNATURE, 1, 1, transform)


def _change(match: Value, update: Value) -> None:
    if update is UNDEFINED:
        return
    if not isinstance(update, dict):
        raise JsonataError("T2011", "the update of a transform must be an object")
    if isinstance(match, dict):
        match.update(update)


def _remove(match: Value, names: Value) -> None:
    if names is UNDEFINED:
        return
    listed = names if isinstance(names, list) else [names]
    if not all(isinstance(name, str) for name in listed):
        raise JsonataError("T2012", "the deletions of a transform must be texts")
    if isinstance(match, dict):
        for name in listed:
            match.pop(name, None)


def copied(value: Value, state: State, depth: int) -> Value:
    """A copy of a value, without its functions."""
    if depth > LEVELS:
        raise too_deep()
    if type(value) is Outer:
        value = value[0]
    if isinstance(value, list):
        state.elements(len(value))
        state.spend(1 + len(value))
        return [copied(item, state, depth + 1) for item in value]
    if isinstance(value, dict):
        state.elements(len(value))
        state.spend(1 + len(value))
        return {
            key: copied(item, state, depth + 1)
            for key, item in value.items()
            if not isinstance(item, Function)
        }
    return value
