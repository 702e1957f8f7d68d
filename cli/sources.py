"""Definitions as people name them on a command line: a file, or `NAME[@VERSION]`."""

from __future__ import annotations

from pathlib import Path

import asl
import published
from cli.parsing import read_text
from errors import DefinitionError
from wire import Json
from workflow import Definition, definition_to_json

STDIN = "-"
ENDINGS = (".json", ".yaml", ".yml")


def is_file(wanted: str) -> bool:
    """Whether a file is meant: `-`, one that exists, or what looks like a file's name."""
    if wanted == STDIN or wanted.lower().endswith(ENDINGS):
        return True
    return "/" in wanted or "\\" in wanted or Path(wanted).is_file()


def definition(wanted: str) -> Definition:
    """The definition to run; `DefinitionError` lists what is wrong with it."""
    if not is_file(wanted):
        return published.named(wanted)
    try:
        return published.parsed(read_text(wanted), *named_by(wanted))
    except DefinitionError as error:
        raise DefinitionError(f"{wanted} cannot be used: {error}") from error


def document(wanted: str) -> Json:
    """The definition as it is written, its `${NAME}` not filled in."""
    path = wanted if is_file(wanted) else published_file(wanted)
    if path is None:
        return definition_to_json(published.named(wanted))
    try:
        return asl.read(read_text(path)).document
    except asl.DocumentError as error:
        raise DefinitionError(f"{path} cannot be used: {error}") from error


def published_file(wanted: str) -> str | None:
    """The file of a published `NAME[@VERSION]`; None where only the code has it, or nobody."""
    name, _, version = wanted.partition("@")
    path = published.file_of(name, version or published.highest(name) or "")
    return str(path) if path.exists() else None


def is_published(wanted: str) -> bool:
    """Whether a definition of that `NAME[@VERSION]` is here."""
    name, _, version = wanted.partition("@")
    versions = published.versions_of(name)
    return version in versions if version else bool(versions)


def title(wanted: str) -> str:
    """Name and version, as far as they are said."""
    path = wanted if is_file(wanted) else published_file(wanted) or wanted
    name, version = named_by(path)
    return f"{name} {version}" if "@" in path else name


def named_by(wanted: str) -> tuple[str, str]:
    """Name and version that a file's name says: `NAME@VERSION.asl.json`, or `NAME.json`."""
    base = "definition" if wanted == STDIN else Path(wanted).name
    for suffix in (*published.SUFFIXES, *ENDINGS):
        base = base.removesuffix(suffix)
    name, _, version = base.partition("@")
    return name or "definition", version or "1"
