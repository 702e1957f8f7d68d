"""The two ways in which States Language is run, in-process and on SWF: cases, and definitions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import process
import published
from activities.context import TaskContext
from activities.execution import Completed, Failed
from activity_worker import ActivityWorker, TaskFailedError
from asl.loading import load
from config import Settings
from errors import BusinessProcessError
from local_swf.testing import LocalSWF
from runner import conformance, outcomes
from runner.clock import VirtualClock
from runner.engine import Engine
from runner.express import result_of
from runner.outcomes import Ended
from setup import ensure_registered
from tests.application import Application, application
from wire import activity_input, loads
from workflow import Definition
from workflow.history import attributes

Case = dict[str, Any]
Driver = Callable[[Case], dict[str, Any]]

SHARED = Path(__file__).resolve().parents[3] / "shared" / "asl"
TABLES = Path(__file__).parent / "tables"


def cases_of(path: Path) -> list[Case]:
    """The cases of a file, one a line."""
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def same(left: Any, right: Any) -> bool:
    """Whether two JSON values are equal: 1 is 1.0, and true is not 1."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    return bool(left == right)


def check(case: Case, found: dict[str, Any]) -> None:
    """Fail where a result is not the one that a case expects."""
    expected = case["expect"]
    assert found["status"] == expected["status"], (case["note"], found)
    for member in ("output", "error", "cause"):
        if member in expected:
            assert same(found.get(member), expected[member]), (case["note"], found)


def in_process(case: Case) -> dict[str, Any]:
    """Run a case as the batch runner does."""
    return conformance.run(case)


class OnSwf:
    """Runs cases on an embedded SWF: decider, worker and starter."""

    def __init__(self, app: Application) -> None:
        self._app = app
        self._worker: ActivityWorker = app.worker(concurrency=4)
        self._decider = app.decider()
        self._number = 0

    def __call__(self, case: Case) -> dict[str, Any]:
        """Run a case to its end."""
        self._number += 1
        kind = case.get("type") or "STANDARD"
        try:
            definition = load(case["definition"], f"Case{self._number}", "1", kind=kind)
        except BusinessProcessError as error:
            return {"status": "UNSUPPORTED", "cause": str(error)}
        self._decider._definitions[definition.name, "1"] = definition
        self._worker.functions = {
            arn: self._function(behaviour) for arn, behaviour in case.get("lambdas", {}).items()
        }
        ensure_registered(self._app.starter.swf_client, definition)
        run = self._app.starter.start_workflow(case.get("input", {}), definition=definition)
        last = self._app.finish(dict(run))[-1]
        return dict(result_of(_ended(last), definition))

    def _function(self, behaviour: dict[str, Any]) -> Callable[[Any], Any]:
        def function(event: Any) -> Any:
            outcome = conformance.behave(behaviour, event)
            if isinstance(outcome, conformance.Failed):
                raise TaskFailedError(str(outcome.error), outcome.cause or "")
            assert isinstance(outcome, conformance.Completed)
            if outcome.after:
                self._app.swf.clock.advance(outcome.after)
            return outcome.result

        return function


def _ended(event: dict[str, Any]) -> Ended:
    told = attributes(event)
    status = {"Completed": "COMPLETED", "Failed": "FAILED", "TimedOut": "TIMED_OUT"}
    how = status[event["eventType"].removeprefix("WorkflowExecution")]
    result, details = (told.get(name) for name in ("result", "details"))
    return Ended(
        how,
        None if result is None else json.loads(result),
        told.get("reason", ""),
        None if details is None else json.loads(details),
    )


@contextmanager
def on_swf(folder: Path, **env: str) -> Iterator[OnSwf]:
    """A driver on an endpoint of its own, whose clock jumps over waits."""
    with LocalSWF(virtual_clock=True) as swf, application(swf, folder, **env) as app:
        yield OnSwf(app)


# --- definitions, with the activities of an activity worker ---------------------------------------

Functions = Mapping[str, Callable[[Any], Any]]


@dataclass(frozen=True)
class Scheduled:
    """One attempt at an activity, as the history has it."""

    activity: str
    attempt: int
    input: Any
    """The caller's part: what lies under our own key is left out."""


class Finished:
    """How an execution ended, and what its history has."""

    def __init__(self, definition: Definition, events: Sequence[dict[str, Any]]) -> None:
        self.events = events
        last = events[-1]
        told: dict[str, Any] = {**result_of(_ended(last), definition)}
        self.status: str = told["status"]
        self.output: Any = told.get("output")
        self.error: str | None = told.get("error")
        self.cause: str | None = told.get("cause")
        self.reason: str | None = attributes(last).get("reason")

    @property
    def scheduled(self) -> list[Scheduled]:
        """Every attempt at an activity, in order."""
        return [
            _scheduled(attributes(event))
            for event in self.events
            if event["eventType"] == "ActivityTaskScheduled"
        ]

    @property
    def activities(self) -> list[str]:
        """Names of the activities that were scheduled, in order, an attempt each."""
        return [item.activity for item in self.scheduled]

    @property
    def markers(self) -> list[str]:
        """Names of the markers, in order."""
        return [
            attributes(event)["markerName"]
            for event in self.events
            if event["eventType"] == "MarkerRecorded"
        ]


def _scheduled(told: Mapping[str, Any]) -> Scheduled:
    data, envelope = activity_input(loads(told["input"]))
    return Scheduled(told["activityType"]["name"], envelope.get("attempt", 1), data)


class Host(Protocol):
    """Runs definitions to their end, with the activities that ship or others in their place."""

    settings: Settings

    def run(
        self,
        definition: Definition,
        input: Any,  # noqa: A002 - as everywhere in this application
        activities: Functions | None = None,
    ) -> Finished:
        """Run it; `activities` are activities and Lambda functions that replace those that ship."""

    def send(self, workflow_id: str, signal: str, payload: Any) -> None:
        """Send a signal to an execution, from within an activity."""


class InProcessHost:
    """Runs definitions in-process, on a virtual clock."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._engine: Engine | None = None
        self._runs = 0

    def run(
        self,
        definition: Definition,
        input: Any,  # noqa: A002
        activities: Functions | None = None,
    ) -> Finished:
        """See `Host`."""
        worker = ActivityWorker(self.settings)
        _take(worker, activities)
        hand, self._runs = _Hand(worker, f"run-{self._runs + 1}"), self._runs + 1
        self._engine = Engine(hand, clock=VirtualClock(1.9e9), definitions=published.find)
        policy = process.policy_of(self.settings)
        run = self._engine.start(definition, input, workflow_id=hand.workflow_id, policy=policy)
        self._engine.run(events=100_000)
        assert run.closed, "it waits for somebody"
        return Finished(definition, [e for part in run.histories for e in part.events])

    def send(self, workflow_id: str, signal: str, payload: Any) -> None:
        """See `Host`."""
        assert self._engine is not None
        self._engine.signal(workflow_id, signal, payload)


def _take(worker: ActivityWorker, activities: Functions | None) -> None:
    for name, function in (activities or {}).items():
        known = worker.functions if name in worker.functions else worker.activities
        known[name] = function


class _Hand:
    """Does tasks as the activity worker does them, in a task of its own."""

    def __init__(self, worker: ActivityWorker, workflow_id: str) -> None:
        self.workflow_id = workflow_id
        self._worker = worker

    def __call__(self, task: outcomes.Task) -> outcomes.Outcome | None:
        """How a task goes."""
        if task.is_child:
            return None
        envelope = task.envelope
        known = ("start_id", "path", "visit", "attempt", "undo", "poll", "credentials")
        context = TaskContext(
            workflow_id=self.workflow_id,
            run_id=self.workflow_id,
            activity=task.activity,
            any_json=task.any_json,
            settings=self._worker.settings,
            **{name: envelope[name] for name in known if name in envelope},
        )
        found = self._worker._outcome(task.input, context)
        if isinstance(found, Completed):
            return outcomes.Completed(json.loads(found.result))
        assert isinstance(found, Failed)
        told = json.loads(found.details)
        return outcomes.Failed(
            found.reason,
            told["retryable"],
            error=told["type"],
            cause=told.get("cause", told["message"]),
        )


class SwfHost:
    """Runs definitions on an embedded SWF, whose clock jumps over waits."""

    def __init__(self, app: Application) -> None:
        self.settings = app.settings
        self._app = app
        self._decider = app.decider()
        self._worker = app.worker(concurrency=4)
        self._shipped = dict(self._worker.activities), dict(self._worker.functions)

    def run(
        self,
        definition: Definition,
        input: Any,  # noqa: A002
        activities: Functions | None = None,
    ) -> Finished:
        """See `Host`."""
        self._worker.activities, self._worker.functions = map(dict, self._shipped)
        _take(self._worker, activities)
        self._decider._definitions[definition.name, definition.version] = definition
        ensure_registered(self._app.starter.swf_client, definition)
        run = self._app.starter.start_workflow(input, definition=definition)
        names = {"workflow_id": run["workflow_id"], "run_id": run["run_id"]}
        return Finished(definition, self._app.finish(names))

    def send(self, workflow_id: str, signal: str, payload: Any) -> None:
        """See `Host`."""
        self._app.starter.signal_workflow(workflow_id, signal, payload)


HOSTS = ("in-process", "SWF")


@contextmanager
def host(kind: str, folder: Path, **env: str) -> Iterator[Host]:
    """One of `HOSTS`, which keeps its files in `folder`."""
    with LocalSWF(virtual_clock=True) as swf, application(swf, folder, **env) as app:
        yield InProcessHost(app.settings) if kind == "in-process" else SwfHost(app)
