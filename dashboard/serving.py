"""Views as Starlette endpoints: those that look, and those that change something.

Views are plain functions that may block, for the starter does; they run in threads.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard import pages
from dashboard.site import site_of

Look: TypeAlias = Callable[[Request], Response]
Change: TypeAlias = Callable[[Request, FormData], Response]
Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]


def look(path: str, view: Look) -> Route:
    """A page at a path."""

    async def endpoint(request: Request) -> Response:
        return await run_in_threadpool(view, request)

    return Route(path, endpoint, methods=["GET"])


def change(path: str, view: Change, *, harmless: bool = False) -> Route:
    """A form that is sent to a path; `harmless` if nothing but this page changes.

    Refused where the form is forged, and, unless it is harmless, on a page that only shows.
    """

    async def endpoint(request: Request) -> Response:
        site = site_of(request)
        why = await site.protection.refusal(request)
        if not why and not (harmless or site.may_act):
            why = "this page only shows: it was started to change nothing"
        if why:
            return pages.render(request, "problem.html", 403, problem=why)
        return await run_in_threadpool(view, request, await request.form())

    return Route(path, endpoint, methods=["POST"])
