"""Python functions that stand for Lambda functions, called by the activity worker.

Register one under the name of the function, or under its ARN: `worker.functions["charge"] = f`.
It gets the event and gives the result, both any JSON; an exception fails as it would on Lambda.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import redaction
from errors import ActivityCanceled, NonRetryableError, TaskFailedError
from wire import Json, cut, dumps, function_names

NAMES = ("aws.lambda", "aws.lambda.invoke")
"""The activities that call a function: by its ARN, and as `lambda:invoke` does."""

Function: TypeAlias = Callable[[Any], Any]

CAUSE_CHARACTERS = 16_000
TRACE_LINES = 20


def invoke(functions: Mapping[str, Function], call: Json) -> Json:
    """Call the function that `FunctionName` names with `Payload`.

    `TaskFailedError` with the exception's name, and a cause as Lambda writes it; and
    `Lambda.ResourceNotFoundException` where no function of that name is registered.
    """
    name, event = call["FunctionName"], call["Payload"]
    found = [functions[known] for known in function_names(name) if known in functions]
    if not found:
        raise TaskFailedError(
            "Lambda.ResourceNotFoundException",
            f"Function not found: {name}; register a Python function for it in "
            "activities/registry.py or worker.functions, or have SWF invoke it (LAMBDA_ROLE)",
        )
    try:
        return found[0](event)
    except (ActivityCanceled, TaskFailedError):
        raise
    except Exception as error:
        raise TaskFailedError(
            type(error).__name__, _cause(error), retryable=not isinstance(error, NonRetryableError)
        ) from error


def _cause(error: Exception) -> str:
    lines = traceback.format_exception(error)[-TRACE_LINES:]
    trace = redaction.text("\0".join(lines)).split("\0")  # a secret may go over several lines
    told = {
        "errorMessage": cut(redaction.text(error), CAUSE_CHARACTERS // 2),
        "errorType": type(error).__name__,
    }
    return dumps({**told, "stackTrace": [cut(line, 500) for line in trace]})
