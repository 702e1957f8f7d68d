"""What is to be done, how it went, and how an execution ended: plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from errors import InvalidInputError
from wire import REASON_CHARACTERS, Json, activity_input, cut, dumps, loads
from workflow import Definition

TIMEOUTS = ("START_TO_CLOSE", "SCHEDULE_TO_START", "SCHEDULE_TO_CLOSE", "HEARTBEAT")


@dataclass(frozen=True)
class Completed:
    """It gives a result."""

    result: Json = field(default_factory=dict)
    after: float = 0.0
    """Seconds that it takes; so it is below."""
    stops: bool = True
    """Whether it stops at once when it is asked to; else it goes on to its end."""


@dataclass(frozen=True)
class Failed:
    """It fails."""

    reason: str
    """`ErrorName: message`; retries name the error by what stands before the colon."""
    retryable: bool = True
    after: float = 0.0
    stops: bool = True
    cause: str | None = None
    """What States Language tells catchers, where it is not the message."""
    error: str | None = None
    """The error's name, where it is not what stands before the colon."""

    @property
    def details(self) -> str:
        """The details of the failure, as an activity worker writes them."""
        name, _, message = self.reason.partition(": ")
        told = {"type": self.error or name, "message": message, "retryable": self.retryable}
        return dumps(told if self.cause is None else {**told, "cause": self.cause})


@dataclass(frozen=True)
class TimedOut:
    """It gives no answer until a time limit is over."""

    kind: str = "START_TO_CLOSE"
    """One of `TIMEOUTS`."""
    after: float | None = None
    """Seconds; None means as many as the limit says."""
    stops: bool = True


Outcome: TypeAlias = Completed | Failed | TimedOut


@dataclass(frozen=True)
class Task:
    """One attempt at a step, an undo or the transaction's record, or one child process."""

    activity: str
    """The activity type's name; of a child, its process's."""
    path: str
    """Of the step; of an undo, of the step that is undone."""
    visit: int
    attempt: int
    undo: bool
    process: str
    """Name of the definition that asks for it."""
    text: str
    """The input on the wire."""
    child: Definition | None = None
    """Of a child: its definition, where it is known."""
    is_child: bool = False

    @property
    def input(self) -> Json:
        """What an activity function gets: the input with `previous_results`, our envelope off.

        In States Language any JSON value, exactly as the state says; else an object.
        """
        return activity_input(loads(self.text))[0]

    @property
    def envelope(self) -> dict[str, Json]:
        """What the core tells a worker beside the input."""
        return activity_input(loads(self.text))[1]

    @property
    def any_json(self) -> bool:
        """Whether the result may be any JSON value; else it is an object."""
        return bool(self.envelope.get("json"))


@dataclass(frozen=True)
class Ended:
    """How an execution ended, or where it stands when nothing goes on by itself any more."""

    state: str
    """`COMPLETED`, `FAILED`, `CANCELED`, `TIMED_OUT`; `WAITING` for a signal or an operator."""
    result: Json = None
    """Of a completed one: its data with `previous_results`."""
    reason: str = ""
    details: Json = None


# --- from JSON ----------------------------------------------------------------------------------


def outcome_of(document: Any, where: str) -> Outcome:
    """The outcome that JSON tells; `InvalidInputError` says what is wrong, and `where`.

    `{"result": ...}`, `{"error": "Name: message", "retryable": false}` (or `{"error": "Name",
    "cause": "text"}`) or `{"timeout": KIND}`,
    each with `after` (seconds) and `stops` (false: it does not heed a request to stop), if wanted.
    """
    if not isinstance(document, Mapping):
        raise InvalidInputError(f"{where}: an outcome is an object, not {dumps(document)[:60]}")
    kinds = [name for name in ("result", "error", "timeout") if name in document]
    unknown = sorted(document.keys() - {*kinds, "after", "retryable", "stops", "cause"})
    if len(kinds) > 1 or unknown:
        wrong = f"unknown member {unknown[0]}" if unknown else " and ".join(kinds) + " at once"
        raise InvalidInputError(
            f"{where}: {wrong}; an outcome has result, error (with retryable) or timeout, "
            "and after, stops"
        )
    more = {"after": _seconds(document.get("after"), where), "stops": document.get("stops", True)}
    if "error" in document:
        retryable = document.get("retryable", True)
        reason, cause = str(document["error"]), document.get("cause")
        name = None if cause is None else reason.partition(": ")[0]
        text = None if cause is None else str(cause)
        return Failed(cut(reason, REASON_CHARACTERS), retryable, **more, cause=text, error=name)
    if "timeout" in document:
        return TimedOut(_timeout(document["timeout"], where), **_given(more, document))
    return Completed(document.get("result", {}), **more)


def _given(more: dict[str, Any], document: Mapping[str, Json]) -> dict[str, Any]:
    return more if "after" in document else {**more, "after": None}


def _timeout(kind: Json, where: str) -> str:
    if kind not in TIMEOUTS:
        raise InvalidInputError(f"{where}: timeout {kind!r} is not one of {', '.join(TIMEOUTS)}")
    return str(kind)


def _seconds(value: Json, where: str) -> float:
    if value is None:
        return 0.0
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e9:
        raise InvalidInputError(f"{where}: after {value!r} is not a number of seconds")
    return float(value)
