"""RespondDecisionTaskCompleted: all decisions are checked before the first is carried out."""

from __future__ import annotations

from local_swf import decision_tasks, errors
from local_swf.decisions import activities, closing, denied, external, lambdas, timers
from local_swf.decisions.batch import Args, Batch, Handler
from local_swf.jsontext import Json
from local_swf.work import Work

HANDLERS: dict[str, Handler] = {
    "ScheduleActivityTask": activities.schedule,
    "RequestCancelActivityTask": activities.request_cancel,
    "CompleteWorkflowExecution": closing.complete,
    "FailWorkflowExecution": closing.fail,
    "CancelWorkflowExecution": closing.cancel,
    "ContinueAsNewWorkflowExecution": closing.continue_as_new,
    "RecordMarker": timers.record_marker,
    "StartTimer": timers.start,
    "CancelTimer": timers.cancel,
    "SignalExternalWorkflowExecution": external.signal,
    "RequestCancelExternalWorkflowExecution": external.request_cancel,
    "StartChildWorkflowExecution": external.start_child,
    "ScheduleLambdaFunction": lambdas.schedule,
}

_CLOSES = frozenset(
    {
        "CompleteWorkflowExecution",
        "FailWorkflowExecution",
        "CancelWorkflowExecution",
        "ContinueAsNewWorkflowExecution",
    }
)
_NOT_BESIDE_A_CLOSE = frozenset({"ScheduleActivityTask", "StartTimer", "ScheduleLambdaFunction"})


def complete_task(work: Work, arguments: Args) -> None:
    """Carry out a decider's response; nothing of it happens if any of it is malformed."""
    run = decision_tasks.open_task(work, arguments["taskToken"])
    decisions = arguments.get("decisions", [])
    _check(work, decisions)
    task_list = arguments.get("taskList")
    completed_id = work.append(
        run,
        "DecisionTaskCompleted",
        {
            "executionContext": arguments.get("executionContext"),
            "scheduledEventId": run.started_scheduled_id,
            "startedEventId": run.started_id,
            "taskList": task_list,
            "taskListScheduleToStartTimeout": arguments.get("taskListScheduleToStartTimeout"),
        },
    )
    if "executionContext" in arguments:
        run.context_event = completed_id
    if task_list is not None:
        run.sticky_list = task_list["name"]
        run.sticky_timeout = arguments.get("taskListScheduleToStartTimeout")
    batch = Batch(work, run, completed_id, unhandled=run.waiting_id != 0)
    decision_tasks.end(work, run)
    for decision in decisions:
        _carry_out(batch, decision["decisionType"], decision.get(_block(decision), {}))
    if batch.needs_decision:
        decision_tasks.schedule(work, run)


def _carry_out(batch: Batch, kind: str, given: Args) -> None:
    if kind in batch.work.state.denied:
        denied.refuse(batch, kind, given)
    else:
        HANDLERS[kind](batch, given)


def _block(decision: dict[str, Json]) -> str:
    """The member that holds a decision's attributes."""
    name: str = decision["decisionType"]
    return f"{name[0].lower()}{name[1:]}DecisionAttributes"


def _check(work: Work, decisions: list[dict[str, Json]]) -> None:
    if len(decisions) > work.limits.decisions:
        raise errors.validation(f"More than {work.limits.decisions} decisions in one response")
    for decision in decisions:
        kind, block = decision["decisionType"], _block(decision)
        if block not in decision and kind not in _CLOSES:
            raise errors.validation(
                f"{block[0].upper()}{block[1:]} must be specified for decision of type {kind}"
            )
    closing_at = [i for i, decision in enumerate(decisions) if decision["decisionType"] in _CLOSES]
    if not closing_at:
        return
    if closing_at != [len(decisions) - 1]:
        raise errors.validation("Close must be last decision in list")
    if any(decision["decisionType"] in _NOT_BESIDE_A_CLOSE for decision in decisions):
        raise errors.validation("Specified decision is incompatible with close decision")
