"""The page as a Starlette application: its routes, and what every request passes through."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from dashboard import guard, pages
from dashboard.languages import LANGUAGES
from dashboard.library import Library
from dashboard.options import Options
from dashboard.serving import change
from dashboard.site import Site
from dashboard.views import ROUTES
from errors import BusinessProcessError, InvalidInputError, UnknownExecutionError
from workflow_starter import WorkflowStarter

YEAR_SECONDS = 31_536_000


def make_app(
    starter: WorkflowStarter, options: Options, library: Library | None = None
) -> Starlette:
    """The application on what a starter offers; a library may hold executions already."""
    app = Starlette(
        routes=[
            *ROUTES,
            change("/preferences", _preferences, harmless=True),
            Route("/picture.css", _picture_css),
            Mount("/static", StaticFiles(directory=pages.STATIC)),
        ],
        middleware=guard.middleware(options),
        exception_handlers={
            BusinessProcessError: _failed,
            HTTPException: _no_page,
            Exception: _broke,
        },
    )
    app.state.site = Site(starter, options, library or Library(starter))
    return app


def _preferences(request: Request, form: FormData) -> Response:
    """Language and colours, kept in cookies; back to the page that asked."""
    back = str(form.get("back") or "/")
    local = back.startswith("/") and not back.startswith(("//", "/\\"))
    answer = RedirectResponse(back if local else "/", 303)
    allowed = {pages.LANGUAGE_COOKIE: tuple(LANGUAGES), pages.THEME_COOKIE: pages.THEMES}
    for name, values in allowed.items():
        value = str(form.get(name) or "")
        if value in values:
            answer.set_cookie(name, value, max_age=YEAR_SECONDS, httponly=True, samesite="strict")
    return answer


def _picture_css(_: Request) -> Response:
    return Response(pages.picture_style(), media_type="text/css")


async def _failed(request: Request, error: Exception) -> Response:
    """What the starter says is wrong, as a page."""
    status = 502
    if isinstance(error, UnknownExecutionError):
        status = 404
    elif isinstance(error, InvalidInputError):
        status = 422
    return pages.render(request, "problem.html", status, problem=str(error))


async def _no_page(request: Request, error: Exception) -> Response:
    code = error.status_code if isinstance(error, HTTPException) else 500
    said = error.detail if isinstance(error, HTTPException) else ""
    return pages.render(request, "problem.html", code, problem=said)


async def _broke(request: Request, _: Exception) -> Response:
    """A fault of the program; its log has the traceback."""
    said = "this page has a fault; the log of 'python -m dashboard' says which"
    return pages.render(request, "problem.html", 500, problem=said)
