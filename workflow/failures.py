"""What a failed attempt means: another attempt on a timer, or the end of the step."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from wire import loads
from workflow import saga
from workflow.flow import close
from workflow.graph import ALL_ERRORS, PAUSE, TASK_FAILED, TIMEOUT, Retrier
from workflow.machine import Failure, Machine
from workflow.policy import UNCOUNTED_TRIES, patience
from workflow.state import ROOT, Frame, Outcome, Phase, Stop, Via, Visit, Work
from workflow.unwinding import stop

UNCOUNTED = ("ActivityNotRegistered", "PayloadStoreError", "PayloadKeyError")
"""Errors that are not the activity's: its function, or the store of large values, is missing."""

NON_RETRYABLE = "NonRetryableError"
MISSING_FUNCTION_SECONDS = 30  # longest wait for a worker that has the function
PRESSURE_SECONDS = 30  # longest wait for SWF to admit more
SETUP_SECONDS = 3600  # longest wait for somebody to run setup.py

PRESSURE = frozenset(
    {
        "OPEN_ACTIVITIES_LIMIT_EXCEEDED",
        "ACTIVITY_CREATION_RATE_EXCEEDED",
        "OPEN_CHILDREN_LIMIT_EXCEEDED",
        "OPEN_WORKFLOWS_LIMIT_EXCEEDED",
        "CHILD_CREATION_RATE_EXCEEDED",
    }
)


def of_activity(attributes: Mapping[str, Any]) -> Failure:
    """The failure in an ActivityTaskFailed event, from our workers or anybody's."""
    reason = attributes.get("reason") or "the activity failed and gave no reason"
    details = loads(attributes.get("details"))
    told = isinstance(details, dict) and details.get("retryable") is False
    return Failure(
        reason,
        retryable=not told and not _named(reason, NON_RETRYABLE),
        counted=not any(_named(reason, error) for error in UNCOUNTED),
    )


def of_timeout(attributes: Mapping[str, Any]) -> Failure:
    """The failure in an ActivityTaskTimedOut event."""
    return Failure(f"{attributes['timeoutType']} timeout")


def _named(reason: str, error: str) -> bool:
    return reason == error or reason.startswith((error + ":", error + "Error:"))


# --- attempts ---------------------------------------------------------------------------------


def attempt_failed(machine: Machine, work: Work, failure: Failure) -> None:
    """Take a failed attempt: wait and try again, or give the work up."""
    work.error, work.cancel_requested = failure.reason, False
    machine.tell("activity_failed", step=work.activity, reason=failure.reason, attempt=work.attempt)
    if not failure.counted and work.tries < UNCOUNTED_TRIES:
        back_off(machine, work, patience(work.tries, 1, MISSING_FUNCTION_SECONDS))
        return
    wait = next_wait(machine, work, failure) if failure.retryable else None
    if wait is None:
        give_up(machine, work, failure)
        return
    work.attempt, work.tries, work.delay = work.attempt + 1, 0, wait
    machine.put(work, Phase.BACKOFF)
    machine.tell("retrying", step=work.activity, attempt=work.attempt, delay_seconds=work.delay)


def next_wait(machine: Machine, work: Work, failure: Failure) -> int | None:
    """Seconds before the next attempt; None where there is none."""
    rules = None
    if work.kind == "step":
        rules = machine.of(machine.graph(machine.visit(work.entry))).retry
    if rules is None:
        if work.via is Via.FRAMES or work.attempt >= machine.policy.max_attempts:
            return None
        return machine.policy.delay(work.attempt)
    for index, rule in enumerate(rules):
        if names(rule, failure):
            return _use(machine, work, index, rule)
    return None


def names(rule: Retrier, failure: Failure) -> bool:
    """Whether a retrier is for such a failure."""
    error = failure.error
    for name in rule.errors:
        if name in (error, ALL_ERRORS) or (name == TASK_FAILED and error != TIMEOUT):
            return True
    return False


def _use(machine: Machine, work: Work, index: int, rule: Retrier) -> int | None:
    work.counters += [0] * (index + 1 - len(work.counters))
    if work.counters[index] >= rule.retries:
        return None
    work.counters[index] += 1
    try:
        wait = rule.interval * rule.rate ** min(work.counters[index] - 1, 1000)
    except OverflowError:
        wait = math.inf
    wait = min(wait, rule.cap if rule.cap is not None else 99_999_999)
    return math.ceil(wait * machine.draw() if rule.jitter else wait)


def back_off(machine: Machine, work: Work, delay: int) -> None:
    """Try again later without counting it as an attempt."""
    work.tries, work.delay = work.tries + 1, delay
    machine.put(work, Phase.BACKOFF)


def give_up(machine: Machine, work: Work, failure: Failure) -> None:
    """No attempt is left: a step has failed, a compensation is reported."""
    if work.kind == "step":
        machine.fail(machine.visit(work.entry), failure)
    else:
        saga.not_undone(machine, work)


# --- steps ------------------------------------------------------------------------------------


def visit_failed(machine: Machine, visit: Visit, failure: Failure) -> None:
    """A visit has failed for good: hold there, fail what is around it, or roll back."""
    frame = machine.frame(visit)
    origin = failure.visit or visit.entry
    visit.outcome = Outcome.FAILED
    close(machine, visit)
    if getattr(machine.graph(visit), "on_failure", "") == PAUSE:
        halt(machine, frame, visit, failure)
    elif frame.owner is None:
        _execution_failed(machine, origin, failure)
    else:
        owner = machine.visit(frame.owner)
        told = asdict(failure) | {"visit": origin}
        stop(machine, machine.frame(owner), Stop("composite", {"failure": told}))


def halt(machine: Machine, frame: Frame, visit: Visit, failure: Failure) -> None:
    """Stand still at a failed step until an operator says how to go on."""
    machine.stand(frame, failure.reason or "it failed")
    frame.next = visit.name
    machine.tell("halted", step=visit.path, why=failure.reason)


def _execution_failed(machine: Machine, origin: int, failure: Failure) -> None:
    reason = saga.MAX_RETRIES_EXCEEDED if failure.retryable else saga.NOT_RETRYABLE
    what = {"failed": origin, "reason": reason, "error": failure.reason}
    stop(machine, machine.state.frames[ROOT], Stop("rollback", what))


def composite_failed(machine: Machine, frame: Frame, failure: Failure) -> None:
    """A branch or item failed and its siblings have stopped: retry the whole, or fail with it."""
    visit = machine.current(frame)
    work = None if visit is None else machine.state.works.get(f"s{visit.entry}")
    if visit is None or work is None:
        return
    attempt_failed(machine, work, failure)
    if work.phase is Phase.BACKOFF:  # it begins anew, with branches or items of its own
        visit.frames = []


# --- refusals ---------------------------------------------------------------------------------


def schedule_refused(machine: Machine, work: Work, cause: str) -> None:
    """SWF did not take a task: back-pressure, or something that only people can mend."""
    if cause in PRESSURE:
        back_off(machine, work, patience(work.tries, 1, PRESSURE_SECONDS))
        return
    back_off(machine, work, patience(work.tries, 10, SETUP_SECONDS))
    machine.state.blocked = f"SWF refused activity {work.activity}: {cause}; {_remedy(cause)}"
    machine.tell("blocked", step=work.activity, why=machine.state.blocked)


def _remedy(cause: str) -> str:
    if cause.startswith(("ACTIVITY_TYPE", "WORKFLOW_TYPE")):
        return "run `python setup.py` to register it"
    if cause == "OPERATION_NOT_PERMITTED":
        return "the deciders' IAM role needs swf:ScheduleActivityTask"
    return "report this as a bug"


def hold(machine: Machine, why: str) -> None:
    """Wait, then decide again: SWF refused what only people can mend (permissions, types)."""
    state = machine.state
    state.held, state.held_times = True, state.held_times + 1
    state.blocked = f"{why}; see the deciders' IAM role and the registered types"
    machine.tell("blocked", why=state.blocked)
