"""What botocore raises, as the errors that States Language catches."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from botocore.model import ServiceModel

import wire
from activities.services import casing
from activities.services.naming import Naming, exception_name
from errors import TaskFailedError

CAUSE_CHARACTERS = 32_000
_THROTTLED = ("Throttl", "TooManyRequests", "RequestLimitExceeded", "SlowDown")


class PassingError(TaskFailedError):
    """A service that cannot be reached, is away or asks for fewer requests."""


def runtime(cause: str) -> TaskFailedError:
    """The error of parameters that cannot be used: never caught, never tried again."""
    return TaskFailedError("States.Runtime", cut(cause), retryable=False)


def failed(description: Any) -> TaskFailedError:
    """The error of a job that ended badly, with its description as the cause."""
    return TaskFailedError("States.TaskFailed", cut(wire.dumps(description)))


def cut(cause: str) -> str:
    """A cause within what the details of a failure hold."""
    return wire.cut(cause, CAUSE_CHARACTERS)


def of(
    error: BotoCoreError | ClientError, naming: Naming, model: ServiceModel, operation: str
) -> TaskFailedError:
    """The error to raise in place of one of botocore's.

    A modelled error goes by its own name, any other by the service's
    (`S3.NoSuchBucketException`, `S3.S3Exception`), as in Step Functions; so AccessDenied is
    mostly the latter.
    """
    if isinstance(error, ClientError):
        return _answered(error, naming, model, operation)
    if isinstance(error, ParamValidationError):
        return _refused(error, naming)
    return PassingError(f"{naming.prefix}.SdkClientException", cut(str(error)))


def _refused(error: ParamValidationError, naming: Naming) -> TaskFailedError:
    """Missing parameters are for the service to refuse; botocore does so in its place."""
    problems = str(error).splitlines()[1:]
    if problems and all(line.startswith("Missing required") for line in problems):
        cause = f"{'; '.join(problems)} (Service: {naming.prefix})"
        return TaskFailedError(f"{naming.prefix}.{naming.other}", cut(cause))
    return runtime(str(error))


def _answered(
    error: ClientError, naming: Naming, model: ServiceModel, operation: str
) -> TaskFailedError:
    answer: dict[str, Any] = {**error.response}
    code = str(answer.get("Error", {}).get("Code", ""))
    shape = _shape_name(answer, model, operation)
    if shape is None:
        name = naming.other
    else:
        name = exception_name(shape if naming.service else casing.pascal(shape))
    kind = PassingError if _is_passing(answer, code) else TaskFailedError
    return kind(f"{naming.prefix}.{name}", cut(_cause(answer, code, naming)))


def _shape_name(answer: dict[str, Any], model: ServiceModel, operation: str) -> str | None:
    """The modelled error that an answer's code stands for."""
    told = answer.get("Error", {})
    codes = [told.get("QueryErrorCode"), told.get("Code")]
    for code in filter(None, codes):
        shape = model.shape_for_error_code(code)
        if shape is not None:
            return str(shape.name)
    if str(told.get("Code")) == "404":  # answers to HEAD have no body that names the error
        shapes = model.operation_model(operation).error_shapes
        return str(shapes[0].name) if len(shapes) == 1 else None
    return None


def _is_passing(answer: dict[str, Any], code: str) -> bool:
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return status >= 500 or status == 429 or any(word in code for word in _THROTTLED)


def _cause(answer: dict[str, Any], code: str, naming: Naming) -> str:
    told = answer.get("ResponseMetadata", {})
    message = answer.get("Error", {}).get("Message", "")
    status, request = told.get("HTTPStatusCode"), told.get("RequestId")
    if naming.service:
        return (
            f"{message} (Service: {naming.service}; Status Code: {status}; Error Code: {code}; "
            f"Request ID: {request}; Proxy: null)"
        )
    extended = f", Extended Request ID: {told['HostId']}" if told.get("HostId") else ""
    return (
        f"{message} (Service: {naming.prefix}, Status Code: {status}, "
        f"Request ID: {request}{extended})"
    )
