"""Checks of single members: texts, numbers, paths, templates.

Each looks at one member if it is there; what AWS says of it is said in AWS's words.  Where the
language is JSONata, a number may be an expression too.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

from asl.diagnostics import NO_DOLLAR
from asl.validation import jsonata
from asl.validation.report import Node, Trail, quoted
from expressions import jsonpath
from expressions.errors import ExpressionSyntaxError
from expressions.templates import SUFFIX, expression_problems, is_variable_name
from expressions.values import is_number
from wire import Json

SECONDS = 99_999_999
"""The longest time that a state may be given."""

_CALL = re.compile(r"States\.[A-Za-z0-9]+\(")


def required(node: Node, *keys: str) -> bool:
    """Report members that must be there; whether all are."""
    missing = [key for key in keys if key not in node.members]
    if missing:
        node.error(f"These fields are required: [{', '.join(missing)}]")
    return not missing


def only_one(node: Node, *keys: str) -> None:
    """Report members that exclude each other."""
    given = [key for key in keys if key in node.members]
    if len(given) > 1:
        node.error(f"There should only be one of the following fields: [{', '.join(keys)}]")


def text(node: Node, key: str) -> str | None:
    """The text of a member; None where it has none."""
    value = node.members.get(key)
    if isinstance(value, str):
        return value
    if key in node.members:
        node.error("Expected value of type [STRING]", key)
    return None


def boolean(node: Node, key: str) -> bool | None:
    """The truth value of a member."""
    value = node.members.get(key)
    if isinstance(value, bool):
        return value
    if key in node.members:
        node.error("Expected value of type [BOOLEAN]", key)
    return None


def one_of(node: Node, key: str, *allowed: str) -> str | None:
    """The text of a member that has few values."""
    value = text(node, key)
    if value is not None and value not in allowed and not _is_expression(node, value):
        node.error(f"Value should be one of the following: [{', '.join(allowed)}]", key)
    return value


def whole(node: Node, key: str, least: int, most: int | None = None) -> int | None:
    """The whole number of a member, in bounds."""
    value: Any = node.members.get(key)
    if key not in node.members or _is_expression(node, value):
        return None
    if not is_number(value) or not math.isfinite(value) or value != int(value):
        node.error("Expected value of type [INTEGER]", key)
        return None
    _bounds(node, key, value, least, most)
    return int(value)


def number(node: Node, key: str, least: float, most: float | None = None) -> None:
    """Check a number, in bounds."""
    value: Any = node.members.get(key)
    if key not in node.members or _is_expression(node, value):
        return
    if is_number(value):
        _bounds(node, key, value, least, most)
    else:
        node.error("Expected value of type [NUMBER]", key)


def output(node: Node, *, caught: bool = False, result: bool = True) -> None:
    """Check Output, where the language is JSONata; what `$states` has in it is said."""
    jsonata.check(node, "Output", caught=caught, result=result or caught)


def expression(node: Node, key: str) -> None:
    """Check the expressions of a member, where the language is JSONata."""
    if node.jsonata and key in node.members:
        jsonata.check(node, key, result=False)


# --- JSONPath ---------------------------------------------------------------------------------


def path(node: Node, key: str, *, null: bool = False, call: bool = False) -> None:
    """Check a path; `null`: it may be null, `call`: a call of an intrinsic function will do."""
    value = node.members.get(key)
    if key not in node.members or (null and value is None):
        return
    if not isinstance(value, str):
        node.error("Expected value of type [STRING]", key)
    elif call:
        for problem in expression_problems(value):
            node.error(problem.message, key)
    else:
        for problem in jsonpath.problems(value):
            node.error(f"Value must be a valid JSONPath. {problem.message}", key)


def reference(node: Node, key: str, *, context: bool = True, sure: bool = True) -> None:
    """Check a path to one value; `context`: it may begin at the context object.

    `sure`: AWS was seen to refuse others; they are doubtful otherwise.
    """
    value = node.members.get(key)
    path(node, key)
    try:
        found = jsonpath.compile(value) if isinstance(value, str) else None
    except ExpressionSyntaxError:
        return
    if found is None or (found.reference and (context or found.root != "$$")):
        return
    (node.error if sure else node.warn)("Value is not a Reference Path", key)


def result_path(node: Node, key: str = "ResultPath") -> None:
    """Check where a result goes: null or a reference path from `$`."""
    value = node.members.get(key)
    if value is None:
        return
    if not isinstance(value, str):
        node.error("Expected value of type [STRING]", key)
        return
    for problem in jsonpath.problems(value, result=True):
        node.error(f"Value is not a Reference Path. {problem.message}", key)


def template(node: Node, key: str) -> None:
    """Check a payload template, such as Parameters."""
    if key not in node.members:
        return
    if not isinstance(node.members[key], dict):
        node.warn("a payload template is an object", key)
    for trail, holder, name, value in walk(node.members[key], node.at(key)):
        if not isinstance(name, str):
            continue
        if name.endswith(SUFFIX):
            _computed(node, trail, holder, name, value)
        elif isinstance(value, str) and _looks_computed(value):
            node.report.add(
                trail, f"'{quoted(name)}' looks like a path or a call; its name has no {SUFFIX}",
                NO_DOLLAR, "WARNING",
            )  # fmt: skip


def payload(node: Node, key: str) -> None:
    """Check a template of either language."""
    if node.jsonata:
        expression(node, key)
    else:
        template(node, key)


def assign(node: Node, *, caught: bool = False) -> list[str]:
    """Check Assign; the names of its variables."""
    value = node.members.get("Assign")
    if "Assign" not in node.members:
        return []
    if not isinstance(value, dict):
        node.error("Expected value of type [OBJECT]", "Assign")
        return []
    names = [key if node.jsonata else key.removesuffix(SUFFIX) for key in value]
    for key, name in zip(value, names, strict=True):
        if not is_variable_name(name):
            message = f"'{quoted(name)}' cannot be the name of a variable"
            node.report.add((node.at("Assign"), key), message)
    if node.jsonata:
        jsonata.check(node, "Assign", caught=caught)
    else:
        template(node, "Assign")
    return names


def walk(value: Json, trail: Trail) -> Iterator[tuple[Trail, Any, str | int, Json]]:
    """All members and elements within a value: place, holder, key, value.

    What is computed (a member ending in `.$`) is not gone into.
    """
    pending: list[tuple[Trail, Json]] = [(trail, value)]
    while pending:
        around, holder = pending.pop()
        if isinstance(holder, dict):
            items: Any = holder.items()
        elif isinstance(holder, list):
            items = enumerate(holder)
        else:
            continue
        for key, item in items:
            yield (around, key), holder, key, item
            if isinstance(item, dict | list):
                pending.append(((around, key), item))


# --- parts ------------------------------------------------------------------------------------


def _is_expression(node: Node, value: Json) -> bool:
    return node.jsonata and jsonata.is_expression(value)


def _bounds(node: Node, key: str, value: float, least: float, most: float | None) -> None:
    if value < least:
        node.error(f"Minimum value is {least}", key)
    elif most is not None and value > most:
        node.error(f"Maximum value is {most}", key)


def _computed(node: Node, trail: Trail, holder: Any, name: str, value: Json) -> None:
    for problem in expression_problems(value):
        node.report.add(
            trail,
            f"The value for the field '{quoted(name)}' must be a valid JSONPath or a valid "
            f"intrinsic function call: {problem.message}",
        )
    if name.removesuffix(SUFFIX) in holder:
        twice = f"'{quoted(name)}' and '{quoted(name.removesuffix(SUFFIX))}' are one field"
        node.report.add(trail, twice)


def _looks_computed(value: str) -> bool:
    return value.startswith(("$.", "$[", "$$.")) or bool(_CALL.match(value))
