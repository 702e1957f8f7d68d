"""The list of executions: filtered, counted, by the page, live."""

from __future__ import annotations

import time
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

import wire
from dashboard import live, pages
from dashboard.overall import overall_of
from dashboard.queries import FIELDS, query_of, size_of
from dashboard.serving import look
from dashboard.site import site_of
from errors import BusinessProcessError, InvalidInputError
from starter.control.bulk import MOST
from starter.lists.browsing import SIZES, Browser, Count, Page
from starter.lists.queries import ENDS, TOLD, Query

FIRST_PAUSE_SECONDS = 1.0  # between two looks of a live list while things happen
SCAN_PAUSE_SECONDS = 0.3  # the same while a scan goes on
MORE_FIELDS = ("workflow_id", "type", "tag", "since", "until", "step")
"""Filters that are folded away until one is used."""
PLACE = ("cursor", "page", "seen")
"""What of an address says where in the list it is, not what is listed."""


def _root(_: Request) -> Response:
    return RedirectResponse("/executions", 303)


def _list(request: Request) -> Response:
    if site_of(request).options.offline:
        return _saved(request)
    given = request.query_params
    browser = overall_of(request).browser
    try:
        query, problem = query_of(given), ""
    except InvalidInputError as error:
        query, problem = Query(), str(error)
    size = size_of(given)
    page = browser.page(query, given.get("cursor", ""), size)
    counts = browser.counts(query)
    return pages.render(
        request,
        "executions.html",
        422 if problem else 200,
        problem=problem,
        query_=query,
        page=page,
        tabs=_tabs(request, counts),
        links=_links(request, page),
        live=_live_address(request, page, counts),
        types=browser.types(),
        given={name: given.get(name, "") for name in FIELDS},
        unfolded=any(given.get(name) for name in MORE_FIELDS),
        filtered={name: given[name] for name in FIELDS if given.get(name)},
        number=_number(given),
        size=size,
        sizes=SIZES,
        ends=ENDS,
        told=TOLD,
        most=MOST,
        now=time.time(),
    )


def _number(given: Mapping[str, str]) -> int:
    """Which page this is, counted by those who turn pages; 1 for the first."""
    text = given.get("page", "")
    return max(1, int(text)) if text.isdecimal() else 1


def _links(request: Request, page: Page) -> dict[str, str]:
    """Addresses of the pages around this one; empty where there is none."""
    number = _number(request.query_params)
    own = {"seen": ""}
    before = page.previous is not None
    first = pages.own(request, cursor="", page="", **own)
    return {
        "first": first if number > 1 or request.query_params.get("cursor") else "",
        "previous": pages.own(request, cursor=page.previous, page=number - 1, **own)
        if before and number > 2
        else first
        if before
        else "",
        "next": pages.own(request, cursor=page.next, page=number + 1, **own) if page.next else "",
        "again": pages.own(request, **own),
    }


def _tabs(request: Request, counts: list[Count]) -> list[dict[str, Any]]:
    """Links to the states, with how many there are where that was counted."""
    known = {count["state"]: count for count in counts}
    here = request.query_params.get("state", "")
    found: list[Mapping[str, Any]] = [{"state": "", "count": _sum(known), "more": _more(known)}]
    found += [known.get(state) or {"state": state} for state in ("OPEN", "CLOSED", *ENDS)]
    place = dict.fromkeys(PLACE, "")
    return [
        {
            "count": None,
            "more": False,
            **tab,
            "href": pages.own(request, state=tab["state"], **place),
            "here": tab["state"] == here,
        }
        for tab in found
    ]


def _sum(known: Mapping[str, Count]) -> int | None:
    return known["OPEN"]["count"] + known["CLOSED"]["count"] if known else None


def _more(known: Mapping[str, Count]) -> bool:
    return bool(known) and (known["OPEN"]["more"] or known["CLOSED"]["more"])


# --- live ----------------------------------------------------------------------------------


def _live_address(request: Request, page: Page, counts: list[Count]) -> str:
    seen = version_of(page, counts)
    query = {**request.query_params, "seen": seen}
    return pages.url("live", "executions", **query)


def version_of(page: Page, counts: list[Count]) -> str:
    """Changes with everything that a page of the list shows, but for the passing of time."""
    shown = [wire.dumps(row) for row in page.rows]
    parts = [*shown, wire.dumps(counts), page.next, str(page.is_partial)]
    return blake2b("\n".join(parts).encode(), digest_size=12).hexdigest()


async def _live(request: Request) -> Response:
    given = request.query_params
    browser = overall_of(request).browser
    try:
        query = query_of(given)
    except InvalidInputError:
        query = Query()
    reader = pages.reader_of(request)
    look_again = _Look(browser, query, given.get("cursor", ""), size_of(given), reader)
    pause = SCAN_PAUSE_SECONDS if query.is_scan else FIRST_PAUSE_SECONDS
    return live.stream(request, given.get("seen", ""), look_again, pause)


class _Look:
    """One viewer's looks at a list: the version, and how far a scan has come."""

    def __init__(
        self, browser: Browser, query: Query, cursor: str, size: int, reader: pages.Reader
    ) -> None:
        self._browser, self._query = browser, query
        self._cursor, self._size = cursor, size
        self._reader = reader
        self._rows, self._version = -1, ""

    def __call__(self) -> tuple[str, str]:
        try:
            page = self._browser.page(self._query, self._cursor, self._size)
            counts = self._browser.counts(self._query)
        except BusinessProcessError:
            return self._version, ""  # told when the page is asked for the next time
        came, self._rows = len(page.rows) != self._rows, len(page.rows)
        if page.is_partial and page.scanned is not None and not came:
            scanned, found = map(self._reader.number, (page.scanned, page.found))
            return "", self._reader.say(f"scanned {scanned}, found {found}")
        self._version = version_of(page, counts)
        return self._version, ""


# --- saved histories -----------------------------------------------------------------------


def _saved(request: Request) -> Response:
    """The executions that were opened from files."""
    library = site_of(request).library
    found = [book.told("status", lambda reading: reading.status()) for book in library.books()]
    return pages.render(request, "saved.html", rows=found, now=time.time())


ROUTES = [
    look("/", _root),
    look("/executions", _list),
    Route("/live/executions", _live),
]
