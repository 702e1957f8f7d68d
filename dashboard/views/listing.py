"""The list of executions."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from dashboard import pages
from dashboard.serving import look
from dashboard.site import site_of
from starter.listing import Filter


def _root(_: Request) -> Response:
    return RedirectResponse("/executions", 303)


def _list(request: Request) -> Response:
    found = site_of(request).starter.list_workflows(Filter(), limit=50)
    return pages.render(request, "executions.html", items=found)


ROUTES = [look("/", _root), look("/executions", _list)]
