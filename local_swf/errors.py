"""The faults that the endpoint answers with, in the envelope of the real service.

Every refusal is HTTP 400 with `{"__type": "<namespace>#<code>", "message": "<text>"}`;
clients keep what follows the `#`. Texts are those seen from the real service where any
are known.
"""

from __future__ import annotations

_MODEL = "com.amazonaws.swf.base.model"
_VALIDATE = "com.amazon.coral.validate"
_SERVICE = "com.amazon.coral.service"
_AVAILABILITY = "com.amazon.coral.availability"


class LocalSWFError(Exception):
    """Root of everything that this package raises."""


class StartupError(LocalSWFError):
    """The endpoint cannot start; the message is one line that says what to do."""


class CommitFailedError(LocalSWFError):
    """The transaction that held a request could not be written; nothing of it happened."""


class SwfFault(LocalSWFError):
    """A refusal that is sent to the client as SWF would send it."""

    def __init__(
        self, code: str, message: str, *, namespace: str = _MODEL, status: int = 400
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.namespace = namespace
        self.status = status

    @property
    def type(self) -> str:
        """The value of the envelope's `__type`."""
        return f"{self.namespace}#{self.code}"


def validation(message: str) -> SwfFault:
    """A parameter that breaks a constraint."""
    return SwfFault("ValidationException", message, namespace=_VALIDATE)


def constraints(errors: list[str]) -> SwfFault:
    """All broken constraints of a request, in one message."""
    noun = "error" if len(errors) == 1 else "errors"
    return validation(f"{len(errors)} validation {noun} detected: " + "; ".join(errors))


def invalid_token() -> SwfFault:
    """A task or page token that this endpoint never issued."""
    return validation("Invalid token")


def serialization(message: str) -> SwfFault:
    """A body that is not JSON, or a member of the wrong JSON type."""
    return SwfFault("SerializationException", message)


def unknown_operation(target: str) -> SwfFault:
    """An `X-Amz-Target` that names no operation of SWF."""
    return SwfFault(
        "UnknownOperationException", f"Unknown operation: {target}", namespace=_SERVICE, status=404
    )


def throttled() -> SwfFault:
    """More requests than the quota allows."""
    return SwfFault("ThrottlingException", "Rate exceeded", namespace=_AVAILABILITY)


def internal_failure() -> SwfFault:
    """A request that could not be carried out for a reason of the endpoint's own."""
    return SwfFault("InternalFailure", "Internal failure", namespace=_SERVICE, status=500)


def unavailable() -> SwfFault:
    """An injected 5xx answer."""
    return SwfFault("ServiceUnavailable", "Service unavailable", namespace=_SERVICE, status=503)


def too_large() -> SwfFault:
    """A request over the size limit (1 MB on SWF)."""
    return SwfFault(
        "RequestEntityTooLargeException", "Request too large", namespace=_SERVICE, status=413
    )


def access(code: str, message: str) -> SwfFault:
    """A request whose signature does not prove a known key."""
    return SwfFault(code, message, namespace=_SERVICE, status=403)


def unknown_resource(message: str) -> SwfFault:
    """Something that does not exist, or no longer."""
    return SwfFault("UnknownResourceFault", message)


def unknown_domain(name: str) -> SwfFault:
    """A domain that was never registered."""
    return unknown_resource(f"Unknown domain: {name}")


def unknown_run(workflow_id: str, run_id: str | None) -> SwfFault:
    """A run that does not exist, or is closed where an open one is needed."""
    if run_id is None:
        return unknown_resource(f"Unknown execution, workflowId = {workflow_id}")
    return unknown_resource(
        f"Unknown execution: WorkflowExecution=[workflowId={workflow_id}, runId={run_id}]"
    )


def unknown_task(kind: str, scheduled_id: int) -> SwfFault:
    """A task that is closed, timed out or handed to somebody else; `kind` as SWF words it."""
    return unknown_resource(f"Unknown {kind}, scheduledEventId = {scheduled_id}")


def fault(code: str, message: str) -> SwfFault:
    """One of the faults of the service model, such as `TypeDeprecatedFault`."""
    return SwfFault(code, message)
