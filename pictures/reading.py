"""A document read into what a picture shows: scopes, states and the ways between them.

Reading never raises for a dict: a member of another type than the language says is left out.
Nested scopes are read with a list of work and not by recursion, so depth has no limit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pictures.conditions import words
from pictures.resources import about
from wire import Json

NEXT, CHOICE, CATCH = "next", "choice", "catch"
KINDS = ("Task", "Choice", "Parallel", "Map", "Wait", "Pass", "Succeed", "Fail")
UNKNOWN = "Unknown"
"""The kind of a state that is named as a target and does not exist, or has no known type."""


@dataclass
class Way:
    """An edge from one state to another of the same scope."""

    target: str
    kind: str
    """`next`, `choice` or `catch`."""
    labels: list[str] = field(default_factory=list)
    """The conditions or errors that lead along it."""


@dataclass
class State:
    """A state as it is drawn."""

    name: str
    kind: str
    about: str = ""
    undo: str = ""
    """The name of its compensation."""
    ends: bool = False
    """Whether its scope ends well after it."""
    missing: bool = False
    """Whether it is only named, and not defined."""
    ways: list[Way] = field(default_factory=list)
    scopes: list[Scope] = field(default_factory=list)
    """The branches of a Parallel, or the one processor of a Map."""


@dataclass
class Scope:
    """States that lead to one another: the machine, a branch or a Map's processor."""

    start: str | None
    states: dict[str, State]
    title: str = ""


def read(document: Mapping[str, Json]) -> Scope:
    """The machine's scope with everything in it."""
    root = Scope(None, {})
    work: list[tuple[Scope, Mapping[str, Json]]] = [(root, document)]
    while work:
        scope, found = work.pop()
        _fill(scope, found)
        members = _mapping(found, "States")
        for name, member in members.items():
            for inner, title in _inner(member):
                below = Scope(None, {}, title)
                scope.states[str(name)].scopes.append(below)
                work.append((below, inner))
    return root


def every_scope(root: Scope) -> Iterator[Scope]:
    """The scope and all below it, each before those inside it."""
    work = [root]
    while work:
        scope = work.pop()
        yield scope
        inner = [below for state in scope.states.values() for below in state.scopes]
        work.extend(reversed(inner))


def _fill(scope: Scope, document: Mapping[str, Json]) -> None:
    for name, member in _mapping(document, "States").items():
        scope.states[str(name)] = _state(str(name), member)
    start = document.get("StartAt")
    scope.start = start if isinstance(start, str) else None
    named = [way.target for state in scope.states.values() for way in state.ways]
    for target in [scope.start] * (scope.start is not None) + named:
        if target is not None and target not in scope.states:
            scope.states[target] = State(target, UNKNOWN, "not defined", missing=True)


def _state(name: str, member: Json) -> State:
    if not isinstance(member, Mapping):
        return State(name, UNKNOWN)
    kind = member.get("Type")
    known = isinstance(kind, str) and kind in KINDS
    state = State(name, str(kind) if known else UNKNOWN, about(name, member))
    if isinstance(undo := member.get("Compensation"), str):
        state.undo = undo
    state.ends = kind == "Succeed" or (member.get("End") is True and kind != "Fail")
    state.ways = _joined(_ways(member))
    return state


def _ways(member: Mapping[str, Json]) -> Iterator[Way]:
    if isinstance(target := member.get("Next"), str):
        yield Way(target, NEXT)
    for rule in _list(member, "Choices"):
        if isinstance(rule, Mapping) and isinstance(target := rule.get("Next"), str):
            yield Way(target, CHOICE, [words(rule)])
    default = member.get("Default")
    if member.get("Type") == "Choice" and isinstance(default, str):
        yield Way(default, CHOICE, ["else"])
    for catcher in _list(member, "Catch"):
        if isinstance(catcher, Mapping) and isinstance(target := catcher.get("Next"), str):
            errors = [error for error in _list(catcher, "ErrorEquals") if isinstance(error, str)]
            yield Way(target, CATCH, ["any error" if e == "States.ALL" else e for e in errors])


def _joined(ways: Iterator[Way]) -> list[Way]:
    """Ways of the same kind to the same state become one, with the labels of all."""
    found: dict[tuple[str, str], Way] = {}
    for way in ways:
        first = found.setdefault((way.target, way.kind), way)
        if first is not way:
            first.labels += [label for label in way.labels if label not in first.labels]
    return list(found.values())


def _inner(member: Json) -> Iterator[tuple[Mapping[str, Json], str]]:
    if not isinstance(member, Mapping):
        return
    if member.get("Type") == "Parallel":
        for number, branch in enumerate(_list(member, "Branches"), 1):
            if isinstance(branch, Mapping):
                yield branch, f"branch {number}"
    elif member.get("Type") == "Map":
        for name in ("ItemProcessor", "Iterator"):
            if isinstance(member.get(name), Mapping):
                yield member[name], "each item"
                return


def _mapping(document: Mapping[str, Json], member: str) -> Mapping[str, Json]:
    found = document.get(member)
    return found if isinstance(found, Mapping) else {}


def _list(document: Mapping[str, Json], member: str) -> list[Json]:
    found = document.get(member)
    return found if isinstance(found, list) else []
