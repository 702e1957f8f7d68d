"""A run's beginning and its end, and what its end means for children and parent."""

from __future__ import annotations

import json
from dataclasses import dataclass

from local_swf import activity_tasks, decision_tasks, runs
from local_swf.deadlines import EXECUTION, LAMBDA, RETENTION_SWEEP, TIMER, Deadline
from local_swf.jsontext import Json, dumps
from local_swf.runs import Run
from local_swf.work import Work

_REQUIRED = ("executionStartToCloseTimeout", "taskList", "taskStartToCloseTimeout", "childPolicy")
"""What a start must resolve, in the order in which SWF reports it missing."""
_DEFAULTS = {
    member: f"default{member[0].upper()}{member[1:]}"
    for member in (*_REQUIRED, "taskPriority", "lambdaRole")
}
"""Each setting of a run, and the member of a type that is its default."""


class UndefinedError(Exception):
    """A setting is neither in the request nor among the defaults of the type."""

    def __init__(self, member: str) -> None:
        super().__init__(member)
        self.member = member


@dataclass(frozen=True)
class Settings:
    """The settings of a new run, resolved from request and type."""

    execution_timeout: str
    task_list: str
    task_timeout: str
    child_policy: str
    task_priority: str | None
    lambda_role: str | None

    def members(self) -> dict[str, Json]:
        """The settings as events show them."""
        return {
            "childPolicy": self.child_policy,
            "executionStartToCloseTimeout": self.execution_timeout,
            "lambdaRole": self.lambda_role,
            "taskList": {"name": self.task_list},
            "taskPriority": self.task_priority,
            "taskStartToCloseTimeout": self.task_timeout,
        }


@dataclass(frozen=True)
class Parent:
    """The link from a child to the run that started it."""

    run: int
    workflow_id: str
    run_id: str
    initiated_id: int


def resolve(given: dict[str, Json], defaults: dict[str, Json]) -> Settings:
    """The settings of a start: its own first, then the type's; raises UndefinedError."""
    values: dict[str, Json] = {
        member: given[member] if member in given else defaults.get(default)
        for member, default in _DEFAULTS.items()
    }
    for member in _REQUIRED:
        if values[member] is None:
            raise UndefinedError(member)
    return Settings(
        execution_timeout=values["executionStartToCloseTimeout"],
        task_list=values["taskList"]["name"],
        task_timeout=values["taskStartToCloseTimeout"],
        child_policy=values["childPolicy"],
        task_priority=values["taskPriority"],
        lambda_role=values["lambdaRole"],
    )


def start(
    work: Work,
    domain: int,
    workflow_id: str,
    workflow_type: dict[str, Json],
    settings: Settings,
    given: dict[str, Json],
    *,
    parent: Parent | None = None,
    continued_from: str | None = None,
) -> Run:
    """Begin a run: WorkflowExecutionStarted and its first decision task.

    `given` holds the request's `input` and `tagList`.
    """
    tags = given.get("tagList")
    run = Run(
        id=work.database.new_run_number(),
        domain=domain,
        workflow_id=workflow_id,
        run_id=runs.new_run_id(),
        type_name=workflow_type["name"],
        type_version=workflow_type["version"],
        started_at=work.now,
        task_list=settings.task_list,
        task_priority=settings.task_priority,
        execution_timeout=settings.execution_timeout,
        task_timeout=settings.task_timeout,
        child_policy=settings.child_policy,
        lambda_role=settings.lambda_role,
        tags=dumps(tags).decode() if tags else None,
    )
    attributes = {
        **settings.members(),
        "continuedExecutionRunId": continued_from,
        "input": given.get("input"),
        "parentInitiatedEventId": parent.initiated_id if parent else 0,
        "tagList": tags or None,
        "workflowType": run.workflow_type,
    }
    if parent is not None:
        run.parent_run, run.parent_initiated_id = parent.run, parent.initiated_id
        run.parent_workflow_id, run.parent_run_id = parent.workflow_id, parent.run_id
        attributes["parentWorkflowExecution"] = {
            "runId": parent.run_id,
            "workflowId": parent.workflow_id,
        }
    work.add_run(run)
    work.append(run, "WorkflowExecutionStarted", attributes)
    decision_tasks.schedule(work, run)
    for tag in {tag for tag in tags or () if tag is not None}:
        work.database.execute("INSERT INTO tags VALUES (?, ?)", (run.id, tag))
    work.set_deadline(Deadline(EXECUTION, run.id), execution_due_at(run))
    return run


def execution_due_at(run: Run) -> int:
    """When the run's own timeout is over (ms)."""
    return run.started_at + int(run.execution_timeout) * 1000


def close(work: Work, run: Run, status: str) -> None:
    """Close a run whose closing event has been written; its tasks and timers are dropped.

    The counters of open things stay as they were, as they do on the real service.
    """
    run.closed_at = work.now
    run.close_status = status
    work.count_open(run.domain, -1)
    decision_tasks.withdraw(work, run)
    work.set_deadline(Deadline(EXECUTION, run.id), None)
    _drop_open_things(work, run)
    domain = work.state.registry.domain_by_id(work.database, run.domain)
    run.purge_at = work.now + domain.retention_ms
    work.after_release(_note_purge, work, run.purge_at)


def _note_purge(work: Work, at: int) -> None:
    deadlines = work.state.deadlines
    known = deadlines.time_of(RETENTION_SWEEP)
    if known is None or at < known:
        deadlines.set(RETENTION_SWEEP, at)


def _drop_open_things(work: Work, run: Run) -> None:
    database = work.database
    if run.open_activities:
        for activity in activity_tasks.of_run(database, run.id):
            activity_tasks.withdraw(work, run, activity)
        database.execute("DELETE FROM activities WHERE run = ?", (run.id,))
    if run.open_timers:
        for (started_id,) in database.all("SELECT started_id FROM timers WHERE run = ?", (run.id,)):
            work.set_deadline(Deadline(TIMER, run.id, started_id), None)
        database.execute("DELETE FROM timers WHERE run = ?", (run.id,))
    if run.open_lambdas:
        for (scheduled,) in database.all(
            "SELECT scheduled_id FROM lambdas WHERE run = ?", (run.id,)
        ):
            work.set_deadline(Deadline(LAMBDA, run.id, scheduled), None)
        database.execute("DELETE FROM lambdas WHERE run = ?", (run.id,))


def tell_parent(work: Work, run: Run, outcome: str, attributes: dict[str, Json]) -> None:
    """Write `ChildWorkflowExecution<outcome>` into the parent, if that is still open."""
    row = work.database.one(
        "SELECT started_id FROM children WHERE run = ? AND initiated_id = ?",
        run.parent_run,
        run.parent_initiated_id,
    )
    parent = work.run(run.parent_run) if row else None
    if row is None or parent is None:
        return
    work.database.execute(
        "DELETE FROM children WHERE run = ? AND initiated_id = ?",
        (parent.id, run.parent_initiated_id),
    )
    if not parent.is_open:
        return
    parent.open_children -= 1
    attributes = {
        **attributes,
        "initiatedEventId": run.parent_initiated_id,
        "startedEventId": row[0],
        "workflowExecution": run.execution,
        "workflowType": run.workflow_type,
    }
    work.append(parent, f"ChildWorkflowExecution{outcome}", attributes)
    decision_tasks.schedule(work, parent)


def finish(work: Work, run: Run, status: str, outcome: str, report: dict[str, Json]) -> None:
    """Close a run and, if it is a child, report `outcome` to its parent."""
    close(work, run, status)
    if run.parent_run:
        work.later(lambda: tell_parent(work, run, outcome, report))


def terminate(
    work: Work,
    run: Run,
    cause: str,
    *,
    reason: str | None = None,
    details: str | None = None,
    child_policy: str | None = None,
) -> None:
    """Close a run from outside; its children go by `child_policy`, or the run's own."""
    policy = child_policy or run.child_policy
    attributes = {"cause": cause, "childPolicy": policy, "details": details, "reason": reason}
    work.append(run, "WorkflowExecutionTerminated", attributes)
    finish(work, run, "TERMINATED", "Terminated", {})
    apply_child_policy(work, run, policy)


def time_out(work: Work, run: Run) -> None:
    """Close a run that has lasted too long; its children go by its child policy."""
    attributes = {"childPolicy": run.child_policy, "timeoutType": "START_TO_CLOSE"}
    work.append(run, "WorkflowExecutionTimedOut", attributes)
    finish(work, run, "TIMED_OUT", "TimedOut", {"timeoutType": "START_TO_CLOSE"})
    apply_child_policy(work, run, run.child_policy)


def terminate_full(work: Work, run: Run) -> None:
    """Close a run whose history has reached SWF's limit of events."""
    terminate(work, run, "EVENT_LIMIT_EXCEEDED")


def apply_child_policy(work: Work, run: Run, policy: str) -> None:
    """Do to the children of a run what its end by force means for them."""
    if policy == "ABANDON" or not run.open_children:
        return
    rows = work.database.all("SELECT child_run FROM children WHERE run = ?", (run.id,))
    for (number,) in rows:
        work.later(lambda number=number: _end_child(work, number, policy))  # type: ignore[misc]


def _end_child(work: Work, number: int, policy: str) -> None:
    child = work.run(number)
    if child is None or not child.is_open:
        return
    if policy == "TERMINATE":
        terminate(work, child, "CHILD_POLICY_APPLIED")
    else:
        request_cancel(
            work, child, {"cause": "CHILD_POLICY_APPLIED", "externalInitiatedEventId": 0}
        )


def request_cancel(work: Work, run: Run, attributes: dict[str, Json]) -> None:
    """Tell an open run that somebody wants it cancelled."""
    run.cancel_requested = 1
    work.append(run, "WorkflowExecutionCancelRequested", attributes)
    decision_tasks.schedule(work, run)


def signal(work: Work, run: Run, attributes: dict[str, Json]) -> None:
    """Write a signal into an open run."""
    work.append(run, "WorkflowExecutionSignaled", attributes)
    decision_tasks.schedule(work, run)


def tags_of(run: Run) -> list[str] | None:
    """The run's tags, None when it has none."""
    tags: list[str] | None = json.loads(run.tags) if run.tags else None
    return tags
