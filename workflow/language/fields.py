"""What every state can be asked, whichever language its fields are written in.

`JsonPathFields` and `JsonataFields` answer.  All raise `ExpressionError`, whose `error` is the
`States.*` name; nothing here moves an execution.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from expressions.errors import RUNTIME, ExpressionError
from expressions.moments import instant
from expressions.values import is_number
from wire import Json
from workflow.language.view import View

LONGEST_SECONDS = 99_999_999

Assigned = Mapping[str, Json]


class Left(NamedTuple):
    """What a state leaves behind."""

    output: Json
    assigned: Assigned
    """Variables, empty where none are set."""


class Taken(NamedTuple):
    """The way that a Choice takes."""

    target: str | None
    """None where no rule holds and there is no default."""
    left: Left


class Tolerance(NamedTuple):
    """What a Map says of its items."""

    concurrency: int
    """Items at once; 0 means all."""
    failures: int | None
    """Items that may fail; None where nothing is said."""
    percentage: float | None


class Fields(Protocol):
    """The fields of one state, compiled."""

    def effective(self, view: View) -> Json:
        """The input of the state's work: after InputPath and Parameters, or Arguments."""

    def input(self, view: View) -> Json:
        """The state's input before Parameters or Arguments: after InputPath."""

    def passed(self, view: View, given: Json) -> Left:
        """What a Pass, Wait or Succeed leaves; `given` is its effective input."""

    def after(self, view: View, result: Json) -> Left:
        """What a Task, Parallel or Map leaves for the result of its work."""

    def replaced(self, view: View, result: Json) -> Json:
        """The output where an operator gives the result."""

    def caught(self, view: View, catcher: int, error: Json) -> Left:
        """What is left where the catcher of that number takes an error output."""

    def chosen(self, view: View) -> Taken:
        """The way of a Choice."""

    def wait(self, view: View) -> tuple[int | None, float | None]:
        """Seconds, or the moment (seconds since 1970), of a Wait."""

    def failure(self, view: View) -> tuple[str | None, str | None]:
        """Error and cause of a Fail."""

    def items(self, view: View) -> list[Json]:
        """The items of a Map."""

    def item(self, view: View) -> Json:
        """The input of one item, whose index and value stand in the context object."""

    def selects(self) -> bool:
        """Whether a Map makes inputs of its items."""

    def tolerance(self, view: View) -> Tolerance:
        """Concurrency and tolerated failures of a Map."""

    def seconds(self, view: View, name: str) -> int | None:
        """TimeoutSeconds or HeartbeatSeconds of a Task; None where there is none."""

    def template(self, view: View, value: Json, place: str) -> Json:
        """A template within the state: Credentials, the arguments of a reader, BatchInput."""

    def whole(self, view: View, members: Mapping[str, Json], name: str, least: int) -> int | None:
        """A whole number within a reader or batcher, said or read from a path; None for none."""


# --- values that are checked alike ------------------------------------------------------------


def whole_number(value: Json, what: str, error: str, least: int = 0) -> int:
    """A value as a whole number in its bounds."""
    if not is_number(value) or value != value // 1 or not least <= value <= LONGEST_SECONDS:
        raise ExpressionError(
            f"{what} must be a whole number from {least} to {LONGEST_SECONDS}", error
        )
    return int(value)


def moment(value: Json, what: str, error: str) -> float:
    """A timestamp in seconds since 1970."""
    found = instant(value)
    if found is None:
        raise ExpressionError(f"{what} must be a time such as 2030-01-31T08:00:00Z", error)
    return found / 1_000_000_000


def percentage(value: Json, what: str, error: str) -> float:
    """A number from 0 to 100."""
    if not is_number(value) or not 0 <= value <= 100:
        raise ExpressionError(f"{what} must be a number from 0 to 100", error)
    return float(value)


def text(value: Json, what: str, error: str = RUNTIME) -> str:
    """A value that must be a text."""
    if not isinstance(value, str):
        raise ExpressionError(f"{what} must be a text", error)
    return value


def members_of(members: Mapping[str, Any], *names: str) -> Json:
    """The first of some members that is there; `ABSENT` where none is."""
    for name in names:
        if name in members:
            return members[name]
    return ABSENT


class _Absent:
    """Where a member is not written at all: null is something else."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = _Absent()

NOTHING: Assigned = {}
