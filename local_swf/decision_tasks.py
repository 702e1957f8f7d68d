"""The life of a decision task: scheduled, handed out, completed, timed out.

A run has at most one that is started and at most one that waits. Events that need a
decision while one is started schedule the next at once; it is offered when the running one
has ended.
"""

from __future__ import annotations

from typing import NamedTuple

from local_swf import errors, history
from local_swf.deadlines import DECISION as DECISION_DEADLINE
from local_swf.deadlines import Deadline
from local_swf.jsontext import Json, dumps
from local_swf.runs import Run
from local_swf.tasklists import DECISION, ListKey, Task
from local_swf.tokens import TaskToken, run_mark
from local_swf.work import Work


def timeout_ms(text: str | None) -> int | None:
    """A timeout in milliseconds; None for `NONE`."""
    return None if text is None or text == "NONE" else int(text) * 1000


def schedule(work: Work, run: Run) -> None:
    """Give an open run a decision task that will see the newest event, unless one waits."""
    if run.waiting_id or not run.is_open:
        return
    run.waiting_list = run.sticky_list or run.task_list
    run.waiting_timeout = run.sticky_timeout if run.sticky_list else None
    run.waiting_since = work.now
    run.waiting_id = work.append(
        run,
        "DecisionTaskScheduled",
        {
            "scheduleToStartTimeout": run.waiting_timeout or "NONE",
            "startToCloseTimeout": run.task_timeout,
            "taskList": {"name": run.waiting_list},
            "taskPriority": run.task_priority,
        },
    )
    if not run.started_id:
        _offer(work, run)


def _offer(work: Work, run: Run) -> None:
    limit = timeout_ms(run.waiting_timeout)
    at = None if limit is None else run.waiting_since + limit
    work.set_deadline(Deadline(DECISION_DEADLINE, run.id), at)
    work.enqueue(_list(run, run.waiting_list), waiting_task(run), run.priority, run.waiting_since)


def _list(run: Run, name: str) -> ListKey:
    return ListKey(DECISION, run.domain, name)


def waiting_task(run: Run) -> Task:
    """The run's task that waits for a decider."""
    return Task(DECISION, run.id, run.waiting_id)


def started_task(run: Run) -> Task:
    """The run's task that is with a decider."""
    return Task(DECISION, run.id, run.started_scheduled_id)


def hand_out(work: Work, task: Task, arguments: dict[str, Json]) -> tuple[bytes, int, int] | None:
    """Start a waiting task for a poller: the answer, the Started event's id, the delivery.

    A task whose earlier answer could not be written is given again under the same Started
    event. None when the task is not to be had any more.
    """
    run = work.run(task.run)
    if run is None or not run.is_open:
        return None
    if run.undelivered and run.started_scheduled_id == task.scheduled_id:
        run.undelivered = 0
    elif run.waiting_id == task.scheduled_id and not run.started_id:
        _start(work, run, arguments.get("identity"))
    else:
        return None
    work.task_started(task)
    return _first_page(work, run, arguments), run.started_id, run.delivery


def _start(work: Work, run: Run, identity: str | None) -> None:
    run.started_scheduled_id, run.waiting_id = run.waiting_id, 0
    run.started_list, run.started_since, run.delivery = run.waiting_list, work.now, 0
    run.started_id = work.append(
        run,
        "DecisionTaskStarted",
        {"identity": identity, "scheduledEventId": run.started_scheduled_id},
    )
    run.previous_started_id, run.last_started_id = run.last_started_id, run.started_id
    limit = timeout_ms(run.task_timeout)
    at = None if limit is None else work.now + limit
    work.set_deadline(Deadline(DECISION_DEADLINE, run.id), at)


class _ShownTask(NamedTuple):
    """What every page of a task repeats."""

    token: str
    started_id: int
    previous_started_id: int


def _first_page(work: Work, run: Run, arguments: dict[str, Json]) -> bytes:
    work.write_events()
    token = work.tokens.task(
        TaskToken(
            DECISION,
            run.id,
            run.started_scheduled_id,
            run.started_id,
            run.delivery,
            run_mark(run.run_id),
        )
    )
    from_previous = arguments.get("startAtPreviousStartedEvent", False)
    span = history.Span(
        run=run.id,
        first=max(1, run.previous_started_id) if from_previous else 1,
        last=run.started_id,
        reverse=arguments.get("reverseOrder", False),
    )
    task = _ShownTask(token, run.started_id, run.previous_started_id)
    return _page(work, run, arguments, span, task)


def next_page(work: Work, arguments: dict[str, Json]) -> bytes:
    """A further page of a task that was handed out; never a new task."""
    work.domain(arguments["domain"])
    position = work.tokens.open_page(
        arguments["nextPageToken"],
        "PollForDecisionTask",
        arguments,
        work.now,
        work.limits.decision_page_token_seconds,
    )
    span, task = history.Span(*position[0]), _ShownTask(*position[1])
    run = work.run(span.run)
    if run is None:
        raise errors.invalid_token()
    return _page(work, run, arguments, span, task)


def _page(
    work: Work, run: Run, arguments: dict[str, Json], span: history.Span, task: _ShownTask
) -> bytes:
    size = arguments.get("maximumPageSize")
    events, rest = history.page(work.database, span, size, work.limits.page_bytes)
    tail: dict[str, Json] = {
        "previousStartedEventId": task.previous_started_id,
        "startedEventId": task.started_id,
        "taskToken": task.token,
        "workflowExecution": run.execution,
        "workflowType": run.workflow_type,
    }
    if rest is not None:
        position = [list(rest), list(task)]
        tail["nextPageToken"] = work.tokens.page(
            "PollForDecisionTask", arguments, position, work.now
        )
    return b'{"events":[' + events + b"]," + dumps(tail)[1:]


def open_task(work: Work, text: str) -> Run:
    """The run whose started task a token names; the faults of SWF when it is not so any more."""
    token = work.tokens.open_task(text, DECISION)
    run = work.run(token.run)
    unknown = errors.unknown_task("decision task", token.scheduled_id)
    if run is None or run_mark(run.run_id) != token.run_mark:
        raise unknown
    if not run.is_open:
        raise run.unknown()
    if (run.started_id, run.delivery) != (token.started_id, token.delivery) or run.undelivered:
        raise unknown
    return run


def end(work: Work, run: Run) -> None:
    """The started task is over; the one that came up meanwhile is offered."""
    work.task_ended(started_task(run))
    run.started_id = run.started_scheduled_id = 0
    work.set_deadline(Deadline(DECISION_DEADLINE, run.id), None)
    if run.waiting_id:
        run.waiting_since = work.now
        _offer(work, run)


def withdraw(work: Work, run: Run) -> None:
    """The run is closed: nobody gets its tasks any more."""
    work.set_deadline(Deadline(DECISION_DEADLINE, run.id), None)
    if run.waiting_id:
        work.dequeue(_list(run, run.waiting_list), waiting_task(run))
    if run.started_id:
        work.task_ended(started_task(run))
        work.dequeue(_list(run, run.started_list), started_task(run))


def due_at(run: Run) -> int | None:
    """When the started task, or else the waiting one, times out (ms)."""
    started = run.started_id != 0
    limit = timeout_ms(run.task_timeout if started else run.waiting_timeout)
    if limit is None or not (started or run.waiting_id):
        return None
    return (run.started_since if started else run.waiting_since) + limit


def time_out(work: Work, run: Run) -> None:
    """End the task that has waited or run too long, and give the run a fresh one.

    A task on a decider's own list goes back to the list of the run.
    """
    if run.started_id:
        scheduled, started, kind = run.started_scheduled_id, run.started_id, "START_TO_CLOSE"
        was_on = run.started_list
        _forget_undelivered(work, run)
    else:
        scheduled, started, kind = run.waiting_id, 0, "SCHEDULE_TO_START"
        was_on = run.waiting_list
        work.dequeue(_list(run, run.waiting_list), waiting_task(run))
        run.waiting_id = 0
    work.append(
        run,
        "DecisionTaskTimedOut",
        {"scheduledEventId": scheduled, "startedEventId": started, "timeoutType": kind},
    )
    if was_on == run.sticky_list:
        run.sticky_list = run.sticky_timeout = None
    if started:
        end(work, run)
    schedule(work, run)


def _forget_undelivered(work: Work, run: Run) -> None:
    if run.undelivered:
        work.dequeue(_list(run, run.started_list), started_task(run))
        run.undelivered = 0


def give_back(work: Work, task: Task, started_id: int, delivery: int) -> None:
    """Offer a task again whose answer could not be written; its old token is void."""
    run = work.run(task.run)
    if run is None or not run.is_open or (run.started_id, run.delivery) != (started_id, delivery):
        return
    run.delivery += 1
    run.undelivered = 1
    work.task_ended(task)
    _offer_again(work, run)


def _offer_again(work: Work, run: Run) -> None:
    age = run.started_since
    work.enqueue(_list(run, run.started_list), started_task(run), run.priority, age)


def restore(work: Work, run: Run) -> None:
    """Put the tasks of an open run back in memory, as its row has them."""
    work.set_deadline(Deadline(DECISION_DEADLINE, run.id), due_at(run))
    if run.undelivered:
        _offer_again(work, run)
    elif run.started_id:
        work.task_started(started_task(run))
    elif run.waiting_id:
        _offer(work, run)
