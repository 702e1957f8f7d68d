"""What a failed attempt means: another attempt on a timer, or the end of the step."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from expressions.errors import ExpressionError
from wire import Json, loads
from workflow import data, flow, saga
from workflow.flow import close
from workflow.graph import HEARTBEAT_TIMEOUT, PAUSE, TIMEOUT, Parallel, Retrier
from workflow.language import resources
from workflow.language.documents import error_output
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
        "OPEN_LAMBDA_FUNCTIONS_LIMIT_EXCEEDED",
        "LAMBDA_FUNCTION_CREATION_RATE_EXCEEDED",
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
        **_said(details),
    )


def _said(details: Json) -> dict[str, Any]:
    """Name and cause that an activity gives for itself; a message is a cause too."""
    if not isinstance(details, dict) or not isinstance(details.get("type"), str):
        return {}
    cause = details.get("cause", details.get("message"))
    return {"name": details["type"], **({"cause": cause} if isinstance(cause, str) else {})}


def of_timeout(machine: Machine, work: Work, attributes: Mapping[str, Any]) -> Failure:
    """The failure in an ActivityTaskTimedOut event.

    In States Language a limit that the state does not set is ours: it tells that a worker died,
    and the attempt is made again without being counted.
    """
    kind = attributes["timeoutType"]
    reason = f"{kind} timeout"
    if not machine.definition.by_document:
        return Failure(reason)
    if work.kind == "step" and not _is_set(machine, work, kind):
        return Failure(reason, counted=False)
    return Failure(reason, name=HEARTBEAT_TIMEOUT if _is_beat(work, kind) else TIMEOUT)


def _is_beat(work: Work, kind: str) -> bool:
    """Whether nothing was heard of it in time; of a function, before its whole limit."""
    if kind != "START_TO_CLOSE" or work.activity not in resources.FUNCTIONS:
        return kind == "HEARTBEAT"
    limited, beating = work.limits or (None, None)
    return limited is not None and limited == beating


def _is_set(machine: Machine, work: Work, kind: str) -> bool:
    """Whether a state sets a time limit itself.

    Those of a state that sends its token out are for the answer, not for the message; those of a
    job are for all of it, not for one question.
    """
    state = machine.graph(machine.visit(work.entry))
    if getattr(state, "token", False) or work.poll is not None:
        return False
    if kind == "HEARTBEAT":
        beating = work.limits is not None and work.limits[1] is not None
        return beating and work.activity not in resources.FUNCTIONS
    settings = machine.of(state)
    return kind != "SCHEDULE_TO_START" or settings.schedule_to_start is not None


def of_function(attributes: Mapping[str, Any]) -> Failure:
    """The failure in a LambdaFunctionFailed event: the function's own error, if it tells one."""
    details = loads(attributes.get("details"))
    reason = attributes.get("reason") or "Lambda.Unknown"
    told = details if isinstance(details, dict) else {}
    error = str(told.get("errorType") or f"Lambda.{reason}")
    text = attributes.get("details")
    return Failure(f"{error}: {told.get('errorMessage') or text or ''}", name=error, cause=text)


def _named(reason: str, error: str) -> bool:
    return reason == error or reason.startswith((error + ":", error + "Error:"))


# --- attempts ---------------------------------------------------------------------------------


def attempt_failed(machine: Machine, work: Work, failure: Failure) -> None:
    """Take a failed attempt: wait and try again, or give the work up."""
    work.error, work.cancel_requested = failure.reason, False
    machine.let_go(work)
    machine.tell_of(work, "activity_failed", reason=failure.reason)
    if not failure.counted and work.tries < UNCOUNTED_TRIES:
        back_off(machine, work, patience(work.tries, 1, MISSING_FUNCTION_SECONDS))
        return
    wait = next_wait(machine, work, failure) if failure.retryable else None
    if wait is None:
        give_up(machine, work, failure)
        return
    work.attempt, work.tries, work.delay = work.attempt + 1, 0, wait
    _begin_anew(machine, work)
    machine.put(work, Phase.BACKOFF)
    machine.tell_of(work, "retrying", delay_seconds=work.delay)


def _begin_anew(machine: Machine, work: Work) -> None:
    """The next attempt has nothing of the last one: neither its limits, nor what it waited for."""
    work.due = work.until = work.beat = work.poll = None
    if work.via in (Via.TOKEN, Via.SIGNAL):
        machine.turn(work, Via.ACTIVITY)


def next_wait(machine: Machine, work: Work, failure: Failure) -> int | None:
    """Seconds before the next attempt; None where there is none."""
    rules = None
    if work.kind == "step":
        rules = machine.of(machine.graph(machine.visit(work.entry))).retry
    if rules is None and work.kind == "step" and machine.definition.by_document:
        return None
    if rules is None:
        if work.via is Via.FRAMES or work.attempt >= machine.policy.max_attempts:
            return None
        return machine.policy.delay(work.attempt)
    for index, rule in enumerate(rules):
        if data.of(machine).matches(rule.errors, failure):
            return _use(machine, work, index, rule)
    return None


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


def missed(machine: Machine, work: Work, failure: Failure) -> None:
    """An attempt failed in the core itself: what it gets, or gave, cannot be read."""
    if machine.state.works.get(work.key) is not work:
        return
    if work.via is Via.FRAMES:
        _stop_composite(machine, machine.visit(work.entry), failure)
    else:
        attempt_failed(machine, work, failure)


# --- steps ------------------------------------------------------------------------------------


def visit_failed(machine: Machine, visit: Visit, failure: Failure) -> None:
    """A visit has failed for good: go on where it is caught, hold there, or fail what is around."""
    frame = machine.frame(visit)
    origin = failure.visit or visit.entry
    try:
        target = data.of(machine).caught(machine, visit, failure)
    except ExpressionError as error:
        target, failure = None, flow.unreadable(machine, error)
    visit.outcome = Outcome.FAILED if target is None else Outcome.CAUGHT
    close(machine, visit)
    if target is not None:
        machine.tell("caught", step=visit.path, error=failure.reason, target=target)
        frame.next = target
        machine.agenda.append(frame.id)
    elif getattr(machine.graph(visit), "on_failure", "") == PAUSE:
        halt(machine, frame, visit, failure)
    elif frame.owner is None:
        _execution_failed(machine, origin, failure)
    else:
        _frame_failed(machine, frame, replace(failure, visit=origin))


def _frame_failed(machine: Machine, frame: Frame, failure: Failure) -> None:
    """A branch or item failed: it fails what it belongs to, unless that goes on without it."""
    owner, flows = machine.visit(frame.owner or 0), data.of(machine)
    if not flows.tolerates(machine, owner):
        of_branch = isinstance(machine.graph(owner), Parallel)
        _stop_composite(machine, owner, replace(failure, of_branch=of_branch))
        return
    owner.missed += 1
    frame.error = error_output(failure)
    if flows.is_tolerated(machine, owner, owner.missed):
        flow.close_frame(machine, frame)
        return
    error = "States.ExceedToleratedFailureThreshold"
    why = "The specified tolerated failure threshold was exceeded"
    exceeded = Failure(f"{error}: {why}", name=error, cause=why, visit=failure.visit)
    _stop_composite(machine, owner, exceeded)


def _stop_composite(machine: Machine, owner: Visit, failure: Failure) -> None:
    """Stop what the branches or items of a state do; then it has failed."""
    stop(machine, machine.frame(owner), Stop("composite", {"failure": asdict(failure)}))


def halt(machine: Machine, frame: Frame, visit: Visit, failure: Failure) -> None:
    """Stand still at a failed step until an operator says how to go on."""
    machine.stand(frame, failure.reason or "it failed")
    frame.next = visit.name
    machine.tell("halted", step=visit.path, why=failure.reason)


def _execution_failed(machine: Machine, origin: int, failure: Failure) -> None:
    reason = saga.MAX_RETRIES_EXCEEDED if failure.retryable else saga.NOT_RETRYABLE
    what: dict[str, Json] = {"failed": origin, "reason": reason, "error": failure.reason}
    if machine.definition.by_document:
        what["told"] = error_output(failure)
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
    machine.tell_of(work, "blocked", why=machine.state.blocked)


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
