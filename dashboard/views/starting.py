"""Starting an execution: a form with an example input, or with what another run began with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from dashboard import pages
from dashboard.serving import change, look
from dashboard.site import site_of
from errors import BusinessProcessError, InvalidInputError
from starter import requests
from starter.definitions import catalog, examples, repeating
from starter.definitions.json_texts import pretty, value_of
from wire import Json


@dataclass(frozen=True)
class Given:
    """What is in the form."""

    definition: str
    """`NAME@VERSION`."""
    input: str = ""
    workflow_id: str = ""
    tags: str = ""
    """One a line."""
    timeout: str = ""
    """Seconds; empty for the usual."""
    like: str = ""
    """The execution that it is to be like, for people."""


def _form(request: Request) -> Response:
    if not site_of(request).may_act:
        raise HTTPException(403, "this page only shows: it was started to change nothing")
    asked = request.query_params
    like = asked.get("like", "")
    if not like:
        wanted = asked.get("definition") or asked.get("type") or catalog.shipped()
        return _example(request, wanted)
    try:
        client = site_of(request).starter.swf_client
        found = repeating.beginning(client, like, asked.get("run") or None)
    except BusinessProcessError as error:
        return _page(request, Given(catalog.shipped()), 404, {"": str(error)})
    given = Given(
        asked.get("definition") or f"{found.name}@{found.version}",
        _pretty(found.input),
        tags="\n".join(found.tags),
        like=like,
    )
    return _page(request, given)


def _choices() -> list[str]:
    return [f"{item.name}@{item.version}" for item in catalog.every()]


def _example(request: Request, wanted: str) -> Response:
    try:
        found = catalog.named(wanted)
    except BusinessProcessError as error:
        return _page(request, Given(wanted), 200, {"definition": str(error)})
    given = Given(f"{found.name}@{found.version}", examples.example(found))
    return _page(request, given)


def _pretty(text: str) -> str:
    """A run's input over several lines; as it is where others started it with no JSON."""
    try:
        return pretty(value_of(text, "the input"))
    except InvalidInputError:
        return text


def _page(
    request: Request, given: Given, status: int = 200, wrong: Mapping[str, str] | None = None
) -> Response:
    choices = _choices()
    if given.definition and given.definition not in choices:
        choices = [given.definition, *choices]
    return pages.render(
        request,
        "start.html",
        status,
        given=given,
        choices=choices,
        wrong=defaultdict(str, wrong or {}),
    )


def _start(request: Request, form: FormData) -> Response:
    """Start it and show it; else the form again, with what was typed and what is wrong."""
    given = _given(form)
    wrong: dict[str, str] = {}
    value = _checked(given, wrong)
    if wrong:
        return _page(request, given, 422, wrong)
    try:
        run = site_of(request).starter.start_workflow(
            value,
            workflow_id=given.workflow_id or None,
            tags=_tags(given),
            timeout=given.timeout or None,
            definition=given.definition,
        )
    except BusinessProcessError as error:
        return _page(request, given, 409, {"": str(error)})
    return RedirectResponse(pages.execution_url(run), 303)


def _given(form: FormData) -> Given:
    def text(name: str) -> str:
        return str(form.get(name) or "").replace("\r\n", "\n").strip()

    return Given(
        definition=text("definition"),
        input=text("input"),
        workflow_id=text("workflow_id"),
        tags=text("tags"),
        timeout=text("timeout"),
        like=text("like"),
    )


def _tags(given: Given) -> list[str]:
    return [line.strip() for line in given.tags.split("\n") if line.strip()]


def _checked(given: Given, wrong: dict[str, str]) -> Json:
    """The input; what is wrong with any field comes into `wrong`."""
    value: Json = None
    try:
        value = requests.checked_input(value_of(given.input, "the input"))
    except InvalidInputError as error:
        wrong["input"] = str(error)
    checks: dict[str, Callable[[], object]] = {
        "workflow_id": lambda: requests.checked_workflow_id(given.workflow_id or "new"),
        "tags": lambda: requests.checked_tags(_tags(given)),
        "timeout": lambda: requests.checked_timeout(given.timeout or None),
        "definition": lambda: catalog.named(given.definition),
    }
    for name, check in checks.items():
        try:
            check()
        except InvalidInputError as error:
            wrong[name] = str(error)
    return value


ROUTES = [look("/start", _form), change("/start", _start)]
