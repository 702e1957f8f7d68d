"""Carrying on from a step: a signal to an open run, a new run for a closed one.

SWF refuses signals to a closed execution.  So a closed one is resumed by a new run of the
same workflow id, which carries over what the old one had become and begins at the step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypedDict

import wire
from errors import (
    EngineUnreachableError,
    ExecutionAlreadyStartedError,
    SignalRefusedError,
    UnknownStepError,
)
from starter import runs
from starter.control import signals, steering
from starter.control.steering import Forecast, Request
from starter.executions import replays
from starter.runs import Info, Origin, Started
from swf_client import SwfClient
from wire import Json
from workflow import Definition, Execution
from workflow.preview import Preview

STARTS = 3  # how often a start that got no answer is repeated


@dataclass(frozen=True)
class Resume:
    """What an operator asks for."""

    workflow_id: str
    step_name: str
    request: dict[str, Json]
    """`request_id`, `actor` and maybe `reason`."""
    input: Json = None
    """Merged over the step's input; None leaves it as it was."""
    force: bool = False
    """Whether to go on although the effect of an earlier step was undone."""
    compensate: bool = False
    """Whether to undo what a jump back passes over."""
    version: str | None = None
    """Version of the definition for the new run of a closed execution; None keeps the old one."""
    if_at: str | None = None
    """The visit that the operator saw, as `STEP:VISIT`: refused where it has moved on since."""

    @property
    def payload(self) -> dict[str, Json]:
        """The JSON of the signal, and of the new run's envelope."""
        payload = {**self.request, "step_name": self.step_name}
        if self.input is not None:
            payload["input"] = self.input
        if self.force:
            payload["force"] = True
        if self.compensate:
            payload["compensate"] = True
        if self.if_at is not None:
            payload["if_at"] = self.if_at
        return payload


class _NewRun(TypedDict, total=False):
    previous_run_id: str
    """The closed run that was carried over; only where a new run had to be started."""


class Resumed(Started, _NewRun):
    """The run in which the execution goes on."""

    request_id: str
    """By which the decider's answer is found."""


def resume(client: SwfClient, wanted: Resume, run_id: str) -> Resumed:
    """Resume the chain that holds `run_id`."""
    own = runs.origin(client, wanted.workflow_id, run_id)
    running = runs.open_run(client, wanted.workflow_id)
    if running is None:
        closed_id = _newest_closed(client, wanted.workflow_id, run_id, own)
        return _start_again(client, wanted, closed_id)
    open_id = runs.run_id_of(running)
    if open_id != run_id:
        _check_same_chain(client, wanted.workflow_id, open_id, own)
    return _signal(client, wanted, running)


def foresee(client: SwfClient, wanted: Resume, run_id: str) -> Forecast:
    """What `resume` would do, without doing it."""
    running = runs.open_run(client, wanted.workflow_id)
    if running is not None and wanted.version is not None:
        why = _keeps_version(wanted.workflow_id)
        words = steering.in_words(Preview(steering.REFUSED, why))
        return Forecast(
            workflow_id=wanted.workflow_id,
            run_id=runs.run_id_of(running),
            outcome=steering.REFUSED,
            why=why,
            words=words,
        )
    if running is not None:
        request = Request(wanted.workflow_id, signals.RESUME_FROM_STEP, wanted.payload)
        return steering.foresee(client, request, run_id)
    own = runs.origin(client, wanted.workflow_id, run_id)
    closed_id = _newest_closed(client, wanted.workflow_id, run_id, own)
    try:
        found = _carried_over(client, wanted, closed_id).preview()
    except (SignalRefusedError, UnknownStepError) as refusal:
        found = Preview(steering.REFUSED, str(refusal))
    began = [] if found.why else [f"A new run continues run {closed_id}"]
    return Forecast(
        workflow_id=wanted.workflow_id,
        run_id=closed_id,
        outcome=found.outcome,
        why=found.why,
        words=[*began, *steering.in_words(found)],
    )


# --- an open run -------------------------------------------------------------------------


def _signal(client: SwfClient, wanted: Resume, running: Info) -> Resumed:
    run_id = runs.run_id_of(running)
    if wanted.version is not None:
        raise SignalRefusedError(_keeps_version(wanted.workflow_id))
    execution = replays.replay(client, wanted.workflow_id, run_id)
    if execution is not None:  # else the deciders, who have the definition, judge alone
        execution.check_resume(wanted.step_name, force=wanted.force)
        found = execution.preview(signals.RESUME_FROM_STEP, wanted.payload)
        steering.check_not_refused(signals.RESUME_FROM_STEP, found)
    text = wire.dumps(wanted.payload)
    client.signal(wanted.workflow_id, signals.RESUME_FROM_STEP, text, run_id)
    return _answer(wanted, run_id)


def _keeps_version(workflow_id: str) -> str:
    return (
        f"workflow {workflow_id} is open, and stays with the version it began with; another "
        "version can be given when a closed one is resumed"
    )


def _check_same_chain(client: SwfClient, workflow_id: str, open_id: str, own: Origin) -> None:
    """An id may be used anew: then the open run is another order's, and must not be touched."""
    if runs.origin(client, workflow_id, open_id).start_id != own.start_id:
        raise ExecutionAlreadyStartedError(workflow_id, open_id)


# --- a closed run ------------------------------------------------------------------------


def _newest_closed(client: SwfClient, workflow_id: str, run_id: str, own: Origin) -> str:
    """The newest closed run of the chain; lists may lag behind, `run_id` itself is known."""
    for info in client.closed_executions(workflow_id=workflow_id):
        candidate = runs.run_id_of(info)
        if candidate == run_id:
            break
        if runs.origin(client, workflow_id, candidate).start_id == own.start_id:
            return candidate
    return run_id


@dataclass(frozen=True)
class _Carried:
    """A closed run, and what a new one takes over from it."""

    wanted: Resume
    description: dict[str, Any]
    """SWF's own, under the version that the new run will have."""
    input: Json
    start_id: str
    snapshot: Json
    definition: Definition

    def preview(self) -> Preview:
        """What the new run would begin with."""
        trial = Execution.from_snapshot(self.snapshot, self.definition)
        return trial.preview(signals.RESUME_FROM_STEP, self.wanted.payload)


def _carried_over(client: SwfClient, wanted: Resume, closed_id: str) -> _Carried:
    """What is needed to go on from a closed run, if it can be resumed as wanted."""
    events = replays.events_of(client, wanted.workflow_id, closed_id)
    old = runs.origin_of(events[0], closed_id)
    if old.parent:
        raise SignalRefusedError(
            f"workflow {wanted.workflow_id} is a child of {old.parent['workflowId']}; "
            "run it again there with the signal REPROCESS_STEP"
        )
    description = client.describe(wanted.workflow_id, closed_id)
    info = description["executionInfo"]
    definition = replays.needed_definition(info)
    execution = replays.folded(client, definition, events, wanted.workflow_id, closed_id)
    chosen = _chosen(execution, wanted)
    info["workflowType"]["version"] = chosen.version
    value, _ = wire.unwrap_start(wire.loads(runs.attributes(events[0]).get("input")))
    return _Carried(wanted, description, value, old.start_id, execution.snapshot(), chosen)


def _chosen(execution: Execution, wanted: Resume) -> Definition:
    """The definition of the new run, under which the step can be resumed."""
    old = execution.definition
    if wanted.version is None:
        execution.check_resume(wanted.step_name, force=wanted.force)
        return old
    kind = {"name": old.name, "version": wanted.version}
    newer = replays.needed_definition({"workflowType": kind})
    trial = Execution.from_snapshot(execution.snapshot(), newer)
    trial.check_resume(wanted.step_name, force=wanted.force)
    lost = sorted(set(execution.unresolved()) - set(trial.unresolved()))
    if lost and not wanted.force:
        raise SignalRefusedError(
            f"version {wanted.version} does not say how to undo {', '.join(lost)}, which ran under "
            f"{old.version}; keep their steps and compensations in it, or use --force"
        )
    return newer


def _start_again(client: SwfClient, wanted: Resume, closed_id: str) -> Resumed:
    carried = _carried_over(client, wanted, closed_id)
    envelope = {
        "start_id": carried.start_id,
        "previous_run_id": closed_id,
        "snapshot": carried.snapshot,
        "resume": wanted.payload,
    }
    text = wire.dumps(wire.wrap_start(carried.input, envelope))
    run_id = _started(client, wanted, carried.description, text, carried.start_id)
    resumed = _answer(wanted, run_id)
    resumed["previous_run_id"] = closed_id
    return resumed


def _started(
    client: SwfClient, wanted: Resume, description: dict[str, Any], text: str, start_id: str
) -> str:
    """Run id of the new run, once it is certain that it is this request's.

    A start that gets no answer is settled by the start id, which the old runs and another
    operator's new one have too: so what comes back is checked, and the start repeated when
    it was not carried out.
    """
    workflow_id = wanted.workflow_id
    for _ in range(STARTS):
        try:
            run_id = _start(client, workflow_id, description, text, start_id)
        except ExecutionAlreadyStartedError as error:
            raise _resumed_meanwhile(client, workflow_id, error.run_id) from error
        resumed = runs.origin(client, workflow_id, run_id).resume
        if resumed.get("request_id") == wanted.request["request_id"]:
            return run_id
        running = runs.open_run(client, workflow_id)
        if running is not None:
            raise _resumed_meanwhile(client, workflow_id, runs.run_id_of(running))
    raise EngineUnreachableError(f"workflow {workflow_id} could not be resumed; try again")


def _start(
    client: SwfClient, workflow_id: str, description: dict[str, Any], text: str, start_id: str
) -> str:
    """Start a run as the old one was; nothing is inherited, so all is said again."""
    info, settings = description["executionInfo"], description["executionConfiguration"]
    return client.start_execution(
        workflow_id=workflow_id,
        name=info["workflowType"]["name"],
        version=info["workflowType"]["version"],
        input=text,
        start_id=start_id,
        task_list=settings["taskList"]["name"],
        tags=tuple(info.get("tagList") or ()),
        execution_timeout=settings["executionStartToCloseTimeout"],
        decision_timeout=settings["taskStartToCloseTimeout"],
        child_policy=settings["childPolicy"],
        lambda_role=settings.get("lambdaRole"),
    )


def _resumed_meanwhile(
    client: SwfClient, workflow_id: str, run_id: str
) -> ExecutionAlreadyStartedError:
    error = ExecutionAlreadyStartedError(workflow_id, run_id)
    who = runs.origin(client, workflow_id, run_id).resume if run_id else {}
    if who:
        message = (
            f"workflow {workflow_id} was resumed meanwhile by {who.get('actor', 'somebody')} from "
            f"step {who.get('step_name')}, as run {run_id}; look at that one before resuming again"
        )
        error.args = (message,)
    return error


def _answer(wanted: Resume, run_id: str) -> Resumed:
    return Resumed(
        workflow_id=wanted.workflow_id,
        run_id=run_id,
        request_id=str(wanted.request["request_id"]),
    )
