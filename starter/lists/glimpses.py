"""Where runs of a list stand, at the least cost: their newest events, kept for a while.

One history read tells more than a Describe, of which AWS grants six a second.  A closed run is
read once; an open one again after some seconds.  On AWS all reads keep to a pace.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice
from typing import cast

import wire
from starter.executions.status import STATUS_MEMBERS, Status, Summary, advanced
from starter.pace import Pace
from starter.runs import Event, attributes
from swf_client import SwfClient

NEARBY_SECONDS, AWS_SECONDS = 1.0, 10.0  # that what was seen of an open run holds
READS_PER_SECOND, READS_AT_ONCE = 15.0, 200  # SWF grants an account 60; deciders need some
TELLING = ("OPEN", "FAILED", "TIMED_OUT", "TERMINATED")
"""States of which the newest events tell more than a list does."""

EVENTS_A_READ = 8
EVENTS_READ = 40  # newest ones, among which the deciders' word is looked for
AGAIN_SECONDS = 0.03  # that is waited for what was seen before
READERS = 4
KEPT = 20_000  # runs
KEPT_CHARACTERS = 40_000_000  # of texts that were read to be searched


@dataclass
class _Seen:
    status: Status
    at: float


class Glimpses:
    """What was seen of runs lately.  Safe for many threads."""

    def __init__(self, client: SwfClient, *, aws: bool) -> None:
        self._client = client
        self._holds = AWS_SECONDS if aws else NEARBY_SECONDS
        self._pace = Pace(READS_PER_SECOND, READS_AT_ONCE) if aws else None
        self._seen: OrderedDict[str, _Seen] = OrderedDict()
        self._inputs: OrderedDict[str, str] = OrderedDict()
        self._characters = 0
        self._lock = threading.Lock()
        self._under_way: dict[str, Future[Status]] = {}
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="glimpse")

    def of(self, rows: Iterable[Summary], seconds: float) -> list[Status]:
        """How rows stand, as far as that is known after so many seconds.

        Of the open ones the deciders' word, of those that ended badly the reason.  What has not
        been read by then is as the list has it, or as it was seen last, and is read meanwhile;
        what was seen before is not waited for as long.
        """
        listed = list(rows)
        old: list[Future[Status]] = []
        new: list[Future[Status]] = []
        for row in listed:
            future = self._asked(row) if row["state"] in TELLING else None
            if future is not None:
                (old if row["run_id"] in self._seen else new).append(future)
        wait(new, seconds)
        wait(old, min(seconds, AGAIN_SECONDS))
        return [self._known(row) for row in listed]

    def of_closed(self, rows: Iterable[Summary], seconds: float) -> list[Status]:
        """How closed runs ended: those that are known after so many seconds."""
        listed = list(rows)
        asked = [self._asked(row) for row in listed]
        wait([future for future in asked if future is not None], seconds)
        with self._lock:
            seen = [self._seen.get(row["run_id"]) for row in listed]
        return [found.status for found in seen if found and found.status["closed_at"]]

    def status(self, row: Summary) -> Status:
        """How a run stands, read now unless that was done lately.

        Raises the errors of `SwfReading.history`.
        """
        with self._lock:
            seen = self._seen.get(row["run_id"])
            if seen is not None and self._is_fresh(seen):
                self._seen.move_to_end(row["run_id"])
                return seen.status
        return self._read(row)

    def text(self, row: Summary) -> str:
        """The input of a run, as far as it is in its history, for a search."""
        run_id = row["run_id"]
        with self._lock:
            known = self._inputs.get(run_id)
        if known is None:
            self.wait()
            first = self._client.first_event(row["workflow_id"], run_id)
            value, _ = wire.unwrap_start(wire.loads(attributes(first).get("input")))
            known = wire.dumps(value).casefold()
            self._keep_input(run_id, known)
        return known

    def _asked(self, row: Summary) -> Future[Status] | None:
        with self._lock:
            seen = self._seen.get(row["run_id"])
            if seen is not None and self._is_fresh(seen):
                return None
            future = self._under_way.get(row["run_id"])
            if future is None:
                future = self._readers.submit(self._read, row)
                self._under_way[row["run_id"]] = future
                future.add_done_callback(lambda _: self._under_way.pop(row["run_id"], None))
            return future

    def _known(self, row: Summary) -> Status:
        with self._lock:
            seen = self._seen.get(row["run_id"])
        if seen is None or (row["closed_at"] is not None and seen.status["closed_at"] is None):
            return plain(row)
        return seen.status

    def _is_fresh(self, seen: _Seen) -> bool:
        closed = seen.status["closed_at"] is not None
        return closed or time.monotonic() - seen.at < self._holds

    def _read(self, row: Summary) -> Status:
        at = time.monotonic()
        status = advanced(self._client, plain(row), self._newest(row))
        if status["state"] == "OPEN":
            status["state"] = "RUNNING"  # no decider has said anything yet
        with self._lock:
            self._seen[row["run_id"]] = _Seen(status, at)
            self._seen.move_to_end(row["run_id"])
            while len(self._seen) > KEPT:
                self._seen.popitem(last=False)
        return status

    def _newest(self, row: Summary) -> list[Event]:
        """The newest events, back to the deciders' last word."""
        self.wait()
        found = []
        newest_first = self._client.history(
            row["workflow_id"], row["run_id"], reverse=True, page_size=EVENTS_A_READ
        )
        for event in islice(newest_first, EVENTS_READ):
            found.append(event)
            if event["eventType"] == "DecisionTaskCompleted":
                break
        return found

    def _keep_input(self, run_id: str, text: str) -> None:
        with self._lock:
            self._characters += len(text) - len(self._inputs.pop(run_id, ""))
            self._inputs[run_id] = text
            while self._characters > KEPT_CHARACTERS or len(self._inputs) > KEPT:
                _, gone = self._inputs.popitem(last=False)
                self._characters -= len(gone)

    def wait(self) -> None:
        """Keep to the pace; comes before every read."""
        if self._pace is not None:
            self._pace.wait()


def plain(row: Summary) -> Status:
    """All that a list tells of a run."""
    return cast("Status", {**dict.fromkeys(STATUS_MEMBERS), **row})


def told_in(status: Status) -> str:
    """What a status says in words, for a search."""
    parts = (status[name] for name in ("reason", "error", "cause", "last_error", "blocked"))
    values = (wire.dumps(status[name]) for name in ("details", "result") if status[name])
    return "\n".join([*(str(part) for part in parts if part), *values]).casefold()
