"""One execution: its graph, what it waits for, its times, data, events, audit, cost, relatives."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

import wire
from dashboard import gantt, live, pages
from dashboard.library import Book
from dashboard.pages import Reader
from dashboard.serving import look
from dashboard.site import Site, site_of
from dashboard.views import steps
from errors import BusinessProcessError, UnknownExecutionError
from starter import runs
from starter.costs.forecasting import Assumed
from starter.executions import history, relatives
from starter.executions.happenings import DECISION_TASK, Happening
from starter.executions.readings import Reading
from starter.executions.scenes import Scene
from wire import Json

EVENTS_A_PAGE = 200
RESULTS_SHOWN = 100
TABS = {
    "": "Overview",
    "data": "Data",
    "events": "Events",
    "audit": "Audit",
    "forecast": "Cost and limits",
    "relations": "Related",
}


@dataclass(frozen=True)
class Shown:
    """The execution that a page is about."""

    site: Site
    book: Book

    @property
    def reading(self) -> Reading:
        """What was read of it."""
        return self.book.reading

    @property
    def is_read(self) -> bool:
        """Whether the first read of it has come to its end."""
        return self.site.library.is_read(self.reading.workflow_id, self.reading.run_id)

    def scene(self) -> Scene:
        """How it stands."""
        return self.book.told("scene", lambda reading: reading.scene(time.time()), every=1)

    def happenings(self) -> list[Happening]:
        """Its events in words."""
        return self.book.told("happenings", lambda reading: reading.happenings())


def shown(request: Request) -> Shown:
    """The execution that an address names.  Raises `UnknownExecutionError`."""
    site, ids = site_of(request), request.path_params
    return Shown(site, site.library.book(ids["workflow_id"], ids["run_id"]))


def _page(request: Request, tab: str, template: str, **values: Any) -> Response:
    """A page about one execution; while it is read for the first time, how far that is."""
    ids = request.path_params
    found = shown(request)
    if not found.is_read:
        return pages.render(
            request, "reading.html", ids=ids, events_read=found.book.events_read, seen=""
        )
    with found.book.held():
        status = found.reading.status()
        asked = _request_outcome(found, request.query_params.get("request"))
        made = {name: make(found) if callable(make) else make for name, make in values.items()}
        return pages.render(
            request,
            template,
            ids=ids,
            tab=tab,
            tabs=TABS,
            status=status,
            scene=found.scene(),
            now=time.time(),
            seen=str(found.book.version),
            asked=asked,
            **made,
        )


def _request_outcome(found: Shown, request_id: str | None) -> Json:
    """What became of the action that led to this page; None where none did."""
    if not request_id:
        return None
    entries = found.book.told("audit", lambda reading: reading.audit())
    known = next((e for e in entries if e["request_id"] == request_id), None)
    return known or {"outcome": "", "what": "", "why": None}


# --- parts ---------------------------------------------------------------------------------


def _newest(request: Request) -> Response:
    """The newest run of a workflow id."""
    site, workflow_id = site_of(request), request.path_params["workflow_id"]
    if site.options.offline:
        return RedirectResponse(pages.url("executions"), 303)
    run_id = runs.newest_run(site.starter.swf_client, workflow_id)
    return RedirectResponse(
        pages.execution_url({"workflow_id": workflow_id, "run_id": run_id}), 303
    )


def _overview(request: Request) -> Response:
    asked = request.query_params.get("step", "")
    return _page(
        request,
        "",
        "execution.html",
        picture=lambda found: _picture(found, request),
        chart=_chart,
        lacks=lambda found: str(found.reading.lacks or ""),
        panel=lambda found: _panel(found, asked),
    )


def _panel(found: Shown, asked: str) -> steps.Panel | None:
    """The step that was asked for, else the one that is in trouble."""
    name = asked or steps.troubled(found.scene())
    return steps.panel(found.reading, found.scene(), name) if name else None


def _picture(found: Shown, request: Request) -> str | None:
    ids, reader = request.path_params, pages.reader_of(request)

    def link(name: str) -> str:
        return pages.execution_url(ids, step=name) + "#step"

    def draw(reading: Reading) -> str | None:
        picture = reading.picture(time.time())
        return None if picture is None else picture.embedded(link, reader.say)

    return found.book.told(f"picture {reader.language}", draw, every=1)


def _chart(found: Shown) -> gantt.Chart | None:
    now = time.time()
    return found.book.told(
        "chart", lambda reading: gantt.chart(reading.timeline(now), now), every=1
    )


def _data(request: Request) -> Response:
    return _page(request, "data", "data.html", data=_data_of)


def _data_of(found: Shown) -> dict[str, Json]:
    def tell(reading: Reading) -> dict[str, Json]:
        first = history.plain(reading.client, reading.events[0])
        status, results = reading.status(), steps.results(reading)
        return {
            "input": wire.loads(runs.attributes(first).get("input")),
            "result": status["result"],
            "details": status["details"],
            "steps": list(results.items())[:RESULTS_SHOWN],
            "left_out": max(0, len(results) - RESULTS_SHOWN),
        }

    return found.book.told("data", tell)


def _events(request: Request) -> Response:
    return _page(request, "events", "events.html", found=lambda found: events_of(found, request))


def events_of(found: Shown, request: Request) -> dict[str, Any]:
    """The events that a filter leaves, a page of them; or all of them by step."""
    wanted = request.query_params
    every = found.happenings()
    kept = [item for item in every if _matches(item, wanted)]
    counts = Counter(item.subject for item in every if item.subject)
    if wanted.get("by") == "step":
        groups: dict[str, list[Happening]] = {}
        for item in kept:
            groups.setdefault(item.subject, []).append(item)
        return {
            "groups": groups,
            "kept": len(kept),
            "all": len(every),
            "subjects": counts,
            "most": EVENTS_A_PAGE,
        }
    after = int(wanted.get("after") or 0)
    rest = [item for item in kept if item.event_id > after]
    page = rest[:EVENTS_A_PAGE]
    more = pages.own(request, after=page[-1].event_id) if len(rest) > len(page) else ""
    return {
        "items": page,
        "more": more,
        "kept": len(kept),
        "all": len(every),
        "subjects": counts,
        "first": pages.own(request, after="") if after else "",
    }


def _matches(item: Happening, wanted: Mapping[str, str]) -> bool:
    step, text = wanted.get("step"), wanted.get("text", "").lower()
    if step and item.subject != step and not item.subject.startswith(f"{step}["):
        return False
    if not wanted.get("decisions") and item.kind.startswith(DECISION_TASK):
        return False
    return text in f"{item.kind} {item.words} {item.subject}".lower()


def _event(request: Request) -> Response:
    """One event as SWF has it, its payloads readable."""
    found, event_id = shown(request), request.path_params["event_id"]
    with found.book.held():
        events = found.reading.events
        if not 1 <= event_id <= len(events):
            raise UnknownExecutionError(f"this run has no event {event_id}")
        event = history.plain(found.reading.client, events[event_id - 1])
    return pages.render(
        request,
        "event.html",
        event=event,
        ids=request.path_params,
        bare=bool(request.headers.get("hx-request")),
    )


def _audit(request: Request) -> Response:
    return _page(
        request,
        "audit",
        "audit.html",
        entries=lambda found: found.book.told("audit", lambda reading: reading.audit()),
    )


def _forecast(request: Request) -> Response:
    return _page(request, "forecast", "forecast.html", forecast=_forecast_of)


def _forecast_of(found: Shown) -> Json:
    def tell(reading: Reading) -> Json:
        try:
            return reading.forecast(Assumed())
        except BusinessProcessError as error:
            return {"lacks": str(error)}

    return found.book.told("forecast", tell)


def _relations(request: Request) -> Response:
    return _page(request, "relations", "relations.html", family=_family)


def _family(found: Shown) -> dict[str, Any]:
    def tell(reading: Reading) -> dict[str, Any]:
        others = []
        if not found.site.options.offline:
            others = relatives.other_runs(reading.client, reading.workflow_id)
        return {
            "parent": relatives.parent(reading),
            "children": relatives.children(reading),
            "runs": others,
        }

    return found.book.told("family", tell, every=5)


# --- live, and to take away ----------------------------------------------------------------


async def _live(request: Request) -> Response:
    site, ids = site_of(request), request.path_params
    key, reader = (ids["workflow_id"], ids["run_id"]), pages.reader_of(request)

    def version() -> tuple[str, str]:
        try:
            book = site.library.book(*key)
        except BusinessProcessError:
            return "gone", ""
        if not site.library.is_read(*key):
            return "", reader.number(book.events_read)
        return str(book.version), ""

    seen = request.query_params.get("seen", "")
    return live.stream(request, seen, version, site.library.pause)


def _saved(request: Request) -> Response:
    """The history as `history --json` prints it, to be kept or opened elsewhere."""
    found = shown(request)
    if not found.is_read:
        return RedirectResponse(pages.execution_url(request.path_params), 303)
    with found.book.held():
        text = pages.to_json(found.reading.saved())
    name = pages.attachment(f"{found.reading.workflow_id}.history.json")
    headers = {"Content-Disposition": name}
    return Response(pages.encoded(text), media_type="application/json", headers=headers)


def _export(request: Request) -> Response:
    """The execution as one HTML file that needs nothing else."""
    found = shown(request)
    if not found.is_read:
        return RedirectResponse(pages.execution_url(request.path_params), 303)
    with found.book.held():
        html = pages.markup(
            request,
            "export.html",
            status=found.reading.status(),
            scene=found.scene(),
            now=time.time(),
            ids=request.path_params,
            picture=_picture_alone(found.reading, pages.reader_of(request)),
            chart=_chart(found),
            data=_data_of(found),
            events=[
                (item, pages.to_json(history.plain(found.reading.client, event)))
                for item, event in zip(found.happenings(), found.reading.events, strict=True)
            ],
            entries=found.reading.audit(),
            forecast=_forecast_of(found),
            family=_family(found),
            style=pages.style(),
        )
    name = f"{request.path_params['workflow_id']}.html"
    headers = {"Content-Disposition": pages.attachment(name)}
    return Response(pages.encoded(html), media_type="text/html", headers=headers)


def _picture_alone(reading: Reading, reader: Reader) -> str | None:
    picture = reading.picture(time.time())
    return None if picture is None else picture.embedded(say=reader.say)


BASE = "/executions/{workflow_id}/{run_id:run}"

ROUTES = [
    look("/executions/{workflow_id}", _newest),
    look(BASE, _overview),
    look(f"{BASE}/data", _data),
    look(f"{BASE}/events", _events),
    look(f"{BASE}/events/{{event_id:int}}", _event),
    look(f"{BASE}/audit", _audit),
    look(f"{BASE}/forecast", _forecast),
    look(f"{BASE}/relations", _relations),
    look(f"{BASE}/export.html", _export),
    look(f"{BASE}/history.json", _saved),
    Route(f"{BASE}/live", _live),
]
