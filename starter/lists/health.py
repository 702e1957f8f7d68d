"""How the whole is doing, as far as the engine tells: lists, rates, failures, who polls.

One round of calls is shared by all who look, and on AWS made seldom: counts are six a second.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field, replace

from starter.executions.status import Status
from starter.lists import queues
from starter.lists.browsing import Browser
from starter.lists.kept import Kept
from starter.lists.queries import Query, step_of
from starter.lists.queues import Oldest, Queue
from swf.lists import Wanted
from swf_client import SwfClient

NEARBY_SECONDS, AWS_SECONDS = 2.0, 30.0  # that a report holds
NAMES_SECONDS = 60.0  # that the names of task lists hold
WINDOWS = {"minute": 60, "hour": 3_600, "day": 86_400}
FAILURES = 100  # failed executions that are looked at
FAILURE_SECONDS = 0.5  # that a report waits for what was not read of them yet
PATIENCE_SECONDS = 5.0  # after which a task that nobody has taken is told of


@dataclass(frozen=True)
class Rate:
    """How many executions there were within a time."""

    window: str
    """A key of `WINDOWS`."""
    started: int
    closed: int
    failed: int
    more: bool
    """SWF left off counting somewhere."""


@dataclass(frozen=True)
class Failing:
    """Where executions failed of late."""

    step: str
    count: int
    example: Status
    """The newest of them."""


@dataclass(frozen=True)
class Unpolled:
    """A list in which tasks wait, and that nobody seems to poll."""

    queue: Queue
    since: float | None
    """Since when its oldest task waits, where that is known."""
    command: str
    is_certain: bool
    """Nobody has polled it at all; else all may be busy, or the engine does not tell."""


@dataclass(frozen=True)
class Report:
    """How things stood at a moment."""

    at: float
    queues: list[Queue]
    rates: list[Rate]
    failing: list[Failing]
    failed_read: int
    """How many failed executions were read for that."""
    failed_listed: int
    oldest: Oldest | None
    oldest_of: int | None
    """Of how many executions it is the oldest task; None for all, which the engine itself told."""
    unpolled: list[Unpolled] = field(default_factory=list)


class Health:
    """Looks after one engine.  Safe for many threads."""

    def __init__(self, client: SwfClient, browser: Browser, *, aws: bool) -> None:
        self.holds = AWS_SECONDS if aws else NEARBY_SECONDS
        """Seconds between two rounds of calls."""
        self._client = client
        self._browser = browser
        self._report: Kept[Report] = Kept()
        self._names: Kept[list[tuple[str, str]]] = Kept()

    def report(self) -> Report:
        """How things stand, asked lately."""
        return self._report.get(self.holds, self._made)

    def _made(self) -> Report:
        now = time.time()
        names = self._names.get(NAMES_SECONDS, lambda: queues.named(self._client))
        lists = queues.told(self._client, names)
        oldest, of = self._oldest(lists)
        failed = self._browser.page(Query(state="FAILED"), "", FAILURES).rows
        read = self._browser.glimpses.of_closed(failed, FAILURE_SECONDS)
        found = Report(
            at=now,
            queues=lists,
            rates=[self._rate(window, now) for window in WINDOWS],
            failing=failing(read),
            failed_read=len(read),
            failed_listed=len(failed),
            oldest=oldest,
            oldest_of=of,
        )
        usual = self._client.settings.swf_task_list
        return replace(found, unpolled=unpolled(found, usual))

    def _oldest(self, lists: list[Queue]) -> tuple[Oldest | None, int | None]:
        if all(queue["pollers"] is not None for queue in lists):
            tasks, of = [queue["oldest"] for queue in lists if queue["oldest"]], None
        elif any(queue["waiting"] for queue in lists):
            tasks, of = queues.oldest_of_histories(self._client, self._browser.glimpses.wait)
        else:
            tasks, of = [], None
        return min(tasks, key=lambda task: task["since"], default=None), of

    def _rate(self, window: str, now: float) -> Rate:
        since = now - WINDOWS[window]
        started = Wanted(since=since)
        closed = Wanted(since=since, by_close_time=True)
        ask = self._browser.counted
        found = [
            ask(self._client.count_open, started),
            ask(self._client.count_closed, started),
            ask(self._client.count_closed, closed),
            ask(self._client.count_closed, replace(closed, status="FAILED")),
        ]
        numbers = [count for count, _ in found]
        more = any(more for _, more in found)
        return Rate(window, numbers[0] + numbers[1], numbers[2], numbers[3], more)


def failing(read: list[Status]) -> list[Failing]:
    """By step, those at which most failed first; `read` is newest first."""
    steps = [step_of(status) or "" for status in read]
    newest = dict(zip(reversed(steps), reversed(read), strict=True))
    return [Failing(step, count, newest[step]) for step, count in Counter(steps).most_common()]


def unpolled(report: Report, usual: str) -> list[Unpolled]:
    """Lists in which tasks wait and nobody seems to poll."""
    found = []
    for queue in report.queues:
        oldest = queue["oldest"]
        if oldest is None and _is_of(report.oldest, queue):
            oldest = report.oldest
        since = None if oldest is None else oldest["since"]
        late = since is not None and report.at - since >= PATIENCE_SECONDS
        pollers = queue["pollers"]
        polled = bool(pollers) and any(poller["waits"] for poller in pollers or ())
        if queue["waiting"] and late and not polled:
            certain = pollers is not None and not pollers
            found.append(Unpolled(queue, since, queues.command(queue, usual), certain))
    return found


def _is_of(task: Oldest | None, queue: Queue) -> bool:
    return task is not None and (task["kind"], task["task_list"]) == (queue["kind"], queue["name"])
