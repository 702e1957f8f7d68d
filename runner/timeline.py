"""What happened in a simulation, in the order in which it did, as values and as text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from runner.history import Event
from wire import Json, cut, dumps, loads, pending_of
from workflow import Fact
from workflow.answers import TASK_SUCCESS
from workflow.history import attributes

if TYPE_CHECKING:
    from runner.engine import Run

SHOWN_CHARACTERS = 120  # of a value, in a line for people


@dataclass(frozen=True)
class Entry:
    """One thing that happened."""

    at: float
    """Virtual seconds since the start."""
    workflow_id: str
    what: str
    """`started`, `begins`, `completed`, `failed`, `timed out`, `canceled`, `retries`, `waits`,
    `waits for`, `sent out` (a task token), `is not done` (and is asked again), `passed`, `caught`,
    `signal`, `answer`, `rolls back`, `undone`, `not undone`, `halted`, `blocked`,
    `goes on`, `stops`, `continues as new`, `ends`."""
    step: str | None = None
    """Path; of an undo, the path of the step that is undone."""
    attempt: int | None = None
    detail: str = ""
    value: Json = None
    """Of `completed` the result, of `signal` the payload, of `ends` the result or details."""
    undo: str | None = None
    """Of an undo: its activity."""

    def to_json(self) -> dict[str, Json]:
        """The entry without the members that say nothing."""
        return {key: item for key, item in asdict(self).items() if item not in (None, "")}

    def line(self) -> str:
        """The entry for people."""
        where = f"{self.undo} of {self.step}" if self.undo else (self.step or "")
        attempt = f"(attempt {self.attempt})" if (self.attempt or 1) > 1 else ""
        told = self.value in (None, {}) or (self.what == "ends" and ":" in self.detail)
        value = "" if told else cut(dumps(self.value), SHOWN_CHARACTERS)
        parts = [where, attempt, self.what, self.detail, value]
        return f"{clock(self.at):>12}  " + " ".join(part for part in parts if part)


def clock(seconds: float) -> str:
    """A duration as `0:00:01.500` or `3d 01:00:00`."""
    days, rest = divmod(seconds, 86_400)
    minutes, second = divmod(rest, 60)
    hours, minute = divmod(int(minutes), 60)
    text = f"{hours}:{minute:02}:{second:06.3f}".removesuffix(".000")
    return f"{int(days)}d {text}" if days else text


class Timeline:
    """Listens to an engine and keeps what people want to read."""

    def __init__(self, start: float) -> None:
        self.entries: list[Entry] = []
        self._start = start
        self._open: dict[tuple[int, int], Mapping[str, Any]] = {}

    def event(self, run: Run, event: Event) -> None:
        """Take an event of any run."""
        tell = _EVENTS.get(event["eventType"])
        if tell is not None:
            tell(self, run, event, attributes(event))

    def fact(self, run: Run, fact: Fact) -> None:
        """Take what the core tells of itself."""
        found, step = fact.fields, fact.fields.get("step")
        if fact.kind == "waiting":
            answer = found["signal"] == TASK_SUCCESS
            detail = "an answer to its task token" if answer else f"signal {found['signal']}"
            self.add(run, "waits for", step=step, detail=detail)
        elif fact.kind == "answered":
            self._answered(run, found)
        elif fact.kind == "caught":
            detail = f"{found['error']}; goes on at {found['target']}"
            self.add(run, "caught", step=step, detail=detail)
        elif fact.kind == "passed":
            target = found["target"]
            self.add(run, "passed", step=step, detail=f"on to {target}" if target else "")
        elif fact.kind == "halted":
            detail = f"for an operator: {found['why']}"
            self.add(run, "halted", step=step, detail=detail)
        elif fact.kind == "blocked":
            self.add(run, "blocked", step=step, detail=str(found["why"]))
        elif fact.kind == "signal":
            why = f": {found['why']}" if found["why"] else ""
            self.add(run, "answer", detail=f"to {found['signal']}: {found['outcome']}{why}")

    def _answered(self, run: Run, found: Mapping[str, Any]) -> None:
        """Somebody answered a task token: what the state does is done, or failed."""
        told = {"step": found["step"], "attempt": found["attempt"]}
        if "output" in found:
            self.add(run, "completed", value=found["output"], **told)
        else:
            parts = (found["error"], found["cause"])
            self.add(run, "failed", detail=": ".join(filter(None, parts)), **told)

    def add(self, run: Run, what: str, **members: Any) -> None:
        """Put an entry at the end."""
        at = round(run.engine.clock.now() - self._start, 3)
        self.entries.append(Entry(at, run.workflow_id, what, **members))

    # --- what events tell -----------------------------------------------------------------------

    def begins(self, run: Run, event: Event, found: Mapping[str, Any]) -> None:
        """An activity or a child was asked for."""
        control = loads(found["control"])
        name = found.get("activityType", {}).get("name")
        told = {
            "step": control["path"],
            "attempt": control["attempt"],
            "undo": name if control.get("undo") else None,
        }
        self._open[id(run.history), event["eventId"]] = told
        self.add(run, "begins", **told)

    def closes(self, run: Run, event: Event, found: Mapping[str, Any]) -> None:
        """An activity or a child came to its end."""
        opened = found.get("scheduledEventId") or found.get("initiatedEventId") or 0
        told = self._open.pop((id(run.history), opened), None)
        if told is None:
            return
        kind = event["eventType"].rpartition("Activity")[2].rpartition("Execution")[2]
        what = _ENDS[kind.removeprefix("LambdaFunction")]
        detail = found.get("reason") or found.get("timeoutType") or ""
        value = loads(found.get("result"))
        again = pending_of(value)
        if again is not None:
            what, value = "is not done", again[0]
        elif what == "completed" and run.asks(told["step"]) and told["undo"] is None:
            what, value = "sent out", None
        self.add(run, what, detail=detail, value=value, **told)

    def timer(self, run: Run, _: Event, found: Mapping[str, Any]) -> None:
        """A wait began: before another attempt, or because the process says so."""
        control = loads(found.get("control"))
        work = run.execution.state.works.get(str(control.get("work")))
        if control.get("timer") != "retry" or work is None:
            return
        visit = run.execution.state.visits.get(work.entry)
        retries = work.attempt > 1 or work.tries > 0
        self.add(
            run,
            "retries" if retries else "waits",
            step=visit.path if visit is not None and work.kind != "transaction" else work.activity,
            attempt=work.attempt,
            detail=f"{'in' if retries else 'for'} {found['startToFireTimeout']} s",
            undo=work.activity if work.kind == "undo" else None,
        )

    def marker(self, run: Run, _: Event, found: Mapping[str, Any]) -> None:
        """The core records what it does."""
        details = loads(found["details"])
        kind = found["markerName"]
        if kind == "ROLLBACK_INITIATED":
            why = ": ".join(part for part in (details["reason"], details["last_error"]) if part)
            self.add(run, "rolls back", step=details["failed_activity"], detail=why)
        elif kind in ("STEP_COMPENSATED", "COMPENSATION_FAILED"):
            what = "undone" if kind == "STEP_COMPENSATED" else "not undone"
            undo, why = details["activity"], details.get("error", "")
            self.add(run, what, step=details["step"], undo=undo, detail=why)
        elif kind == "RESUMED":
            self.add(run, "goes on", step=details["step"])

    def started(self, run: Run, _: Event, found: Mapping[str, Any]) -> None:
        """An execution, or the next run of one, began."""
        if len(run.histories) == 1:
            kind = found["workflowType"]
            self.add(run, "started", detail=f"{kind['name']} {kind['version']}")

    def signal(self, run: Run, _: Event, found: Mapping[str, Any]) -> None:
        """A signal came."""
        value = loads(found.get("input"))
        self.add(run, "signal", detail=found["signalName"], value=value)

    def asked_to_stop(self, run: Run, _: Event, found: Mapping[str, Any]) -> None:
        """Somebody cancels the execution, or it asks an activity to stop."""
        attempt = run.history.activities.get(found.get("activityId", ""))
        key = (id(run.history), attempt.scheduled if attempt is not None else 0)
        told = self._open.get(key, {})
        self.add(run, "stops", detail="" if told else "a cancellation was asked for", **told)

    def ended(self, run: Run, event: Event, found: Mapping[str, Any]) -> None:
        """The execution closed."""
        how = event["eventType"].removeprefix("WorkflowExecution")
        if how == "ContinuedAsNew":
            self.add(run, "continues as new")
            return
        reason = found.get("reason") or ""
        value = loads(found.get("result", found.get("details")))
        self.add(run, "ends", detail=f"{_upper(how)}{': ' if reason else ''}{reason}", value=value)


def _upper(how: str) -> str:
    return "TIMED_OUT" if how == "TimedOut" else how.upper()


def lines(entries: Iterable[Entry], workflow_id: str) -> list[str]:
    """The entries for people; those of children are indented and named."""
    return [
        entry.line() if entry.workflow_id == workflow_id else _of_child(entry) for entry in entries
    ]


def _of_child(entry: Entry) -> str:
    text = entry.line()
    return f"{text[:14]}[{entry.workflow_id}] {text[14:]}"


_ENDS = {
    "TaskCompleted": "completed",
    "TaskFailed": "failed",
    "TaskTimedOut": "timed out",
    "TaskCanceled": "canceled",
    "Completed": "completed",
    "Failed": "failed",
    "TimedOut": "timed out",
    "Canceled": "canceled",
    "Terminated": "canceled",
}

_EVENTS = {
    "WorkflowExecutionStarted": Timeline.started,
    "WorkflowExecutionSignaled": Timeline.signal,
    "WorkflowExecutionCancelRequested": Timeline.asked_to_stop,
    "ActivityTaskCancelRequested": Timeline.asked_to_stop,
    "ActivityTaskScheduled": Timeline.begins,
    "LambdaFunctionScheduled": Timeline.begins,
    "StartChildWorkflowExecutionInitiated": Timeline.begins,
    "TimerStarted": Timeline.timer,
    "MarkerRecorded": Timeline.marker,
    **{f"ActivityTask{how}": Timeline.closes for how in ("Completed", "Failed", "TimedOut")},
    "ActivityTaskCanceled": Timeline.closes,
    **{f"LambdaFunction{how}": Timeline.closes for how in ("Completed", "Failed", "TimedOut")},
    **{
        f"ChildWorkflowExecution{how}": Timeline.closes
        for how in ("Completed", "Failed", "TimedOut", "Canceled", "Terminated")
    },
    **{
        f"WorkflowExecution{how}": Timeline.ended
        for how in ("Completed", "Failed", "Canceled", "TimedOut", "ContinuedAsNew")
    },
}
