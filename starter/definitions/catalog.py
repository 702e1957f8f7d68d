"""The definitions that are known here, as texts: published files, and processes in Python."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as OutOfTimeError
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

import asl
import process
import published
from errors import BusinessProcessError, DefinitionError
from starter.definitions import drafting
from swf_client import SwfClient
from wire import Json
from workflow import Definition, definition_to_json

PYTHON, STATES = "Python", "States Language"
JSON, YAML = "JSON", "YAML"
MOST_TYPES = 1_000  # that are asked for; SWF lists a hundred in a call
PATIENCE_SECONDS = 2.0  # that an engine has to say which types it has

_askers = ThreadPoolExecutor(4, thread_name_prefix="catalog")


@dataclass(frozen=True)
class Known:
    """One version of a process."""

    name: str
    version: str
    text: str
    language: str
    """`PYTHON` or `STATES`; empty for a text that cannot be read."""
    form: str
    """`JSON` or `YAML`."""
    file: str
    """The name of its file; empty where only the code has it."""
    comment: str = ""


def every() -> list[Known]:
    """All that is known here, by name, the newest version of each first."""
    found = [_read(name, version) for name, version in reversed(published.known())]
    return sorted(filter(None, found), key=lambda item: item.name)


def find(name: str, version: str) -> Known | None:
    """That version; None where it is not here, or its file cannot be read at all."""
    return _read(name, version) if (name, version) in published.known() else None


def _read(name: str, version: str) -> Known | None:
    try:
        written = published.text_of(name, version)
        text = _of_code(name, version) if written is None else written
    except BusinessProcessError:
        return None
    file = "" if written is None else published.file_of(name, version).name
    language, form, comment = _facts(text)
    return Known(name, version, text, language, form, file, comment)


def _of_code(name: str, version: str) -> str:
    """The text of a process that is written in Python and not published yet."""
    definition = published.find(name, version)
    document = {} if definition is None else definition_to_json(definition)
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def named(wanted: str) -> Definition:
    """The definition `NAME@VERSION`, or the newest of `NAME`; only what is in this catalog.

    Raises `DefinitionError` where it is not here, or cannot be used.
    """
    name, _, version = wanted.partition("@")
    version = version or newest(name) or ""
    found = published.find(name, version) if (name, version) in published.known() else None
    if found is None:
        raise DefinitionError(f"there is no definition {name} {version} here")
    return found


def shipped() -> str:
    """The process that ships, as `NAME@VERSION`."""
    found = process.shipped()
    return f"{found.name}@{found.version}"


def newest(name: str) -> str | None:
    """The highest version of a process; None where there is none."""
    return published.highest(name)


def versions(name: str) -> list[str]:
    """The versions of a process that are here, the newest first."""
    return published.versions_of(name)[::-1]


def registered(client: SwfClient, name: str | None = None) -> frozenset[tuple[str, str]] | None:
    """Name and version of the types that the engine has, all or those of a name.

    None where it does not say so within a moment: definitions are shown without it.
    """
    try:
        return _askers.submit(_registered, client, name).result(PATIENCE_SECONDS)
    except (BusinessProcessError, OutOfTimeError):
        return None


def _registered(client: SwfClient, name: str | None) -> frozenset[tuple[str, str]]:
    found = islice(client.list_workflow_types(name), MOST_TYPES)
    kinds = [item["workflowType"] for item in found]
    return frozenset((kind["name"], kind["version"]) for kind in kinds)


def form_of(text: str) -> str:
    """How a definition is written, as `asl.read` tells it apart."""
    return JSON if text.removeprefix("\ufeff").lstrip().startswith("{") else YAML


@lru_cache(maxsize=512)
def _facts(text: str) -> tuple[str, str, str]:
    """Language, form and comment of a text."""
    form = form_of(text)
    try:
        document: Json = asl.read(text).document
    except BusinessProcessError:
        return "", form, ""
    comment = document.get("Comment")
    language = PYTHON if "Rollback" in document else STATES
    return language, form, comment if isinstance(comment, str) else ""


def shape(known: Known) -> str | None:
    """The hash of its shape; None where it cannot be used here, so that nobody can tell."""
    try:
        return drafting.definition_of(known.text, known.name, known.version).hash
    except BusinessProcessError:
        return None
