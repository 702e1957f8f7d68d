"""The same done to many executions: chosen in the list, foreseen, confirmed, carried out."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from functools import partial
from typing import Any

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from dashboard import live, pages
from dashboard.overall import overall_of
from dashboard.queries import query_of
from dashboard.serving import change, look
from dashboard.site import site_of
from dashboard.views.execution import Shown
from errors import BusinessProcessError, InvalidInputError
from starter.control import signals
from starter.control.bulk import FORESEEN, MOST, Job, Order
from starter.control.steering import REFUSED, Forecast
from starter.runs import Started

PAUSE_SECONDS = 0.5  # between two looks at a job that runs

TITLES = {
    "cancel": "Cancel",
    "terminate": "Terminate",
    "signal": "Signal",
    "resume": "Resume from a step",
}
DANGEROUS = ("cancel", "terminate")
FIELDS = {"signal": ("signal_name", "input"), "resume": ("step_name", "input")}
SIGNALS = (signals.PAUSE, signals.CONTINUE, signals.ROLL_BACK, signals.GO_BACK)
"""Offered as names; any other will do."""


def _choose(request: Request, form: FormData) -> Response:
    """A job for the executions that were ticked, or for all that match the filter."""
    jobs, kind = overall_of(request).jobs, str(form.get("kind") or "")
    if form.get("all"):
        query = query_of(form)
        browser = overall_of(request).browser
        job = jobs.gather(kind, partial(browser.everything, query, MOST))
    else:
        ticked = [_ids(str(item)) for item in form.getlist("pick")]
        if not ticked:
            raise InvalidInputError("no execution is ticked: go back and tick those that you mean")
        job = jobs.ask(kind, ticked)
    return RedirectResponse(_address(job), 303)


def _ids(text: str) -> Started:
    try:
        workflow_id, run_id = json.loads(text)
    except (ValueError, TypeError) as error:
        raise InvalidInputError(f"{text} names no execution") from error
    return Started(workflow_id=str(workflow_id), run_id=str(run_id))


def _address(job: Job) -> str:
    return pages.url("bulk", job.id)


def _job(request: Request) -> Job:
    found = overall_of(request).jobs.find(request.path_params["job_id"])
    if found is None:
        raise HTTPException(
            404, "this page does not know that job any more: it keeps those of its own process"
        )
    return found


def _order(job: Job, given: Mapping[str, Any]) -> Order:
    """What was filled in.  Raises `InvalidInputError`."""
    texts = {
        name: str(given.get(name) or "").strip()
        for name in ("reason", "actor", "signal_name", "step_name", "input")
    }
    try:
        value = json.loads(texts["input"]) if texts["input"] else None
    except ValueError as error:
        raise InvalidInputError(f"this is no JSON: {error}") from error
    return Order(
        job.kind,
        reason=texts["reason"],
        actor=texts["actor"],
        signal_name=texts["signal_name"],
        step_name=texts["step_name"],
        input=value,
    )


def _show(request: Request) -> Response:
    job = _job(request)
    seen, phase = job.version, job.phase  # taken once: it goes on meanwhile
    if phase == "asked":
        return _asked(request, job, request.query_params)
    return _told(request, job, phase, seen)


def _told(request: Request, job: Job, phase: str, seen: str) -> Response:
    """How far a job is, and what became of each execution; what failed comes first."""
    outcomes = sorted(job.outcomes, key=lambda item: not item["error"])
    return pages.render(
        request,
        "bulk_job.html",
        job=job,
        phase=phase,
        title=TITLES[job.kind],
        outcomes=outcomes,
        took=(job.ended or time.time()) - job.begun,
        live=pages.url("bulk", job.id, "live", seen=seen),
    )


def _asked(
    request: Request, job: Job, given: Mapping[str, Any], problem: str = "", status: int = 200
) -> Response:
    """What is to be filled in, what would happen, and the confirmation."""
    fields = FIELDS.get(job.kind, ())
    foreseen: list[Forecast] = []
    if not fields or given.get(fields[0]):
        try:
            foreseen = overall_of(request).jobs.foresee(job, _order(job, given))
        except InvalidInputError as error:
            problem, status = problem or str(error), 422
    return pages.render(
        request,
        "bulk.html",
        status,
        job=job,
        title=TITLES[job.kind],
        fields=fields,
        given={name: given.get(name, "") for name in (*fields, "reason", "actor")},
        problem=problem,
        foreseen=foreseen,
        refused=sum(item["outcome"] == REFUSED for item in foreseen),
        rest=max(0, len(job.targets) - FORESEEN),
        danger=job.kind in DANGEROUS,
        signals=SIGNALS,
        steps=_steps(request, job) if "step_name" in fields else [],
        most=MOST,
    )


def _steps(request: Request, job: Job) -> list[str]:
    """The steps of the first execution, once it is read, offered as names; any other will do."""
    site = site_of(request)
    try:
        books = [site.library.book(i["workflow_id"], i["run_id"]) for i in job.targets[:1]]
    except BusinessProcessError:
        return []  # told of in what would happen
    found = [item for item in (Shown(site, book) for book in books) if item.is_read]
    return [row.name for item in found for row in item.scene().rows]


def _begin(request: Request, form: FormData) -> Response:
    """Carry it out, once the number of executions was typed."""
    job = _job(request)
    if job.phase != "asked":
        return RedirectResponse(_address(job), 303)
    typed = str(form.get("number") or "").strip().replace(",", "").replace(".", "")
    if typed != str(len(job.targets)):
        problem = "That is not the number of executions: nothing was done"
        return _asked(request, job, form, problem, 422)
    try:
        overall_of(request).jobs.begin(job, _order(job, form))
    except InvalidInputError as error:
        return _asked(request, job, form, str(error), 422)
    return RedirectResponse(_address(job), 303)


def _stop(request: Request, _: FormData) -> Response:
    """Let what has begun finish, and begin no more."""
    job = _job(request)
    job.stopping.set()
    return RedirectResponse(_address(job), 303)


def _all(request: Request) -> Response:
    found = overall_of(request).jobs.all()
    return pages.render(request, "bulk_jobs.html", jobs=found, titles=TITLES)


async def _live(request: Request) -> Response:
    job = _job(request)
    seen = request.query_params.get("seen", "")
    return live.stream(request, seen, lambda: (job.version, ""), PAUSE_SECONDS)


ROUTES = [
    look("/bulk", _all),
    change("/bulk", _choose),
    look("/bulk/{job_id}", _show),
    change("/bulk/{job_id}", _begin),
    change("/bulk/{job_id}/stop", _stop),
    Route("/bulk/{job_id}/live", _live),
]
