"""How data go through the states of States Language: one JSON document, and variables.

Each frame has the document in force and the variables set in it; a state takes the document in
and leaves another.  Everything raises `ExpressionError`, and then has moved nothing.  This module
is what `workflow.data` asks; `items` and `calls` are its parts.
"""

from __future__ import annotations

from collections.abc import Iterable

from expressions.errors import RUNTIME, ExpressionError
from wire import Json
from workflow.graph import (
    ALL_ERRORS,
    HEARTBEAT_TIMEOUT,
    STEPS,
    TASK_FAILED,
    TIMEOUT,
    Await,
    Child,
    Choice,
    Fail,
    Task,
    Wait,
    catchers_of,
)
from workflow.language.calls import (
    child_input,
    child_result,
    credentials_of,
    of_work,
    take_child,
    take_task,
    work_input,
)
from workflow.language.fields import Left
from workflow.language.items import (
    begin_frame,
    composite_result,
    concurrency,
    is_tolerated,
    items,
    reads,
    tolerates,
    writes,
)
from workflow.language.surroundings import fields_of, view_of, within_limits
from workflow.language.view import View
from workflow.machine import Failure, Machine
from workflow.state import Frame, Outcome, Visit, Work

__all__ = [
    "attempt",
    "begin_frame",
    "caught",
    "check_result",
    "child_input",
    "child_result",
    "chosen",
    "composite_result",
    "concurrency",
    "entered",
    "error_output",
    "failure",
    "is_tolerated",
    "items",
    "limit",
    "matches",
    "named_failure",
    "of_work",
    "output",
    "passed",
    "reads",
    "returned",
    "tolerates",
    "took",
    "wait",
    "work_input",
    "writes",
]

SWEEP = 2_000  # editions of data that are made between two looks for those nobody needs


# --- states that are over at once -------------------------------------------------------------


def entered(machine: Machine, visit: Visit) -> None:
    """Take note of when and with what a state was entered."""
    visit.entered = machine.state.now
    visit.variables = machine.frame(visit).variables


def passed(machine: Machine, visit: Visit) -> None:
    """A Pass, Wait or Succeed is left."""
    fields, view = fields_of(machine, visit), view_of(machine, visit)
    _leave(machine, visit, fields.passed(view, fields.effective(view)))


def chosen(machine: Machine, visit: Visit, state: Choice) -> str:
    """The state that a Choice leads to."""
    found = fields_of(machine, visit).chosen(view_of(machine, visit))
    if found.target is None:
        why = f"no rule of {state.name} holds, and there is no Default"
        raise ExpressionError(why, "States.NoChoiceMatched")
    _leave(machine, visit, found.left)
    return found.target


def wait(machine: Machine, visit: Visit, _: Wait) -> tuple[int | None, float | None]:
    """Seconds to wait, or the moment to wait for."""
    return fields_of(machine, visit).wait(view_of(machine, visit))


def limit(machine: Machine, visit: Visit, _: Await) -> int | None:
    """TimeoutSeconds of a state that waits for a signal."""
    return fields_of(machine, visit).seconds(view_of(machine, visit), "TimeoutSeconds")


def failure(machine: Machine, visit: Visit, _: Fail) -> Failure:
    """Error and cause that a Fail says."""
    error, cause = fields_of(machine, visit).failure(view_of(machine, visit))
    return named_failure(error, cause)


def named_failure(error: str | None, cause: str | None, *, retryable: bool = True) -> Failure:
    """A failure with a name and a cause, of which either may be missing."""
    reason = ": ".join(text for text in (error, cause) if text) or "it failed"
    return Failure(reason, retryable=retryable, name=error or "", cause=cause)


def _leave(machine: Machine, visit: Visit, left: Left) -> None:
    """Put on record what a state left: the document in force, and the variables."""
    frame, state = machine.frame(visit), machine.state
    output = left.output
    if output is state.inputs[visit.input]:
        key = visit.input
    else:
        key = state.add_input(within_limits(machine, output, f"the output of {visit.name}"))
    in_force = frame.variables if visit.kept is None else visit.kept
    if left.assigned:
        within_limits(machine, left.assigned, f"the Assign of {visit.name}")
        in_force = state.add_variables({**state.variables[in_force], **left.assigned})
    frame.variables = in_force
    visit.output = frame.input = key
    visit.left_at = state.now
    if state.inputs_made % SWEEP == 0:
        state.sweep()


# --- work -------------------------------------------------------------------------------------


def attempt(machine: Machine, visit: Visit, work: Work) -> None:
    """Take what an attempt at a state's work gets: evaluated anew each time."""
    fields, view = fields_of(machine, visit), view_of(machine, visit)
    graph = machine.graph(visit)
    work.until = work.poll = None
    credentials_of(machine, visit)  # what cannot be read fails the attempt
    given = fields.effective(view)
    if isinstance(graph, Child):
        take_child(machine, work, graph, given)
        return
    if given is not view.document:
        within_limits(machine, given, f"the input of {visit.name}")
    work.input = given
    if isinstance(graph, Task):
        take_task(machine, visit, work, graph)


def took(machine: Machine, visit: Visit, result: Json, outcome: Outcome) -> None:
    """Take a state's result: its output becomes the document in force."""
    if not isinstance(machine.graph(visit), STEPS):
        passed(machine, visit)  # a wait that is skipped
        return
    fields, view = fields_of(machine, visit), view_of(machine, visit)
    within_limits(machine, result, f"the result of {visit.name}")
    skipped = outcome is Outcome.SKIPPED
    left = Left(fields.replaced(view, result), {}) if skipped else fields.after(view, result)
    if visit.base is not None:
        output = _instead(machine, visit, view, result, skipped=skipped)
        left = Left(output, left.assigned)
    visit.result = result
    _leave(machine, visit, left)


def check_result(machine: Machine, visit: Visit, result: Json) -> None:
    """Raise where ResultPath or OutputPath do not fit a result that an operator gives."""
    if not isinstance(machine.graph(visit), STEPS):
        if result not in ({}, None):
            raise ExpressionError("a state that only waits gives no result")
        return
    fields_of(machine, visit).replaced(view_of(machine, visit), result)
    within_limits(machine, result, f"the result of {visit.name}")


def _instead(machine: Machine, visit: Visit, view: View, result: Json, *, skipped: bool) -> Json:
    """The output of a state that was run again: its result in the data that are in force now.

    Where its output is the result itself, or computed, the data in force stay as they are: what
    follows goes on with them.
    """
    says = machine.graph(visit).says
    now = machine.state.inputs[visit.base or 0]
    members = {} if says is None else says.members
    if members.get("ResultPath", "$") in ("$", None) or members.get("OutputPath", "$") != "$":
        return now
    base = View(
        now,
        lambda: view.context,
        view.variables,
        chance=machine.draw,
        now=view.now,
        content=view.content,
    )
    fields = fields_of(machine, visit)
    return fields.replaced(base, result) if skipped else fields.after(base, result).output


# --- failures ---------------------------------------------------------------------------------


UNCATCHABLE = (RUNTIME,)
TIMEOUTS = (TIMEOUT, HEARTBEAT_TIMEOUT)
BRANCH_FAILED = "States.BranchFailed"
"""Matches whatever a branch failed with (States Language); what is told is the branch's error."""


def matches(errors: Iterable[str], failure: Failure) -> bool:
    """Whether a retrier's or catcher's ErrorEquals are for a failure (States Language, errors)."""
    error = failure.error
    if error in UNCATCHABLE:
        return False
    for name in errors:
        if name in (error, ALL_ERRORS):
            return True
        if name == TASK_FAILED and error not in TIMEOUTS:
            return True
        if name == TIMEOUT and error in TIMEOUTS:
            return True
        if name == BRANCH_FAILED and failure.of_branch:
            return True
    return False


def caught(machine: Machine, visit: Visit, failure: Failure) -> str | None:
    """The state at which a catcher goes on; None where no catcher takes the failure."""
    graph = machine.graph(visit)
    for number, catcher in enumerate(catchers_of(graph)):
        if matches(catcher.errors, failure):
            left = fields_of(machine, visit).caught(
                view_of(machine, visit), number, error_output(failure)
            )
            _leave(machine, visit, left)
            return catcher.next
    return None


def error_output(failure: Failure) -> dict[str, Json]:
    """What Catch gets: `Error` and `Cause`, each only where there is one.

    A missed heartbeat has a name of its own to match, and is told as a timeout.
    """
    error = TIMEOUT if failure.error == HEARTBEAT_TIMEOUT else failure.error
    found = {"Error": error or None, "Cause": failure.told_cause}
    return {key: item for key, item in found.items() if item is not None}


# --- frames -----------------------------------------------------------------------------------


def returned(machine: Machine, frame: Frame, last: Visit) -> None:
    """A frame goes back to what a state had when it was entered last."""
    frame.input, frame.variables = last.input, last.variables


def output(machine: Machine) -> Json:
    """The execution's output: the document as the last state left it."""
    return machine.state.inputs[machine.state.root.input]
