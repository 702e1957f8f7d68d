"""Those who start executions and steer them, and what was acknowledged to them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from errors import (
    EngineUnreachableError,
    ExecutionAlreadyStartedError,
    LimitReachedError,
    PayloadKeyError,
    PayloadStoreError,
    SignalRefusedError,
    ThrottledError,
    UnknownExecutionError,
    UnknownStepError,
)
from starter import runs
from tests.chaos import definitions
from tests.chaos.ledger import Ledger, Sent
from tests.chaos.plan import Act, Start
from tests.chaos.sealing import UNSPOKEN
from workflow_starter import WorkflowStarter

REFUSALS = (
    ExecutionAlreadyStartedError,
    SignalRefusedError,
    UnknownExecutionError,
    UnknownStepError,
)
"""What an operator may hear: the execution is elsewhere."""
OUTAGES = (
    EngineUnreachableError,
    LimitReachedError,
    PayloadKeyError,  # by who has not got the new key yet
    PayloadStoreError,
    ThrottledError,
)
"""What anybody may hear; whether it was done is then not known."""

LOOKS = 4  # at once, at the open executions of the end
UNANSWERED_SECONDS = 60.0  # after which an execution that was answered waits no more
PACE_SECONDS = 1.0  # between two looks at all of them


class People:
    """Threads share one starter, as a program of users does."""

    def __init__(self, starter: WorkflowStarter, ledger: Ledger) -> None:
        self.starter, self.ledger = starter, ledger
        self.names: dict[str, str] = {}
        """Name of the process, by workflow id; also of starts that are in doubt."""
        self._waiting: dict[str, float] = {}
        """Since when executions wait at the end that had all their answers, by workflow id."""

    # --- in the storm -----------------------------------------------------------------------

    def start(self, start: Start) -> None:
        """Start an execution, once; without an answer it is in doubt, and left so."""
        self.names[start.workflow_id] = start.name

        def call() -> None:
            definition = definitions.named(start.name)
            try:
                started = self.starter.start_workflow(
                    start.input, start.workflow_id, definition=definition
                )
            except REFUSALS as error:  # nobody else has this id
                self.ledger.problem(f"the start of {start.workflow_id} was refused: {error}")
                raise
            self.ledger.started(start.workflow_id, started["run_id"], start.name)

        self._try("start", call)

    def is_there(self, workflow_id: str) -> bool:
        """Whether an open execution is to be seen."""
        try:
            return runs.open_run(self.starter.swf_client, workflow_id) is not None
        except OUTAGES:
            return False

    def approve(self, workflow_id: str) -> None:
        """Answer an execution that waits for somebody, or will."""

        def call() -> None:
            answer = {"yes": True, "note": UNSPOKEN}
            sent = self.starter.signal_workflow(workflow_id, definitions.APPROVAL, answer)
            self._note(dict(sent), definitions.APPROVAL)

        self._try("approve", call)

    def act(self, act: Act) -> None:
        """Do to an execution what an operator does."""
        workflow_id = f"chaos-{act.number}"
        self.ledger.steered.add(workflow_id)
        if act.what == "roll back":
            self.ledger.rolled_back.add(workflow_id)
        self._try(act.what, lambda: self._act(workflow_id, act))

    def _act(self, workflow_id: str, act: Act) -> None:
        starter = self.starter
        if act.what in ("resume", "undo and resume"):
            undo = act.what != "resume"
            sent: Any = starter.resume_workflow_from_step(
                workflow_id, None, act.step, reason="chaos", compensate=undo
            )
        elif act.what == "go back":
            sent = starter.go_back(workflow_id)
        elif act.what == "reprocess":
            sent = starter.reprocess_step(workflow_id, act.step)
        elif act.what == "skip":
            sent = starter.skip_step(workflow_id, act.step, result={"skipped": True})
        elif act.what == "roll back":
            sent = starter.roll_back_workflow(workflow_id)
        else:
            sent = starter.pause_workflow(workflow_id)
        self._note(sent, act.what)
        if act.what == "pause":
            time.sleep(act.seconds)
            self._note(dict(starter.continue_workflow(workflow_id)), "continue")

    def _note(self, sent: dict[str, Any], what: str) -> None:
        told = Sent(sent["workflow_id"], sent["run_id"], str(sent["request_id"]), what)
        self.ledger.sent(told, new_run="previous_run_id" in sent)

    def _try(self, what: str, call: Callable[[], None]) -> bool:
        """Whether it was done; errors that nobody may see are problems."""
        try:
            call()
        except REFUSALS:
            self.ledger.count(f"{what}: refused")
        except OUTAGES as error:
            self.ledger.count(f"{what}: {type(error).__name__}")
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            self.ledger.problem(f"{what} raised {type(error).__name__}: {error}")
        else:
            self.ledger.count(f"{what}: done")
            return True
        return False

    # --- when it is over --------------------------------------------------------------------

    def bring_home(self, seconds: float, tell: Callable[[str], None]) -> None:
        """Let every execution end: answered, continued, and resumed where it may complete."""
        deadline = time.monotonic() + seconds
        with ThreadPoolExecutor(LOOKS) as pool:
            while time.monotonic() < deadline:
                left = self._open()
                list(pool.map(self._help, left))
                if not left and not self._resume_failed(pool):
                    return
                tell(f"{len(left)} executions are open")
                time.sleep(PACE_SECONDS)

    def _open(self) -> list[dict[str, Any]]:
        return list(self.starter.swf_client.open_executions())

    def _help(self, info: dict[str, Any]) -> None:
        workflow_id, run_id = info["execution"]["workflowId"], runs.run_id_of(info)

        def call() -> None:
            status = self.starter.status(workflow_id, run_id)
            if status["state"] == "PAUSED" and workflow_id in self.names:
                self._note(dict(self.starter.continue_workflow(workflow_id)), "continue")
            elif status["waits_for"] and not self._is_answered(workflow_id):
                self.approve(workflow_id)

        self._try("help", call)

    def _is_answered(self, workflow_id: str) -> bool:
        """Whether it needs no more answers, for as many as it asks for were acknowledged.

        Of an execution that somebody stepped back nobody can know.
        """
        needed = definitions.APPROVALS.get(self.names.get(workflow_id, ""), 0)
        if workflow_id in self.ledger.steered or self.ledger.answers(workflow_id) < needed:
            return False
        waited = time.monotonic() - self._waiting.setdefault(workflow_id, time.monotonic())
        if waited < UNANSWERED_SECONDS:
            return True
        self.ledger.problem(f"{workflow_id} waits for an answer that was acknowledged")
        return False

    def _resume_failed(self, pool: ThreadPoolExecutor) -> bool:
        """Resume what ran out of attempts in the storm; whether there was any."""
        failed = self._failed()
        list(pool.map(self._resume, failed))
        return bool(failed)

    def _failed(self) -> Sequence[str]:
        newest: dict[str, dict[str, Any]] = {}
        for info in self.starter.swf_client.closed_executions():  # the newest come first
            newest.setdefault(info["execution"]["workflowId"], info)
        return [
            workflow_id
            for workflow_id, info in newest.items()
            if info["closeStatus"] == "FAILED" and self.is_to_complete(workflow_id)
        ]

    def is_to_complete(self, workflow_id: str) -> bool:
        """Whether an execution must end well, all in all."""
        name = self.names.get(workflow_id)
        wanted = name is not None and name != definitions.SAGA.name
        return wanted and workflow_id not in self.ledger.rolled_back

    def _resume(self, workflow_id: str) -> None:
        self.ledger.steered.add(workflow_id)
        first = definitions.named(self.names[workflow_id]).steps[0]

        def call() -> None:
            sent = self.starter.resume_workflow_from_step(workflow_id, None, first)
            self._note(dict(sent), "resume at the end")

        self._try("resume at the end", call)
