"""Every operation of SWF but the two polls, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from local_swf import decisions
from local_swf.jsontext import Json
from local_swf.operations import domains, executions, tasks
from local_swf.operations.listings import Listing
from local_swf.operations.types import TypeOperations
from local_swf.work import Work

Handler = Callable[[Work, dict[str, Json]], dict[str, Json] | bytes | None]


class Operation(NamedTuple):
    """How an operation is carried out."""

    handler: Handler
    reads: bool = False
    """It changes nothing."""


_workflow_types = TypeOperations("workflow")
_activity_types = TypeOperations("activity")
_open = Listing(closed=False)
_closed = Listing(closed=True)

POLLS = {"PollForDecisionTask": "decision", "PollForActivityTask": "activity"}
"""The operations that wait, and the kind of task they wait for."""

OPERATIONS: dict[str, Operation] = {
    "RegisterDomain": Operation(domains.register),
    "DeprecateDomain": Operation(domains.deprecate),
    "UndeprecateDomain": Operation(domains.undeprecate),
    "DescribeDomain": Operation(domains.describe, reads=True),
    "ListDomains": Operation(domains.list_all, reads=True),
    "TagResource": Operation(domains.tag),
    "UntagResource": Operation(domains.untag),
    "ListTagsForResource": Operation(domains.list_tags, reads=True),
    "RegisterWorkflowType": Operation(_workflow_types.register),
    "DeprecateWorkflowType": Operation(_workflow_types.deprecate),
    "UndeprecateWorkflowType": Operation(_workflow_types.undeprecate),
    "DeleteWorkflowType": Operation(_workflow_types.delete),
    "DescribeWorkflowType": Operation(_workflow_types.describe, reads=True),
    "ListWorkflowTypes": Operation(_workflow_types.list_all, reads=True),
    "RegisterActivityType": Operation(_activity_types.register),
    "DeprecateActivityType": Operation(_activity_types.deprecate),
    "UndeprecateActivityType": Operation(_activity_types.undeprecate),
    "DeleteActivityType": Operation(_activity_types.delete),
    "DescribeActivityType": Operation(_activity_types.describe, reads=True),
    "ListActivityTypes": Operation(_activity_types.list_all, reads=True),
    "StartWorkflowExecution": Operation(executions.start),
    "SignalWorkflowExecution": Operation(executions.signal),
    "RequestCancelWorkflowExecution": Operation(executions.request_cancel),
    "TerminateWorkflowExecution": Operation(executions.terminate),
    "DescribeWorkflowExecution": Operation(executions.describe, reads=True),
    "GetWorkflowExecutionHistory": Operation(executions.get_history, reads=True),
    "ListOpenWorkflowExecutions": Operation(_open.list_all, reads=True),
    "CountOpenWorkflowExecutions": Operation(_open.count, reads=True),
    "ListClosedWorkflowExecutions": Operation(_closed.list_all, reads=True),
    "CountClosedWorkflowExecutions": Operation(_closed.count, reads=True),
    "RespondDecisionTaskCompleted": Operation(decisions.complete_task),
    "RecordActivityTaskHeartbeat": Operation(tasks.record_heartbeat),
    "RespondActivityTaskCompleted": Operation(tasks.activity_completed),
    "RespondActivityTaskFailed": Operation(tasks.activity_failed),
    "RespondActivityTaskCanceled": Operation(tasks.activity_canceled),
    "CountPendingActivityTasks": Operation(tasks.pending_activities.count, reads=True),
    "CountPendingDecisionTasks": Operation(tasks.pending_decisions.count, reads=True),
}
