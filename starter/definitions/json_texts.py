"""JSON that somebody typed: its value, or in words what is wrong with it and where."""

from __future__ import annotations

import json

from errors import InvalidInputError
from wire import Json


def value_of(text: str, what: str) -> Json:
    """The value of a JSON text; `InvalidInputError` says what is wrong with `what`."""
    try:
        return json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise InvalidInputError(
            f"{what} is not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        ) from None
    except RecursionError:
        raise InvalidInputError(f"{what} is not JSON: it is nested too deeply") from None
    except ValueError as error:
        raise InvalidInputError(f"{what} is not JSON: {error}") from None


def _no_constant(name: str) -> Json:
    raise ValueError(f"{name} is not a JSON number")


def pretty(value: Json) -> str:
    """A value over several lines, for somebody to change it; a very deep one in one line."""
    try:
        return json.dumps(value, ensure_ascii=False, indent=2)
    except RecursionError:
        return json.dumps(value, ensure_ascii=False)
