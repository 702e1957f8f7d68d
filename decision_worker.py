"""The decider: poll loops around the pure core in `workflow/`.

    python decision_worker.py [--concurrency N] [--task-list LIST] [--health-port PORT]
                              [--env-file FILE]

Each slot polls two lists: the shared one, whose tasks bring the whole history, and the
decider's own, on which SWF sends the runs that this process remembers (only what is new).
Losing the memory costs one reading of the history, never correctness.
"""

from __future__ import annotations

if __name__ == "__main__":
    import dependencies

    dependencies.check()

import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import config
import logs
import polling
import process
import published
import redaction
import telemetry
import wire
from config import Settings
from errors import BusinessProcessError, PayloadError, SwfError, TaskLostError, UndecidableError
from run_cache import RunCache, Told
from swf_client import SwfClient
from workflow import Definition, Execution, Fact
from workflow.history import attributes
from workflow.parking import park

CROWD = 20  # activities, timers and children open in one run, from which on news is gathered
GATHERING_SECONDS = 0.01  # how long an answer without decisions is held back in such a run
PRESSED_SECONDS = 0.25  # how long an answer is held back after SWF refused a timer for its rate
STICKY_SECONDS = 5  # how long a task waits on a decider's own list before the shared one gets it
REMEMBERED_COMPLAINTS = 1000  # runs of which it is known that their trouble is in the log
STORED_VALUES = 64  # that a decider remembers of those it had to read

workflow_steps: list[str] = [task.name for task in process.STEPS]
"""The names of the steps, in order; `process.STEPS` is where they are written."""

Task = Mapping[str, Any]
"""A decision task as `SwfClient.poll_decision_task` gives it: SWF's own shape, all events."""

_log = logs.get("decision_worker")


class DecisionWorker:
    """Decides what every execution does next.  A subclass may override `make_decisions`."""

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        swf_client: SwfClient | None = None,
        task_list: str | None = None,
        concurrency: int = 4,
        definitions: Sequence[Definition] = (),
    ) -> None:
        """Make a decider; nothing touches the network before `run`.

        `definitions` are served beside the shipped process and the published files.
        """
        self.settings = settings or config.settings()
        self.swf_client = swf_client or SwfClient(self.settings)
        self.task_list = task_list or self.settings.swf_task_list
        self.concurrency = concurrency
        self.policy = process.policy_of(self.settings)
        self._definitions = {(item.name, item.version): item for item in definitions}
        self._cache = RunCache()
        self._told = Told()
        self._own_list = f"{self.task_list[:200]}-{self.swf_client.identity[-40:]}".translate(
            _LIST_CHARACTERS
        )
        self._deciding = threading.local()
        self._undecidable: dict[str, str] = {}
        self._stored = lru_cache(STORED_VALUES)(self._from_store)
        self._polls = polling.Polls("decider", self.swf_client)

    # --- running ----------------------------------------------------------------------------

    def run(self) -> None:
        """Poll and decide until `stop` is called; blocks."""
        turns = [self._shared_turn] * self.concurrency
        if not self._customized:
            turns += [self._own_turn] * self.concurrency
        with polling.drained_by_signals(self.stop):
            _log.info("Decider started", engine=self.settings.engine, task_list=self.task_list)
            telemetry.recorder().counts(self.settings.swf_domain, self._open_executions)
            self._polls.run(turns)
        _log.info("Decider stopped")

    def stop(self) -> None:
        """Take no new task, finish those in hand, and let `run` return; from any thread."""
        self._polls.stop()

    def _open_executions(self) -> int:
        return self.swf_client.count_open()[0]

    def _shared_turn(self) -> None:
        self._turn(lambda: self.swf_client.poll_decision_task(self.task_list))

    def _own_turn(self) -> None:
        self._turn(lambda: self.swf_client.poll_decision_task(self._own_list, since_previous=True))

    def _turn(self, poll: Callable[[], Task | None]) -> None:
        task = self._polls.task(poll)
        if task is not None:
            self._handle(task)

    @property
    def _customized(self) -> bool:
        """Whether a subclass decides, which then gets the whole history with every task."""
        return type(self).make_decisions is not DecisionWorker.make_decisions

    # --- deciding ---------------------------------------------------------------------------

    def make_decisions(self, task: Task) -> list[dict[str, Any]]:
        """The SWF decisions for a decision task that holds its whole history; no I/O.

        `UndecidableError` where the definition is unknown or of another shape.
        """
        execution = self._begin(task)
        execution.apply(task["events"])
        telemetry.recorder().folded(execution, task["events"])
        return self._decide(task, execution)

    def _handle(self, task: Task) -> None:
        """Decide one task and respond to it.  A task that cannot be decided is parked."""
        run = task["workflowExecution"]
        fields = {
            "domain": self.settings.swf_domain,
            "workflow_id": run["workflowId"],
            "run_id": run["runId"],
            "decision_id": task["startedEventId"],
        }
        with logs.bound(**fields), polling.outlasted():
            _log.info(f"Received decision task for workflow: {run['workflowId']}")
            self._serve(task)

    def _serve(self, task: Task) -> None:
        self._deciding.execution = None
        arrived = time.monotonic()
        try:
            decisions = self._decisions_of(task)
        except Exception as error:  # noqa: BLE001 - whatever a decision raises, the run is safe
            self._park(task, error)
            return
        self._answer(task, decisions, arrived)

    def _answer(self, task: Task, decisions: list[dict[str, Any]], arrived: float) -> None:
        """Remember the execution, respond, and tell what was news once that is taken."""
        execution: Execution | None = self._deciding.execution
        context = None if execution is None else wire.dumps(execution.status())
        recorder, news = telemetry.recorder(), None
        if execution is not None:
            news = recorder.deciding(execution, _outcomes(execution))
        if execution is not None and not self._customized and not _closing(decisions):
            self._cache.put(task["workflowExecution"]["runId"], execution)
        if execution is not None:
            _hold_back(execution, decisions)
        try:
            taken = self._respond(task, decisions, context, sticky=not self._customized)
        except PayloadError as error:
            recorder.undecided(news)
            self._park(task, error)
            return
        if taken and execution is not None:
            answer = _decided(task, execution, decisions, time.monotonic() - arrived)
            recorder.decided(news, answer)
        else:
            recorder.undecided(news)

    def _decisions_of(self, task: Task) -> list[dict[str, Any]]:
        if "payload_error" in task:
            raise task["payload_error"]
        if self._customized:
            return self.make_decisions(task)
        return self._decide(task, self._execution(task))

    def _execution(self, task: Task) -> Execution:
        """The execution at this task: remembered and brought up to date, or read whole."""
        recorder = telemetry.recorder()
        cached = self._cache.take(task["workflowExecution"]["runId"])
        recorder.looked_up(found=cached is not None)
        if cached is not None:
            try:
                cached.apply(task["events"])
            except UndecidableError:
                _log.debug("A remembered execution had a gap and is read again")
            else:
                recorder.folded(cached, task["events"])
                return cached
        execution = self._begin(task)
        events = task["events"]
        if not events or events[0]["eventId"] != 1:
            events = self._whole_history(task)
        execution.apply(events)
        recorder.folded(execution, events)
        return execution

    def _whole_history(self, task: Task) -> list[Any]:
        run = task["workflowExecution"]
        events = self.swf_client.history_for_core(run["workflowId"], run["runId"])
        return [event for event in events if event["eventId"] <= task["startedEventId"]]

    def _begin(self, task: Task) -> Execution:
        run = task["workflowExecution"]
        return Execution(
            self._definition(task),
            self.policy,
            start_id=run["runId"],
            workflow_id=run["workflowId"],
            contents=self._content,
            versions=published.highest,
        )

    def _content(self, reference: wire.Json) -> wire.Json:
        """What a reference stands for: always the same value, for it is named by its hash."""
        return self._stored(wire.dumps(reference))

    def _from_store(self, reference: str) -> wire.Json:
        return wire.loads(self.swf_client.payloads.get(wire.loads(reference)))

    def _definition(self, task: Task) -> Definition:
        kind = task.get("workflowType") or attributes(task["events"][0])["workflowType"]
        known = self._definitions.get((kind["name"], kind["version"]))
        known = known or published.find(kind["name"], kind["version"])
        if known is None:
            raise UndecidableError(
                f"no definition of workflow type {kind['name']} {kind['version']} is here: put "
                f"{published.file_of(kind['name'], kind['version']).name} into definitions/, or "
                "let a decider of the release that has it serve this task list"
            )
        self._definitions[kind["name"], kind["version"]] = known
        return known

    def _decide(self, task: Task, execution: Execution) -> list[dict[str, Any]]:
        run_id = task["workflowExecution"]["runId"]
        told = max(task.get("previousStartedEventId") or 0, self._told.get(run_id, 0))
        for fact in execution.facts(after=told):
            _tell(task, fact, sealed=bool(self.settings.payload_keys))
        self._told.put(run_id, execution.event_id)
        self._deciding.execution = execution
        return execution.decisions()

    # --- answering --------------------------------------------------------------------------

    def _respond(
        self, task: Task, decisions: list[dict[str, Any]], context: str | None, *, sticky: bool
    ) -> bool:
        """Answer a task; whether SWF took it."""
        try:
            self.swf_client.respond_decision_task(
                task["taskToken"],
                decisions,
                context=context,
                sticky_list=self._own_list if sticky else self.task_list,
                sticky_timeout=STICKY_SECONDS if sticky else None,
                timeout=self._task_seconds,
            )
        except TaskLostError as error:
            _log.warning("A decision came too late and was not taken", error=str(error))
        except SwfError as error:
            _log.error("A decision is not reported; its task times out", error=str(error))
        else:
            return True
        return False

    @property
    def _task_seconds(self) -> float:
        seconds = self.settings.decision_task_timeout
        return 300.0 if seconds == "NONE" else float(seconds)

    def _park(self, task: Task, error: Exception) -> None:
        """Leave the task to time out once; then answer with a park timer and the reason."""
        why = redaction.text(error) or type(error).__name__
        self._complain(task["workflowExecution"]["runId"], why, error)
        events = task["events"]
        if isinstance(error, SwfError) or not events or events[0]["eventId"] != 1:
            return  # redelivered with the whole history
        parking = park(events, why)
        if parking is not None:
            self._respond(task, parking.decisions, parking.context, sticky=False)

    def _complain(self, run_id: str, why: str, error: Exception) -> None:
        """Log why a run cannot be decided, once for each reason."""
        if self._undecidable.get(run_id) == why:
            return
        if len(self._undecidable) >= REMEMBERED_COMPLAINTS:
            self._undecidable.clear()
        self._undecidable[run_id] = why
        _log.error(
            "A decision task cannot be decided; the execution waits and is not failed",
            why=why,
            exc_info=None if isinstance(error, BusinessProcessError) else error,
        )


_LIST_CHARACTERS = str.maketrans({":": "-", "/": "-", "|": "-"})  # SWF forbids them in names

_CLOSES = frozenset(
    {
        "CompleteWorkflowExecution",
        "FailWorkflowExecution",
        "CancelWorkflowExecution",
        "ContinueAsNewWorkflowExecution",
    }
)


def _decided(
    task: Task, execution: Execution, decisions: Sequence[Mapping[str, Any]], seconds: float
) -> telemetry.Decided:
    return telemetry.Decided(
        workflow_id=task["workflowExecution"]["workflowId"],
        run_id=task["workflowExecution"]["runId"],
        decision_id=task["startedEventId"],
        decisions=decisions,
        seconds=seconds,
        start_id=execution.state.start_id,
        begun=execution.state.begun,
    )


def _outcomes(execution: Execution) -> Callable[[int], str]:
    visits = execution.state.visits
    return lambda entry: visits[entry].outcome.value if entry in visits else ""


def _closing(decisions: Sequence[Mapping[str, Any]]) -> bool:
    return bool(decisions) and decisions[-1]["decisionType"] in _CLOSES


def _hold_back(execution: Execution, decisions: Sequence[Mapping[str, Any]]) -> None:
    """Wait before an answer that would bring the next decision task too soon.

    One that asks for nothing where much is open: more will have ended by then.  Otherwise a wide
    execution has a decision task for every activity or two that ends, and each costs two calls
    and three events of the history.  And one that asks again for a timer which SWF refused for
    its rate: no timer can hold that back.
    """
    if execution.pressed:
        time.sleep(PRESSED_SECONDS)
    elif not decisions and len(execution.state.open) >= CROWD:
        time.sleep(GATHERING_SECONDS)


def _tell(task: Task, fact: Fact, *, sealed: bool) -> None:
    """Write a fact of the core into the log, in the words that users look for.

    Where payloads are encrypted, texts that may quote one are left out.
    """
    if fact.kind not in LINES:
        return
    run = task["workflowExecution"]
    fields = {key: item for key, item in fact.fields.items() if key not in _DATA}
    if fact.kind == "scheduling":
        fields["attempt"] = 1
    for name in _TEXTS & fields.keys() if sealed else ():
        fields[name] = fields[name] and redaction.sealed(str(fields[name]))
    line = LINES[fact.kind](fields)
    log = _log.warning if fact.kind in _WARNINGS else _log.info
    log(line, workflow_id=run["workflowId"], run_id=run["runId"], **fields)


_DATA = frozenset({"before", "after"})
"""What a fact tells of the business data, which logs leave out."""

_TEXTS = frozenset({"error", "last_error", "reason", "why"})
"""What may quote business data."""

_WARNINGS = frozenset({"blocked", "compensation_failed", "halted"})

LINES: dict[str, Callable[[dict[str, Any]], str]] = {
    "activity_failed": lambda f: f"Activity '{f.pop('activity')}' failed: {f.pop('reason')}",
    "activity_completed": lambda f: f"Activity '{f.pop('activity')}' completed successfully",
    "retrying": lambda f: f"Retrying activity: {f.pop('activity')} (attempt {f['attempt']})",
    "scheduling": lambda f: f"Scheduling next activity: {f['step']}",
    "caught": lambda f: f"Caught at {f['step']}, going on at {f['target']}: {f.pop('error')}",
    "rollback": lambda f: f"Rolling back: {f['step']} failed for good",
    "compensation_failed": lambda f: f"Not compensated: {f['step']}",
    "signal": lambda f: f"Signal {f.pop('signal')}: {f['outcome']}",
    "halted": lambda f: f"Step {f['step']} failed and waits for an operator: {f.pop('why')}",
    "waiting": lambda f: f"Waiting for signal {f['signal']} at {f['step']}",
    "edited": lambda f: f"Data edited ({f['what']})",
    "blocked": lambda f: f"Blocked: {f.pop('why')}",
}
"""The text of each kind of fact that is logged; what it takes out is not repeated in the fields."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The command `python decision_worker.py`; gives the exit code."""
    return polling.serve(
        "Poll for decision tasks and decide.",
        lambda settings, options: DecisionWorker(
            settings, task_list=options.task_list, concurrency=options.concurrency
        ),
        arguments,
        role="decider",
        concurrency=4,
    )


if __name__ == "__main__":
    sys.exit(main())
