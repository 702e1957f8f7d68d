"""Lists of executions for whoever looks at them again and again: by the page, counted, live.

However many look at the same list, its engine is asked once an interval.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, TypeAlias, TypedDict, cast

from errors import RequestRefusedError
from starter.executions.status import Status, Summary, summary
from starter.lists.glimpses import Glimpses
from starter.lists.kept import Shelf
from starter.lists.queries import ENDS, Query
from starter.lists.scanning import Scan, Scanned
from starter.pace import Pace
from swf.lists import CLOSED, OPEN, Wanted
from swf_client import SwfClient

Counting: TypeAlias = Callable[[Wanted], tuple[int, bool]]

SIZES = (25, 50, 100)
"""Rows of a page, to choose from."""

LISTS_KEPT = 256
SEARCHED_PAGES = 10  # of those, to fill one page
SCANNED_PAGE = 200  # runs that are listed at once where much of them is left out here
GLIMPSE_SECONDS = 0.25  # that a page waits for what deciders say
SCAN_SECONDS = 0.4  # that a page scans before it shows what there is
TYPES_SECONDS = 300.0
TYPES_LISTED = 500


@dataclass(frozen=True)
class Rhythm:
    """How often an engine is asked."""

    listed: float
    """Seconds that a page of a list holds."""
    counted: float
    """Seconds that counts hold."""
    scanned: float
    """Seconds after which a scan begins anew."""


NEARBY = Rhythm(1.0, 1.0, 5.0)
AWS = Rhythm(5.0, 15.0, 60.0)  # SWF grants 6 counts and 6 lists of closed runs a second
LISTS_PER_SECOND, LISTS_AT_ONCE = 4.0, 100  # of a bucket of 200
COUNTS_PER_SECOND, COUNTS_AT_ONCE = 4.0, 1_000  # of a bucket of 2,000


class Count(TypedDict):
    """How many runs there are of a kind."""

    state: str
    """`OPEN`, `CLOSED` or a close status of SWF."""
    count: int
    more: bool
    """SWF left off counting there."""


@dataclass(frozen=True)
class Page:
    """Some rows of a list, the open ones first, newest first."""

    rows: list[Status]
    next: str = ""
    """The cursor of the next page; empty where there is none."""
    previous: str | None = None
    """That of the page before, as far as that is known; empty for the first one."""
    scanned: int | None = None
    """How many runs were looked at for this and the pages before; None for a plain list."""
    found: int = 0
    """How many of those are what is asked for."""
    unreadable: int = 0
    """Of how many that cannot be told."""
    is_partial: bool = False
    """There may be more for this page: look again."""


class Browser:
    """What is looked at of one engine.  Safe for many threads."""

    def __init__(self, client: SwfClient, *, aws: bool) -> None:
        self.rhythm = AWS if aws else NEARBY
        self.glimpses = Glimpses(client, aws=aws)
        self._client = client
        self._lists = Pace(LISTS_PER_SECOND, LISTS_AT_ONCE) if aws else None
        self._counts = Pace(COUNTS_PER_SECOND, COUNTS_AT_ONCE) if aws else None
        self._kept = Shelf(LISTS_KEPT)
        self._scans: OrderedDict[Query, Scanned] = OrderedDict()
        self._before: OrderedDict[Hashable, str] = OrderedDict()
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(8, thread_name_prefix="scan")

    def page(self, query: Query, cursor: str = "", size: int = 50) -> Page:
        """A page of what is asked for.  `cursor` is empty, or comes from the page before."""
        if query.is_scan:
            return self._scanned(query, cursor, size)
        where = _Cursor.of(cursor, query)
        try:
            rows, following, is_partial = self._kept.get(
                (query, cursor, size), self.rhythm.listed, lambda: self._filled(query, where, size)
            )
        except RequestRefusedError:
            if not where.token:
                raise
            return self.page(query, "", size)  # SWF forgets places in lists after a day
        if following:
            self._remember(self._before, (query, size, following), cursor)
        with self._lock:
            previous = self._before.get((query, size, cursor))
        return Page(
            self.glimpses.of(rows, GLIMPSE_SECONDS), following, previous, is_partial=is_partial
        )

    def counts(self, query: Query) -> list[Count]:
        """How many there are by state, as far as SWF counts them: nothing for a scan."""
        if query.is_scan:
            return []
        asked = replace(query, state="")
        return self._kept.get(("counts", asked), self.rhythm.counted, lambda: self._counted(asked))

    def types(self) -> list[str]:
        """`NAME@VERSION` of the workflow types that may be asked for."""
        return self._kept.get("types", TYPES_SECONDS, self._types)

    def everything(
        self, query: Query, limit: int, tell: Callable[[int, int], bool]
    ) -> tuple[list[Summary], bool]:
        """At most so many that pass, and whether there are more.

        `tell` hears how many were scanned and found so far, and says whether to go on.
        """
        found: list[Summary] = []
        if query.is_scan:
            scan = self._scan(query)
            while not scan.has(limit + 1) and tell(scan.scanned, len(scan.found)):
                scan.advance(limit + 1, SCAN_SECONDS, self._pool)
            found = [cast("Summary", status) for status in scan.found]
        else:
            found = list(islice(self._rows(query, min(1000, limit + 1)), limit + 1))
        return found[:limit], len(found) > limit

    # --- plain lists ---------------------------------------------------------------------

    def _filled(self, query: Query, where: _Cursor, size: int) -> tuple[list[Summary], str, bool]:
        """Rows for a page, the cursor after them, and whether there may be more for this page."""
        rows: list[Summary] = []
        listed = size if query.wanted().is_exact else SCANNED_PAGE
        for _ in range(SEARCHED_PAGES):
            infos, token = self._asked(where.kind, query, listed, where.token)
            rest = infos[where.skipped :]
            free = size - len(rows)
            rows += map(summary, rest[:free])
            if len(rest) > free:
                return rows, str(replace(where, skipped=where.skipped + free)), False
            following = where.following(query, token)
            if following is None:
                return rows, "", False
            where = following
            if len(rows) == size:
                return rows, str(where), False
        return rows, str(where), True

    def _rows(self, query: Query, size: int = SCANNED_PAGE) -> Iterator[Summary]:
        """All rows that SWF's filters leave."""
        where: _Cursor | None = _Cursor.of("", query)
        while where is not None:
            infos, token = self._asked(where.kind, query, size, where.token)
            yield from map(summary, infos)
            where = where.following(query, token)

    def _asked(
        self, kind: str, query: Query, size: int, token: str
    ) -> tuple[list[dict[str, Any]], str | None]:
        if self._lists is not None:
            self._lists.wait()
        return self._client.page_of_executions(kind, query.wanted(), size, token or None)

    # --- scans ---------------------------------------------------------------------------

    def _scanned(self, query: Query, cursor: str, size: int) -> Page:
        first = int(cursor) if cursor.isdecimal() else 0
        with self._lock:
            known = self._scans.get(query)
            if known is None:
                known = Scanned(lambda: self._scan(query), self.rhythm.scanned)
                self._scans[query] = known
            self._scans.move_to_end(query)
            while len(self._scans) > LISTS_KEPT:
                self._scans.popitem(last=False)
        end = first + size
        scan = known.upto(end + 1, SCAN_SECONDS, self._pool)
        rows = scan.found[first:end]
        return Page(
            rows,
            next=str(end) if len(scan.found) > end else "",
            previous=str(max(0, first - size) or "") if first else None,
            scanned=scan.scanned,
            found=len(scan.found),
            unreadable=scan.unreadable,
            is_partial=not scan.has(end + 1),
        )

    def _scan(self, query: Query) -> Scan:
        return Scan(query, self._rows(query), self.glimpses)

    # --- counts --------------------------------------------------------------------------

    def _counted(self, query: Query) -> list[Count]:
        wanted = query.wanted()
        if not wanted.is_exact:
            return []
        found = [self._count("OPEN", self._client.count_open, wanted)]
        closed = self._client.count_closed
        found.append(self._count("CLOSED", closed, wanted))
        if not (query.workflow_id or query.type or query.tag):
            found += [self._count(end, closed, replace(wanted, status=end)) for end in ENDS]
        return found

    def counted(self, ask: Counting, wanted: Wanted) -> tuple[int, bool]:
        """What a count says, at the pace of all that is asked here."""
        if self._counts is not None:
            self._counts.wait()
        return ask(wanted)

    def _count(self, state: str, ask: Counting, wanted: Wanted) -> Count:
        count, more = self.counted(ask, wanted)
        return Count(state=state, count=count, more=more)

    def _types(self) -> list[str]:
        found = []
        for info in self._client.list_workflow_types():
            found.append(f"{info['workflowType']['name']}@{info['workflowType']['version']}")
            if len(found) == TYPES_LISTED:
                break
        return found

    # --- helpers -------------------------------------------------------------------------

    def _remember(self, where: OrderedDict[Hashable, str], key: Hashable, value: str) -> None:
        with self._lock:
            where[key] = value
            while len(where) > 20 * LISTS_KEPT:
                where.popitem(last=False)


@dataclass(frozen=True)
class _Cursor:
    """A place in the two lists of SWF, the open runs first."""

    kind: str
    skipped: int = 0
    """Rows of SWF's page that were shown before."""
    token: str = ""
    """SWF's, of that page."""

    def __str__(self) -> str:
        return f"{self.kind}.{self.skipped}.{self.token}"

    @classmethod
    def of(cls, text: str, query: Query) -> _Cursor:
        """The place that a text names; the beginning, where it is none."""
        kind, _, rest = text.partition(".")
        skipped, _, token = rest.partition(".")
        if kind in query.kinds and skipped.isdecimal():
            return cls(kind, int(skipped), token)
        return cls(query.kinds[0])

    def following(self, query: Query, token: str | None) -> _Cursor | None:
        """The place after this page of SWF; None where nothing comes after it."""
        if token:
            return _Cursor(self.kind, 0, token)
        if self.kind == OPEN and CLOSED in query.kinds:
            return _Cursor(CLOSED)
        return None
