"""Every exception of the application that a user can meet.

One root, `BusinessProcessError`.  Each class says with which code a command line ends
when it escapes (`exit_code`): 2 for something the user can mend in what was asked or
configured, 3 when SWF was unreachable or refused, 1 when the process itself failed.
The message always says what to do.  This module imports nothing of ours.
"""

from __future__ import annotations


class BusinessProcessError(Exception):
    """The root of everything this application raises on purpose."""

    exit_code = 1


class ConfigurationError(BusinessProcessError):
    """A setting has a value that cannot work; the message names it and what is allowed."""

    exit_code = 2


class InvalidInputError(BusinessProcessError):
    """What a caller handed over (a file, JSON, a step name, an argument) cannot be used."""

    exit_code = 2


class DefinitionError(InvalidInputError):
    """A process definition is wrong; the message lists every mistake found."""


class UnknownStepError(InvalidInputError):
    """The process has no step of that name."""

    def __init__(self, step_name: str, known: tuple[str, ...]) -> None:
        self.step_name = step_name
        self.known = known
        super().__init__(f"unknown step {step_name!r}; this process has: {', '.join(known)}")


class PublishedDefinitionError(InvalidInputError):
    """A published version was changed; the message names the line that gives a new version."""


class UndecidableError(BusinessProcessError):
    """A decision task that cannot be decided: a bug, an unknown version, another shape.

    Nobody's execution is failed for it: the decider parks it, and `status` shows it BLOCKED.
    """


class EndlessError(UndecidableError):
    """An execution in-process does not come to an end within what it may take."""


class DivergedError(UndecidableError):
    """Replaying asks for another decision than the history has: the definition was changed."""

    def __init__(self, expected: str, actual: str, step: str, version: str, event_id: int) -> None:
        self.expected = expected
        self.actual = actual
        self.step = step
        self.event_id = event_id
        super().__init__(
            f"the history does not fit definition {version}: at step {step} it asks for "
            f"{expected}, and event {event_id} has {actual}. Nothing was changed; give the "
            "decider the definition that the execution began under"
        )


# --- SWF ---------------------------------------------------------------------------------


class SwfError(BusinessProcessError):
    """SWF could not be reached or did not do what was asked."""

    exit_code = 3


class EngineUnreachableError(SwfError):
    """No answer from the engine: not running, no network, or an answer cut short."""


class CredentialsError(SwfError):
    """AWS credentials are missing, expired or refused."""


class PermissionDeniedError(SwfError):
    """The credentials are valid but may not do this; the message names the IAM action."""


class ThrottledError(SwfError):
    """SWF kept refusing because of the account's request rates."""


class RequestRefusedError(SwfError):
    """SWF refused the request as malformed (a ValidationException): the message is SWF's."""

    exit_code = 2


class LimitReachedError(SwfError):
    """A quota of the account or domain is exhausted."""


class DomainNotRegisteredError(SwfError):
    """The domain is missing or deprecated: run `python setup.py`."""

    exit_code = 2


class TypeNotRegisteredError(SwfError):
    """A workflow or activity type is missing or deprecated: run `python setup.py`."""

    exit_code = 2


class UnknownExecutionError(SwfError):
    """No such execution, or it is closed and only open ones can do this."""

    exit_code = 2

    def __init__(self, message: str, workflow_id: str = "", run_id: str = "") -> None:
        self.workflow_id = workflow_id
        self.run_id = run_id
        super().__init__(message)


class ExecutionAlreadyStartedError(SwfError):
    """An execution with this workflow id is open already."""

    exit_code = 2

    def __init__(self, workflow_id: str, run_id: str = "") -> None:
        self.workflow_id = workflow_id
        self.run_id = run_id
        known = f" as run {run_id}" if run_id else ""
        super().__init__(
            f"workflow {workflow_id} is already open{known}; use another id, wait for its end "
            f"(`python workflow_starter.py monitor {workflow_id}`), or terminate it first"
        )


class SignalRefusedError(SwfError):
    """The decider answered an operator's signal with a refusal; the message says why."""

    exit_code = 2


class TaskLostError(SwfError):
    """The task is no longer ours: timed out, canceled, or its execution closed.

    The work's result came too late and was not taken.  Nothing to do: the decider retries.
    `perhaps_done`: an earlier attempt to report got no answer, and was perhaps taken.
    """

    def __init__(self, message: str, *, perhaps_done: bool = False) -> None:
        self.perhaps_done = perhaps_done
        super().__init__(message)


# --- payloads ----------------------------------------------------------------------------


class PayloadError(BusinessProcessError):
    """A large value could not be stored, found, or did not match its hash."""

    exit_code = 3


class PayloadStoreError(PayloadError):
    """The store of large values is away, full, refuses, or is not set.

    A step that needs it fails with this and is tried again; nobody's execution is failed.
    """


class PayloadKeyError(PayloadError):
    """A value is encrypted under a key that `PAYLOAD_KEYS` of this process does not have."""

    def __init__(self, message: str, key_id: str) -> None:
        self.key_id = key_id
        super().__init__(message)


# --- activities --------------------------------------------------------------------------


class ActivityError(BusinessProcessError):
    """The root of errors that activities raise."""


class NonRetryableError(ActivityError):
    """Raised by an activity when trying again cannot help (bad input, say).

    The step goes straight to rollback.
    """


class TaskFailedError(ActivityError):
    """Fails a step under a name and with a cause of its own, as States Language catches them.

    `error` is the name (`Payment.Declined`), `cause` any text, of 32,768 characters at most.
    """

    def __init__(self, error: str, cause: str = "", *, retryable: bool = True) -> None:
        self.error = error
        self.cause = cause
        self.retryable = retryable
        super().__init__(cause)


class ActivityNotRegisteredError(ActivityError):
    """The worker that got the task has no function of that name."""


class TombstoneError(NonRetryableError):
    """This visit of the step was undone already; a late write is refused."""


class StaleVisitError(NonRetryableError):
    """A later visit of the step has written already; a straggler's write is refused."""


class NotificationError(ActivityError):
    """A notifier could not deliver; trying again may help."""


class ActivityCanceled(BaseException):
    """Raised inside an activity that honours a request to stop.

    Not an `Exception`, so that an activity's own `except Exception` cannot swallow it.
    `details` (text, 32,768 characters at most) goes into the ActivityTaskCanceled event.
    """

    def __init__(self, details: str = "") -> None:
        self.details = details
        super().__init__(details)
