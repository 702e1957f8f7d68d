"""A run as lists and descriptions show it."""

from __future__ import annotations

from local_swf.jsontext import Json
from local_swf.lifecycle import tags_of
from local_swf.runs import Run


def execution_info(run: Run) -> dict[str, Json]:
    """The members of WorkflowExecutionInfo; `cancelRequested` is only true while open."""
    info: dict[str, Json] = {
        "cancelRequested": bool(run.cancel_requested and run.is_open),
        "execution": run.execution,
        "executionStatus": "OPEN" if run.is_open else "CLOSED",
        "startTimestamp": run.started_at / 1000,
        "workflowType": run.workflow_type,
    }
    if run.closed_at is not None:
        info["closeStatus"] = run.close_status
        info["closeTimestamp"] = run.closed_at / 1000
    if run.parent_workflow_id:
        info["parent"] = {"runId": run.parent_run_id, "workflowId": run.parent_workflow_id}
    if (tags := tags_of(run)) is not None:
        info["tagList"] = tags
    return info
