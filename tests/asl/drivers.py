"""The two ways in which a case of States Language is run: in-process, and on SWF."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from activity_worker import ActivityWorker, TaskFailedError
from asl.loading import load
from errors import BusinessProcessError
from local_swf.testing import LocalSWF
from runner import conformance
from runner.express import result_of
from runner.outcomes import Ended
from setup import ensure_registered
from tests.application import Application, application
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
