"""What a history tells of attempts, steps and queues: a fold of its own, made only when on.

The decider folds every event it takes in; what has ended is kept here until its answer was
taken by SWF, and told then if it is news: later than the last decision whose answer SWF has
recorded.  So a replay of the whole history tells nothing twice, whoever does it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from wire import Json, loads, unwrap_start

Attributes = Mapping[str, Any]


@dataclass(frozen=True)
class Run:
    """How a run began."""

    begun: float
    """Seconds since 1970."""
    name: str
    version: str
    previous: str = ""
    """The run that it continues or resumes."""
    continued: bool = False
    """Whether SWF continued the previous one as new."""
    parent: tuple[str, str] | None = None
    """Of a child: the run that started it, and the id under which it did."""


@dataclass(frozen=True)
class Attempt:
    """One attempt of a step, or of an undo."""

    id: str
    """Of the activity, function or child."""
    activity: str
    path: str
    number: int
    entry: int
    """The visit it works on; 0 where the history does not say."""
    scheduled: float
    """Seconds since 1970, as the other times."""
    started: float | None = None
    ended: float = 0.0
    outcome: str = ""
    """`completed`, `failed`, `timed_out`, `canceled`, `terminated`."""
    run: str = ""
    """Of a child: its run id."""
    error: str = ""
    """The error's name, without its message: messages hold data."""

    @property
    def is_step(self) -> bool:
        """Whether it works on the step itself, and does not undo it."""
        return self.entry > 0 and (self.id[:1] not in ("u", "t") or self.is_child)

    @property
    def is_child(self) -> bool:
        """Whether it is an execution of its own: `START.ENTRY.ATTEMPT`."""
        return self.id.count(".") > 1


@dataclass
class Step:
    """The attempts of one visit of a step, until it is over."""

    path: str
    begun: float
    ended: float = 0.0
    event_id: int = 0
    """Of the last event that ended an attempt."""
    attempts: int = 0


Told = tuple[int, Callable[["News"], object]]
"""The event that has news, and how it puts them in."""


@dataclass
class News:
    """What is told once the decision that saw it was taken."""

    began: Run | None = None
    attempts: list[Attempt] = field(default_factory=list)
    steps: list[tuple[int, Step, str]] = field(default_factory=list)
    """Entry, what is known, and the visit's outcome."""
    waits: list[tuple[str, float]] = field(default_factory=list)
    """`decision` or `activity`, and the seconds between its scheduling and its start."""
    retries: list[str] = field(default_factory=list)
    """Paths of steps that were scheduled again."""
    rollbacks: int = 0
    told: list[Told] = field(default_factory=list)
    """All but the steps, as it was kept."""
    run: Run | None = None
    last: float = 0.0
    """When the last event was, seconds since 1970."""
    deciding: float = 0.0
    """When the decision task was started."""


class Fold:
    """What one run has told so far."""

    def __init__(self) -> None:
        self.run: Run | None = None
        self.last = 0.0
        """When the last event was, seconds since 1970."""
        self.deciding = 0.0
        """When the last decision task was started."""
        self._event_id = 0
        self._answered = 0
        self._open: dict[int, Attempt] = {}
        self._queued: dict[int, float] = {}
        self._steps: dict[int, Step] = {}
        self._told: list[Told] = []
        self._lock = threading.Lock()

    def apply(self, events: Iterable[Mapping[str, Any]]) -> None:
        """Take in events, oldest first; those it knows are passed over."""
        for event in events:
            number = event["eventId"]
            if number <= self._event_id:
                continue
            self._event_id, kind = number, event["eventType"]
            handler = HANDLERS.get(kind)
            if handler is not None:
                self.last = _seconds(event)
                handler(self, number, _attributes(event))

    def news(self, outcome: Callable[[int], str]) -> News:
        """What has happened since the last answer that SWF took; asked once, then forgotten."""
        found = News(run=self.run, last=self.last, deciding=self.deciding)
        with self._lock:
            told, self._told = self._told, []
        found.told = [item for item in told if item[0] > self._answered]
        for _, tell in found.told:
            tell(found)
        for entry, step in list(self._steps.items()):
            fate = outcome(entry)
            if fate == "open":
                continue
            del self._steps[entry]
            if step.event_id > self._answered:
                found.steps.append((entry, step, fate))
        return found

    def put_back(self, news: News) -> None:
        """Keep news that could not be told; another thread may have gone on meanwhile."""
        with self._lock:
            self._told[:0] = news.told
        for entry, step, _ in news.steps:
            self._steps.setdefault(entry, step)

    def _tell(self, number: int, tell: Callable[[News], object]) -> None:
        self._told.append((number, tell))

    # --- events --------------------------------------------------------------------------

    def began(self, number: int, found: Attributes) -> None:
        """The run."""
        envelope = unwrap_start(loads(found.get("input")))[1]
        continues = found.get("continuedExecutionRunId") or ""
        kind, parent = found.get("workflowType", {}), envelope.get("parent")
        above = found.get("parentWorkflowExecution", {}).get("runId", "")
        run = self.run = Run(
            begun=self.last,
            name=str(kind.get("name", "")),
            version=str(kind.get("version", "")),
            previous=str(envelope.get("previous_run_id") or continues),
            continued=bool(continues),
            parent=(above, str(envelope.get("start_id", ""))) if parent and above else None,
        )
        self._tell(number, lambda news: setattr(news, "began", run))

    def queued(self, number: int, _: Attributes) -> None:
        """A decision task."""
        self._queued = {number: self.last}

    def decision_started(self, number: int, found: Attributes) -> None:
        """A decider has it."""
        self.deciding = self.last
        since = self._queued.get(found.get("scheduledEventId", 0))
        if since is not None:
            seconds = self.last - since
            self._tell(number, lambda news: news.waits.append(("decision", seconds)))

    def answered(self, _: int, found: Attributes) -> None:
        """Its answer was taken: what came before it is told."""
        self._answered = max(self._answered, int(found.get("startedEventId", 0)))

    def scheduled(self, number: int, found: Attributes) -> None:
        """An attempt: an activity, a Lambda function, a child."""
        control = loads(found.get("control"))
        told: dict[str, Json] = control if isinstance(control, dict) else {}
        kind = found.get("activityType") or found.get("workflowType") or {}
        name = str(kind.get("name") or found.get("name", ""))
        id_ = str(found.get("activityId") or found.get("id") or found.get("workflowId", ""))
        attempt = self._open[number] = Attempt(
            id=id_,
            activity=name,
            path=str(told.get("path", name)),
            number=_whole(told.get("attempt"), 1),
            entry=_entry(id_),
            scheduled=self.last,
        )
        if attempt.is_step:
            step = self._steps.setdefault(attempt.entry, Step(attempt.path, self.last))
            step.attempts = attempt.number
        if attempt.number > 1:
            self._tell(number, lambda news: news.retries.append(attempt.path))

    def started(self, number: int, found: Attributes) -> None:
        """Somebody works on it."""
        key = _opened_by(found)
        attempt = self._open.get(key)
        if attempt is not None:
            run = found.get("workflowExecution", {}).get("runId", "")
            self._open[key] = replace(attempt, started=self.last, run=run)
            seconds = self.last - attempt.scheduled
            self._tell(number, lambda news: news.waits.append(("activity", seconds)))

    def ended(self, number: int, found: Attributes, outcome: str) -> None:
        """It is over."""
        attempt = self._open.pop(_opened_by(found), None)
        if attempt is None:
            return
        error = "" if outcome == "completed" else _error(found, outcome)
        over = replace(attempt, ended=self.last, outcome=outcome, error=error)
        step = self._steps.get(over.entry) if over.is_step else None
        if step is not None:
            step.ended, step.event_id = self.last, number
        self._tell(number, lambda news: news.attempts.append(over))

    def marked(self, number: int, found: Attributes) -> None:
        """A marker."""
        if found.get("markerName") == "ROLLBACK_INITIATED":
            self._tell(number, lambda news: setattr(news, "rollbacks", news.rollbacks + 1))


def _ended(outcome: str) -> Callable[[Fold, int, Attributes], None]:
    def handler(fold: Fold, number: int, found: Attributes) -> None:
        fold.ended(number, found, outcome)

    return handler


HANDLERS: dict[str, Callable[[Fold, int, Attributes], None]] = {
    "WorkflowExecutionStarted": Fold.began,
    "DecisionTaskScheduled": Fold.queued,
    "DecisionTaskStarted": Fold.decision_started,
    "DecisionTaskCompleted": Fold.answered,
    "MarkerRecorded": Fold.marked,
    "ActivityTaskScheduled": Fold.scheduled,
    "ActivityTaskStarted": Fold.started,
    "ActivityTaskCompleted": _ended("completed"),
    "ActivityTaskFailed": _ended("failed"),
    "ActivityTaskTimedOut": _ended("timed_out"),
    "ActivityTaskCanceled": _ended("canceled"),
    "LambdaFunctionScheduled": Fold.scheduled,
    "LambdaFunctionStarted": Fold.started,
    "LambdaFunctionCompleted": _ended("completed"),
    "LambdaFunctionFailed": _ended("failed"),
    "LambdaFunctionTimedOut": _ended("timed_out"),
    "StartLambdaFunctionFailed": _ended("failed"),
    "StartChildWorkflowExecutionInitiated": Fold.scheduled,
    "StartChildWorkflowExecutionFailed": _ended("failed"),
    "ChildWorkflowExecutionStarted": Fold.started,
    "ChildWorkflowExecutionCompleted": _ended("completed"),
    "ChildWorkflowExecutionFailed": _ended("failed"),
    "ChildWorkflowExecutionTimedOut": _ended("timed_out"),
    "ChildWorkflowExecutionCanceled": _ended("canceled"),
    "ChildWorkflowExecutionTerminated": _ended("terminated"),
}


def _attributes(event: Mapping[str, Any]) -> Attributes:
    kind: str = event["eventType"]
    found = event.get(f"{kind[0].lower()}{kind[1:]}EventAttributes")
    return found if found is not None else {}


def _seconds(event: Mapping[str, Any]) -> float:
    moment = event["eventTimestamp"]
    return moment.timestamp() if isinstance(moment, datetime) else float(moment)


def _opened_by(found: Attributes) -> int:
    """The event that opened what this one is about."""
    return int(found.get("scheduledEventId") or found.get("initiatedEventId") or 0)


def _entry(work_id: str) -> int:
    """The visit in an id of ours: `a<entry>.<attempt>` and the like, or a child's start id."""
    parts = work_id.rsplit(".", 2)
    text = parts[1] if len(parts) == 3 else parts[0][1:]
    return int(text) if text.isascii() and text.isdigit() else 0


def _error(found: Attributes, outcome: str) -> str:
    if outcome == "timed_out":
        return f"{found.get('timeoutType', 'TIMEOUT')} timeout"
    name = str(found.get("reason") or found.get("cause") or outcome).partition(":")[0].strip()
    return name if name and len(name) <= NAME_CHARACTERS and " " not in name else outcome


NAME_CHARACTERS = 100  # what is longer, or has blanks, is a sentence and no name


def _whole(value: Json, otherwise: int) -> int:
    return value if isinstance(value, int) else otherwise
