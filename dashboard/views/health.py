"""How the whole is doing: the engine, its task lists, rates, failures, who polls."""

from __future__ import annotations

from hashlib import blake2b

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

import wire
from dashboard import live, pages
from dashboard.overall import overall_of
from dashboard.serving import look
from dashboard.site import site_of
from errors import BusinessProcessError
from starter.lists.health import Report


def _page(request: Request) -> Response:
    if site_of(request).options.offline:
        return RedirectResponse("/executions", 303)
    health = overall_of(request).health
    report = health.report()
    return pages.render(
        request,
        "health.html",
        report=report,
        holds=health.holds,
        told=any(queue["pollers"] is not None for queue in report.queues),
        usual=site_of(request).starter.settings.swf_task_list,
        live=pages.url("health", "live", seen=version_of(report)),
    )


def version_of(report: Report) -> str:
    """Changes with everything that the page tells, but for the passing of time."""
    parts: list[object] = [report.queues, report.oldest, report.oldest_of, report.failed_read]
    rates = [[rate.window, rate.started, rate.closed, rate.failed] for rate in report.rates]
    failing = [[item.step, item.count, item.example["run_id"]] for item in report.failing]
    unpolled = [item.command for item in report.unpolled]
    text = wire.dumps([*parts, rates, failing, unpolled])
    return blake2b(text.encode(), digest_size=12).hexdigest()


async def _live(request: Request) -> Response:
    health = overall_of(request).health
    seen = request.query_params.get("seen", "")

    def version() -> tuple[str, str]:
        try:
            return version_of(health.report()), ""
        except BusinessProcessError:
            return "gone", ""

    return live.stream(request, seen, version, health.holds)


ROUTES = [look("/health", _page), Route("/health/live", _live)]
