"""Everything this application asks of SWF, and the only module that asks.

`SwfClient` is boto3 with what a long-lived process needs around it: whole histories instead of
pages, attempts again with jitter where that is safe, faults as our errors, payloads too large
for SWF kept outside, all encrypted where there are keys, and starts that happen once.  It knows
no definitions, decisions or activities.

Here are tasks and executions; `swf.reading` has histories, `swf.lists` lists and counts,
`swf.registration` domains and types, `swf.connection` engines, credentials and retries,
`swf.faults` what can go wrong.

Every method may raise the subclasses of `errors.SwfError`: `EngineUnreachableError`,
`ThrottledError`, `CredentialsError`, `PermissionDeniedError`, `RequestRefusedError`,
`LimitReachedError`, `DomainNotRegisteredError`, and those it names itself; what sends a payload
also `PayloadStoreError`, where the payload has to be stored and the store is away.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from itertools import chain, islice

import logs
import telemetry
import wire
from errors import (
    EngineUnreachableError,
    ExecutionAlreadyStartedError,
    PayloadError,
    PayloadStoreError,
    UnknownExecutionError,
)
from swf import events as swf_events
from swf.calls import present
from swf.connection import Patience
from swf.faults import ALREADY_STARTED, IN_DOUBT, UNKNOWN_RESOURCE, SwfFault
from swf.reading import SwfReading
from swf.registration import SwfRegistration
from wire import Json

__all__ = ["Patience", "SwfClient"]

UNLIMITED_SECONDS = 3600.0  # how long a report is tried where its task has no timeout
HEARTBEAT_SECONDS = 10.0  # how long a heartbeat is tried: the next one comes soon
RUNS_SEARCHED = 20  # newest closed runs of a workflow id, when a start is settled
LOOKS_FOR_OPEN_RUN = 4  # at lists, which lag

_log = logs.get("swf_client")


class SwfClient(SwfReading, SwfRegistration):
    """SWF for one process: the domain and engine of its settings, under one identity.

    `SwfClient(settings=None, *, identity=None, patience=None)`: the process's settings unless
    given; `identity` (host, process id and a random part unless given) appears in Started
    events; `patience` says how long calls are tried again.  Making one touches no network.
    Safe for many threads.
    """

    # --- decision tasks ------------------------------------------------------------------

    def poll_decision_task(
        self, task_list: str, *, since_previous: bool = False
    ) -> dict[str, Json] | None:
        """Wait up to 60 seconds for a decision task; None if there was none.

        The answer is SWF's with every page of `events` joined; with `since_previous` they
        begin at the previous DecisionTaskStarted.  What the core reads itself (start input's
        envelope, signals, markers, failure details) is resolved; other references stay.  Where
        that cannot be done, `payload_error` is the `PayloadError` that says why, and the task
        must not be decided.
        """
        members = {
            "domain": self.domain,
            "taskList": {"name": task_list},
            "identity": self.identity,
            "startAtPreviousStartedEvent": since_previous,
        }
        task = self._poll("poll_for_decision_task", members)
        if task is None:
            return None
        events = [*task["events"], *self._further_events(task, members)]
        task.pop("nextPageToken", None)
        try:
            decoded = [swf_events.decoded_for_core(event, self.payloads) for event in events]
        except PayloadError as error:
            return {**task, "events": events, "payload_error": error}
        return {**task, "events": decoded}

    def _further_events(self, task: Json, members: Json) -> Iterator[Json]:
        """The events of the pages after the first; asking for a page hands out no new task."""
        page = task
        while token := page.get("nextPageToken"):
            page = self._call(
                "poll_for_decision_task",
                {**members, "nextPageToken": token},
                seconds=_seconds(self.settings.decision_task_timeout),
            )
            yield from page.get("events", ())

    def respond_decision_task(
        self,
        token: str,
        decisions: list[dict[str, Json]],
        *,
        context: str | None = None,
        sticky_list: str | None = None,
        sticky_timeout: int | None = None,
        timeout: float | None = None,
    ) -> None:
        """Answer a decision task; payloads that are too long go by reference.

        `context`, by reference as well, becomes the execution context.  `sticky_list`
        gets this run's next decision task, the shared list after `sticky_timeout` seconds.
        Tried for `timeout` seconds, by default the decision task timeout.  Raises
        `TaskLostError` when the task has timed out or its execution closed, and
        `PayloadStoreError` where a long payload cannot be stored: nothing is answered then.
        """
        members = {
            "taskToken": token,
            "decisions": [swf_events.shrunk(decision, self.payloads) for decision in decisions],
            "executionContext": None if context is None else self.payloads.shrink(context),
            "taskList": None if sticky_list is None else {"name": sticky_list},
            "taskListScheduleToStartTimeout": None
            if sticky_timeout is None
            else str(sticky_timeout),
        }
        seconds = _seconds(self.settings.decision_task_timeout, timeout)
        self._call("respond_decision_task_completed", members, seconds=seconds)

    # --- activity tasks ------------------------------------------------------------------

    def poll_activity_task(self, task_list: str) -> dict[str, Json] | None:
        """Wait up to 60 seconds for an activity task; None if there was none.

        The answer is SWF's, every reference in `input` resolved.  Where that cannot be done,
        `payload_error` is the `PayloadError` that says why, for the worker to fail the task.
        """
        task = self._poll(
            "poll_for_activity_task",
            {
                "domain": self.domain,
                "taskList": {"name": task_list},
                "identity": self.identity,
            },
        )
        if task is not None and "input" in task:
            try:
                task["input"] = self.payloads.expand_deep(task["input"])
            except PayloadError as error:
                task["payload_error"] = error
        return task

    def complete_activity_task(
        self, token: str, result: str, *, timeout: float | None = None
    ) -> None:
        """Report an activity's result; too long a one goes by reference.

        Tried for `timeout` seconds, by default the activity's start-to-close timeout of the
        settings.  Raises `TaskLostError` when the result came too late.
        """
        members = {"taskToken": token, "result": self.payloads.shrink(result)}
        self._report("respond_activity_task_completed", members, timeout)

    def fail_activity_task(
        self, token: str, reason: str, details: str, *, timeout: float | None = None
    ) -> None:
        """Report an activity's failure; `reason` is cut to SWF's 256 characters.

        With keys only the exception's name stays readable.  Where the store is away, details
        that need it are left out.  As `complete_activity_task` otherwise.
        """
        reason = wire.cut(reason, wire.REASON_CHARACTERS)
        try:
            members = self._ending(reason, details)
        except PayloadStoreError as error:
            _log.error("The details of a failure are left out", error=str(error))
            members = self._ending(reason, "")
        if self.payloads.seals:
            members["reason"] = swf_events.public_reason(reason)
        self._report("respond_activity_task_failed", {"taskToken": token, **members}, timeout)

    def cancel_activity_task(
        self, token: str, details: str = "", *, timeout: float | None = None
    ) -> None:
        """Report that an activity stopped because it was asked to.

        As `complete_activity_task` otherwise.
        """
        members = {"taskToken": token, "details": self.payloads.shrink(details)}
        self._report("respond_activity_task_canceled", members, timeout)

    def heartbeat(self, token: str, details: str = "") -> bool:
        """Tell SWF that the activity lives; True when it is asked to stop.

        `details` are cut to SWF's 2,048 characters.  Raises `TaskLostError` when the task is
        no longer ours: the activity should end.
        """
        short = self.payloads.cut_to(details, wire.HEARTBEAT_CHARACTERS)
        members = {"taskToken": token, "details": short}
        seconds = HEARTBEAT_SECONDS
        answer = self._call("record_activity_task_heartbeat", members, seconds=seconds)
        return bool(answer.get("cancelRequested"))

    def _report(self, operation: str, members: Json, timeout: float | None) -> None:
        seconds = _seconds(self.settings.activity_start_to_close_timeout, timeout)
        self._call(operation, members, seconds=seconds)

    # --- executions ----------------------------------------------------------------------

    def start_execution(
        self,
        *,
        workflow_id: str,
        name: str,
        version: str,
        input: str,  # noqa: A002 - SWF's own name
        start_id: str,
        task_list: str | None = None,
        tags: Sequence[str] = (),
        execution_timeout: str | None = None,
        decision_timeout: str | None = None,
        child_policy: str = "TERMINATE",
        lambda_role: str | None = None,
    ) -> str:
        """Start an execution, once, and return its run id.

        `input` is the final text on the wire, its envelope carrying `start_id`; too long a
        one keeps the envelope readable and holds references.  An unanswered attempt is
        settled by that id among the runs of the workflow id (docs/ARCHITECTURE.md).  What is
        not given comes from the settings; timeouts are seconds as strings.  `lambda_role` is the
        ARN of the role by which SWF invokes the execution's Lambda functions.

        Raises `ExecutionAlreadyStartedError` with the open run's id, `TypeNotRegisteredError`.
        """
        members = {
            "domain": self.domain,
            "workflowId": workflow_id,
            "workflowType": {"name": name, "version": version},
            "taskList": {"name": task_list or self.settings.swf_task_list},
            "input": self.payloads.shrink_start(input),
            "tagList": list(tags) or None,
            "executionStartToCloseTimeout": (
                execution_timeout or self.settings.workflow_execution_timeout
            ),
            "taskStartToCloseTimeout": decision_timeout or self.settings.decision_task_timeout,
            "childPolicy": child_policy,
            "lambdaRole": lambda_role,
        }
        begun = time.time()
        run_id = self._started(members, start_id)
        telemetry.recorder().started(start_id, workflow_id, run_id, (name, version), begun)
        return run_id

    def _started(self, members: Json, start_id: str) -> str:
        try:
            answer = self._connection.call(
                "start_workflow_execution",
                present(members),
                settle=lambda: self._settled(members["workflowId"], start_id),
            )
        except SwfFault as fault:
            return self._not_started(fault, members, start_id)
        return str(answer["runId"])

    def _not_started(self, fault: SwfFault, members: Json, start_id: str) -> str:
        """The run id if it is our own start that stands in the way, else the error, raised."""
        if fault.code != ALREADY_STARTED:
            raise self._public(fault, members) from fault.__cause__
        workflow_id = members["workflowId"]
        open_run_id = self._open_run(workflow_id)
        ours = self._started_as(workflow_id, start_id)
        if ours is None:
            raise ExecutionAlreadyStartedError(workflow_id, open_run_id) from fault.__cause__
        return str(ours["runId"])

    def _open_run(self, workflow_id: str) -> str:
        """The open run's id, or nothing; SWF lists a run a moment after it started."""
        for look in range(LOOKS_FOR_OPEN_RUN):
            if look:
                self._connection.pause()
            for info in self.open_executions(workflow_id=workflow_id):
                return str(info["execution"]["runId"])
        return ""

    def _settled(self, workflow_id: str, start_id: str) -> dict[str, Json] | None:
        try:
            return self._started_as(workflow_id, start_id)
        except EngineUnreachableError as error:
            raise EngineUnreachableError(f"{error}; {IN_DOUBT}") from error

    def _started_as(self, workflow_id: str, start_id: str) -> dict[str, Json] | None:
        """The answer to a start that was carried out under this start id, if one was."""
        open_runs = self.open_executions(workflow_id=workflow_id)
        closed_runs = islice(self.closed_executions(workflow_id=workflow_id), RUNS_SEARCHED)
        for info in chain(open_runs, closed_runs):
            run_id = info["execution"]["runId"]
            if self._start_id(workflow_id, run_id) == start_id:
                _log.info(
                    "A start is settled by its start id", workflow_id=workflow_id, run_id=run_id
                )
                return {"runId": run_id}
        return None

    def _start_id(self, workflow_id: str, run_id: str) -> str | None:
        with contextlib.suppress(UnknownExecutionError, PayloadError):
            first = swf_events.attributes(self.first_event(workflow_id, run_id))
            return wire.unwrap_start(wire.loads(first.get("input")))[1].get("start_id")
        return None

    def signal(
        self,
        workflow_id: str,
        signal_name: str,
        input: str | None = None,  # noqa: A002 - SWF's own name
        run_id: str | None = None,
    ) -> None:
        """Signal an open execution, or exactly one run of it.

        May reach it twice when an answer is lost: a `request_id` in the input makes it act
        once.  Raises `UnknownExecutionError` when it is missing or closed.
        """
        members = {
            **self._open_execution(workflow_id, run_id),
            "signalName": signal_name,
            "input": None if input is None else self.payloads.shrink(input),
        }
        self._call("signal_workflow_execution", members)

    def request_cancel(self, workflow_id: str, run_id: str | None = None) -> None:
        """Ask an open execution to cancel itself.  Raises `UnknownExecutionError`."""
        members = self._open_execution(workflow_id, run_id)
        self._call("request_cancel_workflow_execution", members)

    def terminate(
        self,
        workflow_id: str,
        run_id: str | None = None,
        *,
        reason: str = "",
        details: str = "",
        child_policy: str | None = None,
    ) -> None:
        """Close an open execution at once, without a decision.

        `reason` is cut to SWF's 256 characters; `child_policy` (TERMINATE, REQUEST_CANCEL,
        ABANDON) is the execution's own unless given.  Raises `UnknownExecutionError`.
        """
        members = {
            **self._open_execution(workflow_id, run_id),
            **self._ending(wire.cut(reason, wire.REASON_CHARACTERS), details),
            "childPolicy": child_policy,
        }
        try:
            self._connection.call("terminate_workflow_execution", present(members))
        except SwfFault as fault:
            if fault.code == UNKNOWN_RESOURCE and fault.after_unanswered:
                return  # the attempt that got no answer has done it
            raise self._public(fault, members) from fault.__cause__

    def _ending(self, reason: str, details: str) -> dict[str, Json]:
        """Reason and details as SWF gets them; with keys the reason travels in the details."""
        if not self.payloads.seals or not reason:
            return {"reason": reason, "details": self.payloads.shrink(details)}
        hidden = self.payloads.shrink(swf_events.hiding(reason, details))
        return {"reason": swf_events.HIDDEN, "details": hidden}

    def _open_execution(self, workflow_id: str, run_id: str | None) -> dict[str, Json]:
        return {"domain": self.domain, "workflowId": workflow_id, "runId": run_id}


def _seconds(timeout: str, given: float | None = None) -> float:
    """How long to try a report: as long as its task lives."""
    if given is not None:
        return given
    return UNLIMITED_SECONDS if timeout == "NONE" else float(timeout)
