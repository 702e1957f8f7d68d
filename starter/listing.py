"""Lists of executions.  SWF filters by one thing at a time; the rest is filtered here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from starter.runs import Info
from starter.status import Summary, summary
from swf_client import SwfClient


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

    def accepts(self, info: Info) -> bool:
        """Whether an execution passes all that was given."""
        return (
            self.workflow_id in (None, info["execution"]["workflowId"])
            and self.type_name in (None, info["workflowType"]["name"])
            and (self.tag is None or self.tag in (info.get("tagList") or ()))
            and self.status in (None, info.get("closeStatus"))
        )

    @property
    def narrowest(self) -> dict[str, Any]:
        """The one filter that SWF applies itself: the one that leaves least."""
        for name in ("workflow_id", "tag", "status", "type_name"):
            value = getattr(self, name)
            if value is not None:
                return {name: value}
        return {}


def executions(client: SwfClient, wanted: Filter, limit: int | None) -> list[Summary]:
    """At most `limit` executions: the open ones first, each part newest first."""
    found = (info for info in _infos(client, wanted) if wanted.accepts(info))
    return [summary(info) for info in islice(found, limit)]


def _infos(client: SwfClient, wanted: Filter) -> Iterator[Info]:
    times = {"since": wanted.since, "until": wanted.until}
    if wanted.open and wanted.status is None:
        yield from client.open_executions(**times, **wanted.narrowest)
    if wanted.closed:
        yield from client.closed_executions(**times, **wanted.narrowest)
