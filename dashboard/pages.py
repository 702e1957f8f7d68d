"""How HTML is made: templates, the language and colours of who asks, and what is escaped."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup
from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

import pictures
import redaction
import wire
from dashboard import jsontree, moments
from dashboard.guard import FIELD
from dashboard.languages import LANGUAGES, number, preferred, translated
from wire import Json

TEMPLATES = Path(__file__).with_name("templates")
STATIC = Path(__file__).with_name("static")
THEMES = ("auto", "light", "dark")
LANGUAGE_COOKIE, THEME_COOKIE = "language", "theme"


@dataclass(frozen=True)
class Reader:
    """Who reads a page: language, colours."""

    language: str
    theme: str

    def say(self, text: str) -> str:
        """A text in the reader's language."""
        return translated(self.language, text)

    def number(self, value: float, decimals: int | None = None) -> str:
        """A number as the reader's language writes it."""
        return number(self.language, value, decimals)


def reader_of(request: Request) -> Reader:
    """Language and colours that were chosen, else those of the browser."""
    language = request.cookies.get(LANGUAGE_COOKIE, "")
    if language not in LANGUAGES:
        language = preferred(request.headers.get("accept-language", ""))
    theme = request.cookies.get(THEME_COOKIE, THEMES[0])
    return Reader(language, theme if theme in THEMES else THEMES[0])


@cache
def environment() -> Environment:
    """The templates.  Everything that is put into them is escaped."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        moment=moments.moment,
        clock=moments.clock,
        duration=moments.duration,
        tree=jsontree.tree,
        pretty=jsontree.pretty,
        number=_number,
        json=wire.dumps,
    )
    made.globals.update(url=url, execution_url=execution_url)
    return made


@pass_context
def _number(context: Context, value: float, decimals: int | None = None) -> str:
    reader: Reader = context["reader"]
    return reader.number(value, decimals)


def url(*parts: str, **query: Any) -> str:
    """An address on this site: each part quoted, what is empty left out of the query."""
    path = "/" + "/".join(quote(part, safe="") for part in parts)
    kept = [
        (key.rstrip("_"), value) for key, value in query.items() if value not in (None, "", False)
    ]
    return path + (f"?{urlencode(kept, doseq=True)}" if kept else "")


def execution_url(item: Mapping[str, Any], *parts: str, **query: Any) -> str:
    """The address of a run's page, by a value with `workflow_id` and `run_id`."""
    return url("executions", item["workflow_id"], _RUNS.to_string(item["run_id"]), *parts, **query)


class RunConvertor(Convertor[str]):
    """Run ids in paths: SWF's are base64 and have slashes, for which `~` stands there."""

    regex = "[^/]+"

    def convert(self, value: str) -> str:
        """The run id of a part of a path."""
        return value.replace("~", "/")

    def to_string(self, value: str) -> str:
        """The part of a path for a run id."""
        return value.replace("/", "~")


_RUNS = RunConvertor()
register_url_convertor("run", _RUNS)


def render(request: Request, template: str, status_code: int = 200, **values: Any) -> Response:
    """A page of a template, with what every page has."""
    return HTMLResponse(encoded(markup(request, template, **values)), status_code)


def encoded(text: str) -> bytes:
    """UTF-8; half a surrogate pair, which JSON can name and no encoding has, as its escape."""
    return text.encode("utf-8", "backslashreplace")


ERRORS = frozenset({"problem", "wrong", "lacks"})
"""Values of templates that are texts of errors: secrets are taken out of them."""


def markup(request: Request, template: str, **values: Any) -> str:
    """The HTML of a template."""
    reader = reader_of(request)
    site = request.app.state.site
    for name in ERRORS & values.keys():
        values[name] = _without_secrets(values[name])
    return (
        environment()
        .get_template(template)
        .render(
            _=reader.say,
            reader=reader,
            site=site,
            path=request.url.path,
            query=request.url.query,
            csrf=Markup('<input type="hidden" name="{}" value="{}">').format(
                FIELD, site.protection.secret
            ),
            **values,
        )
    )


def _without_secrets(said: Any) -> Any:
    """An error's text, or those of a form by its fields, without the secrets in them."""
    if isinstance(said, dict):
        said.update({name: redaction.text(item) for name, item in said.items() if item})
        return said
    return redaction.text(said) if isinstance(said, str) else said


def own(request: Request, **changes: Json) -> str:
    """The address of the page that is asked for, some of its query changed."""
    query = {**request.query_params, **changes}
    kept = {key: value for key, value in query.items() if value not in (None, "")}
    return request.url.path + (f"?{urlencode(kept)}" if kept else "")


def to_json(value: Json) -> str:
    """JSON text over several lines; moments become seconds since 1970, as SWF sends them."""
    return json.dumps(value, ensure_ascii=False, indent=2, default=_seconds)


def _seconds(value: object) -> float:
    if isinstance(value, datetime):
        return round(value.timestamp(), 3)
    raise TypeError(f"{type(value).__name__} is not JSON")


def attachment(name: str) -> str:
    """The header by which a browser saves what it gets under a name."""
    return f"attachment; filename*=UTF-8''{quote(name, safe='')}"


def style() -> Markup:
    """All styles of a page that stands alone."""
    own_style = (STATIC / "page.css").read_text(encoding="utf-8")
    return Markup("<style>{}</style>").format(Markup(own_style + picture_style()))  # noqa: S704


def picture_style() -> str:
    """The colours of pictures, by what the reader chose, else by what the system prefers."""
    return (
        f"{pictures.STYLE}\n@media (prefers-color-scheme: dark) {{ "
        f":root:not([data-theme=light]) {{\n{pictures.DARK}}} }}\n"
        f":root[data-theme=dark] {{\n{pictures.DARK}}}\n"
    )
