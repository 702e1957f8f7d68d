"""Who does the work: functions that are called, or a script of outcomes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

from errors import (
    ActivityNotRegisteredError,
    InvalidInputError,
    NonRetryableError,
    TaskFailedError,
)
from runner.outcomes import Completed, Failed, Outcome, Task, TimedOut, outcome_of
from wire import REASON_CHARACTERS, cut, dumps, function_names
from workflow import places

Function: TypeAlias = Callable[[Any], Any]
"""An activity: input dict in, result dict out; an exception is a failure.  A Lambda function, or
an activity in States Language: any JSON in and out."""

Registry: TypeAlias = Mapping[str, Function]
"""Activity name to function."""


class Worker(Protocol):
    """Does tasks.  For a child, None means: run its definition."""

    def __call__(self, task: Task) -> Outcome | None:
        """How the task went."""


LAMBDA = ("aws.lambda", "aws.lambda.invoke")
"""Activities that call a Lambda function, which `FunctionName` of their input names."""


class Functions:
    """Calls the function of the activity's name, as an activity worker does.

    A Lambda function is looked for by its ARN, and by its own name.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def __call__(self, task: Task) -> Outcome | None:
        """Call it; `ActivityNotRegisteredError` where there is none."""
        if task.is_child:
            return None
        if task.activity in LAMBDA:
            return call_lambda(self._registry, task)
        function = self._registry.get(task.activity)
        if function is None:
            known = ", ".join(sorted(self._registry)) or "none"
            raise ActivityNotRegisteredError(
                f"no function is registered for activity {task.activity}; there are: {known}"
            )
        return call(function, task)


def call(function: Function, task: Task) -> Outcome:
    """Call an activity; whatever it raises is a failure under its exception's name."""
    try:
        result = function(task.input)
        if not task.any_json:
            _check(result, task.activity)
        dumps(result)
    except TaskFailedError as error:
        reason = cut(f"{error.error}: {error.cause}", REASON_CHARACTERS)
        return Failed(reason, error.retryable, error=error.error, cause=error.cause)
    except Exception as error:  # noqa: BLE001 - an activity may raise anything
        name, message = type(error).__name__, str(error)
        reason = cut(f"{name}: {message}" if message else name, REASON_CHARACTERS)
        return Failed(reason, retryable=not isinstance(error, NonRetryableError))
    return Completed(result)


def call_lambda(registry: Registry, task: Task) -> Outcome:
    """Call the Python function that stands for a Lambda function; an exception is told as there."""
    name, event = task.input["FunctionName"], task.input["Payload"]
    found = [registry[known] for known in function_names(name) if known in registry]
    if not found:
        error = "Lambda.ResourceNotFoundException"
        why = f"Function not found: {name}"
        return Failed(cut(f"{error}: {why}", REASON_CHARACTERS), error=error, cause=why)
    try:
        result = found[0](event)
        dumps(result)
    except TaskFailedError as error:
        reason = cut(f"{error.error}: {error.cause}", REASON_CHARACTERS)
        return Failed(reason, error.retryable, error=error.error, cause=error.cause)
    except Exception as error:  # noqa: BLE001 - a function may raise anything
        return lambda_failure(type(error).__name__, str(error))
    return Completed(result)


def lambda_failure(error: str, message: str) -> Failed:
    """A failure as AWS Lambda tells of an exception: its cause is JSON."""
    cause = dumps({"errorMessage": message, "errorType": error, "stackTrace": []})
    return Failed(cut(f"{error}: {message}", REASON_CHARACTERS), error=error, cause=cause)


def _check(result: Any, activity: str) -> None:
    if not isinstance(result, dict):
        kind = type(result).__name__
        raise TypeError(f"{activity} returned {kind}; an activity returns a dict")


Outcomes: TypeAlias = Mapping[str, Any]
"""By step: an outcome, or a sequence of them for its attempts, of which the last one repeats."""


class Script:
    """Gives outcomes that were written down beforehand.

    A step is named by its path (`Each[2].Bill`), by its name alone (`Bill`), or behind its
    process (`Shipping/Bill`); an undo and the transaction's record by their activity's name.
    Each place has its own count of attempts.  A step of which nothing is said is done by
    `otherwise`, or completes with `{}`; so does a child whose definition is not known.
    """

    def __init__(self, outcomes: Outcomes, otherwise: Registry | None = None) -> None:
        self._outcomes = {key: _sequence(item, key) for key, item in outcomes.items()}
        self._otherwise = otherwise or {}
        self._asked: dict[tuple[str, str, str], int] = {}
        self.unused = set(self._outcomes)
        """Steps that nothing asked for."""

    def __call__(self, task: Task) -> Outcome | None:
        """The next outcome for that place."""
        for key in _names(task):
            if key in self._outcomes:
                return self._next(key, task)
        if task.activity in LAMBDA and _knows(self._otherwise, task):
            return call_lambda(self._otherwise, task)
        function = None if task.is_child else self._otherwise.get(task.activity)
        if function is not None:
            return call(function, task)
        return None if task.child is not None else Completed()

    def says(self, task: Task) -> bool:
        """Whether an outcome is written down for that place."""
        return any(key in self._outcomes for key in _names(task))

    def _next(self, key: str, task: Task) -> Outcome:
        self.unused.discard(key)
        place = (key, task.process, task.path)
        asked = self._asked.get(place, 0)
        self._asked[place] = asked + 1
        sequence = self._outcomes[key]
        return sequence[min(asked, len(sequence) - 1)]


def _knows(registry: Registry, task: Task) -> bool:
    return any(name in registry for name in function_names(task.input["FunctionName"]))


def _names(task: Task) -> list[str]:
    if task.undo:
        return [f"{task.activity} {task.path}", task.activity]
    name = places.name_of(task.path)
    plain = list(dict.fromkeys([task.path, name, task.activity]))
    return [*(f"{task.process}/{item}" for item in plain), *plain]


def _sequence(item: Any, key: str) -> list[Outcome]:
    items = list(item) if isinstance(item, Sequence) and not isinstance(item, str) else [item]
    if not items:
        raise InvalidInputError(f"outcomes of {key}: an empty list says nothing")
    return [_outcome(one, f"outcomes of {key}") for one in items]


def _outcome(item: Any, where: str) -> Outcome:
    if isinstance(item, Completed | Failed | TimedOut):
        return item
    return outcome_of(item, where)
