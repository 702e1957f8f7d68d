"""The table of functions that expressions call; modules named `functions_*` fill it."""

from __future__ import annotations

from collections.abc import Callable

from expressions.jsonata.machine import Implementation, Native
from expressions.jsonata.signatures import Signature

LIBRARY: dict[str, Native] = {}
"""Name to function.  Read by all evaluations, so nothing may write to it after the import."""


def native(
    name: str, signature: str, arity: int | None = None, *, variadic: bool = False
) -> Callable[[Implementation], Implementation]:
    """Register a function: `does(state, *arguments)`, missing ones as UNDEFINED.

    `arity` is what JavaScript reports for the reference implementation's function (arguments with
    a default do not count); functions such as `$map` give it that many arguments.
    """

    def register(does: Implementation) -> Implementation:
        parsed = Signature.parse(signature)
        count = len(parsed.parameters)
        LIBRARY[name] = Native(
            name, parsed, count if arity is None else arity, -1 if variadic else count, does
        )
        return does

    return register
