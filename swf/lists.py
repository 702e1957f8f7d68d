"""Lists and counts of executions and of waiting tasks, whole or by the page."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from swf.calls import SwfCalls
from wire import Json

Moment: TypeAlias = "datetime | float"
"""A time: an aware datetime, or seconds since 1970."""

OPEN, CLOSED = "open", "closed"
DECISION, ACTIVITY = "decision", "activity"


@dataclass(frozen=True)
class Wanted:
    """What listed runs must match.  SWF filters by time and one thing, the rest is compared here.

    `since` and `until` bound the start, in whole seconds.
    """

    workflow_id: str | None = None
    tag: str | None = None
    type_name: str | None = None
    status: str | None = None
    """COMPLETED, FAILED, CANCELED, TERMINATED, CONTINUED_AS_NEW or TIMED_OUT; closed runs only."""
    since: Moment | None = None
    until: Moment | None = None
    by_close_time: bool = False
    """Bounds and order are of the close instead of the start; closed runs only."""
    version: str | None = None
    """Of the type."""

    def members(self) -> dict[str, Json]:
        """What SWF applies: the times, and the one filter that leaves least."""
        which = "closeTimeFilter" if self.by_close_time else "startTimeFilter"
        return {which: _between(self.since, self.until), **self._narrowest()}

    def _narrowest(self) -> dict[str, Json]:
        if self.workflow_id is not None:
            return {"executionFilter": {"workflowId": self.workflow_id}}
        if self.tag is not None:
            return {"tagFilter": {"tag": self.tag}}
        if self.status is not None:
            return {"closeStatusFilter": {"status": self.status}}
        if self.type_name is not None:
            version = {} if self.version is None else {"version": self.version}
            return {"typeFilter": {"name": self.type_name, **version}}
        return {}

    @property
    def is_exact(self) -> bool:
        """Whether SWF's own filter leaves nothing to compare."""
        given = [self.workflow_id, self.tag, self.status, self.type_name]
        return sum(item is not None for item in given) <= 1

    def matches(self, info: Json) -> bool:
        """Whether a run is one that was asked for."""
        kind = info["workflowType"]
        return (
            self.workflow_id in (None, info["execution"]["workflowId"])
            and (self.tag is None or self.tag in info.get("tagList", ()))
            and self.type_name in (None, kind["name"])
            and self.version in (None, kind["version"])
            and self.status in (None, info.get("closeStatus"))
        )


EVERYTHING = Wanted()


class SwfLists(SwfCalls):
    """What runs and tasks there are.  SWF lists a run a moment after it changed."""

    def open_executions(
        self,
        *,
        since: Moment | None = None,
        until: Moment | None = None,
        workflow_id: str | None = None,
        tag: str | None = None,
        type_name: str | None = None,
        reverse: bool = False,
    ) -> Iterator[dict[str, Json]]:
        """Open runs (SWF's executionInfo), newest start first, `reverse` for oldest first.

        `since` and `until` bound the start, in whole seconds.  All that is given must match.
        """
        wanted = Wanted(workflow_id, tag, type_name, since=since, until=until)
        return self._listed(OPEN, wanted, reverse=reverse)

    def closed_executions(
        self,
        *,
        since: Moment | None = None,
        until: Moment | None = None,
        workflow_id: str | None = None,
        tag: str | None = None,
        type_name: str | None = None,
        status: str | None = None,
        by_close_time: bool = False,
        reverse: bool = False,
    ) -> Iterator[dict[str, Json]]:
        """Closed runs that the domain still keeps, as `open_executions`.

        `status`: COMPLETED, FAILED, CANCELED, TERMINATED, CONTINUED_AS_NEW or TIMED_OUT.
        `by_close_time`: bounds and order are of the close instead of the start.
        """
        wanted = Wanted(workflow_id, tag, type_name, status, since, until, by_close_time)
        return self._listed(CLOSED, wanted, reverse=reverse)

    def page_of_executions(
        self, kind: str, wanted: Wanted, size: int, token: str | None = None
    ) -> tuple[list[dict[str, Json]], str | None]:
        """One page of the runs that are `open` or `closed`, newest first, and the next one's token.

        What is left of so many after the comparison here: maybe none, with more to come.
        """
        members = {"domain": self.domain, **wanted.members(), "maximumPageSize": size}
        answer = self._call(_LISTS[kind], {**members, "nextPageToken": token})
        found = [info for info in answer.get("executionInfos", ()) if wanted.matches(info)]
        return found, answer.get("nextPageToken") or None

    def count_open(self, wanted: Wanted = EVERYTHING) -> tuple[int, bool]:
        """How many runs are open, and whether SWF left off counting there.

        Here and below only what SWF itself filters by counts: see `Wanted.is_exact`.
        """
        return self._count("count_open_workflow_executions", wanted.members())

    def count_closed(self, wanted: Wanted = EVERYTHING) -> tuple[int, bool]:
        """The same of closed runs."""
        return self._count("count_closed_workflow_executions", wanted.members())

    def count_pending(self, kind: str, task_list: str) -> tuple[int, bool]:
        """The same of `decision` or `activity` tasks that wait in a list."""
        return self._count(f"count_pending_{kind}_tasks", {"taskList": {"name": task_list}})

    def task_lists(self) -> list[dict[str, Json]] | None:
        """The domain's task lists with who polls them, as the embedded engine tells of them.

        None where the engine does not tell: Amazon's.  See `local_swf.queues.told`.
        """
        told = self._connection.told("tasks")
        if told is None:
            return None
        return [item for item in told["lists"] if item["domain"] == self.domain]

    def _count(self, operation: str, members: dict[str, Json]) -> tuple[int, bool]:
        found = self._call(operation, {"domain": self.domain, **members})
        return found["count"], bool(found.get("truncated"))

    def _listed(self, kind: str, wanted: Wanted, *, reverse: bool) -> Iterator[dict[str, Json]]:
        order = {"reverseOrder": True} if reverse else {}
        members = {"domain": self.domain, **wanted.members(), **order}
        return filter(wanted.matches, self._paged(_LISTS[kind], members, "executionInfos"))


_LISTS = {OPEN: "list_open_workflow_executions", CLOSED: "list_closed_workflow_executions"}


def _between(since: Moment | None, until: Moment | None) -> dict[str, Json]:
    """SWF's time filter.  boto3 drops fractions of seconds, so the end is rounded up."""
    times = {"oldestDate": math.floor(_epoch(since or 0.0))}
    if until is not None:
        times["latestDate"] = math.ceil(_epoch(until))
    return times


def _epoch(moment: Moment) -> float:
    return moment.timestamp() if isinstance(moment, datetime) else moment
