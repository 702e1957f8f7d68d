"""What can go wrong between us and SWF, and the error that says what to do about it.

`fault_of` sorts everything boto3 raises into four kinds, which decide about another attempt;
`public_error` turns the fault that is left in the end into one of `errors`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    ProxyConnectionError,
    SSLError,
    SSOError,
)
from botocore.parsers import ResponseParserError

from config import Settings
from errors import (
    BusinessProcessError,
    CredentialsError,
    DomainNotRegisteredError,
    EngineUnreachableError,
    ExecutionAlreadyStartedError,
    LimitReachedError,
    PermissionDeniedError,
    RequestRefusedError,
    SwfError,
    TaskLostError,
    ThrottledError,
    TypeNotRegisteredError,
    UnknownExecutionError,
)

BOTO_ERRORS = (BotoCoreError, ClientError, ResponseParserError)
"""Everything that a boto3 call raises by itself."""

ALREADY_STARTED = "WorkflowExecutionAlreadyStartedFault"
UNKNOWN_RESOURCE = "UnknownResourceFault"
IN_DOUBT = "whether the execution was started is not known: look before starting it again"
ALREADY_THERE = ("DomainAlreadyExistsFault", "TypeAlreadyExistsFault")

_NOT_CONNECTED = (EndpointConnectionError, ConnectTimeoutError, ProxyConnectionError, SSLError)
_NOT_ANSWERED = (HTTPClientError, IncompleteReadError, ResponseParserError)
_NO_CREDENTIALS = (
    NoCredentialsError,
    PartialCredentialsError,
    CredentialRetrievalError,
    ProfileNotFound,
    SSOError,
)
_CREDENTIAL_CODES = {
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "NotAuthorized",
    "OptInRequired",
    "RequestExpired",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}
_DENIED_CODES = {"AccessDenied", "AccessDeniedException", "OperationNotPermittedFault"}
_THROTTLE_CODES = {"Throttling", "ThrottlingException", "TooManyRequestsException"}
_LIMIT_CODES = {"LimitExceededFault", "TooManyTagsFault"}
_UNANSWERED_CODES = {"RequestTimeout", "RequestTimeoutException", "RequestAbortedException"}
_TASK_OPERATIONS = ("respond_", "record_")


class Kind(Enum):
    """What a fault means for another attempt."""

    REFUSED = "no connection came about: SWF has not seen the request"
    THROTTLED = "SWF refused because of its rates: nothing was done"
    UNANSWERED = "no usable answer: the request may have been carried out"
    FINAL = "SWF answered; asking again gives the same answer"


class SwfFault(Exception):  # noqa: N818 - SWF's own word; never leaves the client
    """One failed attempt of one operation; `__cause__` is what boto3 raised."""

    def __init__(self, operation: str, kind: Kind, code: str, message: str) -> None:
        self.operation = operation  # boto3's method name
        self.kind = kind
        self.code = code
        self.message = message
        self.after_unanswered = False  # an earlier attempt of this call may have been carried out
        super().__init__(f"{operation}: {message}")


def fault_of(operation: str, error: Exception) -> SwfFault:
    """The fault that an exception of boto3 stands for."""
    if isinstance(error, ClientError):
        kind, code, message = _answered(error)
    elif isinstance(error, _NOT_CONNECTED):
        kind, code, message = Kind.REFUSED, type(error).__name__, str(error)
    elif isinstance(error, _NOT_ANSWERED):
        kind, code, message = Kind.UNANSWERED, type(error).__name__, str(error)
    else:
        kind, code, message = Kind.FINAL, type(error).__name__, str(error)
    fault = SwfFault(operation, kind, code, message)
    fault.__cause__ = error
    return fault


def _answered(error: ClientError) -> tuple[Kind, str, str]:
    details = error.response.get("Error", {})
    code, message = str(details.get("Code", "")), str(details.get("Message", ""))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400))
    # SWF throttles with status 400, and not always under the code: reported by flux-swf-client.
    if code in _THROTTLE_CODES or status == 429 or message.startswith("Rate exceeded"):
        return Kind.THROTTLED, code, message
    if status >= 500 or code in _UNANSWERED_CODES:
        return Kind.UNANSWERED, code, message or f"status {status}"
    return Kind.FINAL, code, message


def public_error(
    fault: SwfFault, settings: Settings, members: Mapping[str, Any]
) -> BusinessProcessError:
    """The error for users: its class, and a message that says what to do.

    `members` are the request's, for the ids that the error carries.
    """
    if fault.kind in (Kind.REFUSED, Kind.UNANSWERED):
        return EngineUnreachableError(_unreachable(fault, settings))
    if fault.kind is Kind.THROTTLED:
        return ThrottledError(
            f"{settings.engine} kept refusing {_action(fault)} because of the account's request "
            f"rate ({fault.message}); start fewer at once, or ask AWS to raise the quota"
        )
    if fault.code in _CREDENTIAL_CODES or isinstance(fault.__cause__, _NO_CREDENTIALS):
        return CredentialsError(_credentials(fault))
    if fault.code in _DENIED_CODES:
        return PermissionDeniedError(
            f"these credentials may not do {_action(fault)} in domain {settings.swf_domain}; "
            f"allow that action in IAM ({fault.message})"
        )
    if fault.code in _LIMIT_CODES:
        return LimitReachedError(_limit(fault, settings))
    return _refusal(fault, settings, members)


Members = Mapping[str, Any]


def _refusal(fault: SwfFault, settings: Settings, members: Members) -> BusinessProcessError:
    """The error where SWF understood and said no."""
    known = _REFUSALS.get(fault.code)
    if known is not None:
        return known(fault, settings, members)
    return SwfError(f"{_action(fault)} failed: {fault.code}: {fault.message}")


def _already_started(_: SwfFault, __: Settings, members: Members) -> BusinessProcessError:
    return ExecutionAlreadyStartedError(str(members.get("workflowId", "")))


def _unknown(fault: SwfFault, settings: Settings, members: Members) -> BusinessProcessError:
    what = fault.message.partition(":")[0].lower()
    if "domain" in what:
        return _no_domain(settings, "is not registered")
    if fault.operation.startswith(_TASK_OPERATIONS):
        return _task_lost(fault)
    if "type" in what:
        return _no_type(fault, settings, "is not registered")
    return _no_execution(fault, settings, members)


def _no_execution(fault: SwfFault, settings: Settings, members: Members) -> UnknownExecutionError:
    execution = members.get("execution", members)
    workflow_id, run_id = str(execution.get("workflowId", "")), str(execution.get("runId") or "")
    named = f"{workflow_id} (run {run_id})" if run_id else workflow_id
    closed = "" if fault.operation.startswith(("describe_", "get_")) else ", or it is closed"
    return UnknownExecutionError(
        f"no execution {named} in {settings.engine}{closed}; "
        "`python workflow_starter.py list` shows what there is",
        workflow_id,
        run_id,
    )


def _malformed(fault: SwfFault, _: Settings, __: Members) -> BusinessProcessError:
    if fault.message == "Invalid token" and fault.operation.startswith(_TASK_OPERATIONS):
        return _task_lost(fault)
    return RequestRefusedError(f"{_action(fault)} was refused: {fault.message or fault.code}")


def _unsupported(fault: SwfFault, settings: Settings, _: Members) -> BusinessProcessError:
    return SwfError(f"{settings.engine} does not know {_action(fault)}")


_REFUSALS: dict[str, Callable[[SwfFault, Settings, Members], BusinessProcessError]] = {
    ALREADY_STARTED: _already_started,
    UNKNOWN_RESOURCE: _unknown,
    "DomainDeprecatedFault": lambda _fault, settings, _: _no_domain(settings, "is deprecated"),
    "TypeDeprecatedFault": lambda fault, settings, _: _no_type(fault, settings, "is deprecated"),
    "ValidationException": _malformed,
    "SerializationException": _malformed,
    "DefaultUndefinedFault": _malformed,
    "ParamValidationError": _malformed,
    "UnknownOperationException": _unsupported,
}


def _task_lost(fault: SwfFault) -> TaskLostError:
    if fault.after_unanswered:
        return TaskLostError(
            f"{_action(fault)}: the task is no longer open ({fault.message}); an earlier attempt "
            "that got no answer was perhaps taken, as the history shows",
            perhaps_done=True,
        )
    return TaskLostError(f"{_action(fault)}: the task is no longer ours ({fault.message})")


def _no_domain(settings: Settings, what: str) -> DomainNotRegisteredError:
    place = settings.engine.partition(", domain")[0]
    return DomainNotRegisteredError(
        f"the domain {settings.swf_domain} {what} in {place}; run `python setup.py`"
    )


def _no_type(fault: SwfFault, settings: Settings, what: str) -> TypeNotRegisteredError:
    named = fault.message.partition("Unknown type: ")[2] or fault.message
    return TypeNotRegisteredError(f"{named} {what} in {settings.engine}; run `python setup.py`")


def _limit(fault: SwfFault, settings: Settings) -> str:
    if "poll" in fault.message.lower():
        return (
            f"too many pollers on this task list of {settings.engine} ({fault.message}); "
            "run fewer workers or lower --concurrency"
        )
    return (
        f"a quota of {settings.engine} is exhausted: {fault.message or fault.code}; "
        "close or delete what is not needed, or ask AWS to raise it"
    )


def _credentials(fault: SwfFault) -> str:
    remedy = (
        "write AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in .env, set AWS_PROFILE or use an "
        "IAM role; without an AWS account set SWF_ENDPOINT=local"
    )
    text = f"{fault.code} {fault.message}".lower()
    if "expired" in text and "signature" in text:
        remedy = "set this machine's clock"
    elif "expired" in text:
        remedy = "get new temporary credentials (for SSO: `aws sso login`)"
    return f"AWS credentials are missing or were refused ({fault.message}); {remedy}"


def _unreachable(fault: SwfFault, settings: Settings) -> str:
    doubt = ""
    if fault.operation == "start_workflow_execution" and _in_doubt(fault):
        doubt = f"; {IN_DOUBT}"
    if settings.swf_endpoint == "local":
        remedy = f"its log is in {settings.swf_dir}; `python -m local_swf stop`, then try again"
    elif settings.swf_endpoint == "aws":
        remedy = "check network, proxy and AWS_REGION; without an AWS account SWF_ENDPOINT=local"
    else:
        remedy = "start it, correct SWF_ENDPOINT, or set SWF_ENDPOINT=local"
    return f"{settings.engine} does not answer ({fault.message}); {remedy}{doubt}"


def _in_doubt(fault: SwfFault) -> bool:
    return fault.kind is Kind.UNANSWERED or fault.after_unanswered


def _action(fault: SwfFault) -> str:
    """The operation as IAM names it: `swf:StartWorkflowExecution`."""
    return "swf:" + "".join(word.capitalize() for word in fault.operation.split("_"))
