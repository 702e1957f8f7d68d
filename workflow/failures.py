"""What a failed attempt means: another attempt on a timer, or the end of the step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wire import loads
from workflow import saga, steps
from workflow.machine import Machine
from workflow.policy import UNCOUNTED_TRIES, patience
from workflow.state import Outcome, Phase, Work

NOT_REGISTERED = "ActivityNotRegistered"
NON_RETRYABLE = "NonRetryableError"
MISSING_FUNCTION_SECONDS = 30  # longest wait for a worker that has the function
PRESSURE_SECONDS = 30  # longest wait for SWF to admit more
SETUP_SECONDS = 3600  # longest wait for somebody to run setup.py

PRESSURE = frozenset({"OPEN_ACTIVITIES_LIMIT_EXCEEDED", "ACTIVITY_CREATION_RATE_EXCEEDED"})


@dataclass(frozen=True)
class Failure:
    """Why an attempt gave no result."""

    reason: str
    retryable: bool = True
    counted: bool = True


def of_activity(attributes: Mapping[str, Any]) -> Failure:
    """The failure in an ActivityTaskFailed event, from our workers or anybody's."""
    reason = attributes.get("reason") or "the activity failed and gave no reason"
    details = loads(attributes.get("details"))
    told = isinstance(details, dict) and details.get("retryable") is False
    return Failure(
        reason,
        retryable=not told and not _named(reason, NON_RETRYABLE),
        counted=not _named(reason, NOT_REGISTERED),
    )


def of_timeout(attributes: Mapping[str, Any]) -> Failure:
    """The failure in an ActivityTaskTimedOut event."""
    return Failure(f"{attributes['timeoutType']} timeout")


def _named(reason: str, error: str) -> bool:
    return reason == error or reason.startswith((error + ":", error + "Error:"))


def attempt_failed(machine: Machine, work: Work, failure: Failure) -> None:
    """Take a failed attempt: wait and try again, or give the work up."""
    work.error, work.cancel_requested = failure.reason, False
    machine.tell("activity_failed", step=work.activity, reason=failure.reason, attempt=work.attempt)
    if not failure.counted and work.tries < UNCOUNTED_TRIES:
        back_off(work, patience(work.tries, 1, MISSING_FUNCTION_SECONDS))
    elif failure.retryable and work.attempt < machine.policy.max_attempts:
        work.attempt, work.tries = work.attempt + 1, 0
        work.phase, work.delay = Phase.BACKOFF, machine.policy.delay(work.attempt - 1)
        machine.tell("retrying", step=work.activity, attempt=work.attempt, delay_seconds=work.delay)
    else:
        give_up(machine, work, failure)


def back_off(work: Work, delay: int) -> None:
    """Try again later without counting it as an attempt."""
    work.tries += 1
    work.phase, work.delay = Phase.BACKOFF, delay


def give_up(machine: Machine, work: Work, failure: Failure) -> None:
    """No attempt is left: a step starts the rollback, a compensation is reported."""
    if work.kind != "step":
        saga.not_undone(machine, work)
        return
    machine.state.works.pop(work.key, None)
    visit = machine.state.visit(work.entry)
    visit.outcome = Outcome.FAILED
    steps.close(machine, visit)
    reason = saga.MAX_RETRIES_EXCEEDED if failure.retryable else saga.NOT_RETRYABLE
    saga.start(machine, visit, reason, failure.reason)


def schedule_refused(machine: Machine, work: Work, cause: str) -> None:
    """SWF did not take an activity: back-pressure, or something that only people can mend."""
    if cause in PRESSURE:
        back_off(work, patience(work.tries, 1, PRESSURE_SECONDS))
        return
    back_off(work, patience(work.tries, 10, SETUP_SECONDS))
    machine.state.blocked = f"SWF refused activity {work.activity}: {cause}; {_remedy(cause)}"
    machine.tell("blocked", step=work.activity, why=machine.state.blocked)


def _remedy(cause: str) -> str:
    if cause.startswith("ACTIVITY_TYPE"):
        return "run `python setup.py` to register it"
    if cause == "OPERATION_NOT_PERMITTED":
        return "the deciders' IAM role needs swf:ScheduleActivityTask"
    return "report this as a bug"
