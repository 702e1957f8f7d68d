"""The life of an activity task: scheduled, handed out, closed in one of four ways."""

from __future__ import annotations

from dataclasses import dataclass, fields
from operator import attrgetter

from local_swf import decision_tasks, errors
from local_swf.database import Database
from local_swf.deadlines import ACTIVITY as ACTIVITY_DEADLINE
from local_swf.deadlines import Deadline
from local_swf.jsontext import Json, dumps, present
from local_swf.runs import Run
from local_swf.tasklists import ACTIVITY, ListKey, Task
from local_swf.tokens import TaskToken, run_mark
from local_swf.work import Work


@dataclass(slots=True)
class Activity:
    """One row of `activities`: an activity task that is open. Times and timeouts are ms."""

    run: int
    scheduled_id: int
    activity_id: str
    task_list: str
    priority: int
    scheduled_at: int
    schedule_to_start: int | None
    schedule_to_close: int | None
    start_to_close: int | None
    heartbeat: int | None
    started_id: int = 0
    started_at: int = 0
    heartbeat_at: int = 0
    details: str | None = None
    cancel_event: int = 0
    delivery: int = 0
    undelivered: int = 0

    @property
    def task(self) -> Task:
        """The task as task lists know it."""
        return Task(ACTIVITY, self.run, self.scheduled_id)

    @property
    def deadline(self) -> Deadline:
        """The one entry that stands for all its timeouts."""
        return Deadline(ACTIVITY_DEADLINE, self.run, self.scheduled_id)

    def expiries(self) -> list[tuple[int, str]]:
        """When each running clock expires (ms), with the timeoutType it then has."""
        clocks = [(self.scheduled_at, self.schedule_to_close, "SCHEDULE_TO_CLOSE")]
        if self.started_id:
            clocks.append((self.started_at, self.start_to_close, "START_TO_CLOSE"))
            clocks.append((self.heartbeat_at, self.heartbeat, "HEARTBEAT"))
        else:
            clocks.append((self.scheduled_at, self.schedule_to_start, "SCHEDULE_TO_START"))
        return [(since + limit, kind) for since, limit, kind in clocks if limit is not None]

    def due_at(self) -> int | None:
        """When the first of its clocks expires (ms)."""
        return min((at for at, _ in self.expiries()), default=None)


_COLUMNS = ", ".join(field.name for field in fields(Activity))
_SELECT = f"SELECT {_COLUMNS} FROM activities WHERE run = ? "
_INSERT = f"INSERT INTO activities VALUES ({', '.join('?' * len(fields(Activity)))})"
_all_values = attrgetter(*(field.name for field in fields(Activity)))
_UPDATE = (
    "UPDATE activities SET started_id = ?, started_at = ?, heartbeat_at = ?, details = ?,"
    " cancel_event = ?, delivery = ?, undelivered = ? WHERE run = ? AND scheduled_id = ?"
)


def load(database: Database, run: int, scheduled_id: int) -> Activity | None:
    """An open activity by its Scheduled event."""
    row = database.one(_SELECT + "AND scheduled_id = ?", run, scheduled_id)
    return Activity(*row) if row else None


def by_activity_id(database: Database, run: int, activity_id: str) -> Activity | None:
    """The open activity with an id."""
    row = database.one(_SELECT + "AND activity_id = ?", run, activity_id)
    return Activity(*row) if row else None


def of_run(database: Database, run: int) -> list[Activity]:
    """All open activities of a run."""
    return [Activity(*row) for row in database.all(_SELECT, (run,))]


def save(work: Work, activity: Activity) -> None:
    """Write what has changed in an open activity."""
    work.database.execute(
        _UPDATE,
        (
            activity.started_id,
            activity.started_at,
            activity.heartbeat_at,
            activity.details,
            activity.cancel_event,
            activity.delivery,
            activity.undelivered,
            activity.run,
            activity.scheduled_id,
        ),
    )


def schedule(work: Work, run: Run, activity: Activity) -> None:
    """Take in a new activity task and offer it on its list."""
    work.database.execute(_INSERT, _all_values(activity))
    run.open_activities += 1
    run.activity_time = work.now
    work.set_deadline(activity.deadline, activity.due_at())
    offer(work, run, activity)


def offer(work: Work, run: Run, activity: Activity) -> None:
    """Put a task on its list."""
    key = ListKey(ACTIVITY, run.domain, activity.task_list)
    work.enqueue(key, activity.task, activity.priority, activity.scheduled_at)


def hand_out(work: Work, task: Task, arguments: dict[str, Json]) -> tuple[bytes, int, int] | None:
    """Start a waiting task for a poller: the answer, the Started event's id, the delivery.

    None when the task is not to be had any more.
    """
    activity = load(work.database, task.run, task.scheduled_id)
    run = work.run(task.run)
    if activity is None or run is None or (activity.started_id and not activity.undelivered):
        return None
    if activity.undelivered:
        activity.undelivered = 0
    else:
        _start(work, run, activity, arguments.get("identity"))
    save(work, activity)
    work.task_started(task)
    return _answer(work, run, activity), activity.started_id, activity.delivery


def _start(work: Work, run: Run, activity: Activity, identity: str | None) -> None:
    activity.started_at = activity.heartbeat_at = run.activity_time = work.now
    activity.started_id = work.append(
        run,
        "ActivityTaskStarted",
        {"identity": identity, "scheduledEventId": activity.scheduled_id},
    )
    work.set_deadline(activity.deadline, activity.due_at())


def _answer(work: Work, run: Run, activity: Activity) -> bytes:
    scheduled = work.event(run, activity.scheduled_id)
    token = TaskToken(
        ACTIVITY,
        run.id,
        activity.scheduled_id,
        activity.started_id,
        activity.delivery,
        run_mark(run.run_id),
    )
    return dumps(
        present(
            activityId=activity.activity_id,
            activityType=scheduled["activityType"],
            input=scheduled.get("input"),
            startedEventId=activity.started_id,
            taskToken=work.tokens.task(token),
            workflowExecution=run.execution,
        )
    )


def open_task(work: Work, text: str) -> tuple[Run, Activity]:
    """The started task a token names; the faults of SWF when it is not so any more."""
    token = work.tokens.open_task(text, ACTIVITY)
    run = work.run(token.run)
    unknown = errors.unknown_task("activity", token.scheduled_id)
    if run is None or run_mark(run.run_id) != token.run_mark:
        raise unknown
    if not run.is_open:
        raise run.unknown()
    activity = load(work.database, token.run, token.scheduled_id)
    if activity is None or activity.undelivered:
        raise unknown
    if (activity.started_id, activity.delivery) != (token.started_id, token.delivery):
        raise unknown
    return run, activity


def close(
    work: Work, run: Run, activity: Activity, event_type: str, attributes: dict[str, Json]
) -> None:
    """Close a task with one of its four closing events, which carries its two event ids."""
    attributes["scheduledEventId"] = activity.scheduled_id
    attributes["startedEventId"] = activity.started_id
    work.append(run, event_type, attributes)
    work.database.execute(
        "DELETE FROM activities WHERE run = ? AND scheduled_id = ?", (run.id, activity.scheduled_id)
    )
    run.open_activities -= 1
    run.activity_time = work.now
    withdraw(work, run, activity)


def withdraw(work: Work, run: Run, activity: Activity) -> None:
    """Nobody gets the task any more, and no clock runs for it."""
    work.set_deadline(activity.deadline, None)
    work.task_ended(activity.task)
    if not activity.started_id or activity.undelivered:
        work.dequeue(ListKey(ACTIVITY, run.domain, activity.task_list), activity.task)


def time_out(work: Work, run: Run, activity: Activity) -> None:
    """Close a task whose first clock has expired, with the details of its last heartbeat."""
    _, kind = min(activity.expiries())
    attributes = {"details": activity.details, "timeoutType": kind}
    close(work, run, activity, "ActivityTaskTimedOut", attributes)
    decision_tasks.schedule(work, run)


def give_back(work: Work, task: Task, started_id: int, delivery: int) -> None:
    """Offer a task again whose answer could not be written; its old token is void."""
    activity = load(work.database, task.run, task.scheduled_id)
    run = work.run(task.run)
    if activity is None or run is None:
        return
    if (activity.started_id, activity.delivery) != (started_id, delivery):
        return
    activity.delivery += 1
    activity.undelivered = 1
    save(work, activity)
    work.task_ended(task)
    offer(work, run, activity)


def restore(work: Work, run: Run, activity: Activity) -> None:
    """Put an open task back in memory, as its row has it."""
    work.set_deadline(activity.deadline, activity.due_at())
    if activity.started_id and not activity.undelivered:
        work.task_started(activity.task)
    else:
        offer(work, run, activity)
