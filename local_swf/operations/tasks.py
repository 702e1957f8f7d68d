"""What workers and deciders answer, and how many tasks wait for them."""

from __future__ import annotations

from local_swf import activity_tasks, decision_tasks
from local_swf.jsontext import Json
from local_swf.tasklists import ACTIVITY, DECISION, ListKey
from local_swf.work import Work

Args = dict[str, Json]


def record_heartbeat(work: Work, arguments: Args) -> Args:
    """RecordActivityTaskHeartbeat: resets the heartbeat clock, tells of a cancel request."""
    run, activity = activity_tasks.open_task(work, arguments["taskToken"])
    work.state.rates.check_one("RecordActivityTaskHeartbeat", run.id)
    activity.heartbeat_at = work.now
    if "details" in arguments:
        activity.details = arguments["details"]
    activity_tasks.save(work, activity)
    work.set_deadline(activity.deadline, activity.due_at())
    return {"cancelRequested": activity.cancel_event != 0}


def activity_completed(work: Work, arguments: Args) -> None:
    """RespondActivityTaskCompleted."""
    _close(work, arguments, "ActivityTaskCompleted", {"result": arguments.get("result")})


def activity_failed(work: Work, arguments: Args) -> None:
    """RespondActivityTaskFailed."""
    attributes = {"details": arguments.get("details"), "reason": arguments.get("reason")}
    _close(work, arguments, "ActivityTaskFailed", attributes)


def activity_canceled(work: Work, arguments: Args) -> None:
    """RespondActivityTaskCanceled; taken as it is when nobody had asked for it."""
    _, activity = activity_tasks.open_task(work, arguments["taskToken"])
    attributes = {
        "details": arguments.get("details"),
        "latestCancelRequestedEventId": activity.cancel_event or None,
    }
    _close(work, arguments, "ActivityTaskCanceled", attributes)


def _close(work: Work, arguments: Args, event_type: str, attributes: Args) -> None:
    run, activity = activity_tasks.open_task(work, arguments["taskToken"])
    activity_tasks.close(work, run, activity, event_type, attributes)
    decision_tasks.schedule(work, run)


class PendingCount:
    """CountPending{Activity,Decision}Tasks: the tasks that wait for a poller."""

    def __init__(self, kind: str) -> None:
        self._kind = kind

    def count(self, work: Work, arguments: Args) -> Args:
        """The number of waiting tasks of a list, 0 for one never used."""
        domain = work.domain(arguments["domain"])
        key = ListKey(self._kind, domain.id, arguments["taskList"]["name"])
        return {"count": work.state.tasks.waiting_tasks(key), "truncated": False}


pending_activities = PendingCount(ACTIVITY)
pending_decisions = PendingCount(DECISION)
