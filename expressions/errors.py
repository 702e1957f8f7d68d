"""What an expression ends with where it gives no value, by the States.* name it becomes.

The name is `error`; the text of the exception is the cause.  An interpreter hands both on.
"""

from __future__ import annotations

from typing import NamedTuple

from errors import BusinessProcessError

RUNTIME = "States.Runtime"
PARAMETER_PATH_FAILURE = "States.ParameterPathFailure"
RESULT_PATH_MATCH_FAILURE = "States.ResultPathMatchFailure"
INTRINSIC_FAILURE = "States.IntrinsicFailure"
QUERY_EVALUATION_ERROR = "States.QueryEvaluationError"


class Problem(NamedTuple):
    """What is wrong with an expression in a definition, found without running it."""

    pointer: str
    """JSON pointer within what was checked: `/Parameters/x.$`; empty for the whole of it."""
    message: str


class ExpressionError(BusinessProcessError):
    """The root of what expressions raise; `error` is the name that States Language gives it."""

    def __init__(self, cause: str, error: str = RUNTIME) -> None:
        self.error = error
        super().__init__(cause)


class ExpressionSyntaxError(ExpressionError):
    """A text that is no expression; `at` is the character (from 0) where reading ended."""

    exit_code = 2

    def __init__(self, cause: str, at: int = 0, error: str = RUNTIME) -> None:
        self.at = at
        super().__init__(cause, error)


class MissingPathError(ExpressionError):
    """A definite path that finds nothing; `path` is its text.

    AWS reports `States.Runtime` for it wherever it was recorded (Parameters of a Pass, InputPath,
    OutputPath, ErrorPath, ItemsPath...), although the language's text names
    `States.ParameterPathFailure` for templates: the recordings win.
    """

    def __init__(self, path: str, error: str = RUNTIME) -> None:
        self.path = path
        super().__init__(f"the path {path!r} finds nothing in the data", error)


class ResultPathError(ExpressionError):
    """A ResultPath that cannot be applied to its document: `States.ResultPathMatchFailure`."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause, RESULT_PATH_MATCH_FAILURE)


class IntrinsicError(ExpressionError):
    """A call of an intrinsic function that failed: `States.IntrinsicFailure`."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause, INTRINSIC_FAILURE)


class BudgetError(ExpressionError):
    """An evaluation cost more steps, bytes or depth than it may: the same on every machine."""
