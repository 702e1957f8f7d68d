"""JSON in which texts such as `{% $states.input.n * 2 %}` are JSONata, at any depth.

A text is an expression when it begins with `{%` and ends with `%}`, and nothing else stands
around; all else is literal.  So are Arguments, Output, Assign and the like of JSONata states.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from expressions.budget import DEPTH, too_deep
from expressions.errors import QUERY_EVALUATION_ERROR, ExpressionError, ExpressionSyntaxError
from expressions.jsonata import UNDEFINED, Expression, JsonataError, Undefined
from expressions.jsonata import compile as compile_jsonata
from wire import Json

OPENING, CLOSING = "{%", "%}"

Evaluate: TypeAlias = Callable[[Expression], "Json | Undefined"]
"""Gives the value of an expression in its surroundings."""

Get: TypeAlias = Callable[[Evaluate], Json]


class Embedded:
    """A compiled template; made by `compile`."""

    __slots__ = ("constant", "fill", "value")

    def __init__(self, value: Json, place: str) -> None:
        get = _part(value, place, DEPTH)
        self.value = value
        """The template as it was written."""
        self.constant = get is None
        """Whether nothing in it is computed."""
        self.fill: Get = get or (lambda _evaluate: value)
        """The value.  It shares the literal parts with the template: do not change it.

        `ExpressionError` (`States.QueryEvaluationError`) where an expression fails or gives
        nothing; its text names the expression and its place.
        """


def is_expression(value: Json) -> bool:
    """Whether a value is a text that is evaluated."""
    return isinstance(value, str) and value.startswith(OPENING) and value.endswith(CLOSING)


def inner(text: str) -> str:
    """The expression within `{%` and `%}`."""
    return text[len(OPENING) : -len(CLOSING)].strip() if len(text) >= 4 else ""


def compile(value: Json, place: str = "") -> Embedded:  # noqa: A001 - what re calls it
    """The template that a JSON value is; `place` is its name in messages (`Output`).

    `ExpressionSyntaxError` for an expression that cannot be read.
    """
    return Embedded(value, place)


def _part(value: Json, place: str, depth: int) -> Get | None:
    if depth < 0:
        raise ExpressionSyntaxError(str(too_deep()))
    if isinstance(value, str):
        return _expression(value, place) if is_expression(value) else None
    if isinstance(value, dict):
        parts = [(key, _part(item, f"{place}/{key}", depth - 1)) for key, item in value.items()]
    elif isinstance(value, list):
        parts = [(at, _part(item, f"{place}/{at}", depth - 1)) for at, item in enumerate(value)]
    else:
        return None
    computed = tuple((at, get) for at, get in parts if get is not None)
    return _filled(value, computed) if computed else None


def _filled(literal: Any, computed: tuple[tuple[Any, Get], ...]) -> Get:
    def fill(evaluate: Evaluate) -> Json:
        value = literal.copy()
        for at, get in computed:
            value[at] = get(evaluate)
        return value

    return fill


def _expression(text: str, place: str) -> Get:
    try:
        expression = compile_jsonata(inner(text), states=True)
    except JsonataError as error:
        raise ExpressionSyntaxError(f"{place}: {error}", error=QUERY_EVALUATION_ERROR) from None

    def get(evaluate: Evaluate) -> Json:
        try:
            value = evaluate(expression)
        except JsonataError as error:
            raise ExpressionError(
                f"The JSONata expression '{expression.text}' specified for the field '{place}' "
                f"failed: {error}",
                QUERY_EVALUATION_ERROR,
            ) from None
        if value is UNDEFINED:
            raise ExpressionError(
                f"The JSONata expression '{expression.text}' specified for the field '{place}' "
                "returned nothing (undefined).",
                QUERY_EVALUATION_ERROR,
            )
        return value

    return get
