"""One attempt of an activity or a Lambda function: handed to the worker, limited, asked to stop."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from runner.outcomes import Completed, Failed, Outcome, Task, TimedOut
from wire import ENVELOPE, Json, dumps, loads
from workflow.commands import FUNCTION_SECONDS
from workflow.language.resources import FUNCTION

if TYPE_CHECKING:
    from runner.engine import Run


class Attempt:
    """An open activity: from ActivityTaskScheduled to the event that closes it."""

    kind = "ActivityTask"
    """What its events begin with."""
    key = "activityId"

    def __init__(self, run: Run, scheduled: int, block: Mapping[str, Any]) -> None:
        self.run = run
        self.history = run.history
        self.scheduled = scheduled
        self.started = 0
        self.stops = True
        self._block = block
        self._id: str = block[self.key]

    @property
    def is_open(self) -> bool:
        """Whether an outcome would still be taken."""
        return not self.history.closed and self.history.activities.get(self._id) is self

    def begin(self) -> None:
        """Hand it to the worker."""
        if not self.is_open:
            return
        engine = self.run.engine
        if engine.pool is not None:
            self._begin_in_thread(engine.pool)
            return
        before = engine.clock.now()
        outcome = engine.worker(self._task()) or Completed()
        if not (isinstance(outcome, TimedOut) and outcome.kind == "SCHEDULE_TO_START"):
            self._start(before)
        self.stops = outcome.stops
        self._take(outcome, engine.clock.now() - before)

    def _start(self, at: float | None = None) -> None:
        self.started = self.history.add(
            f"{self.kind}Started", {"scheduledEventId": self.scheduled}, at
        )

    def _take(self, outcome: Outcome, spent: float) -> None:
        """Have the outcome land when it is due; or the time limit, if that comes first."""
        engine = self.run.engine
        if isinstance(outcome, TimedOut):
            limit = outcome.after if outcome.after is not None else self._limit(outcome.kind)
            engine.after(limit or 0, lambda: self._timed_out(outcome.kind))
            return
        kind, limit = self._shortest()
        if limit is not None and max(outcome.after, spent) > limit:
            engine.after(max(0, limit - spent), lambda: self._timed_out(kind))
        elif outcome.after > spent:
            engine.after(outcome.after - spent, lambda: self._ended(outcome))
        else:
            self._ended(outcome)

    def ask_to_stop(self) -> bool:
        """Take a request to cancel; True where it was not with a worker yet."""
        if not self.started:
            self.close("ActivityTaskCanceled", {}, wake=False)
            return True
        if self.stops:
            self.run.engine.after(0, lambda: self.close("ActivityTaskCanceled", {}))
        return False

    def close(self, event_type: str, attributes: Mapping[str, Json], *, wake: bool = True) -> None:
        """Write how it ended, and have the run decided; nothing where it is not open any more."""
        if not self.is_open:
            return
        del self.history.activities[self._id]
        links = {"scheduledEventId": self.scheduled, "startedEventId": self.started}
        self.history.add(event_type, {**attributes, **links})
        if wake:
            self.run.wake()

    def _ended(self, outcome: Completed | Failed) -> None:
        if isinstance(outcome, Completed):
            self.close(f"{self.kind}Completed", {"result": dumps(outcome.result)})
        else:
            self.close(f"{self.kind}Failed", self._told(outcome))

    def _told(self, outcome: Failed) -> dict[str, Json]:
        return {"reason": outcome.reason, "details": outcome.details}

    def _timed_out(self, kind: str) -> None:
        self.close(f"{self.kind}TimedOut", {"timeoutType": kind})

    def _shortest(self) -> tuple[str, float | None]:
        """The time limit of its work that comes first."""
        found = [(kind, self._limit(kind)) for kind in ("START_TO_CLOSE", "SCHEDULE_TO_CLOSE")]
        given = [(limit, kind) for kind, limit in found if limit is not None]
        if not given:
            return "START_TO_CLOSE", None
        limit, kind = min(given)
        return kind, limit

    def _limit(self, kind: str) -> float | None:
        text = self._block.get(_LIMITS[kind])
        return None if text in (None, "NONE") else float(text)

    def _task(self) -> Task:
        control = loads(self._block["control"])
        return Task(
            activity=self._block["activityType"]["name"],
            path=control["path"],
            visit=control["visit"],
            attempt=control["attempt"],
            undo=bool(control.get("undo")),
            process=self.run.definition.name,
            text=self._block["input"],
        )

    # --- threads --------------------------------------------------------------------------------

    def _begin_in_thread(self, pool: ThreadPoolExecutor) -> None:
        engine = self.run.engine
        self._start()
        self.stops = False  # a function cannot be stopped from outside; its outcome is late
        engine.in_threads += 1
        future = pool.submit(engine.worker, self._task())
        future.add_done_callback(lambda done: engine.inbox.put(lambda: self._back(done)))
        kind, limit = self._shortest()
        if limit is not None:
            engine.after(limit, lambda: self._timed_out(kind))

    def _back(self, future: Future[Outcome | None]) -> None:
        self.run.engine.in_threads -= 1
        if not future.cancelled():
            self._take(future.result() or Completed(), 0)


class Call(Attempt):
    """An open Lambda task."""

    kind = "LambdaFunction"
    key = "id"

    def _limit(self, kind: str) -> float | None:
        """SWF knows one limit, and has one of its own."""
        if kind != "START_TO_CLOSE":
            return None
        return float(self._block.get("startToCloseTimeout") or FUNCTION_SECONDS)

    def _told(self, outcome: Failed) -> dict[str, Json]:
        """A failure as Lambda tells it: of a function that raises, and of one that is not there."""
        name, _, message = outcome.reason.partition(": ")
        error = outcome.error or name
        if error.startswith("Lambda."):
            return {"reason": error.removeprefix("Lambda."), "details": outcome.cause or message}
        details = outcome.cause or ""
        if not details.startswith('{"errorMessage"'):
            details = dumps({"errorMessage": details or message, "errorType": error})
        return {"reason": "Unhandled", "details": details}

    def _task(self) -> Task:
        control = loads(self._block["control"])
        event = loads(self._block.get("input"))
        envelope = {"json": True, "path": control["path"], "visit": control["visit"]}
        called = {"FunctionName": self._block["name"], "Payload": event}
        return Task(
            activity=FUNCTION,
            path=control["path"],
            visit=control["visit"],
            attempt=control["attempt"],
            undo=False,
            process=self.run.definition.name,
            text=dumps({**called, ENVELOPE: envelope}),
        )


_LIMITS = {
    "START_TO_CLOSE": "startToCloseTimeout",
    "SCHEDULE_TO_START": "scheduleToStartTimeout",
    "SCHEDULE_TO_CLOSE": "scheduleToCloseTimeout",
    "HEARTBEAT": "heartbeatTimeout",
}
