"""Lists of executions, open and closed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from starter.executions.status import Status, Summary, status, summary
from starter.runs import Info
from swf_client import SwfClient

PERSON_TAG = "waits-for-people"
"""The tag of executions whose process has steps that people answer."""


@dataclass(frozen=True)
class Filter:
    """What a list shows.  Everything given must hold."""

    open: bool = True
    closed: bool = True
    workflow_id: str | None = None
    tag: str | None = None
    type_name: str | None = None
    status: str | None = None
    """A close status of SWF (`FAILED`, ...); open executions have none."""
    since: datetime | None = None
    """Started at or after this moment; None means as far back as SWF keeps."""
    until: datetime | None = None
    runs: bool = True
    """Every run by itself; else the newest of each workflow id stands for what it continues."""


def executions(client: SwfClient, wanted: Filter, limit: int | None) -> list[Summary]:
    """At most `limit` executions: the open ones first, each part newest first."""
    found = _infos(client, wanted)
    return [summary(info) for info in islice(found if wanted.runs else _newest(found), limit)]


def _newest(found: Iterable[Info]) -> Iterator[Info]:
    """The first of each workflow id: a run that was resumed or continued is part of its story."""
    seen: set[str] = set()
    for info in found:
        workflow_id, _ = _ids(info)
        if workflow_id not in seen:
            seen.add(workflow_id)
            yield info


def waiting(client: SwfClient, limit: int | None) -> list[Status]:
    """Open executions that wait for a person, as their deciders left word.

    Processes with steps for people carry a tag, so that SWF finds them; one call for each of
    those says whether it waits now.
    """
    found = client.open_executions(tag=PERSON_TAG)
    statuses = (status(client, *_ids(info)) for info in found)
    return list(islice((item for item in statuses if _waits(item)), limit))


def _ids(info: Info) -> tuple[str, str]:
    return info["execution"]["workflowId"], info["execution"]["runId"]


def _waits(found: Status) -> bool:
    return bool(found["waits_for"] or found["failed"]) or found["state"] == "PAUSED"


def _infos(client: SwfClient, wanted: Filter) -> Iterator[Info]:
    if wanted.open and wanted.status is None:
        yield from client.open_executions(
            since=wanted.since,
            until=wanted.until,
            workflow_id=wanted.workflow_id,
            tag=wanted.tag,
            type_name=wanted.type_name,
        )
    if wanted.closed:
        yield from client.closed_executions(
            since=wanted.since,
            until=wanted.until,
            workflow_id=wanted.workflow_id,
            tag=wanted.tag,
            type_name=wanted.type_name,
            status=wanted.status,
        )
