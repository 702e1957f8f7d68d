"""What can go wrong between us and SWF.

`fault_of` sorts everything boto3 raises into four kinds, which decide about another attempt;
`swf.remedies` turns the fault that is left in the end into an error that says what to do.
"""

from __future__ import annotations

from enum import Enum

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    HTTPClientError,
    IncompleteReadError,
    MetadataRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    ProxyConnectionError,
    SSLError,
    SSOError,
    TokenRetrievalError,
)
from botocore.parsers import ResponseParserError

BOTO_ERRORS = (BotoCoreError, ClientError, ResponseParserError)
"""Everything that a boto3 call raises by itself."""

ALREADY_STARTED = "WorkflowExecutionAlreadyStartedFault"
UNKNOWN_RESOURCE = "UnknownResourceFault"
IN_DOUBT = "whether the execution was started is not known: look before starting it again"
ALREADY_THERE = ("DomainAlreadyExistsFault", "TypeAlreadyExistsFault")

NO_CREDENTIALS = (
    NoCredentialsError,
    PartialCredentialsError,
    CredentialRetrievalError,
    MetadataRetrievalError,
    TokenRetrievalError,
    ProfileNotFound,
    SSOError,
)
"""What boto3 raises where it finds no credentials, or cannot refresh them."""

CREDENTIAL_CODES = frozenset(
    {
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
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
"""With which AWS refuses credentials."""

_NOT_CONNECTED = (EndpointConnectionError, ConnectTimeoutError, ProxyConnectionError, SSLError)
_NOT_ANSWERED = (HTTPClientError, IncompleteReadError, ResponseParserError)
_THROTTLE_CODES = {"Throttling", "ThrottlingException", "TooManyRequestsException"}
_UNANSWERED_CODES = {"RequestTimeout", "RequestTimeoutException", "RequestAbortedException"}


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

    @property
    def is_of_credentials(self) -> bool:
        """Whether other credentials, or the same ones refreshed, may do better."""
        return self.code in CREDENTIAL_CODES or isinstance(self.__cause__, NO_CREDENTIALS)


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
