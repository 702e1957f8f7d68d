"""What task lists look like from outside: tasks that wait, and who polls.

SWF itself tells no more than how many tasks wait.
"""

from __future__ import annotations

from local_swf.jsontext import Json, present
from local_swf.tasklists import ListKey
from local_swf.work import Work


def told(work: Work) -> list[Json]:
    """Each list that has tasks or was polled: by domain, kind and name.

    `{"domain", "kind", "name", "waiting", "oldest", "pollers"}`; `oldest` is the task that has
    waited longest, `pollers` who has polled, those first who wait now.  Times are seconds since
    the epoch.
    """
    return [_list(work, key) for key in sorted(work.state.tasks.keys())]


def _list(work: Work, key: ListKey) -> Json:
    tasks = work.state.tasks
    return {
        "domain": work.state.registry.domain_by_id(work.database, key.domain).name,
        "kind": key.kind,
        "name": key.name,
        "waiting": tasks.waiting_tasks(key),
        "oldest": _oldest(work, key),
        "pollers": [
            {"identity": identity, "since": seen.since / 1000, "waits": seen.waits}
            for identity, seen in tasks.seen(key)
        ],
    }


def _oldest(work: Work, key: ListKey) -> Json:
    found = work.state.tasks.oldest(key)
    if found is None:
        return None
    task, since = found
    run = work.run(task.run)
    if run is None:
        return None
    return present(
        workflowId=run.workflow_id,
        runId=run.run_id,
        eventId=task.scheduled_id,
        since=since / 1000,
    )
