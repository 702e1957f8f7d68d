"""Payload templates: JSON in which members ending in `.$` are computed.

    {"id.$": "$.order.id", "text.$": "States.Format('no. {}', $.n)", "list": [{"at.$": "$$.State"}]}

Parameters, ItemSelector, ResultSelector, Assign and Credentials of JSONPath states are templates.
Such members may stand at any depth, in objects within arrays too; all else is literal.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeAlias

from expressions import intrinsics, jsonpath
from expressions.budget import DEPTH, too_deep
from expressions.errors import ExpressionSyntaxError, Problem
from expressions.scope import Scope
from wire import Json

SUFFIX = ".$"
NAME_CHARACTERS = 80  # of a variable

_NAME = re.compile(r"[^\W\d]\w*")

Get: TypeAlias = Callable[[Scope], Json]


class Template:
    """A compiled template; made by `compile`."""

    __slots__ = ("constant", "fill", "value")

    def __init__(self, value: Json) -> None:
        get = _part(value, DEPTH)
        self.value = value
        """The template as it was written."""
        self.constant = get is None
        """Whether nothing in it is computed."""
        self.fill: Get = get or (lambda _scope: value)
        """The value in a scope.  It shares the literal parts with the template: do not change it.

        `MissingPathError` (`States.Runtime`) for a path that finds nothing, `IntrinsicError`,
        `BudgetError`.
        """


def compile(value: Json) -> Template:  # noqa: A001 - what re calls it
    """The template that a JSON value is; `ExpressionSyntaxError` where `problems` has any."""
    return Template(value)


def expression(text: Json) -> Get:
    """The function for a path or a call, as ErrorPath, CausePath and members ending in `.$` take.

    `ExpressionSyntaxError` for what is neither.
    """
    if isinstance(text, str):
        if text.startswith("$"):
            return jsonpath.compile(text).need
        if intrinsics.is_call(text):
            return intrinsics.compile(text).need
    raise ExpressionSyntaxError("a path from $ or a call of States.* is needed")


def expression_problems(text: Json, pointer: str = "") -> list[Problem]:
    """What is wrong with a path or a call of a definition."""
    if isinstance(text, str) and intrinsics.is_call(text):
        found = intrinsics.check(text)
    elif isinstance(text, str) and text.startswith("$"):
        found = jsonpath.problems(text)
    else:
        found = [Problem("", "a path from $ or a call of States.* is needed")]
    return [Problem(pointer + problem.pointer, problem.message) for problem in found]


def problems(value: Json, pointer: str = "") -> list[Problem]:
    """What is wrong with a template of a definition, with the place of each mistake."""
    found: list[Problem] = []
    level = [(pointer, value)]
    for _ in range(DEPTH + 1):
        below: list[tuple[str, Json]] = []
        for place, item in level:
            if isinstance(item, dict):
                below.extend(_members(item, place, found))
            elif isinstance(item, list):
                below.extend((f"{place}/{number}", inner) for number, inner in enumerate(item))
        level = below
    return found if not level else [*found, Problem(level[0][0], str(too_deep()))]


def assign_problems(value: Json, pointer: str = "") -> list[Problem]:
    """What is wrong with an Assign: as a template, and the names of its variables."""
    if not isinstance(value, dict):
        return [Problem(pointer, "Assign must be an object of variables")]
    names = [(key, key.removesuffix(SUFFIX)) for key in value]
    wrong = [
        Problem(child_pointer(pointer, key), f"{name!r} cannot be the name of a variable")
        for key, name in names
        if not is_variable_name(name)
    ]
    return wrong + problems(value, pointer)


def is_variable_name(name: str) -> bool:
    """Whether a variable may have a name: a letter or _, then letters, digits, _; 80 at most."""
    return bool(_NAME.fullmatch(name)) and len(name) <= NAME_CHARACTERS and name != "states"


def child_pointer(pointer: str, key: str) -> str:
    """The JSON pointer (RFC 6901) of a member."""
    return f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}"


def _members(
    members: dict[str, Json], pointer: str, found: list[Problem]
) -> list[tuple[str, Json]]:
    literal = []
    for key, value in members.items():
        place = child_pointer(pointer, key)
        if not key.endswith(SUFFIX):
            literal.append((place, value))
            continue
        found.extend(expression_problems(value, place))
        if key.removesuffix(SUFFIX) in members:
            found.append(Problem(place, f"{key!r} and {key.removesuffix(SUFFIX)!r} are one member"))
    return literal


# --- compiling --------------------------------------------------------------------------------


def _part(value: Json, depth: int) -> Get | None:
    """The function of a part of a template; None where nothing in it is computed."""
    if depth < 0:
        raise ExpressionSyntaxError(str(too_deep()))
    if isinstance(value, dict):
        return _object(value, depth)
    return _list(value, depth) if isinstance(value, list) else None


def _object(members: dict[str, Json], depth: int) -> Get | None:
    literal: dict[str, Json] = {}
    computed: list[tuple[str, Get]] = []
    for key, value in members.items():
        name = key.removesuffix(SUFFIX)
        if name != key and name in members:
            raise ExpressionSyntaxError(f"{key!r} and {name!r} are one member")
        get = expression(value) if name != key else _part(value, depth - 1)
        literal[name] = value  # keeps the order of members
        if get is not None:
            computed.append((name, get))
    return _filled(literal, tuple(computed)) if computed else None


def _list(items: list[Json], depth: int) -> Get | None:
    computed: list[tuple[int, Get]] = []
    for number, item in enumerate(items):
        get = _part(item, depth - 1)
        if get is not None:
            computed.append((number, get))
    return _filled(items, tuple(computed)) if computed else None


def _filled(literal: Any, computed: tuple[tuple[Any, Get], ...]) -> Get:
    def fill(scope: Scope) -> Json:
        value = literal.copy()
        for place, get in computed:
            value[place] = get(scope)
        return value

    return fill
