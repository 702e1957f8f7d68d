"""Task lists: how many tasks wait in each, since when, and who polls, as far as that is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TypedDict

import published
from errors import BusinessProcessError
from starter.lists.untaken import untaken
from swf.lists import ACTIVITY, DECISION
from swf_client import SwfClient
from wire import Json
from workflow.definition import settings_of
from workflow.graph import Child, Task

SCRIPTS = {DECISION: "decision_worker.py", ACTIVITY: "activity_worker.py"}
LOOKED_AT = 30  # open executions whose histories are read for the oldest task
NEWEST_EVENTS = 100  # of each


class Poller(TypedDict):
    """Who polls a task list, or did."""

    identity: str
    since: float
    """When the newest poll came, seconds since 1970."""
    waits: bool
    """Whether it waits for a task now."""


class Oldest(TypedDict):
    """A task that waits to be taken."""

    workflow_id: str
    run_id: str
    kind: str
    task_list: str
    step: str | None
    """Its activity's name, where that is known."""
    since: float


class Queue(TypedDict):
    """One task list."""

    kind: str
    """`decision` or `activity`."""
    name: str
    waiting: int
    more: bool
    """SWF left off counting there."""
    oldest: Oldest | None
    """Told by the embedded engine alone."""
    pollers: list[Poller] | None
    """None where the engine does not tell."""


def named(client: SwfClient) -> list[tuple[str, str]]:
    """Kind and name of the task lists of the settings, and of those that definitions name."""
    usual = client.settings.swf_task_list
    found = [(DECISION, usual), (ACTIVITY, usual)]
    for name, version in published.known():
        found += _of_definition(name, version)
    return list(dict.fromkeys(found))


def _of_definition(name: str, version: str) -> Iterator[tuple[str, str]]:
    try:
        definition = published.find(name, version)
    except BusinessProcessError:
        return
    for place in definition.places.values() if definition else ():
        task_list = settings_of(place.state).task_list
        if task_list and isinstance(place.state, Task | Child):
            yield (DECISION if isinstance(place.state, Child) else ACTIVITY), task_list


def told(client: SwfClient, names: Iterable[tuple[str, str]]) -> list[Queue]:
    """The lists of those names, and on the embedded engine all others that were used."""
    own = client.task_lists()
    if own is None:
        return [_counted(client, kind, name) for kind, name in names]
    known = {(item["kind"], item["name"]): item for item in own}
    nothing: Json = {"waiting": 0, "oldest": None, "pollers": []}
    keys = dict.fromkeys([*names, *known])
    return [_of_engine(kind, name, known.get((kind, name), nothing)) for kind, name in keys]


def _counted(client: SwfClient, kind: str, name: str) -> Queue:
    count, more = client.count_pending(kind, name)
    return Queue(kind=kind, name=name, waiting=count, more=more, oldest=None, pollers=None)


def _of_engine(kind: str, name: str, item: Json) -> Queue:
    oldest = item["oldest"]
    pollers = [
        Poller(identity=poller["identity"], since=poller["since"], waits=poller["waits"])
        for poller in item["pollers"]
    ]
    return Queue(
        kind=kind,
        name=name,
        waiting=item["waiting"],
        more=False,
        oldest=oldest
        and Oldest(
            workflow_id=oldest["workflowId"],
            run_id=oldest["runId"],
            kind=kind,
            task_list=name,
            step=None,
            since=oldest["since"],
        ),
        pollers=pollers,
    )


def oldest_of_histories(
    client: SwfClient, before_read: Callable[[], object]
) -> tuple[list[Oldest], int]:
    """The tasks that wait in the open executions that began first, and how many were looked at."""
    infos = list(islice(client.open_executions(reverse=True), LOOKED_AT))
    found: list[Oldest] = []
    for info in infos:
        before_read()
        ids = info["execution"]
        found += untaken_of(client, ids["workflowId"], ids["runId"])
    return found, len(infos)


def untaken_of(client: SwfClient, workflow_id: str, run_id: str) -> Iterator[Oldest]:
    """The tasks of one run that nobody has taken."""
    newest = client.history(workflow_id, run_id, reverse=True, page_size=NEWEST_EVENTS)
    for task in untaken(islice(newest, NEWEST_EVENTS)):
        yield Oldest(
            workflow_id=workflow_id,
            run_id=run_id,
            kind=DECISION if task.step is None else ACTIVITY,
            task_list=task.task_list,
            step=task.step,
            since=task.since,
        )


def command(queue: Queue, usual: str) -> str:
    """The command that starts a worker for a list; `usual` is the one polled without being told."""
    which = "" if queue["name"] == usual else f" --task-list {queue['name']}"
    return f"python {SCRIPTS[queue['kind']]}{which}"
