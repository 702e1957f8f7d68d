"""Definitions: which there are, one beside its graph, its editor, and how two versions differ."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

import asl
from dashboard import pages
from dashboard.serving import change, look
from dashboard.site import site_of
from errors import BusinessProcessError
from starter.definitions import catalog, checking, comparing, drafting, publishing
from starter.definitions.catalog import Known
from starter.definitions.drafting import Draft
from starter.executions.graphing import Picture
from wire import Json

NEW = """{
  "Comment": "What this process is for",
  "StartAt": "First",
  "States": {
    "First": {
      "Type": "Task",
      "Resource": "arn:aws:states:::activity:ValidateInput",
      "Next": "Done"
    },
    "Done": {
      "Type": "Succeed"
    }
  }
}
"""
"""The text with which a new definition begins."""

MOST_CHECKED = 100  # open executions that a comparison looks at


def known(request: Request) -> Known:
    """The definition that an address names."""
    _online(request)
    name, version = request.path_params["name"], request.path_params["version"]
    return _found(name, version)


def _found(name: str, version: str) -> Known:
    found = catalog.find(name, version)
    if found is None:
        raise HTTPException(404, f"there is no definition {name} {version} here")
    return found


def _online(request: Request) -> None:
    """Saved histories say nothing of the definitions on this machine's disk."""
    if site_of(request).options.offline:
        raise HTTPException(404, "this page shows saved histories, and no definitions")


# --- looking -------------------------------------------------------------------------------


def _list(request: Request) -> Response:
    _online(request)
    processes: dict[str, list[Known]] = {}
    for item in catalog.every():
        processes.setdefault(item.name, []).append(item)
    return pages.render(
        request,
        "definitions.html",
        processes=processes,
        registered=catalog.registered(site_of(request).starter.swf_client),
    )


def _newest(request: Request) -> Response:
    _online(request)
    name = request.path_params["name"]
    version = catalog.newest(name)
    if version is None:
        raise HTTPException(404, f"there is no definition {name} here")
    return RedirectResponse(pages.url("definitions", name, version), 303)


def _one(request: Request) -> Response:
    found = known(request)
    draft = drafting.draft(found.text)
    return pages.render(
        request,
        "definition.html",
        found=found,
        draft=draft,
        picture=_drawn(draft),
        versions=catalog.versions(found.name),
        registered=_is_registered(request, found),
        lacking=publishing.lacking(found.text, found.name, found.version),
        saved=bool(request.query_params.get("saved")),
    )


def _is_registered(request: Request, found: Known) -> bool | None:
    """Whether the engine has its type; None where it cannot be asked."""
    there = catalog.registered(site_of(request).starter.swf_client, found.name)
    return None if there is None else (found.name, found.version) in there


def _drawn(draft: Draft) -> str | None:
    picture = draft.picture("")
    return None if picture is None else picture.embedded()


# --- editing -------------------------------------------------------------------------------


def _edit(request: Request) -> Response:
    found = known(request)
    proposed = publishing.next_version(found.name, found.version)
    return _editor(request, found.text, found.name, proposed)


def _new(request: Request) -> Response:
    _online(request)
    return _editor(request, NEW, "", "1.0")


def _again(request: Request, form: FormData) -> Response:
    """The editor with a text that was being edited: after a simulation, or without scripts."""
    text, name, version = written(form)
    return _editor(request, text, name, version)


def written(form: FormData) -> tuple[str, str, str]:
    """Text, name and version as an editor sends them; browsers end lines with CR and LF."""
    text = str(form.get("text") or "").replace("\r\n", "\n")
    return text, str(form.get("name") or "").strip(), str(form.get("version") or "").strip()


def _editor(
    request: Request,
    text: str,
    name: str,
    version: str,
    *,
    status: int = 200,
    problem: str = "",
    wrong: dict[str, str] | None = None,
) -> Response:
    draft = drafting.draft(text)
    return pages.render(
        request,
        "editor.html",
        status,
        draft=draft,
        picture=_drawn(draft),
        name=name,
        version=version,
        problem=problem,
        wrong=defaultdict(str, wrong or {}),
    )


def _draft(request: Request, form: FormData) -> Response:
    """What is said of a text while somebody types."""
    _online(request)
    draft = drafting.draft(written(form)[0])
    return pages.render(request, "drafted.html", draft=draft, picture=_drawn(draft))


def _save(request: Request, form: FormData) -> Response:
    text, name, version = written(form)
    checks = {"name": publishing.name_problem(name), "version": publishing.version_problem(version)}
    wrong = {field: why for field, why in checks.items() if why}
    if wrong:
        return _editor(request, text, name, version, status=422, wrong=wrong)
    try:
        saved = publishing.save(site_of(request).starter.swf_client, text, name, version)
    except BusinessProcessError as error:
        return _editor(request, text, name, version, status=409, problem=str(error))
    if saved.problem:
        return _editor(request, text, name, version, status=502, problem=saved.problem)
    return RedirectResponse(pages.url("definitions", name, version, saved="1"), 303)


def _register(request: Request, form: FormData) -> Response:
    found = known(request)
    publishing.register(site_of(request).starter.swf_client, found.name, found.version)
    return RedirectResponse(pages.url("definitions", found.name, found.version), 303)


# --- comparing -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Side:
    """One of two versions."""

    known: Known
    document: Json
    picture: str | None


def _compare(request: Request) -> Response:
    _online(request)
    name, asked = request.path_params["name"], request.query_params
    versions = catalog.versions(name)
    if not versions:
        raise HTTPException(404, f"there is no definition {name} here")
    newer = asked.get("to") or versions[0]
    older = asked.get("from") or next((v for v in versions if v != newer), newer)
    pair = _found(name, older), _found(name, newer)
    documents = [_document(item) for item in pair]
    values: dict[str, Any] = {"name": name, "versions": versions, "older": older, "newer": newer}
    if None in documents:
        return pages.render(request, "compare.html", **values, unreadable=True)
    changes = comparing.changes(*documents)
    shapes = [catalog.shape(item) for item in pair]
    return pages.render(
        request,
        "compare.html",
        **values,
        unreadable=False,
        changes=changes,
        same_shape=None if None in shapes else shapes[0] == shapes[1],
        lines=comparing.side_by_side(*documents),
        sides=[
            Side(item, document, _marked(request, document, changes, newer=index == 1))
            for index, (item, document) in enumerate(zip(pair, documents, strict=True))
        ],
        report=_checked(request, name, newer) if asked.get("check") else None,
        most=MOST_CHECKED,
    )


def _document(found: Known) -> Json:
    try:
        return asl.read(found.text).document
    except asl.DocumentError:
        return None


def _marked(
    request: Request, document: Json, changes: list[comparing.Change], *, newer: bool
) -> str | None:
    if sum(1 for _ in drafting.states_of(document)) > drafting.MOST_STATES:
        return None
    seen = comparing.seen(changes, newer=newer)
    return Picture(document, "", seen).embedded(say=pages.reader_of(request).say)


def _checked(request: Request, name: str, version: str) -> checking.Report:
    """Whether open executions of that name could go on under a version."""
    find = checking.definitions(f"{name}@{version}", code=False)
    client = site_of(request).starter.swf_client
    return checking.open_executions(client, find, type_name=name, most=MOST_CHECKED)


BASE = "/definitions/{name}"

ROUTES = [
    look("/definitions", _list),
    look("/definitions/new", _new),
    change("/definitions/draft", _draft, harmless=True),
    change("/definitions/edit", _again, harmless=True),
    change("/definitions/save", _save),
    look(BASE, _newest),
    look(f"{BASE}/compare", _compare),
    look(f"{BASE}/{{version}}", _one),
    look(f"{BASE}/{{version}}/edit", _edit),
    change(f"{BASE}/{{version}}/register", _register),
]
