"""The activity worker: takes activity tasks from SWF, runs the functions, reports back.

    python activity_worker.py [--concurrency N] [--task-list NAME] [--health-port PORT]
                              [--env-file FILE]

    from activity_worker import ActivityWorker
    worker = ActivityWorker()                        # no network yet
    worker.activities["MyActivity"] = my_function    # input dict in, result dict out
    worker.run()                                     # until SIGTERM, Ctrl+C or worker.stop()

`--concurrency` threads take turns: those without a task line up, the first `pollers` of them
hold a long poll each, and whoever gets a task works on it while the next one polls.  So there
is never a poll without a free slot, and no hand-over between a poll and the work.
"""

from __future__ import annotations

if __name__ == "__main__":
    import dependencies

    dependencies.check()

import sys
import threading
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import config
import logs
import polling
import redaction
import telemetry
import wire
from activities import database, functions, notifiers, services
from activities.context import TaskContext, current_task, detached, entered, inside_a_task
from activities.execution import Canceled, Completed, Failed, Outcome, execute
from activities.heartbeats import Heartbeats
from activities.registry import ACTIVITIES, FUNCTIONS, Activity
from config import Settings
from errors import (
    ActivityCanceled,
    ActivityError,
    ActivityNotRegisteredError,
    InvalidInputError,
    NonRetryableError,
    NotificationError,
    PayloadError,
    RequestRefusedError,
    StaleVisitError,
    SwfError,
    TaskFailedError,
    TaskLostError,
    TombstoneError,
)
from swf_client import SwfClient
from wire import Json

__all__ = [
    "ActivityCanceled",
    "ActivityError",
    "ActivityNotRegisteredError",
    "ActivityWorker",
    "NonRetryableError",
    "NotificationError",
    "StaleVisitError",
    "TaskContext",
    "TaskFailedError",
    "TaskLostError",
    "TombstoneError",
    "current_task",
]

CONCURRENCY = 10  # tasks at a time, unless told otherwise
POLLERS = 2  # long polls under way at a time
REPORT_SECONDS = 300  # how long a result is offered when the activity has no time limit

LEAST_REPORT_SECONDS = 30.0  # how long it is offered in any case

METHODS = {
    "ValidateInput": "validate_input",
    "ProcessData": "process_data",
    "EnrichData": "enrich_data",
    "SaveResults": "save_results",
    "NotifyCompletion": "notify_completion",
    "RollbackStep": "rollback_step",
    "CompensateTransaction": "compensate_transaction",
}
"""Activities that a subclass may override, and the methods to override."""

log = logs.get("activity_worker")


class ActivityWorker:
    """Runs activities for SWF.  No network before `run`.

    `activities` maps activity types to functions and may be changed at any time; `functions` the
    names of Lambda functions to the Python functions that stand for them.  A subclass
    may override the method of an activity; the worker then runs that.  Called directly (in a
    unit test), a method works without any engine.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        swf_client: SwfClient | None = None,
        task_list: str | None = None,
        concurrency: int = CONCURRENCY,
        pollers: int = POLLERS,
    ) -> None:
        self.settings = settings or config.settings()
        self.swf_client = swf_client or SwfClient(self.settings)
        self.task_list = task_list or self.settings.swf_task_list
        self.concurrency = _checked_count("concurrency", concurrency)
        self.activities: dict[str, Activity] = dict(ACTIVITIES)
        self.activities.update((name, getattr(self, method)) for name, method in METHODS.items())
        self.functions: dict[str, functions.Function] = dict(FUNCTIONS)
        self._turn = threading.Semaphore(min(_checked_count("pollers", pollers), concurrency))
        self._in_work: set[TaskContext] = set()
        self._heartbeats = Heartbeats(self._send_heartbeat)
        self._polls = polling.Polls("activity", self.swf_client)

    # --- the activities ------------------------------------------------------------------

    def validate_input(self, data: dict[str, Json]) -> dict[str, Json]:
        """Check an order's shapes and amounts; see `activities.validation`."""
        return self._shipped("ValidateInput", data)

    def process_data(self, data: dict[str, Json]) -> dict[str, Json]:
        """Compute what the order costs; see `activities.processing`."""
        return self._shipped("ProcessData", data)

    def enrich_data(self, data: dict[str, Json]) -> dict[str, Json]:
        """Add customer tier and delivery estimate; see `activities.enrichment`."""
        return self._shipped("EnrichData", data)

    def save_results(self, data: dict[str, Json]) -> dict[str, Json]:
        """Write the order's record; see `activities.saving`."""
        return self._shipped("SaveResults", data)

    def notify_completion(self, data: dict[str, Json]) -> dict[str, Json]:
        """Send the notification; see `activities.notification`."""
        return self._shipped("NotifyCompletion", data)

    def rollback_step(self, data: dict[str, Json]) -> dict[str, Json]:
        """Take back what `step_to_rollback` wrote; see `activities.undo`."""
        return self._shipped("RollbackStep", data)

    def compensate_transaction(self, data: dict[str, Json]) -> dict[str, Json]:
        """Record the reversal; see `activities.undo`."""
        return self._shipped("CompensateTransaction", data)

    def _shipped(self, name: str, data: dict[str, Json]) -> dict[str, Json]:
        if inside_a_task():
            given: dict[str, Json] = ACTIVITIES[name](data)
            return given
        with entered(detached(self.settings)):
            return self._shipped(name, data)

    # --- running -------------------------------------------------------------------------

    def run(self) -> None:
        """Work until `stop`, SIGTERM or Ctrl+C; returns when all work is done.

        A second Ctrl+C leaves at once: what ran is lost to this worker, times out and is
        retried.  Raises `BusinessProcessError` when the settings or the first poll show that
        nothing can work (`polling.HOPELESS`); later faults are waited out, whatever they are.
        """
        database.check(self.settings)
        notifiers.chosen(self.settings)
        engine, task_list = self.settings.engine, self.task_list
        with polling.drained_by_signals(self.stop):
            log.info("Activity worker started", engine=engine, task_list=task_list)
            self._polls.run([self._work] * self.concurrency)
        self._heartbeats.stop()
        log.info("Activity worker stopped")

    def stop(self) -> None:
        """Take nothing new; `run` returns when what is in work is done and reported.

        Polls under way are waited out on AWS (up to 60 s: a task that one brings is worked
        on) and hung up on other engines.  May be called from any thread, and more than once.
        """
        if self._polls.stopping:
            return
        self._polls.stop()
        if not self._polls.hopeless:
            log.info("Activity worker takes no more tasks", in_work=len(self._in_work))
        self._turn.release(self.concurrency)

    # --- one turn of a thread ------------------------------------------------------------

    def _work(self) -> None:
        task = self._awaited_task()
        if task is not None:
            self._serve(task)

    def _awaited_task(self) -> Mapping[str, Any] | None:
        """The next task, once it is this thread's turn to poll; None when there is none."""
        with self._turn:
            if self._polls.stopping:
                return None
            return self._polls.task(lambda: self.swf_client.poll_activity_task(self.task_list))

    # --- one task ------------------------------------------------------------------------

    def _serve(self, task: Mapping[str, Any]) -> None:
        started = time.monotonic()
        context, data, problem = self._opened(task)
        fields = {**context.log_fields, "started_event_id": task["startedEventId"]}
        with logs.bound(**fields), polling.outlasted():
            log.info(f"Executing: {context.activity}")
            self._in_work.add(context)
            pulse = self._heartbeats.add(context)
            try:
                outcome = problem or self._observed(data, context)
                _tell(context.activity, outcome, sealed=bool(self.settings.payload_keys))
                self._report(context, outcome, started)
            finally:
                self._heartbeats.remove(pulse)
                self._in_work.discard(context)

    def _opened(self, task: Mapping[str, Any]) -> tuple[TaskContext, Json, Failed | None]:
        """The task's context and input; a failure too when the input cannot be read."""
        if "payload_error" in task:
            return self._context(task, {}), {}, Failed.of(task["payload_error"])
        try:
            data, envelope = wire.activity_input(wire.loads(task.get("input")))
            return self._context(task, envelope), data, None
        except Exception as error:  # noqa: BLE001 - the task fails, not the worker
            return self._context(task, {}), {}, Failed.of(error)

    def _context(self, task: Mapping[str, Any], envelope: Mapping[str, Json]) -> TaskContext:
        execution, name = task["workflowExecution"], task["activityType"]["name"]
        return TaskContext(
            workflow_id=execution["workflowId"],
            run_id=execution["runId"],
            start_id=str(envelope.get("start_id", execution["runId"])),
            path=str(envelope.get("path", name)),
            visit=int(envelope.get("visit", 1)),
            attempt=int(envelope.get("attempt", 1)),
            undo=bool(envelope.get("undo", False)),
            activity=name,
            activity_id=task["activityId"],
            token=task["taskToken"],
            poll=envelope.get("poll"),
            credentials=envelope.get("credentials"),
            any_json=bool(envelope.get("json", False)),
            settings=self.settings,
        )

    def _observed(self, data: Json, context: TaskContext) -> Outcome:
        task = telemetry.Task(
            workflow_id=context.workflow_id,
            run_id=context.run_id,
            start_id=context.start_id,
            step=context.path,
            attempt=context.attempt,
            activity=context.activity,
            activity_id=context.activity_id,
        )
        with telemetry.recorder().executing(task):
            outcome = self._outcome(data, context)
            if isinstance(outcome, Failed):
                task.error = outcome.reason.partition(":")[0]
        return outcome

    def _outcome(self, data: Json, context: TaskContext) -> Outcome:
        function = self._function(context.activity)
        if function is not None:
            return execute(function, data, context)
        error = ActivityNotRegisteredError(
            f"this worker has no function for {context.activity!r}; register it in "
            "activities/registry.py or worker.activities and restart the worker"
        )
        return Failed.of(error, "ActivityNotRegistered")

    def _function(self, name: str) -> Activity | None:
        """What does an activity: a function of ours, a Lambda function's stand-in, AWS itself."""
        if name in functions.NAMES:
            known = {**self.activities, **self.functions}
            return partial(functions.invoke, known)
        return self.activities.get(name) or services.find(name)

    # --- reporting -----------------------------------------------------------------------

    def _report(self, context: TaskContext, outcome: Outcome, started: float) -> None:
        """Tell SWF; a task that is no longer ours is survived, the decider retries."""
        try:
            self._send(context, outcome, self._seconds_left(started))
        except TaskLostError as error:
            fate = "was perhaps taken already" if error.perhaps_done else "is not taken"
            log.warning(f"Too late: {context.activity}; its result {fate}", why=str(error))
        except (PayloadError, RequestRefusedError) as error:
            told = f"SWF cannot take the result of {context.activity}"
            log.error(told, error=str(error))  # noqa: TRY400 - what it says is enough
            if not isinstance(outcome, Failed):
                self._report(context, Failed.of(error), started)
        except SwfError as error:
            told = f"The result of {context.activity} is not reported"
            log.error(told, error=str(error))  # noqa: TRY400 - as above

    def _send(self, context: TaskContext, outcome: Outcome, seconds: float) -> None:
        client, token = self.swf_client, context.token
        if context.lost:
            raise TaskLostError("a heartbeat said that the task is no longer ours")
        if isinstance(outcome, Completed):
            client.complete_activity_task(token, outcome.result, timeout=seconds)
        elif isinstance(outcome, Canceled):
            client.cancel_activity_task(token, outcome.details)
        else:
            client.fail_activity_task(token, outcome.reason, outcome.details, timeout=seconds)

    def _seconds_left(self, started: float) -> float:
        """How long offering the result makes sense: until the task has timed out.

        A step may have a longer limit of its own, of which SWF tells workers nothing.
        """
        limit = self.settings.activity_start_to_close_timeout
        seconds = REPORT_SECONDS if limit == "NONE" else int(limit)
        return max(LEAST_REPORT_SECONDS, started + seconds - time.monotonic())

    def _send_heartbeat(self, token: str, details: str) -> bool:
        return self.swf_client.heartbeat(token, details)


def _tell(name: str, outcome: Outcome, *, sealed: bool) -> None:
    """Log how it ended; where payloads are encrypted, without what may quote one."""
    if isinstance(outcome, Failed):
        reason = redaction.sealed(outcome.reason) if sealed else outcome.reason
        log.warning(f"Failed: {name}", reason=reason)
        if not sealed:
            log.debug(f"Failed: {name}", details=outcome.details)
    else:
        log.info(f"{type(outcome).__name__}: {name}")


def _checked_count(name: str, value: int) -> int:
    if not 1 <= value <= polling.MOST_CONCURRENCY:
        raise InvalidInputError(f"{name} is {value}; allowed: 1 to {polling.MOST_CONCURRENCY}")
    return value


def main(arguments: Sequence[str] | None = None) -> int:
    """The command `python activity_worker.py`; gives the exit code."""
    return polling.serve(
        "Poll for activity tasks and run them.",
        lambda settings, options: ActivityWorker(
            settings, task_list=options.task_list, concurrency=options.concurrency
        ),
        arguments,
        concurrency=CONCURRENCY,
    )


if __name__ == "__main__":
    sys.exit(main())
