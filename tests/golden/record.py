"""Record histories to keep for ever: `python -m tests.golden.record`.

Each file holds a run's ids and type, its events as SWF gave them, and what the decider
answered to each decision task.  A file that exists is never written again: a later core has
to decide the same.
"""

from __future__ import annotations

import json
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from activity_worker import ActivityCanceled, ActivityWorker, NonRetryableError, current_task
from decision_worker import DecisionWorker
from local_swf.testing import LocalSWF
from tests.application import Application, application
from workflow import definition_to_json
from workflow.history import attributes
from workflow.state import CORE_REVISION

FOLDER = Path(__file__).parent
ITEM = {"sku": "A", "quantity": 2, "price": 9.5}
ORDER = {"order_id": "ORD-1", "items": [ITEM], "note": "olá ☕"}

Scenario = Callable[[Application, ActivityWorker], dict[str, str]]


class Recorder(DecisionWorker):
    """A decider that keeps what it answers, by the task's DecisionTaskStarted."""

    def __init__(self, settings: Any) -> None:
        super().__init__(settings)
        self.answers: dict[str, dict[int, Any]] = {}

    def _respond(self, task: Any, decisions: Any, context: Any, *, sticky: bool) -> None:
        run_id = task["workflowExecution"]["runId"]
        self.answers.setdefault(run_id, {})[task["startedEventId"]] = decisions
        super()._respond(task, decisions, context, sticky=sticky)


def failing(times: int, error: Exception) -> Callable[[Any], Any]:
    """An activity whose first attempts fail."""
    left = [times]

    def activity(_: Any) -> Any:
        left[0] -= 1
        if left[0] >= 0:
            raise error
        return {"status": "worked at last"}

    return activity


def success(app: Application, _: ActivityWorker) -> dict[str, str]:
    """All five steps."""
    return app.starter.start_workflow(ORDER)


def retries(app: Application, worker: ActivityWorker) -> dict[str, str]:
    """ProcessData fails twice."""
    worker.activities["ProcessData"] = failing(2, ValueError("not yet"))
    return app.starter.start_workflow(ORDER)


def rollback(app: Application, worker: ActivityWorker) -> dict[str, str]:
    """NotifyCompletion fails for good; SaveResults is compensated."""
    worker.activities["NotifyCompletion"] = failing(3, ConnectionError("no mail"))
    return app.starter.start_workflow(ORDER)


def not_retryable(app: Application, worker: ActivityWorker) -> dict[str, str]:
    """Bad input."""
    worker.activities["ValidateInput"] = failing(1, NonRetryableError("bad order"))
    return app.starter.start_workflow(ORDER)


def resumed(app: Application, worker: ActivityWorker) -> dict[str, str]:
    """The new run of a failed execution, resumed from its failed step."""
    worker.activities["SaveResults"] = failing(3, OSError("no disk"))
    run = app.starter.start_workflow(ORDER)
    app.finish(run)
    return app.starter.resume_workflow_from_step(
        workflow_id=run["workflow_id"], run_id=run["run_id"], step_name="SaveResults",
        input={"note": "disk is back"}, reason="disk replaced", actor="operator",
    )  # fmt: skip


def stepped_back(app: Application, worker: ActivityWorker) -> dict[str, str]:
    """A running execution is sent back while EnrichData runs."""
    return _signalled(app, worker, lambda run: app.starter.resume_workflow_from_step(
        **run, step_name="ProcessData", reason="wrong price", actor="operator"
    ))  # fmt: skip


def canceled(app: Application, worker: ActivityWorker) -> dict[str, str]:
    """A running execution is canceled while EnrichData runs."""
    return _signalled(app, worker, lambda run: app.starter.cancel_workflow(**run))


def _signalled(
    app: Application, worker: ActivityWorker, act: Callable[[dict[str, str]], Any]
) -> dict[str, str]:
    """Let EnrichData's first visit run until it is asked to stop."""
    started: list[dict[str, str]] = []

    def enrich(_: Any) -> Any:
        task = current_task()
        if task.visit > 1:
            return {"status": "enriched"}
        act(started[0])
        while not task.cancel_requested:
            task.heartbeat()
        raise ActivityCanceled("asked to stop")

    worker.activities["EnrichData"] = enrich
    run = app.starter.start_workflow(ORDER)
    started.append(run)
    return run


SCENARIOS: list[Scenario] = [
    success, retries, rollback, not_retryable, resumed, stepped_back, canceled,
]  # fmt: skip


def main() -> None:
    """Record what is not recorded yet."""
    for scenario in SCENARIOS:
        path = FOLDER / f"{scenario.__name__}.core{CORE_REVISION}.json"
        if path.exists():
            print(f"kept     {path.name}")
            continue
        document = record(scenario)
        path.write_text(_text(document), encoding="utf-8")
        print(f"recorded {path.name}")


def record(scenario: Scenario) -> dict[str, Any]:
    """Run a scenario on a fresh endpoint and give its history with the answers."""
    with (
        tempfile.TemporaryDirectory() as folder,
        LocalSWF(virtual_clock=True) as swf,
        application(swf, Path(folder)) as app,
    ):
        decider = app.decider(Recorder(app.settings))
        worker = app.worker()
        run = scenario(app, worker)
        app.finish(run)
        events = list(app.starter.swf_client.history(run["workflow_id"], run["run_id"]))
        kind = attributes(events[0])["workflowType"]
        definition = decider._definitions[kind["name"], kind["version"]]
        return {
            "workflow_id": run["workflow_id"],
            "run_id": run["run_id"],
            "type": kind,
            "definition": definition_to_json(definition),
            "events": [{**e, "eventTimestamp": e["eventTimestamp"].timestamp()} for e in events],
            "answers": decider.answers[run["run_id"]],
        }


def _text(document: dict[str, Any]) -> str:
    """The file's text, without what tells of the machine: folders in traces, host names."""
    text = json.dumps(document, ensure_ascii=False, indent=1) + "\n"
    return text.replace(str(FOLDER.parents[1]), "").replace(socket.gethostname(), "host")


if __name__ == "__main__":
    main()
