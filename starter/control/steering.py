"""Steering open executions: forward, back, again, skip, pause, undo.

Every request is tried first on a copy of the execution, by the same core that the deciders
run: so an operator knows beforehand what would happen, and a request that would be refused is
not sent.  The deciders judge in the end, for the execution may have moved on.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TypedDict

import wire
from errors import ExecutionAlreadyStartedError, SignalRefusedError, UnknownExecutionError
from starter import runs
from starter.control.signals import LOOKS, Sent, to_open_run
from starter.executions import replays
from swf_client import SwfClient
from wire import Json
from workflow.preview import Preview

REFUSED = "refused"


@dataclass(frozen=True)
class Request:
    """A signal to an execution."""

    workflow_id: str
    signal: str
    payload: dict[str, Json]
    """With `request_id`, `actor` and maybe `reason`; see docs/ARCHITECTURE.md."""


class Forecast(TypedDict):
    """What a request would do."""

    workflow_id: str
    run_id: str
    outcome: str
    """`done`, `waiting` (for what is in flight) or `refused`."""
    why: str
    words: list[str]
    """The consequences, a sentence each."""


def foresee(client: SwfClient, request: Request, run_id: str) -> Forecast:
    """What a request to the chain that holds `run_id` would do, without doing it."""
    open_id, found = _tried(client, request, run_id)
    if found is None:
        words = ["this machine has no definition of the execution; its deciders will judge"]
        return Forecast(
            workflow_id=request.workflow_id, run_id=open_id, outcome="unknown", why="", words=words
        )
    return Forecast(
        workflow_id=request.workflow_id,
        run_id=open_id,
        outcome=found.outcome,
        why=found.why,
        words=in_words(found),
    )


def send(client: SwfClient, request: Request, run_id: str) -> Sent:
    """Send a request to the open run of the chain, unless it would be refused."""
    text = wire.dumps(request.payload)

    def look() -> str:
        open_id, found = _tried(client, request, run_id)
        if found is not None:
            check_not_refused(request.signal, found)
        return open_id

    open_id = to_open_run(partial(client.signal, request.workflow_id, request.signal, text), look)
    return Sent(
        workflow_id=request.workflow_id,
        run_id=open_id,
        request_id=str(request.payload["request_id"]),
    )


def check_not_refused(signal: str, found: Preview) -> None:
    """Raise `SignalRefusedError` with the reason where a signal would be refused."""
    if found.outcome == REFUSED:
        raise SignalRefusedError(f"{signal} is refused: {found.why}")


def in_words(found: Preview) -> list[str]:
    """The consequences for people, a sentence each."""
    if found.outcome == REFUSED:
        return [f"It would be refused: {found.why}"]
    words = [f"{path} is asked to stop, and left behind if it does not" for path in found.stops]
    words += [f"{path} is undone" for path in found.undoes]
    words += [_again_in_words(item) for item in found.again]
    words += [edit_in_words(edit) for edit in found.edits]
    words += [f"The execution goes on at {place}" for place in found.enters]
    if found.holds:
        words.append("It holds after the steps in progress")
    if found.ends:
        words.append(f"The execution ends: {_ENDINGS[found.ends]}")
    return words or ["Nothing that runs is touched"]


def _again_in_words(item: dict[str, Json]) -> str:
    said = f"{item['path']} runs again after the step in progress, and its result is replaced"
    if item["input"] is None:
        return said
    return f"{said}; merged over its input: {wire.dumps(item['input'])}"


_ENDINGS = {"complete": "completed", "fail": "failed", "cancel": "canceled"}


def edit_in_words(edit: dict[str, Json]) -> str:
    """What became of data: the members that changed, before and after."""
    before, after = edit["before"], edit["after"]
    if not (isinstance(before, dict) and isinstance(after, dict)):
        return f"{edit['what']}: {wire.dumps(before)} becomes {wire.dumps(after)}"
    changed = sorted(key for key in {*before, *after} if before.get(key) != after.get(key))
    parts = (f"{k} {wire.dumps(before.get(k))} becomes {wire.dumps(after.get(k))}" for k in changed)
    return f"{edit['what']}: " + ("; ".join(parts) or "unchanged")


def _tried(client: SwfClient, request: Request, run_id: str) -> tuple[str, Preview | None]:
    """Run id of the chain's open run, and what the request would do to it, if that is known.

    A run that has closed since it was listed is looked for again, for it may go on as new.
    """
    for _ in range(LOOKS):
        open_id = _open_run(client, request.workflow_id, run_id)
        execution = replays.replay(client, request.workflow_id, open_id)
        if execution is None:
            return open_id, None
        if not execution.state.closed:
            return open_id, execution.preview(request.signal, request.payload)
    raise _has_closed(request.workflow_id, run_id)


def _open_run(client: SwfClient, workflow_id: str, run_id: str) -> str:
    """Run id of the open run of the chain that holds `run_id`."""
    running = runs.open_run(client, workflow_id)
    if running is None:
        raise _has_closed(workflow_id, run_id)
    open_id = runs.run_id_of(running)
    if open_id != run_id:
        own = runs.origin(client, workflow_id, run_id)
        if runs.origin(client, workflow_id, open_id).start_id != own.start_id:
            raise ExecutionAlreadyStartedError(workflow_id, open_id)
    return open_id


def _has_closed(workflow_id: str, run_id: str) -> UnknownExecutionError:
    return UnknownExecutionError(
        f"workflow {workflow_id} has closed; a closed one can be resumed "
        "('workflow_starter.py resume'), but not signaled",
        workflow_id,
        run_id,
    )
