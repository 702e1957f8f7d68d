"""Answers to task tokens: how a state that waits for one goes on.

A token names workflow id, start id, path, visit and attempt, so an answer finds its state whatever
run of the chain it lies in, and a late one finds nothing.  `send-task-success` and the like send
these signals; whoever may signal the execution may answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from errors import InvalidInputError, SignalRefusedError
from wire import Json
from workflow import flow
from workflow.language import context
from workflow.language.documents import named_failure
from workflow.machine import Machine
from workflow.state import Phase, Via, Work

TASK_SUCCESS, TASK_FAILURE, TASK_HEARTBEAT = "TASK_SUCCESS", "TASK_FAILURE", "TASK_HEARTBEAT"

DONE = "done"


def _succeeded(machine: Machine, request: dict[str, Json]) -> str:
    """`{"token", "output"}`: the state's work gave that output."""
    work = _work(machine, request.get("token"))
    visit, output = machine.visit(work.entry), request.get("output")
    machine.tell("answered", step=visit.path, attempt=work.attempt, output=output)
    flow.finish(machine, visit, output)
    return DONE


def _failed(machine: Machine, request: dict[str, Json]) -> str:
    """`{"token", "error"?, "cause"?}`: the state's work failed; its Retry and Catch apply."""
    work = _work(machine, request.get("token"))
    error, cause = (_text(request.get(name)) for name in ("error", "cause"))
    path = machine.visit(work.entry).path
    machine.tell("answered", step=path, attempt=work.attempt, error=error, cause=cause)
    machine.missed.append((work, named_failure(error, cause)))
    return DONE


def _text(value: Json) -> str | None:
    return None if value is None else str(value)


def heartbeat(machine: Machine, payload: Any) -> None:
    """`{"token"}`: whoever works for the state lives.  It is not answered, for it comes often."""
    try:
        work = _work(machine, payload.get("token") if isinstance(payload, dict) else None)
    except SignalRefusedError:
        return
    if work.via is Via.TOKEN:
        flow.heard_of(machine, work)


def _work(machine: Machine, text: Json) -> Work:
    """The work that a token answers; refused where it is over, or was never ours."""
    try:
        token = context.read_token(text if isinstance(text, str) else "")
    except InvalidInputError as error:
        raise SignalRefusedError(str(error)) from error
    visit = machine.last_visit(token.path)
    work = None if visit is None else machine.state.works.get(f"s{visit.entry}")
    expected = (machine.state.start_id, token.visit, token.attempt)
    if (
        visit is None
        or work is None
        or (token.start_id, visit.number, work.attempt) != expected
        or not getattr(machine.graph(visit), "token", False)
        or machine.within(machine.frame(visit))
        or (work.phase is Phase.BACKOFF and work.via is not Via.TOKEN)
    ):
        raise SignalRefusedError(
            f"no state waits for this token any more: {token.path} was answered, timed out, or "
            "was left"
        )
    return work


HANDLERS: dict[str, Callable[[Machine, dict[str, Json]], str]] = {
    TASK_SUCCESS: _succeeded,
    TASK_FAILURE: _failed,
}
"""The answers that get an answer themselves: the marker SIGNAL_HANDLED."""
