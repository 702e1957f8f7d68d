"""A definition's text saved as a version of a process, for deciders here to run.

What is published never changes: a version that is there with another shape is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import process
import published
import setup
import wire
from errors import (
    BusinessProcessError,
    DefinitionError,
    InvalidInputError,
    PublishedDefinitionError,
)
from starter.definitions import catalog, drafting
from swf_client import SwfClient
from workflow import Definition

NAME_CHARACTERS, VERSION_CHARACTERS = 256, 64  # SWF's limits for a workflow type
FILE_BYTES = 255  # what file systems take as a name
NOT_IN_FILES = re.compile(r'[\x00-\x1f\x7f-\x9f<>:"/\\|?*@\ud800-\udfff]')
"""What SWF or some file system refuses; `@` stands between name and version."""


@dataclass(frozen=True)
class Saved:
    """What came of saving."""

    name: str
    version: str
    file: str
    registered: tuple[str, ...]
    """What the engine did not have yet, in words."""
    problem: str = ""
    """Why it is not registered; empty if it is."""


def next_version(name: str, version: str) -> str:
    """A version to propose: the first after the highest one that is not taken."""
    proposed = catalog.newest(name) or version
    taken = set(published.versions_of(name))
    while proposed in taken:
        proposed = setup.next_version(proposed)
    return proposed


def name_problem(name: str) -> str:
    """Why a process cannot have that name; empty if it can."""
    return _problem(name, "name", NAME_CHARACTERS)


def version_problem(version: str) -> str:
    """Why a process cannot have that version; empty if it can."""
    return _problem(version, "version", VERSION_CHARACTERS)


def _problem(text: str, what: str, most: int) -> str:
    if not 1 <= wire.length(text) <= most:
        return f"a {what} has 1 to {most} characters"
    if text == "arn" or NOT_IN_FILES.search(text):
        return (
            f"a {what} is not 'arn' and has no control characters and none of < > : \" / \\ | ? * @"
        )
    if text != text.strip() or text.startswith(".") or text.endswith("."):
        return f"a {what} does not begin or end with a space or a dot"
    return ""


def save(client: SwfClient, text: str, name: str, version: str) -> Saved:
    """Keep a text as `NAME@VERSION` in `definitions/`, and register its types.

    Raises `InvalidInputError` for a name that cannot be, `DefinitionError` for a text with errors,
    `PublishedDefinitionError` where that version is there with another shape.
    """
    why = name_problem(name) or version_problem(version)
    if why:
        raise InvalidInputError(why)
    path = _path(text, name, version)
    missing = _checked(text, name, version)
    definition = None if missing else published.parsed(text, name, version)
    if definition is not None:
        _check_published(definition)
        setup.check_engine(client, definition)
    elif path.exists() and path.read_text(encoding="utf-8") != text.rstrip("\n") + "\n":
        raise PublishedDefinitionError(
            f"{name} {version} is published already, and whether this has its shape cannot be "
            f"told: {missing}"
        )
    _write(path, text)
    if definition is None:
        return Saved(name, version, path.name, ())
    try:
        lines = list(setup.register(client, definition))
        done = [item for item in lines if item.outcome != "there already"]
    except BusinessProcessError as error:
        return Saved(name, version, path.name, (), f"it is saved, but not registered: {error}")
    return Saved(name, version, path.name, tuple(f"{item.kind} {item.name}" for item in done))


def register(client: SwfClient, name: str, version: str) -> None:
    """Register what a definition that is here needs, as `setup.py` does for all."""
    definition = catalog.named(f"{name}@{version}")
    setup.check_file(definition)
    for _ in setup.register(client, definition):
        pass


def _path(text: str, name: str, version: str) -> Path:
    is_json = catalog.form_of(text) == catalog.JSON
    suffix = published.SUFFIX if is_json else published.YAML_SUFFIX
    file = f"{name}@{version}{suffix}"
    if len(file.encode()) > FILE_BYTES:
        raise InvalidInputError(f"name and version make a file name of over {FILE_BYTES} bytes")
    path = published.file_of(name, version)
    if not path.exists():
        return path.with_name(file)
    if is_json != path.name.endswith(published.SUFFIX):
        raise PublishedDefinitionError(
            f"{path.name} is there already, and this is {catalog.form_of(text)}: save it as "
            f"{setup.next_version(version)}"
        )
    return path


def _checked(text: str, name: str, version: str) -> str:
    """What it lacks values for, in words; `DefinitionError` where it has errors."""
    found = drafting.draft(text)
    errors = [item for item in found.diagnostics if item.severity == "ERROR"]
    if errors:
        more = f", and {len(errors) - 1} more" if len(errors) > 1 else ""
        raise DefinitionError(f"it has errors: {errors[0]}{more}")
    lacking = [item.message for item in found.diagnostics if item.code == "SUBSTITUTION_MISSING"]
    return "; ".join(dict.fromkeys(lacking))


def _check_published(definition: Definition) -> None:
    """Refuse another shape than this version has in its file, or in the code."""
    setup.check_file(definition)
    ours = process.ours().get((definition.name, definition.version))
    if ours is not None and ours.hash != definition.hash:
        raise PublishedDefinitionError(
            f"{definition.name} {definition.version} is written in process.py with another shape: "
            f"save this as {setup.next_version(definition.version)}"
        )


def _write(path: Path, text: str) -> None:
    try:
        published.write_text(path, text.replace("\r\n", "\n"))
    except OSError as error:
        raise InvalidInputError(
            f"the file {path.name} cannot be written: {error.strerror or error}"
        ) from error


def lacking(text: str, name: str, version: str) -> list[str]:
    """What a definition needs that is not here yet, in words."""
    why = published.missing_in(text)
    try:
        definition = drafting.definition_of(text, name, version)
    except DefinitionError:
        return [why] if why else []
    return ([why] if why else []) + _without_function(definition)


def _without_function(definition: Definition) -> list[str]:
    return [
        f"activity {activity} has no function in activities/registry.py yet"
        for activity in setup.without_function(definition)
    ]
