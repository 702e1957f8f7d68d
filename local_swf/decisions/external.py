"""StartChildWorkflowExecution, SignalExternal and RequestCancelExternal.

SWF does these a moment after the response; here that moment is the end of the same
request, once all decisions have been written.
"""

from __future__ import annotations

from collections.abc import Callable

from local_swf import decision_tasks, lifecycle
from local_swf.decisions.batch import Args, Batch
from local_swf.decisions.closing import UNDEFINED_CAUSES
from local_swf.lifecycle import Parent, Settings, UndefinedError
from local_swf.runs import Run


def start_child(batch: Batch, given: Args) -> None:
    """Start a run whose end is reported to this one."""
    problem, defaults = batch.type_problem("workflow", given["workflowType"])
    if problem:
        _child_refused(batch, given, f"WORKFLOW_TYPE_{problem}")
        return
    try:
        settings = lifecycle.resolve(given, defaults)
    except UndefinedError as missing:
        _child_refused(batch, given, UNDEFINED_CAUSES[missing.member])
        return
    if (cause := _over_the_limit(batch)) is not None:
        _child_refused(batch, given, cause)
        return
    initiated_id = batch.append(
        "StartChildWorkflowExecutionInitiated",
        {
            **settings.members(),
            "control": given.get("control"),
            "input": given.get("input"),
            "tagList": given.get("tagList") or None,
            "workflowId": given["workflowId"],
            "workflowType": given["workflowType"],
        },
    )
    batch.run.open_children += 1
    batch.work.later(lambda: _begin_child(batch, given, settings, initiated_id))


def _over_the_limit(batch: Batch) -> str | None:
    if batch.run.open_children >= batch.work.limits.open_children:
        return "OPEN_CHILDREN_LIMIT_EXCEEDED"
    if batch.work.open_count(batch.run.domain) >= batch.work.limits.open_executions:
        return "OPEN_WORKFLOWS_LIMIT_EXCEEDED"
    return batch.work.state.rates.excess(
        "StartChildWorkflowExecution", "CHILD_CREATION_RATE_EXCEEDED"
    )


def _child_refused(batch: Batch, given: Args, cause: str, initiated_id: int = 0) -> None:
    attributes = {
        "control": given.get("control"),
        "initiatedEventId": initiated_id,
        "workflowId": given["workflowId"],
        "workflowType": given["workflowType"],
    }
    batch.fail("StartChildWorkflowExecutionFailed", cause, attributes)


def _begin_child(batch: Batch, given: Args, settings: Settings, initiated_id: int) -> None:
    work, run = batch.work, batch.run
    if work.find_open_run(run.domain, given["workflowId"], None) is not None:
        run.open_children -= 1
        if run.is_open:
            _child_refused(batch, given, "WORKFLOW_ALREADY_RUNNING", initiated_id)
            decision_tasks.schedule(work, run)
        return
    child = lifecycle.start(
        work,
        run.domain,
        given["workflowId"],
        given["workflowType"],
        settings,
        given,
        parent=Parent(run.id, run.workflow_id, run.run_id, initiated_id),
    )
    started_id = 0
    if run.is_open:
        attributes = {
            "initiatedEventId": initiated_id,
            "workflowExecution": child.execution,
            "workflowType": child.workflow_type,
        }
        started_id = work.append(run, "ChildWorkflowExecutionStarted", attributes)
        decision_tasks.schedule(work, run)
    work.database.execute(
        "INSERT INTO children VALUES (?, ?, ?, ?)", (run.id, initiated_id, started_id, child.id)
    )


def signal(batch: Batch, given: Args) -> None:
    """Send a signal to another run of the domain."""
    initiated_id = batch.append(
        "SignalExternalWorkflowExecutionInitiated",
        {
            "control": given.get("control"),
            "input": given.get("input"),
            "runId": given.get("runId"),
            "signalName": given["signalName"],
            "workflowId": given["workflowId"],
        },
    )

    def send(target: Run) -> None:
        attributes = {
            **_sender(batch, initiated_id),
            "input": given.get("input"),
            "signalName": given["signalName"],
        }
        lifecycle.signal(batch.work, target, attributes)

    def deliver() -> None:
        _reach(batch, given, initiated_id, "SignalExternalWorkflowExecution", send)

    batch.work.later(deliver)


def request_cancel(batch: Batch, given: Args) -> None:
    """Ask another run of the domain to cancel itself."""
    initiated_id = batch.append(
        "RequestCancelExternalWorkflowExecutionInitiated",
        {
            "control": given.get("control"),
            "runId": given.get("runId"),
            "workflowId": given["workflowId"],
        },
    )

    def send(target: Run) -> None:
        lifecycle.request_cancel(batch.work, target, _sender(batch, initiated_id))

    def deliver() -> None:
        _reach(batch, given, initiated_id, "RequestCancelExternalWorkflowExecution", send)

    batch.work.later(deliver)


def _sender(batch: Batch, initiated_id: int) -> Args:
    return {
        "externalInitiatedEventId": initiated_id,
        "externalWorkflowExecution": batch.run.execution,
    }


_DONE_EVENTS = {
    "SignalExternalWorkflowExecution": "ExternalWorkflowExecutionSignaled",
    "RequestCancelExternalWorkflowExecution": "ExternalWorkflowExecutionCancelRequested",
}
_RATE_CAUSES = {
    "SignalExternalWorkflowExecution": "SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_RATE_EXCEEDED",
    "RequestCancelExternalWorkflowExecution": (
        "REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_RATE_EXCEEDED"
    ),
}


def _reach(
    batch: Batch, given: Args, initiated_id: int, decision: str, send: Callable[[Run], None]
) -> None:
    """Do something to another run, and tell the run that wanted it how that went."""
    work, run = batch.work, batch.run
    excess = work.state.rates.excess(decision, _RATE_CAUSES[decision])
    target = work.find_open_run(run.domain, given["workflowId"], given.get("runId"))
    if target is not None and excess is None:
        send(target)
    if not run.is_open:
        return
    if target is None or excess is not None:
        attributes = {
            "control": given.get("control"),
            "initiatedEventId": initiated_id,
            "runId": given.get("runId"),
            "workflowId": given["workflowId"],
        }
        batch.fail(f"{decision}Failed", excess or "UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION", attributes)
    else:
        attributes = {"initiatedEventId": initiated_id, "workflowExecution": target.execution}
        work.append(run, _DONE_EVENTS[decision], attributes)
    decision_tasks.schedule(work, run)
