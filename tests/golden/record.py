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

import published
from activity_worker import ActivityCanceled, ActivityWorker, NonRetryableError, current_task
from asl.loading import load
from decision_worker import DecisionWorker
from local_swf.testing import LocalSWF
from setup import ensure_registered
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


def machine(app: Application, worker: ActivityWorker) -> dict[str, str]:
    """A state machine: variables, a map with a retry, a catch, a wait, and an undo at its end."""
    weigh = _task("Weigh", Arguments="{% $rate %}", Retry=_RETRY)
    states = {
        "Note": {"Type": "Pass", "Assign": {"rate": "{% $states.input.rate %}"}, "Next": "Each"},
        "Each": {
            "Type": "Map",
            "Items": "{% $states.input.items %}",
            "MaxConcurrency": 2,
            "ItemProcessor": _scope({"Weigh": weigh}),
            "Output": "{% {'weights': $states.result} %}",
            "Next": "Book",
        },
        "Book": _task("Book", Compensation="Unbook", Output="{% $states.input %}", Next="Check"),
        "Check": _task("Check", Catch=[{"ErrorEquals": ["ValueError"], "Next": "Rest"}]),
        "Rest": {"Type": "Wait", "Seconds": 5, "Next": "Last"},
        "Last": _task("Last"),
    }  # fmt: skip
    worker.activities |= {name: lambda _: {"done": True} for name in ("Book", "Unbook")}
    worker.activities["Weigh"] = failing(1, ConnectionError("the scale is busy"))
    worker.activities["Check"] = failing(1, ValueError("odd"))
    worker.activities["Last"] = failing(1, OSError("no disk"))
    data = {"rate": 1.5, "items": ["a", "b", "c"]}
    return _machine(app, {"QueryLanguage": "JSONata", **_scope(states)}, data)


def machine_steered(app: Application, worker: ActivityWorker) -> dict[str, str]:
    """A state machine: sent back into an item of its map, then its task token is answered."""
    message = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
    body = {"token.$": "$$.Task.Token"}
    states = {
        "Each": {
            "Type": "Map",
            "ItemsPath": "$.items",
            "ItemProcessor": _scope({"Weigh": _task("Weigh", Next="Label", ResultPath="$.kg"),
                                     "Label": _task("Label", ResultPath="$.label")}),
            "ResultPath": "$.each",
            "Next": "Ask",
        },
        "Ask": {"Type": "Task", "Resource": message, "Parameters": body, "TimeoutSeconds": 600,
                "ResultPath": "$.answer", "End": True},
    }  # fmt: skip
    asked: list[str] = []
    started: list[dict[str, str]] = []

    def ask(data: Any) -> Any:
        asked.append(data["token"])
        if len(asked) == 1:
            app.starter.resume_workflow_from_step(
                **started[0], step_name="Each[1].Label", input={"n": 7}, actor="operator"
            )
        else:
            app.starter.send_task_success(asked[-1], {"yes": True}, actor="operator")
        return {}

    worker.activities |= {name: lambda data: data["n"] for name in ("Weigh", "Label")}
    worker.activities["aws.sqs.sendMessage"] = ask
    return _machine(app, _scope(states), {"items": [{"n": 1}, {"n": 2}]}, started)


_RETRY = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 3, "MaxAttempts": 2}]


def _task(name: str, **members: Any) -> dict[str, Any]:
    end = {} if "Next" in members else {"End": True}
    resource = f"arn:aws:states:us-east-1:123456789012:activity:{name}"
    return {"Type": "Task", "Resource": resource, **end, **members}


def _scope(states: dict[str, Any]) -> dict[str, Any]:
    return {"StartAt": next(iter(states)), "States": states}


def _machine(
    app: Application, document: dict[str, Any], data: Any, started: list[Any] | None = None
) -> dict[str, str]:
    """Publish a state machine where only this recording looks, and start it."""
    published.FOLDER = app.settings.data_dir / "definitions"
    definition = load(document, "Machine", "1")
    published.write(definition)
    ensure_registered(app.starter.swf_client, definition)
    app.swf.clock.lock()
    run = dict(app.starter.start_workflow(data, definition=definition))
    if started is not None:
        started.append(run)
    app.swf.clock.unlock()
    return run


SCENARIOS: list[Scenario] = [
    success, retries, rollback, not_retryable, resumed, stepped_back, canceled,
    machine, machine_steered,
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
