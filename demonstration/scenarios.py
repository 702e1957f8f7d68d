"""The scenarios.  Each is plain use of `WorkflowStarter`, then checks on the history."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime

from config import HOME
from decision_worker import workflow_steps
from demonstration.processes import APPROVAL, SHIPMENT
from demonstration.scene import EXECUTION_SECONDS, TAG, CheckFailedError, Run, Scene
from demonstration.story import Story
from demonstration.worker import flag_file
from wire import Json
from workflow_starter import WorkflowStarter

COMPLEX_ORDER = HOME / "docs" / "examples" / "complex-order.json"
BATCH_SIZE = 20
EDITED = "2026-01-02"
BILLS = ("Bill",) * 3  # one for each item of a shipment


def success(scene: Scene) -> None:
    """Every step completes at its first attempt."""
    story = scene.ending(scene.start(scene.order()))
    _expect_smooth(scene, story)


def retries(scene: Scene) -> None:
    """ProcessData fails twice; durable timers hold the next attempts back; the third succeeds."""
    story = scene.ending(scene.start(scene.order(process_data_fails=2)))
    tried = story.attempts("ProcessData")
    scene.expect("end", story.state, "COMPLETED")
    scene.expect("outcomes", [a.outcome for a in tried], ["failed", "failed", "completed"])
    scene.expect("attempts", [a.number for a in tried], [1, 2, 3])
    scene.expect("seconds waited", story.waits(), [1, 2])
    scene.expect("steps completed", story.completed(), workflow_steps)


def rollback(scene: Scene) -> None:
    """SaveResults fails three times; what it wrote is undone, and the execution fails."""
    run = scene.start(scene.order(save_results_breaks=scene.show_id))
    story = scene.ending(run)
    scene.expect("end", story.state, "FAILED")
    scene.expect("failures of SaveResults", len(story.attempts("SaveResults", "failed")), 3)
    begun = story.markers("ROLLBACK_INITIATED")
    scene.expect("rollbacks", len(begun), 1)
    scene.expect("failed activity", begun[0]["failed_activity"], "SaveResults")
    scene.expect("reason", begun[0]["reason"], "Max retries exceeded")
    undone = story.attempts("RollbackStep", "completed")
    scene.expect("undone", [a.input["step_to_rollback"] for a in undone], ["SaveResults"])
    scene.expect("records taken back", [a.result["deleted"] for a in undone], [1])
    scene.expect("last of all", story.completed()[-2:], ["RollbackStep", "CompensateTransaction"])
    scene.expect("after the failed step", story.attempts("NotifyCompletion"), [])


def resume(scene: Scene, rolled_back: Scene) -> None:
    """The execution that was rolled back goes on from SaveResults once its cause is gone."""
    old = scene.after(rolled_back)
    flag = flag_file(scene.settings, scene.show_id)
    flag.parent.mkdir(parents=True, exist_ok=True)
    flag.touch()
    try:
        resumed = scene.starter.resume_workflow_from_step(
            workflow_id=old.workflow_id,
            run_id=old.run_id,
            step_name="SaveResults",
            reason="the archive has room again",
        )
        run = scene.show(Run(resumed["workflow_id"], resumed["run_id"]))
        story = scene.ending(run)
    finally:
        flag.unlink(missing_ok=True)
    before = scene.history(old)
    scene.expect("end", story.state, "COMPLETED")
    scene.expect("run before", resumed["previous_run_id"], old.run_id)
    scene.expect("run before", [m["from_run_id"] for m in story.markers("RESUMED")], [old.run_id])
    at = workflow_steps.index("SaveResults")
    scene.expect("steps of the new run", story.order_of_work, workflow_steps[at:])
    scene.expect("input", story.input, before.input)
    kept = story.attempts("SaveResults")[0].input["previous_results"]
    earned = {step: before.results()[step] for step in workflow_steps[:at]}
    scene.expect("results that were kept", kept, earned)


def backwards(scene: Scene) -> None:
    """While EnrichData is at work, an operator sends the execution back to ProcessData."""
    run = scene.start(scene.order(enrich_data_hangs=True))
    scene.watch(run, until=_enrich_data_at_work)
    scene.starter.resume_workflow_from_step(
        workflow_id=run.workflow_id,
        run_id=run.run_id,
        step_name="ProcessData",
        input={"created_at": EDITED},
        reason="the price list was wrong",
    )
    story = scene.ending(run)
    at = workflow_steps.index("ProcessData")
    until = workflow_steps.index("EnrichData")
    scene.expect("end", story.state, "COMPLETED")
    scene.expect("signals", story.signals(), ["RESUME_FROM_STEP"])
    scene.expect("steps", story.order_of_work, workflow_steps[: until + 1] + workflow_steps[at:])
    enriched = [(a.visit, a.outcome) for a in story.attempts("EnrichData")]
    scene.expect("visits of EnrichData", enriched, [(1, "stopped"), (2, "completed")])
    inputs = [a.input.get("created_at") for a in story.attempts("ProcessData")]
    scene.expect("edited input", inputs, [None, EDITED])


def pause(scene: Scene) -> None:
    """An operator holds the execution after the step in progress, then lets it go on."""
    run = scene.start(scene.order(process_data_fails=1))
    scene.starter.pause_workflow(run.workflow_id, run.run_id, reason="the stock is counted")
    scene.watch(run, until=lambda story: bool(story.markers("SIGNAL_HANDLED")))
    scene.starter.continue_workflow(run.workflow_id, run.run_id, reason="it is counted")
    story = scene.ending(run)
    scene.expect("end", story.state, "COMPLETED")
    scene.expect("signals", story.signals(), ["PAUSE", "CONTINUE"])
    scene.expect("steps completed", story.completed(), workflow_steps)


def approval(scene: Scene) -> None:
    """The execution waits for a person, who agrees; then branches and items are worked on."""
    run = scene.start(_shipment(scene, approval=True), SHIPMENT)
    scene.watch(run, until=lambda story: story.completed() == ["Reserve"])
    scene.starter.answer(
        run.workflow_id, APPROVAL, {"approved": True}, run.run_id, reason="a good customer"
    )
    story = scene.ending(run)
    scene.expect("end", story.state, "COMPLETED")
    scene.expect("signals", story.signals(), [APPROVAL])
    steps = sorted(story.order_of_work)
    scene.expect("steps", steps, sorted(["Reserve", "Pack", "Label", *BILLS, "Ship"]))


def saga(scene: Scene) -> None:
    """No carrier takes the parcel: what branches and items have done is undone, newest first."""
    story = scene.ending(scene.start(_shipment(scene, ship_refuses=True), SHIPMENT))
    scene.expect("end", story.state, "FAILED")
    undone = [a.input["step_to_rollback"] for a in story.attempts("RollbackStep", "completed")]
    scene.expect("first and last undone", [undone[0], undone[-1]], ["Ship", "Reserve"])
    items = [f"Each[{index}].Bill" for index in range(len(BILLS))]
    scene.expect("items undone", sorted(undone[1:-3]), items)
    scene.expect("branches undone", sorted(undone[-3:-1]), ["Prepare[0].Pack", "Prepare[1].Label"])
    told = [marker["step"] for marker in story.markers("STEP_COMPENSATED")]
    scene.expect("markers", told, undone)


def back(scene: Scene) -> None:
    """While the carrier is slow, an operator goes back a step, and has what it did undone."""
    run = scene.start(_shipment(scene, ship_hangs=True), SHIPMENT)
    scene.watch(run, until=lambda story: bool(story.attempts("Ship")))
    scene.starter.go_back(
        run.workflow_id, run.run_id, compensate=True, reason="the prices were wrong"
    )
    story = scene.ending(run)
    scene.expect("end", story.state, "COMPLETED")
    scene.expect("signals", story.signals(), ["GO_BACK"])
    undone = [a.input["step_to_rollback"] for a in story.attempts("RollbackStep", "completed")]
    items = [f"Each[{index}].Bill" for index in range(len(BILLS))]
    scene.expect("items undone", sorted(undone), items)
    bills = [attempt.visit for attempt in story.attempts("Bill", "completed")]
    scene.expect("visits of Bill", sorted(bills), [1] * len(BILLS) + [2] * len(BILLS))
    scene.expect("outcomes of Ship", [a.outcome for a in story.attempts("Ship")][-1], "completed")


def complex_order(scene: Scene) -> None:
    """Nested objects, decimals and text in any script go through unchanged."""
    order = json.loads(COMPLEX_ORDER.read_text(encoding="utf-8"))
    order["order_id"] = f"{scene.show_id}-{order['order_id']}"
    story = scene.ending(scene.start(order))
    results = story.results()
    _expect_smooth(scene, story)
    scene.expect("input", story.input, order)
    scene.expect("total", results["ProcessData"]["total"], f"{order['total']:.2f}")
    names = [line["name"] for line in results["ProcessData"]["lines"]]
    scene.expect("items", names, [item["name"] for item in order["items"]])
    scene.expect("tier", results["EnrichData"]["customer_tier"], order["customer"]["tier"])


def cancel(scene: Scene) -> None:
    """An execution is canceled while EnrichData is at work, which stops in an orderly way."""
    run = scene.start(scene.order(enrich_data_hangs=True))
    scene.watch(run, until=_enrich_data_at_work)
    scene.starter.cancel_workflow(run.workflow_id, run.run_id)
    story = scene.ending(run)
    scene.expect("end", story.state, "CANCELED")
    scene.expect("request", story.has("WorkflowExecutionCancelRequested"), True)
    scene.expect("EnrichData", [a.outcome for a in story.attempts("EnrichData")], ["stopped"])
    at = workflow_steps.index("EnrichData")
    scene.expect("steps", story.order_of_work, workflow_steps[: at + 1])


def batch(scene: Scene) -> None:
    """Twenty orders at once."""
    orders = [scene.order(number) for number in range(1, BATCH_SIZE + 1)]
    started = scene.starter.start_batch(
        orders, tags=[TAG, scene.show_id], timeout=EXECUTION_SECONDS
    )
    scene.expect("starts that failed", [r["error"] for r in started if r["error"]], [])
    runs = [Run(str(r["workflow_id"]), str(r["run_id"])) for r in started]
    for done, run in enumerate(runs, 1):
        scene.starter.wait(run.workflow_id, run.run_id)
        scene.say(f"{done} of {BATCH_SIZE} closed", aloud=False)
    stories = [scene.history(run) for run in runs]
    for order, story in zip(orders, stories, strict=True):
        _expect_smooth(scene, story)
        scene.expect("input", story.input, order)
    scene.summary = _pace(stories)


# --- parts of scenarios ------------------------------------------------------------------


def _shipment(scene: Scene, **accidents: Json) -> dict[str, Json]:
    order = scene.order(**accidents)
    return {**order, "items": order["items"] * len(BILLS)}


def _expect_smooth(scene: Scene, story: Story) -> None:
    scene.expect("end", story.state, "COMPLETED")
    scene.expect("failed attempts", story.failed(), [])
    scene.expect("steps", story.order_of_work, workflow_steps)
    scene.expect("steps completed", story.completed(), workflow_steps)


def _enrich_data_at_work(story: Story) -> bool:
    """Whether a worker has taken EnrichData."""
    if story.state != "OPEN":
        raise CheckFailedError(f"the run closed before its EnrichData hung: {story.state}")
    return story.events[-1]["eventType"] == "ActivityTaskStarted" and (
        [a.outcome for a in story.attempts("EnrichData")] == ["open"]
    )


def _pace(stories: list[Story]) -> str:
    first: datetime = min(story.events[0]["eventTimestamp"] for story in stories)
    last: datetime = max(story.events[-1]["eventTimestamp"] for story in stories)
    took = (last - first).total_seconds()
    return f"{len(stories)} executions, each with all its steps, within {took:.2f} s"


# --- the programme -----------------------------------------------------------------------


def programme(
    show_id: str, starter: WorkflowStarter, tell: Callable[[Scene, str], None]
) -> list[Scene]:
    """All scenes, in the order in which they are listed; they are played side by side."""

    def scene(name: str, title: str, play: Callable[[Scene], object]) -> Scene:
        return Scene(name, title, play, show_id, starter, tell)

    undone = scene("rollback", "Rollback after three failures of SaveResults", rollback)
    return [
        scene("success", "Success", success),
        scene("retries", "Success after two failures of ProcessData", retries),
        undone,
        scene("resume", "Resume from SaveResults, cause gone", lambda own: resume(own, undone)),
        scene("backwards", "Sent back to ProcessData while EnrichData runs", backwards),
        scene("pause", "Paused, then continued", pause),
        scene("approval", "Approved by a person", approval),
        scene("saga", "Branches and items undone, newest first", saga),
        scene("back", "Back a step with compensation while Ship runs", back),
        scene("complex", "A complex order with Unicode", complex_order),
        scene("cancel", "Canceled while EnrichData runs", cancel),
        scene("batch", f"A batch of {BATCH_SIZE}", batch),
    ]
