"""What differs between two versions of a process: in words, in their pictures, in their texts.

Pure: documents in, values out.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from pictures import Seen
from starter.definitions.drafting import inner_scopes, states_of
from wire import Json

ADDED, REMOVED, CHANGED = "added", "removed", "changed"
CONTEXT = 3  # equal lines that are shown around what differs
MOST_LINES = 5_000  # of a text that is compared line by line
DEEPEST = 100  # levels whose members are put in order
INNER = ("Branches", "ItemProcessor", "Iterator")


@dataclass(frozen=True)
class Change:
    """What happened to one state, or to the document around the states."""

    what: str
    """`ADDED`, `REMOVED` or `CHANGED`."""
    name: str
    """Of the state; empty for the document itself."""
    members: tuple[str, ...] = ()
    """The members that differ."""


@dataclass(frozen=True)
class Line:
    """A line of the older text beside one of the newer."""

    left: str
    right: str
    left_number: int = 0
    """From 1; 0 where there is no line on that side."""
    right_number: int = 0
    left_out: int = 0
    """Equal lines that are left out here; nothing else is told then."""

    @property
    def equal(self) -> bool:
        """Whether both sides have it."""
        return self.left_number > 0 and self.right_number > 0 and self.left == self.right


def changes(older: Json, newer: Json) -> list[Change]:
    """What differs, state by state: the document itself first, then as the newer one has them."""
    before, after = dict(states_of(older)), dict(states_of(newer))
    around = _differing(_without(older, "States"), _without(newer, "States"))
    found = [Change(CHANGED, "", around)] if around else []
    for name, state in after.items():
        if name not in before:
            found.append(Change(ADDED, name))
        elif members := _differing(_alone(before[name]), _alone(state)):
            found.append(Change(CHANGED, name, members))
    return [*found, *(Change(REMOVED, name) for name in before if name not in after)]


def _without(document: Json, *members: str) -> Mapping[str, Json]:
    if not isinstance(document, Mapping):
        return {}
    return {key: value for key, value in document.items() if key not in members}


def _alone(state: Json) -> Mapping[str, Json]:
    """A state, of the states within it only which there are."""
    if not isinstance(state, Mapping):
        return {"Type": state}
    inside = [
        {**_without(scope, "States"), "States": sorted(scope.get("States") or ())}
        for scope in inner_scopes(state)
        if isinstance(scope, Mapping) and isinstance(scope.get("States") or {}, Mapping)
    ]
    plain = dict(_without(state, *INNER))
    for member in INNER:
        if member in state:
            plain[member] = inside
    return plain


def _differing(one: Mapping[str, Json], other: Mapping[str, Json]) -> tuple[str, ...]:
    every = [*one, *(key for key in other if key not in one)]
    missing = object()
    return tuple(key for key in every if not _same(one.get(key, missing), other.get(key, missing)))


def _same(one: Any, other: Any) -> bool:
    """Equal as JSON, to which `true` is not 1."""
    if isinstance(one, dict | list) or isinstance(other, dict | list):
        return type(one) is type(other) and _text(one) == _text(other)
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def _text(value: Json) -> str:
    return json.dumps(value, sort_keys=True)


def seen(found: list[Change], *, newer: bool) -> dict[str, Seen]:
    """How the states of one side are marked in its picture."""
    hidden = REMOVED if newer else ADDED
    return {
        change.name: Seen(change.what, note=", ".join(change.members))
        for change in found
        if change.name and change.what != hidden
    }


# --- side by side -------------------------------------------------------------------------------


def side_by_side(older: Json, newer: Json) -> list[Line] | None:
    """Both documents as JSON, line by line; equal parts cut short.  None for too long ones."""
    left = json.dumps(older, ensure_ascii=False, indent=2).split("\n")
    right = json.dumps(ordered(newer, older), ensure_ascii=False, indent=2).split("\n")
    if max(len(left), len(right)) > MOST_LINES:
        return None
    matcher = difflib.SequenceMatcher(None, left, right, autojunk=True)
    lines: list[Line] = []
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            lines += [Line(left[a + n], right[c + n], a + n + 1, c + n + 1) for n in range(b - a)]
        else:
            lines += _apart(left[a:b], right[c:d], a, c)
    return list(_cut(lines))


def ordered(value: Json, model: Json, depth: int = DEEPEST) -> Json:
    """A value, its members in the order of the model where that is another one."""
    if depth and isinstance(value, list) and isinstance(model, list):
        beside = zip_longest(value, model[: len(value)])
        return [ordered(item, like, depth - 1) for item, like in beside]
    if not depth or not isinstance(value, dict) or not isinstance(model, dict):
        return value
    shared = [key for key in model if key in value]
    keys = list(value)
    if [key for key in value if key in model] != shared:
        keys = [*shared, *(key for key in value if key not in model)]
    return {key: ordered(value[key], model.get(key), depth - 1) for key in keys}


def _apart(left: list[str], right: list[str], before: int, there: int) -> Iterator[Line]:
    """Lines of which so many come before on either side, and that differ."""
    for at, (one, other) in enumerate(zip_longest(left, right), 1):
        yield Line(
            one or "",
            other or "",
            0 if one is None else before + at,
            0 if other is None else there + at,
        )


def _cut(lines: list[Line]) -> Iterator[Line]:
    """The lines without those that are far from every difference."""
    kept: set[int] = set()
    for at, line in enumerate(lines):
        if not line.equal:
            kept.update(range(at - CONTEXT, at + CONTEXT + 1))
    left_out = 0
    for at, line in enumerate(lines):
        if at in kept:
            if left_out:
                yield Line("", "", left_out=left_out)
            left_out = 0
            yield line
        else:
            left_out += 1
    if left_out:
        yield Line("", "", left_out=left_out)
