"""The executions that are being looked at: read once, brought up to date, told as often as asked.

However many pages show a run, its engine is asked once an interval; a closed run is not asked
again.  On AWS all of it stays within a share of the account's history reads.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TypeVar, cast

from errors import BusinessProcessError, UnknownExecutionError
from starter.executions.readings import Reading
from starter.pace import Pace
from workflow_starter import WorkflowStarter

T = TypeVar("T")

BOOKS = 64  # runs that are kept
EVENTS = 250_000  # of all of them: about half a gigabyte
NEARBY_SECONDS, AWS_SECONDS = 0.0, 2.0  # between two looks at one run, however many look
LIVE_SECONDS = 0.2  # between two looks for whoever watches, at least
READS_PER_SECOND, READS_AT_ONCE = 20.0, 100  # SWF grants an account 60, deciders need some
PATIENCE_SECONDS = 0.3  # that a page waits for the first read of a run


class Book:
    """One run, read by whoever asks first; safe for many threads."""

    def __init__(
        self, reading: Reading, pause: float, pace: Pace | None = None, *, saved: bool = False
    ) -> None:
        """Make one; a `saved` run stays as it is, though it may be open."""
        self.reading = reading
        self._saved = saved
        self.events_read = 0
        self._pause, self._pace = pause, pace
        self._looked = float("-inf")
        self._lock = threading.RLock()
        self._told: dict[str, tuple[object, object]] = {}

    @property
    def version(self) -> int:
        """The newest event: what is told changes with it, and with time."""
        return self.reading.last_event_id

    def refresh(self) -> int:
        """Bring it up to date, if the last look is not too new; its version."""
        with self._lock:
            due = time.monotonic() - self._looked >= self._pause
            if due and not self.reading.closed and not self._saved:
                if self._pace is not None:
                    self._pace.wait()
                self.reading.refresh(self._progress)
                self._looked = time.monotonic()
            return self.version

    @contextmanager
    def held(self) -> Iterator[None]:
        """Within the block it stays as it is."""
        with self._lock:
            yield

    def _progress(self, count: int) -> None:
        self.events_read = count

    def told(self, name: str, tell: Callable[[Reading], T], *, every: float | None = None) -> T:
        """What `tell` makes of the run: made once for each version, and every so many seconds."""
        with self._lock:
            closed = self.reading.closed
            tick = 0 if every is None or closed else int(time.monotonic() / every)
            known = self._told.get(name)
            if known is None or known[0] != (self.version, tick):
                known = ((self.version, tick), tell(self.reading))
                self._told[name] = known
            return cast("T", known[1])


class Library:
    """The books of all runs that were asked for lately."""

    def __init__(self, starter: WorkflowStarter, *, offline: bool = False) -> None:
        """An empty one; `offline`: what is not added is not there, and no engine is asked."""
        self._client = starter.swf_client
        self._offline = offline
        aws = starter.settings.swf_endpoint == "aws"
        self._pause = AWS_SECONDS if aws else NEARBY_SECONDS
        self.pause = max(self._pause, LIVE_SECONDS)
        """Seconds between two looks for whoever watches a run."""
        self._pace = Pace(READS_PER_SECOND, READS_AT_ONCE) if aws else None
        self._books: OrderedDict[tuple[str, str], Book] = OrderedDict()
        self._first: dict[tuple[str, str], Future[int]] = {}
        self._lock = threading.Lock()
        self._readers = ThreadPoolExecutor(4, thread_name_prefix="reader")

    def add(self, reading: Reading) -> None:
        """Keep a run that was read elsewhere: a saved one."""
        book = Book(reading, self._pause, saved=True)
        self._books[reading.workflow_id, reading.run_id] = book

    def books(self) -> list[Book]:
        """All runs that are kept, those asked for last at the end."""
        with self._lock:
            return list(self._books.values())

    def book(self, workflow_id: str, run_id: str) -> Book:
        """A run, up to date; read as far as it goes within a moment, the rest in the background.

        Raises the errors of `SwfReading.history`.
        """
        found, first = self._found(workflow_id, run_id)
        if first is not None:
            wait([first], PATIENCE_SECONDS)
            if first.done():
                self._first.pop((workflow_id, run_id), None)
                try:
                    first.result()
                except BusinessProcessError:
                    self._books.pop((workflow_id, run_id), None)
                    raise
        else:
            found.refresh()
        return found

    def is_read(self, workflow_id: str, run_id: str) -> bool:
        """Whether the first read of a run has come to its end."""
        return (workflow_id, run_id) not in self._first

    def _found(self, workflow_id: str, run_id: str) -> tuple[Book, Future[int] | None]:
        key = workflow_id, run_id
        with self._lock:
            book = self._books.get(key)
            if book is None and self._offline:
                raise UnknownExecutionError(
                    f"the saved histories have no run {run_id} of workflow {workflow_id}",
                    workflow_id,
                    run_id,
                )
            if book is None:
                book = Book(Reading(self._client, *key), self._pause, self._pace)
                self._books[key] = book
                self._first[key] = self._readers.submit(book.refresh)
                self._make_room()
            self._books.move_to_end(key)
            return book, self._first.get(key)

    def _make_room(self) -> None:
        """Let go of the runs that were not looked at for longest."""
        events = sum(book.version for book in self._books.values())
        while len(self._books) > 1 and (len(self._books) > BOOKS or events > EVENTS):
            key, gone = self._books.popitem(last=False)
            self._first.pop(key, None)
            events -= gone.version
