"""CompleteWorkflowExecution, Fail, Cancel and ContinueAsNew."""

from __future__ import annotations

from local_swf import lifecycle
from local_swf.decisions.batch import Args, Batch
from local_swf.lifecycle import Parent, UndefinedError
from local_swf.runs import Run

UNDEFINED_CAUSES = {
    "executionStartToCloseTimeout": "DEFAULT_EXECUTION_START_TO_CLOSE_TIMEOUT_UNDEFINED",
    "taskList": "DEFAULT_TASK_LIST_UNDEFINED",
    "taskStartToCloseTimeout": "DEFAULT_TASK_START_TO_CLOSE_TIMEOUT_UNDEFINED",
    "childPolicy": "DEFAULT_CHILD_POLICY_UNDEFINED",
}
"""The cause for each setting of a run that neither decision nor type gives."""


def complete(batch: Batch, given: Args) -> None:
    """Close the run as COMPLETED."""
    _close(batch, "Complete", "Completed", {"result": given.get("result")})


def fail(batch: Batch, given: Args) -> None:
    """Close the run as FAILED."""
    report = {"details": given.get("details"), "reason": given.get("reason")}
    _close(batch, "Fail", "Failed", report)


def cancel(batch: Batch, given: Args) -> None:
    """Close the run as CANCELED."""
    _close(batch, "Cancel", "Canceled", {"details": given.get("details")})


def _close(batch: Batch, verb: str, outcome: str, report: Args) -> None:
    if batch.unhandled:
        batch.fail(f"{verb}WorkflowExecutionFailed", "UNHANDLED_DECISION", {})
        return
    batch.append(f"WorkflowExecution{outcome}", dict(report))
    lifecycle.finish(batch.work, batch.run, outcome.upper(), outcome, report)


def continue_as_new(batch: Batch, given: Args) -> None:
    """Close the run and start the next one of the same workflow id; nothing is inherited."""
    run = batch.run
    workflow_type = {
        "name": run.type_name,
        "version": given.get("workflowTypeVersion") or run.type_version,
    }
    failed = "ContinueAsNewWorkflowExecutionFailed"
    if batch.unhandled:
        batch.fail(failed, "UNHANDLED_DECISION", {})
        return
    problem, defaults = batch.type_problem("workflow", workflow_type)
    if problem:
        batch.fail(failed, f"WORKFLOW_TYPE_{problem}", {})
        return
    try:
        settings = lifecycle.resolve(given, defaults)
    except UndefinedError as missing:
        batch.fail(failed, UNDEFINED_CAUSES[missing.member], {})
        return
    rate = "CONTINUE_AS_NEW_WORKFLOW_EXECUTION_RATE_EXCEEDED"
    if excess := batch.work.state.rates.excess("ContinueAsNewWorkflowExecution", rate):
        batch.fail(failed, excess, {})
        return
    _continue(batch, workflow_type, settings, given)


def _continue(batch: Batch, workflow_type: Args, settings: lifecycle.Settings, given: Args) -> None:
    work, run = batch.work, batch.run
    lifecycle_event = {
        **settings.members(),
        "input": given.get("input"),
        "tagList": given.get("tagList") or None,
        "workflowType": workflow_type,
    }
    # The event names the run that it starts, so that run's number and id come first.
    lifecycle.close(work, run, "CONTINUED_AS_NEW")
    new = lifecycle.start(
        work,
        run.domain,
        run.workflow_id,
        workflow_type,
        settings,
        given,
        parent=_parent_of(run),
        continued_from=run.run_id,
    )
    lifecycle_event["newExecutionRunId"] = new.run_id
    batch.append("WorkflowExecutionContinuedAsNew", lifecycle_event)
    if run.parent_run:
        work.database.execute(
            "UPDATE children SET child_run = ? WHERE run = ? AND initiated_id = ?",
            (new.id, run.parent_run, run.parent_initiated_id),
        )


def _parent_of(run: Run) -> Parent | None:
    if not run.parent_workflow_id or not run.parent_run_id:
        return None
    return Parent(
        run.parent_run, run.parent_workflow_id, run.parent_run_id, run.parent_initiated_id
    )
