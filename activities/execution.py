"""One call of an activity: from the input on the wire to what the decider is told.

Nothing that an activity does or raises escapes: the outcome is a value.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import redaction
import wire
from activities.context import TaskContext, entered
from errors import ActivityCanceled, NonRetryableError, TaskFailedError
from wire import Json

MESSAGE_CHARACTERS = 4_096  # of an error's message, within the details of a failure
CAUSE_CHARACTERS = 20_000  # of a cause that an activity gives for itself
TRACE_CHARACTERS = 24_000  # of its trace, before cutting to what SWF takes


@dataclass(frozen=True)
class Completed:
    """The activity gave a result."""

    result: str
    """JSON text."""


@dataclass(frozen=True)
class Failed:
    """The activity raised, or its result cannot be used."""

    reason: str
    """`ExceptionType: message`, at most 256 characters."""
    details: str
    """JSON `{"type", "message", "retryable", "trace"}`, at most 32,768 characters."""

    @classmethod
    def of(cls, error: BaseException, name: str = "") -> Failed:
        """What the decider is told about an exception; `name` replaces its type's name.

        Message and trace are diagnostics, and lose secrets; a `cause` is data, and stays.
        """
        told = error if isinstance(error, TaskFailedError) else None
        name = name or (told.error if told is not None else type(error).__name__)
        message = redaction.text(_message_of(error))
        reason = f"{name}: {message}" if message else name
        facts: dict[str, Json] = {
            "type": name,
            "message": wire.cut(message, MESSAGE_CHARACTERS),
            "retryable": not isinstance(error, NonRetryableError),
        }
        if told is not None:
            facts |= {"retryable": told.retryable, "cause": wire.cut(told.cause, CAUSE_CHARACTERS)}
        return cls(
            wire.cut(reason, wire.REASON_CHARACTERS),
            _details(facts, redaction.text(_trace_of(error))),
        )


@dataclass(frozen=True)
class Canceled:
    """The activity honoured a request to stop."""

    details: str


Outcome: TypeAlias = Completed | Failed | Canceled


def execute(function: Callable[[Any], Any], data: Json, task: TaskContext) -> Outcome:
    """Call an activity within its task.

    Takes every exception for a failure, also those that would end a thread or process:
    an activity that calls `sys.exit` has failed, the worker has not.
    """
    try:
        with entered(task):
            result = function(data)
        return Completed(result_text(result, task.activity, any_json=task.any_json))
    except ActivityCanceled as canceled:
        return Canceled(str(canceled.details))
    except BaseException as error:  # noqa: BLE001 - see the docstring
        return Failed.of(error)


def result_text(result: Any, activity: str, *, any_json: bool = False) -> str:
    """The JSON text of an activity's result; says what is wrong with one that is no JSON dict.

    With `any_json`, as in States Language, any JSON value will do.
    """
    if not any_json and not isinstance(result, dict):
        raise TypeError(f"{activity} returned {type(result).__name__}; an activity returns a dict")
    try:
        text = wire.dumps(result)
    except (TypeError, ValueError, RecursionError) as error:
        raise type(error)(f"the result of {activity} is not JSON: {error}") from error
    pending = any_json and wire.pending_of(result) is not None
    if not pending and any(f'"{key}"' in text for key in wire.RESERVED_KEYS):
        wire.check_free_of_reserved_keys(result)
    return text


def _details(facts: dict[str, Json], trace: str) -> str:
    """The facts with as much of the end of the trace as fits; JSON escapes count too."""
    trace = trace[-TRACE_CHARACTERS:]
    while True:
        text = wire.dumps({**facts, "trace": trace})
        excess = wire.length(text) - wire.PAYLOAD_CHARACTERS
        if excess <= 0:
            return text
        trace = trace[max(excess // 2, 1) :]


def _message_of(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - an activity's exception may be broken itself
        return "(its message cannot be shown)"


def _trace_of(error: BaseException) -> str:
    try:
        return "".join(traceback.format_exception(error))
    except Exception:  # noqa: BLE001 - as above
        return ""
