"""Watching one execution until it closes, across the runs that continue it.

Looks at the newest events only: SWF grants an account 60 history reads a second, but 6
Describes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator

from starter.executions.readings import Reading
from starter.executions.scenes import Scene
from starter.executions.status import Status, advanced, status
from starter.runs import Event
from swf_client import SwfClient

PAGE = 50  # events; more than one interval usually brings


def watch(
    client: SwfClient, workflow_id: str, run_id: str, pause: Callable[[], object]
) -> Iterator[Status]:
    """The status now, then after each change; the last one is of the closed execution."""
    current = status(client, workflow_id, run_id)
    seen = 0
    while True:
        yield current
        if current["next_run_id"]:
            current, seen = status(client, workflow_id, current["next_run_id"]), 0
            continue
        if current["closed_at"] is not None:
            return
        current, seen = _next_change(client, current, seen, pause)


def scenes(
    client: SwfClient, workflow_id: str, run_id: str, pause: Callable[[], object]
) -> Iterator[Scene]:
    """The scene now, then after each look that brought events; the last one is of the end.

    A run that goes on in another shows no end.
    """
    while True:
        last = yield from _scenes_of_run(client, workflow_id, run_id, pause)
        if not last["next_run_id"]:
            return
        run_id = last["next_run_id"]
        pause()


def _scenes_of_run(
    client: SwfClient, workflow_id: str, run_id: str, pause: Callable[[], object]
) -> Generator[Scene, None, Status]:
    """The scenes of one run; gives its last status."""
    current = status(client, workflow_id, run_id)
    run, news = Reading(client, workflow_id, run_id), list(client.history(workflow_id, run_id))
    while True:
        current = advanced(client, current, news[: -PAGE - 1 : -1])
        run.take(news)
        if not current["next_run_id"]:
            yield run.scene(time.time(), current)
        if current["closed_at"] is not None:
            return current
        seen, news = news[-1]["eventId"], []
        while not news:
            pause()
            news = _newer_than(client, current, seen)[::-1]


def _next_change(
    client: SwfClient, current: Status, seen: int, pause: Callable[[], object]
) -> tuple[Status, int]:
    while True:
        pause()
        news = _newer_than(client, current, seen)
        if news:
            seen = news[0]["eventId"]
            changed = advanced(client, current, news)
            if changed != current:
                return changed, seen


def _newer_than(client: SwfClient, current: Status, seen: int) -> list[Event]:
    """Events after `seen`, newest first."""
    news = []
    events = client.history(current["workflow_id"], current["run_id"], reverse=True, page_size=PAGE)
    for event in events:
        if event["eventId"] <= seen:
            break
        news.append(event)
    return news
