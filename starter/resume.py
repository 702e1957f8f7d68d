"""Carrying on from a step: a signal to an open run, a new run for a closed one.

SWF refuses signals to a closed execution.  So a closed one is resumed by a new run of the
same workflow id, which carries over what the old one had become and begins at the step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import wire
from errors import (
    ExecutionAlreadyStartedError,
    SignalRefusedError,
    UnknownExecutionError,
)
from starter import published, runs, signals
from starter.runs import Event, Info, Origin
from swf_client import SwfClient
from wire import Json
from workflow import Execution


@dataclass(frozen=True)
class Resume:
    """What an operator asks for."""

    workflow_id: str
    step_name: str
    request: dict[str, Json]
    """`request_id`, `actor` and maybe `reason`."""
    input: Json = None
    """Merged over the step's input; None leaves it as it was."""

    @property
    def payload(self) -> dict[str, Json]:
        """The JSON of the signal, and of the new run's envelope."""
        edits = {} if self.input is None else {"input": self.input}
        return {**self.request, "step_name": self.step_name, **edits}


def resume(client: SwfClient, wanted: Resume, run_id: str) -> dict[str, str]:
    """Resume the chain that holds `run_id`.

    Gives `workflow_id`, `run_id`, `request_id`, and `previous_run_id` where a new run had to
    be started.
    """
    running = runs.open_run(client, wanted.workflow_id)
    own = runs.origin(client, wanted.workflow_id, run_id)
    if running is None:
        return _start_again(client, wanted, _newest_closed(client, wanted.workflow_id, run_id, own))
    open_id = runs.run_id_of(running)
    if open_id != run_id:
        _check_same_chain(client, wanted.workflow_id, open_id, own)
    return _signal(client, wanted, running)


def _signal(client: SwfClient, wanted: Resume, running: Info) -> dict[str, str]:
    run_id = runs.run_id_of(running)
    events = _events(client, wanted.workflow_id, run_id)
    _execution(running, events).check_resume(wanted.step_name)
    text = wire.dumps(wanted.payload)
    client.signal(wanted.workflow_id, signals.RESUME_FROM_STEP, text, run_id)
    return _answer(wanted, run_id)


def _start_again(client: SwfClient, wanted: Resume, closed_id: str) -> dict[str, str]:
    events = _events(client, wanted.workflow_id, closed_id)
    old = runs.origin_of(events[0], closed_id)
    if old.parent:
        raise SignalRefusedError(
            f"workflow {wanted.workflow_id} is a child of {old.parent['workflowId']}; "
            "resume it there with the signal REPROCESS_STEP"
        )
    description = client.describe(wanted.workflow_id, closed_id)
    execution = _execution(description["executionInfo"], events)
    execution.check_resume(wanted.step_name)
    envelope = {
        "start_id": old.start_id,
        "previous_run_id": closed_id,
        "snapshot": execution.snapshot(),
        "resume": wanted.payload,
    }
    value, _ = wire.unwrap_start(wire.loads(runs.attributes(events[0]).get("input")))
    text = wire.dumps(wire.wrap_start(value, envelope))
    run_id = _start(client, wanted, description, text, old.start_id)
    return {**_answer(wanted, run_id), "previous_run_id": closed_id}


def _start(
    client: SwfClient, wanted: Resume, description: dict[str, Any], text: str, start_id: str
) -> str:
    """Start the new run as the old one was; nothing is inherited, so all is said again."""
    info, settings = description["executionInfo"], description["executionConfiguration"]
    try:
        run_id = client.start_execution(
            workflow_id=wanted.workflow_id,
            name=info["workflowType"]["name"],
            version=info["workflowType"]["version"],
            input=text,
            start_id=start_id,
            task_list=settings["taskList"]["name"],
            tags=tuple(info.get("tagList") or ()),
            execution_timeout=settings["executionStartToCloseTimeout"],
            decision_timeout=settings["taskStartToCloseTimeout"],
            child_policy=settings["childPolicy"],
        )
    except ExecutionAlreadyStartedError as error:
        raise _resumed_meanwhile(client, wanted.workflow_id, error.run_id) from error
    resumed = runs.origin(client, wanted.workflow_id, run_id).resume
    if resumed.get("request_id") != wanted.request["request_id"]:
        raise _resumed_meanwhile(client, wanted.workflow_id, run_id)
    return run_id


def _resumed_meanwhile(
    client: SwfClient, workflow_id: str, run_id: str
) -> ExecutionAlreadyStartedError:
    error = ExecutionAlreadyStartedError(workflow_id, run_id)
    who = runs.origin(client, workflow_id, run_id).resume if run_id else {}
    if who:
        error.args = (
            f"workflow {workflow_id} was resumed meanwhile by {who.get('actor', 'somebody')} from "
            f"step {who.get('step_name')}, as run {run_id}; look at that one before resuming again",
        )
    return error


def _check_same_chain(client: SwfClient, workflow_id: str, open_id: str, own: Origin) -> None:
    """An id may be used anew: then the open run is another order's, and must not be touched."""
    if runs.origin(client, workflow_id, open_id).start_id != own.start_id:
        raise ExecutionAlreadyStartedError(workflow_id, open_id)


def _newest_closed(client: SwfClient, workflow_id: str, run_id: str, own: Origin) -> str:
    """The newest closed run of the chain; lists may lag behind, `run_id` itself is known."""
    for info in client.closed_executions(workflow_id=workflow_id):
        candidate = runs.run_id_of(info)
        if candidate == run_id:
            break
        if runs.origin(client, workflow_id, candidate).start_id == own.start_id:
            return candidate
    return run_id


def _events(client: SwfClient, workflow_id: str, run_id: str) -> list[Event]:
    try:
        return [client.decode_event(event) for event in client.history(workflow_id, run_id)]
    except UnknownExecutionError:
        raise runs.unknown(client, workflow_id, run_id) from None


def _execution(info: Info, events: list[Event]) -> Execution:
    kind = info["workflowType"]
    definition = published.definition(kind["name"], kind["version"])
    return Execution.from_history(events, definition=definition)


def _answer(wanted: Resume, run_id: str) -> dict[str, str]:
    return {
        "workflow_id": wanted.workflow_id,
        "run_id": run_id,
        "request_id": str(wanted.request["request_id"]),
    }
