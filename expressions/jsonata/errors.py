"""What a JSONata expression ends with where it gives no value: JSONata's own codes, and ours.

JSONata's codes are S.... (the text is no expression), T.... (wrong types) and D.... (values that
cannot be used).  Ours, for what an evaluation may cost, are the three below; U1001 is also what
JSONata's own suite names a stack that is too deep or an evaluation that takes too long.
"""

from __future__ import annotations

from expressions.errors import QUERY_EVALUATION_ERROR, ExpressionError

TOO_LONG = "U1001"
"""Too many steps, or calls nested too deep."""

TOO_LARGE = "U1002"
"""Too much text, or too many elements, made on the way."""

TOO_NESTED = "U1003"
"""The expression itself nests too deep, or is too long a text."""

NO_VALUE = "U1004"
"""The result, or a part of it, is a function: no JSON."""

NOT_FOR_STATES = "U1005"
"""`$` or `$$` at the top of an expression of States Language, which has no input document."""

PATTERN = "U1006"
"""A regular expression that cannot be used: malformed, too large, or beyond RE2."""


class JsonataError(ExpressionError):
    """A JSONata error; States Language names each of them `States.QueryEvaluationError`.

    `code` is as above, `message` says what is wrong, `position` is the character of the
    expression (from 0) where it went wrong, or None.
    """

    def __init__(self, code: str, message: str, position: int | None = None) -> None:
        self.code = code
        self.message = message
        self.position = position
        where = "" if position is None else f" (at character {position})"
        super().__init__(f"{code}: {message}{where}", QUERY_EVALUATION_ERROR)


def too_long() -> JsonataError:
    """What is raised where the steps are spent."""
    return JsonataError(TOO_LONG, "the expression takes too many steps")


def too_deep() -> JsonataError:
    """What is raised where calls or values nest too deep."""
    return JsonataError(TOO_LONG, "calls or values nest too deep")


def too_large() -> JsonataError:
    """What is raised where the bytes are spent."""
    return JsonataError(TOO_LARGE, "the expression makes too much text or too many elements")
