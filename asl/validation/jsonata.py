"""JSONata in a definition: whether it can be read, and uses what there is.

AWS refuses at creation, with `INVALID_JSONATA_EXPRESSION`, what is no expression; and with
`UNSUPPORTED_JSONATA_EXPRESSION` what reads the input document, which is not there: `$`, `$$` and
names at the top (`phone`, `[phone]`, `function($x){ phone }`), and `$states.errorOutput`
anywhere but in a catcher.  A function or a variable that is not known is an error at run time.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from asl.diagnostics import INVALID_JSONATA, UNSUPPORTED_JSONATA, Severity
from asl.validation.report import Node, Trail, quoted
from expressions.jsonata import JsonataError, check_for_states
from expressions.jsonata.errors import NOT_FOR_STATES
from expressions.jsonata.parser import Parser
from expressions.jsonata.shape import children
from expressions.jsonata.tree import Node as Tree
from wire import Json

OPENING, CLOSING = "{%", "%}"
SHORT = 4_096  # characters of a text whose findings are remembered


def is_expression(value: Json) -> bool:
    """Whether a value is a text that is evaluated."""
    return (
        isinstance(value, str)
        and len(value) >= len(OPENING + CLOSING)
        and value.startswith(OPENING)
        and value.endswith(CLOSING)
    )


def check(node: Node, key: str, *, caught: bool = False, result: bool = True) -> None:
    """Check the expressions within a member, at any depth.

    `caught`: `$states.errorOutput` is there; `result`: so is `$states.result`.
    """
    pending: list[tuple[Trail, Json]] = [(node.at(key), node.members[key])]
    while pending:
        trail, value = pending.pop()
        if isinstance(value, dict):
            pending.extend(((trail, name), item) for name, item in value.items())
        elif isinstance(value, list):
            pending.extend(((trail, number), item) for number, item in enumerate(value))
        elif is_expression(value):
            for finding in findings(value[len(OPENING) : -len(CLOSING)], caught, result):
                node.report.add(trail, finding.message, finding.code, finding.severity)
        elif isinstance(value, str) and value.startswith(OPENING):
            message = f"a text that begins with {OPENING} ends with {CLOSING}; this one is literal"
            node.report.add(trail, message, INVALID_JSONATA, "WARNING")


class Finding(NamedTuple):
    """What is wrong with an expression."""

    code: str
    message: str
    severity: Severity = "ERROR"


def findings(text: str, caught: bool, result: bool) -> tuple[Finding, ...]:  # noqa: FBT001 - a key
    """What is wrong with an expression, where `$states` has what is said."""
    return (_remembered if len(text) <= SHORT else _findings)(text, caught, result)


def _findings(text: str, caught: bool, result: bool) -> tuple[Finding, ...]:  # noqa: FBT001 - a key
    try:
        usage = check_for_states(text)
        names = _names_at_top(Parser(text).whole())
    except JsonataError as error:
        if error.code == NOT_FOR_STATES:
            return (Finding(UNSUPPORTED_JSONATA, error.message),)
        return (Finding(INVALID_JSONATA, str(error)),)
    except RecursionError:
        return (Finding(INVALID_JSONATA, "the expression nests too deep"),)
    found = [
        Finding(UNSUPPORTED_JSONATA, f"Reference to '{name}' at the top level is not supported.")
        for name in names
    ]
    if "errorOutput" in usage.states and not caught:
        found.append(Finding(UNSUPPORTED_JSONATA, "Field '$states.errorOutput' does not exist."))
    if "result" in usage.states and not result:
        message = "Field '$states.result' does not exist."
        found.append(Finding(UNSUPPORTED_JSONATA, message, "WARNING"))
    found += [
        Finding(INVALID_JSONATA, f"there is no function ${quoted(name)}", "WARNING")
        for name in sorted(usage.functions)
    ]
    return tuple(found)


_remembered = lru_cache(maxsize=1024)(_findings)


def _names_at_top(root: Tree) -> list[str]:
    """Names that are read from the input document, which is not there; each once."""
    names: dict[str, None] = {}
    pending = [root]
    while pending:
        tree = pending.pop()
        if tree.kind == "name":
            names[quoted(tree.value)] = None
        pending.extend(reversed(_at_top(tree)))
    return list(names)


def _at_top(tree: Tree) -> list[Tree]:
    """The parts of an expression that read what the whole of it reads."""
    if tree.kind in ("subscript", "group", "order", "lambda", "focus", "index") or (
        tree.kind == "binary" and tree.value == "."
    ):
        return [] if tree.left is None else [tree.left]
    return [] if tree.kind == "transform" else list(children(tree))
