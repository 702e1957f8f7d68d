"""Finding runs by what SWF has no filter for: each is looked at, as far as anybody waits for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from errors import BusinessProcessError
from starter.executions.status import Status, Summary
from starter.lists.glimpses import Glimpses, told_in
from starter.lists.queries import Query

AT_ONCE = 8  # runs that are looked at together

Rows = Callable[[], Iterator[Summary]]
"""The runs that SWF's own filters leave."""


class Scan:
    """One way through the runs of a query; goes on where it stopped.  Safe for many threads."""

    def __init__(self, query: Query, rows: Iterator[Summary], glimpses: Glimpses) -> None:
        self.begun = time.monotonic()
        self.found: list[Status] = []
        self.scanned = 0
        self.unreadable = 0
        """Runs of which this cannot be told: sealed under another key, gone meanwhile."""
        self.is_done = False
        self._query = query
        self._rows = rows
        self._glimpses = glimpses
        self._lock = threading.Lock()

    def advance(self, wanted: int, seconds: float, pool: ThreadPoolExecutor) -> None:
        """Look on until so many are found, all are scanned, or the time is up.

        Somebody else who does so already is not waited for longer than that.
        """
        deadline = time.monotonic() + seconds
        if not self._lock.acquire(timeout=seconds):
            return
        try:
            while not self.has(wanted) and time.monotonic() < deadline:
                rows = list(islice(self._rows, AT_ONCE))
                self.found += filter(None, pool.map(self._looked_at, rows))
                self.scanned += len(rows)
                self.is_done = len(rows) < AT_ONCE
        finally:
            self._lock.release()

    def has(self, wanted: int) -> bool:
        """Whether there is nothing to do for whoever wants so many."""
        return self.is_done or len(self.found) >= wanted

    def _looked_at(self, row: Summary) -> Status | None:
        """How a run stands, if it is one that is asked for."""
        try:
            status = self._glimpses.status(row)
            if self._query.holds(status) and self._has_text(row, status):
                return status
        except BusinessProcessError:
            self.unreadable += 1
        return None

    def _has_text(self, row: Summary, status: Status) -> bool:
        text = self._query.text.casefold()
        if not text:
            return True
        names = [row["workflow_id"], row["run_id"], row["type"], row["version"], *row["tags"]]
        if any(text in name.casefold() for name in names) or text in told_in(status):
            return True
        return text in self._glimpses.text(row)


class Scanned:
    """What is known of one query: a scan to be shown, and a newer one that follows it."""

    def __init__(self, make: Callable[[], Scan], holds: float) -> None:
        self._make = make
        self._holds = holds
        self._shown = make()
        self._newer: Scan | None = None

    def upto(self, wanted: int, seconds: float, pool: ThreadPoolExecutor) -> Scan:
        """A scan that has so many, or has all there are, or went as far as the time allowed."""
        if self._newer is None and self._shown.has(wanted) and self._is_old(self._shown):
            self._newer = self._make()
        scan = self._newer or self._shown
        scan.advance(wanted, seconds, pool)
        if scan.has(wanted):
            self._shown, self._newer = scan, None
        return self._shown

    def _is_old(self, scan: Scan) -> bool:
        return time.monotonic() - scan.begun > self._holds
