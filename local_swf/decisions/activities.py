"""ScheduleActivityTask and RequestCancelActivityTask."""

from __future__ import annotations

from local_swf import activity_tasks
from local_swf.activity_tasks import Activity
from local_swf.decision_tasks import timeout_ms
from local_swf.decisions.batch import Args, Batch

_NEEDED = {
    "scheduleToCloseTimeout": (
        "defaultTaskScheduleToCloseTimeout",
        "DEFAULT_SCHEDULE_TO_CLOSE_TIMEOUT_UNDEFINED",
    ),
    "taskList": ("defaultTaskList", "DEFAULT_TASK_LIST_UNDEFINED"),
    "scheduleToStartTimeout": (
        "defaultTaskScheduleToStartTimeout",
        "DEFAULT_SCHEDULE_TO_START_TIMEOUT_UNDEFINED",
    ),
    "startToCloseTimeout": (
        "defaultTaskStartToCloseTimeout",
        "DEFAULT_START_TO_CLOSE_TIMEOUT_UNDEFINED",
    ),
    "heartbeatTimeout": (
        "defaultTaskHeartbeatTimeout",
        "DEFAULT_HEARTBEAT_TIMEOUT_UNDEFINED",
    ),
}


def schedule(batch: Batch, given: Args) -> None:
    """Put an activity task on its list, all its timeouts resolved."""
    problem, defaults = batch.type_problem("activity", given["activityType"])
    settings: Args = {
        member: given.get(member, defaults.get(default)) for member, (default, _) in _NEEDED.items()
    }
    cause = f"ACTIVITY_TYPE_{problem}" if problem else _cause(batch, given, settings)
    if cause is not None:
        attributes = {"activityId": given["activityId"], "activityType": given["activityType"]}
        batch.fail("ScheduleActivityTaskFailed", cause, attributes)
        return
    priority = given.get("taskPriority", defaults.get("defaultTaskPriority"))
    scheduled_id = batch.append(
        "ActivityTaskScheduled",
        {
            **settings,
            "activityId": given["activityId"],
            "activityType": given["activityType"],
            "control": given.get("control"),
            "input": given.get("input"),
            "taskPriority": priority,
        },
    )
    activity = Activity(
        run=batch.run.id,
        scheduled_id=scheduled_id,
        activity_id=given["activityId"],
        task_list=settings["taskList"]["name"],
        priority=int(priority or 0),
        scheduled_at=batch.work.now,
        schedule_to_start=timeout_ms(settings["scheduleToStartTimeout"]),
        schedule_to_close=timeout_ms(settings["scheduleToCloseTimeout"]),
        start_to_close=timeout_ms(settings["startToCloseTimeout"]),
        heartbeat=timeout_ms(settings["heartbeatTimeout"]),
    )
    activity_tasks.schedule(batch.work, batch.run, activity)


def _cause(batch: Batch, given: Args, settings: Args) -> str | None:
    """Why the task cannot be scheduled, None if it can."""
    for member, (_, undefined) in _NEEDED.items():
        if settings[member] is None:
            return undefined
    database = batch.work.database
    if activity_tasks.by_activity_id(database, batch.run.id, given["activityId"]):
        return "ACTIVITY_ID_ALREADY_IN_USE"
    if batch.run.open_activities >= batch.work.limits.open_activities:
        return "OPEN_ACTIVITIES_LIMIT_EXCEEDED"
    return batch.work.state.rates.excess("ScheduleActivityTask", "ACTIVITY_CREATION_RATE_EXCEEDED")


def request_cancel(batch: Batch, given: Args) -> None:
    """Ask a worker to stop; a task that no worker has yet is cancelled at once."""
    work, run = batch.work, batch.run
    activity = activity_tasks.by_activity_id(work.database, run.id, given["activityId"])
    if activity is None:
        attributes = {"activityId": given["activityId"]}
        batch.fail("RequestCancelActivityTaskFailed", "ACTIVITY_ID_UNKNOWN", attributes)
        return
    attributes = {"activityId": given["activityId"]}
    activity.cancel_event = batch.append("ActivityTaskCancelRequested", attributes)
    if activity.started_id:
        activity_tasks.save(work, activity)
        return
    attributes = {"latestCancelRequestedEventId": activity.cancel_event}
    activity_tasks.close(work, run, activity, "ActivityTaskCanceled", attributes)
    batch.needs_decision = True
