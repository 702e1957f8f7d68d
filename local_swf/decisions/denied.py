"""Decisions that the caller may not make, as IAM would refuse them."""

from __future__ import annotations

from local_swf.decisions.batch import Args, Batch

_SHOWN = {
    "ScheduleActivityTask": ("activityId", "activityType"),
    "RequestCancelActivityTask": ("activityId",),
    "RecordMarker": ("markerName",),
    "StartTimer": ("timerId",),
    "CancelTimer": ("timerId",),
    "SignalExternalWorkflowExecution": ("workflowId", "runId", "control"),
    "RequestCancelExternalWorkflowExecution": ("workflowId", "runId", "control"),
    "StartChildWorkflowExecution": ("workflowId", "workflowType", "control"),
    "ScheduleLambdaFunction": ("id", "name"),
}
"""The members of a decision that its Failed event repeats."""

_INITIATED = frozenset(
    {
        "SignalExternalWorkflowExecution",
        "RequestCancelExternalWorkflowExecution",
        "StartChildWorkflowExecution",
    }
)


def refuse(batch: Batch, kind: str, given: Args) -> None:
    """Write the Failed event of a decision that is not permitted.

    Lambda tasks know no such cause; for them the service is not available in the region.
    """
    attributes: Args = {member: given.get(member) for member in _SHOWN.get(kind, ())}
    if kind in _INITIATED:
        attributes["initiatedEventId"] = 0
    lambda_task = kind == "ScheduleLambdaFunction"
    cause = "LAMBDA_SERVICE_NOT_AVAILABLE_IN_REGION" if lambda_task else "OPERATION_NOT_PERMITTED"
    batch.fail(f"{kind}Failed", cause, attributes)
