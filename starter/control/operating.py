"""What operators do to executions: the methods of `WorkflowStarter` that steer and answer."""

from __future__ import annotations

from functools import partial
from typing import Any

import logs
import redaction
import wire
from config import Settings
from errors import UnknownExecutionError
from starter import requests, runs
from starter.control import answering, signals, steering
from starter.control import resume as resuming
from starter.control.resume import Resumed
from starter.control.signals import Outcome, Sent
from starter.executions import auditing
from starter.executions.status import Status
from starter.lists import listing
from starter.waiting import LOCAL, REMOTE, Rhythm, until
from swf_client import SwfClient
from wire import Json
from workflow import answers

_log = logs.get("workflow_starter")


class Operating:
    """Steers executions that were started, and answers what they wait for."""

    swf_client: SwfClient

    def resume_workflow_from_step(
        self,
        workflow_id: str,
        run_id: str | None = None,
        step_name: str = "",
        input: Json = None,  # noqa: A002
        reason: str | None = None,
        *,
        actor: str | None = None,
        force: bool = False,
        compensate: bool = False,
        version: str | None = None,
        if_at: str | None = None,
    ) -> Resumed:
        """Go on from `step_name`, forward or back, with the results before it preserved.

        An open execution gets the signal `RESUME_FROM_STEP`; a closed one goes on in a new
        run of the same workflow id.  Gives `{"workflow_id", "run_id", "request_id"}`, and
        `previous_run_id` where there is a new run.  `input` is merged over the step's input;
        `actor` is the user at this machine unless given.  Raises `UnknownStepError` for a
        step that the process has not, `SignalRefusedError` for one it cannot go on from, and
        `ExecutionAlreadyStartedError` where somebody else was faster.  `force` goes on even
        where the effect of an earlier step was undone; `compensate` undoes what a jump back
        passes over.  `version` takes a closed execution on under another published version.
        The name of an undo activity (`RollbackStep`) resumes a rollback at what it could not undo.
        An open execution is left alone where it is no longer at `if_at`, as `STEP:VISIT`.
        """
        edits = None if input is None else requests.checked_input(input)
        requests.checked_for_secrets(edits, self.settings, workflow_id=workflow_id)
        request = signals.new_request(reason, actor)
        wanted = resuming.Resume(
            workflow_id, step_name, request, edits, force, compensate, version, if_at
        )
        resumed = resuming.resume(self.swf_client, wanted, self._run(workflow_id, run_id))
        _log.info(
            f"Resuming workflow: {workflow_id} (run {resumed['run_id']}) from step: {step_name}",
            domain=self.settings.swf_domain,
            **resumed,
            actor=request["actor"],
        )
        return resumed

    def foresee_resume(
        self,
        workflow_id: str,
        run_id: str | None = None,
        step_name: str = "",
        **options: Any,
    ) -> steering.Forecast:
        """What `resume_workflow_from_step` with these `options` would do, without doing it."""
        nobody = signals.new_request(None, None)
        wanted = resuming.Resume(workflow_id, step_name, nobody, **options)
        return resuming.foresee(self.swf_client, wanted, self._run(workflow_id, run_id))

    def go_back(
        self,
        workflow_id: str,
        run_id: str | None = None,
        steps: int = 1,
        *,
        compensate: bool = False,
        **operator: Any,
    ) -> Sent:
        """Go back to the step that ran so many `steps` before the one in progress.

        This and the next six methods send a signal to an open execution and give its
        `{"workflow_id", "run_id", "request_id"}`; `signal_outcome` has the decider's answer.
        `operator` is `reason`, `actor` (the user at this machine unless given) and `if_at`, the
        visit that was seen, as `STEP:VISIT`: the signal is refused where the execution has moved
        on since.  What would be refused raises `SignalRefusedError` and is not sent.
        """
        members: dict[str, Json] = {"steps": steps}
        if compensate:
            members["compensate"] = True
        return self._steer(signals.GO_BACK, workflow_id, run_id, members, operator)

    def reprocess_step(
        self,
        workflow_id: str,
        step_name: str,
        run_id: str | None = None,
        *,
        input: Json = None,  # noqa: A002
        **operator: Any,
    ) -> Sent:
        """Run a step again after the one in progress, replace its result, then go on."""
        members = {"step_name": step_name} | ({} if input is None else {"input": input})
        return self._steer(signals.REPROCESS_STEP, workflow_id, run_id, members, operator)

    def skip_step(
        self,
        workflow_id: str,
        step_name: str,
        run_id: str | None = None,
        *,
        result: Json = None,
        **operator: Any,
    ) -> Sent:
        """Take `result` (an empty object unless given) for the step in progress, and go on."""
        members = {"step_name": step_name, "result": {} if result is None else result}
        return self._steer(signals.SKIP_STEP, workflow_id, run_id, members, operator)

    def pause_workflow(self, workflow_id: str, run_id: str | None = None, **operator: Any) -> Sent:
        """Hold the execution after the steps in progress."""
        return self._steer(signals.PAUSE, workflow_id, run_id, {}, operator)

    def continue_workflow(
        self, workflow_id: str, run_id: str | None = None, **operator: Any
    ) -> Sent:
        """Go on after a pause; steps that failed and wait for an operator are tried again."""
        return self._steer(signals.CONTINUE, workflow_id, run_id, {}, operator)

    def roll_back_workflow(
        self, workflow_id: str, run_id: str | None = None, **operator: Any
    ) -> Sent:
        """Stop, undo every step that declares a compensation, and fail."""
        return self._steer(signals.ROLL_BACK, workflow_id, run_id, {}, operator)

    def answer(
        self,
        workflow_id: str,
        signal_name: str,
        answer: Json = None,
        run_id: str | None = None,
        *,
        step_name: str | None = None,
        **operator: Any,
    ) -> Sent:
        """Answer a step that waits for a signal: an approval, corrected data.

        `answer` is a JSON object; with `actor` and `reason` it becomes the step's result.
        `step_name` says which step, where several wait for the same signal.
        """
        members = dict(answer) if isinstance(answer, dict) else {"answer": answer}
        if step_name is not None:
            members["step_name"] = step_name
        return self._steer(signal_name, workflow_id, run_id, members, operator)

    def send_task_success(self, token: str, output: Json = None, **operator: Any) -> Sent:
        """Answer a task token: the state that waits for it has done its work, and gave `output`.

        `token` is what the state sent out (`.waitForTaskToken`; `waiting` lists those that are
        waited for), `output` any JSON value.  `InvalidInputError` for a text that is no token;
        `SignalRefusedError` for one that was answered, timed out or left, `UnknownExecutionError`
        where its execution is not open.
        """
        members = {"token": token.strip(), "output": output}
        return self._answer_token(answers.TASK_SUCCESS, members, operator)

    def send_task_failure(
        self,
        token: str,
        error: str | None = None,
        cause: str | None = None,
        **operator: Any,
    ) -> Sent:
        """The same where the work failed: the state's Retry and Catch apply to `error`."""
        told = {"error": error, "cause": cause}
        given = {name: text for name, text in told.items() if text is not None}
        return self._answer_token(answers.TASK_FAILURE, {"token": token.strip(), **given}, operator)

    def send_task_heartbeat(self, token: str) -> None:
        """Say that whoever has a task token is still at work: HeartbeatSeconds begin again.

        Nothing is answered, and a token that is not waited for any more changes nothing.
        """
        workflow_id = answering.workflow_id_of(token)
        text = wire.dumps({"token": token.strip()})
        self._signal(workflow_id, None, answers.TASK_HEARTBEAT, text)

    def _answer_token(
        self, signal_name: str, members: dict[str, Json], operator: dict[str, Any]
    ) -> Sent:
        workflow_id = answering.workflow_id_of(members["token"])
        return self._steer(signal_name, workflow_id, None, members, operator)

    def foresee(
        self, signal_name: str, workflow_id: str, run_id: str | None = None, **members: Json
    ) -> steering.Forecast:
        """What a signal with these `members` would do, in words, without sending it."""
        request = self._request(signal_name, workflow_id, members, {})
        return steering.foresee(self.swf_client, request, self._run(workflow_id, run_id))

    def waiting(self, *, limit: int | None = 100) -> list[Status]:
        """Open executions that wait for a person: a signal, a failed step, a pause."""
        return listing.waiting(self.swf_client, limit)

    def audit(self, workflow_id: str, run_id: str | None = None) -> list[auditing.Entry]:
        """Who did what to an execution, when and why, and which data that changed."""
        return auditing.audit(self.swf_client, workflow_id, self._run(workflow_id, run_id))

    def _steer(
        self,
        signal_name: str,
        workflow_id: str,
        run_id: str | None,
        members: dict[str, Json],
        operator: dict[str, Any],
    ) -> Sent:
        request = self._request(signal_name, workflow_id, members, operator)
        sent = steering.send(self.swf_client, request, self._run(workflow_id, run_id))
        _log.info(
            f"Signaled workflow: {workflow_id} with {signal_name}",
            **self._log_fields(workflow_id, sent["run_id"]),
            actor=request.payload["actor"],
        )
        return sent

    def _request(
        self,
        signal_name: str,
        workflow_id: str,
        members: dict[str, Json],
        operator: dict[str, Any],
    ) -> steering.Request:
        known = {"reason", "actor", "if_at"}
        if operator.keys() - known:
            raise TypeError(f"unknown arguments: {', '.join(sorted(operator.keys() - known))}")
        who = signals.new_request(operator.get("reason"), operator.get("actor"))
        if operator.get("if_at"):
            who["if_at"] = operator["if_at"]
        payload = {**who, **requests.checked_input(members)}
        own = {name: item for name, item in members.items() if name != "token"}  # of a task: ours
        requests.checked_for_secrets(own, self.settings, workflow_id=workflow_id)
        return steering.Request(workflow_id, signals.checked_name(signal_name), payload)

    def signal_workflow(
        self,
        workflow_id: str,
        signal_name: str,
        input: Json = None,  # noqa: A002
        run_id: str | None = None,
        *,
        reason: str | None = None,
        actor: str | None = None,
    ) -> Sent:
        """Send a signal to an open execution; gives `{"workflow_id", "run_id", "request_id"}`.

        An `input` that is an object, or absent, is sent with a `request_id`, by which
        `signal_outcome` finds the decider's answer.  Any other JSON value is sent as it is,
        and `request_id` is None.
        """
        name = signals.checked_name(signal_name)
        payload = signals.payload(requests.checked_input(input), reason, actor)
        requests.checked_for_secrets(input, self.settings, workflow_id=workflow_id)
        chosen = self._signal(workflow_id, run_id, name, wire.dumps(payload))
        request_id = payload.get("request_id") if isinstance(payload, dict) else None
        fields = self._log_fields(workflow_id, chosen)
        _log.info(f"Signaled workflow: {workflow_id} with {name}", **fields)
        return Sent(workflow_id=workflow_id, run_id=chosen, request_id=request_id)

    def signal_outcome(
        self, workflow_id: str, run_id: str, request_id: str, timeout: float = 10
    ) -> Outcome | None:
        """How the decider answered a signal: `{"outcome", "why"}`.

        Waits up to `timeout` seconds; None when no decider has answered by then.
        """
        client = self.swf_client
        return until(
            lambda: signals.answer(client, workflow_id, run_id, request_id),
            timeout,
            self._rhythm,
        )

    def cancel_workflow(self, workflow_id: str, run_id: str | None = None) -> None:
        """Ask an open execution to cancel itself; its decider decides how."""
        self.swf_client.request_cancel(workflow_id, run_id)
        fields = self._log_fields(workflow_id, run_id)
        _log.info(f"Asked workflow to cancel: {workflow_id}", **fields)

    def terminate_workflow(
        self, workflow_id: str, run_id: str | None = None, reason: str = "", details: str = ""
    ) -> None:
        """Close an open execution at once, without a rollback.

        `reason` is cut to SWF's 256 characters.
        """
        short = wire.cut(reason, wire.REASON_CHARACTERS)
        self.swf_client.terminate(workflow_id, run_id, reason=short, details=details)
        told = redaction.sealed(short) if self.settings.payload_keys else short
        fields = self._log_fields(workflow_id, run_id)
        _log.info(f"Terminated workflow: {workflow_id}", **fields, reason=told)

    # --- helpers -------------------------------------------------------------------------

    @property
    def settings(self) -> Settings:
        """The settings in use."""
        return self.swf_client.settings

    @property
    def _rhythm(self) -> Rhythm:
        return REMOTE if self.settings.swf_endpoint == "aws" else LOCAL

    def _log_fields(self, workflow_id: str, run_id: str | None) -> dict[str, str]:
        """What a line about an execution says beside its text; a run only where one is meant."""
        found = {"domain": self.settings.swf_domain, "workflow_id": workflow_id}
        return {**found, "run_id": run_id} if run_id else found

    def _run(self, workflow_id: str, run_id: str | None) -> str:
        return run_id or runs.newest_run(self.swf_client, workflow_id)

    def _signal(self, workflow_id: str, run_id: str | None, name: str, text: str) -> str:
        """Signal the run that is named, else the open one; its run id."""
        send = partial(self.swf_client.signal, workflow_id, name, text)
        if run_id:
            send(run_id)
            return run_id
        return signals.to_open_run(send, partial(self._open_run, workflow_id))

    def _open_run(self, workflow_id: str) -> str:
        found = runs.open_run(self.swf_client, workflow_id)
        if found is None:
            raise UnknownExecutionError(
                f"workflow {workflow_id} has no open run in domain {self.swf_client.domain}; "
                "a closed one can be resumed, but not signaled",
                workflow_id,
            )
        return runs.run_id_of(found)
