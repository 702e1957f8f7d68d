"""Fills in `${NAME}` in the texts of a definition, as deployment tools do for AWS.

    {"Resource": "${CHARGE_ARN}"}       with CHARGE_ARN=arn:...       {"Resource": "arn:..."}

Only texts are looked at, not keys; a name has letters, digits and `_`.  `$${NAME}` stands for
the text `${NAME}`.  JSONata's own `${"key": value}` has no plain name between the braces, so it
is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from asl.diagnostics import MISSING_VALUE, Diagnostic, DocumentError
from asl.pointers import join
from wire import Json

_NAME = re.compile(r"\$(\$\{)|\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def substitute(document: Json, environment: Mapping[str, str]) -> Json:
    """A copy of a definition in which each `${NAME}` is what the environment has for it.

    `DocumentError` (a `DefinitionError`) with every name that the environment does not have, and
    where it stands.
    """
    missing: list[Diagnostic] = []
    holder: list[Json] = [document]
    pending: list[tuple[Any, Any, str]] = [(holder, 0, "")]
    while pending:
        around, key, pointer = pending.pop()
        value = around[key]
        if isinstance(value, str):
            around[key] = _filled(value, environment, pointer, missing)
        elif isinstance(value, dict | list):
            around[key] = value = value.copy()
            keys = list(value) if isinstance(value, dict) else range(len(value))
            pending.extend((value, inner, join(pointer, inner)) for inner in reversed(keys))
    if missing:
        raise DocumentError(missing)
    return holder[0]


def _filled(
    text: str, environment: Mapping[str, str], pointer: str, missing: list[Diagnostic]
) -> str:
    if "${" not in text:
        return text

    def value(found: re.Match[str]) -> str:
        name = found.group(2)
        if name is None:
            return "${"
        if name not in environment:
            message = f"no value for ${{{name}}}: set {name}"
            missing.append(Diagnostic(MISSING_VALUE, message, pointer))
            return found.group()
        return environment[name]

    return _NAME.sub(value, text)
