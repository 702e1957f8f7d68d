"""Published versions of processes: files `definitions/NAME@VERSION.asl.json`.

A published version never changes.  Runs live longer than releases: deciders of every release
serve what lies here, and whoever looks at an old run needs the graph that it follows.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

import asl
import config
import process
from asl import loading
from errors import DefinitionError
from workflow import Definition, definition_from_json, definition_to_json

FOLDER = Path(__file__).resolve().parent / "definitions"
SUFFIX = ".asl.json"
YAML_SUFFIX = ".asl.yaml"
SUFFIXES = (SUFFIX, YAML_SUFFIX, ".asl.yml")
EXAMPLE_SUFFIX = ".example.json"


def file_of(name: str, version: str, folder: Path | None = None) -> Path:
    """Where that version is kept.  SWF forbids `/` and `:` in both parts."""
    paths = [(folder or FOLDER) / f"{name}@{version}{suffix}" for suffix in SUFFIXES]
    return next((path for path in paths if _is_there(path, folder)), paths[0])


def _is_there(path: Path, folder: Path | None) -> bool:
    """Whether a file lies in the folder itself: a name that comes in a form leads nowhere else."""
    try:
        return path.parent == (folder or FOLDER) and path.exists()
    except OSError:  # a name that is too long for a file
        return False


def highest(name: str, folder: Path | None = None) -> str | None:
    """The highest version of a process that is here; None where there is none."""
    versions = versions_of(name, folder)
    return versions[-1] if versions else None


def find(name: str, version: str, folder: Path | None = None) -> Definition | None:
    """The definition of that workflow type, or None where there is none on this machine.

    An empty version stands for the highest.

    A published file comes before the code: runs that began under it must finish under it.  Only
    what is no part of the shape (attempts, timeouts) is the code's, for runs that begin now.
    """
    version = version or highest(name, folder) or ""
    written = read(name, version, folder)
    ours = process.ours().get((name, version))
    if written is None or (ours is not None and ours.hash == written.hash):
        return ours
    return written


def named(wanted: str, folder: Path | None = None) -> Definition:
    """The definition `NAME@VERSION`, or the highest version of `NAME`, if there is one."""
    name, _, version = wanted.partition("@")
    versions = [version] if version else versions_of(name, folder)
    found = find(name, versions[-1], folder) if versions else None
    if found is None:
        there = sorted(f"{name}@{version}" for name, version in _files(folder))
        raise DefinitionError(
            f"there is no definition {wanted}; published are: {', '.join(there) or 'none'}"
        )
    return found


def _files(folder: Path | None = None) -> Iterator[tuple[str, str]]:
    """Name and version of every published file."""
    for path in sorted((folder or FOLDER).glob("*@*.asl.*")):
        for suffix in SUFFIXES:
            if path.name.endswith(suffix):
                name, _, version = path.name.removesuffix(suffix).partition("@")
                yield name, version


def known(folder: Path | None = None) -> list[tuple[str, str]]:
    """Name and version of every process that is here, published or written here.

    By name, the lowest version first.
    """
    found = {*_files(folder), *process.ours()}
    return sorted(found, key=lambda key: (key[0], _ordinal(key[1])))


def elsewhere(folder: Path | None = None) -> list[Definition]:
    """The published processes of which no version is written here, by name and version.

    Those that `unfilled` names are left out.
    """
    definitions = [
        read(name, version, folder)
        for name, version in _not_ours(folder)
        if not missing(name, version, folder)
    ]
    return [definition for definition in definitions if definition is not None]


def unfilled(folder: Path | None = None) -> dict[tuple[str, str], str]:
    """The published definitions that cannot be used here for want of a value for some `${NAME}`.

    By name and version, what is to be set.
    """
    found = {key: missing(*key, folder) for key in _not_ours(folder)}
    return {key: why for key, why in found.items() if why}


def _not_ours(folder: Path | None) -> list[tuple[str, str]]:
    here = {name for name, _ in process.ours()}
    return [key for key in _files(folder) if key[0] not in here]


def versions_of(name: str, folder: Path | None = None) -> list[str]:
    """The versions of a process that are here, lowest first: numbers count as numbers."""
    found = {version for known, version in _files(folder) if known == name}
    found |= {version for ours, version in process.ours() if ours == name}
    return sorted(found, key=_ordinal)


def _ordinal(version: str) -> list[tuple[int, str]]:
    return [(int(part) if part.isdecimal() else -1, part) for part in re.split(r"[.\-]", version)]


def read(name: str, version: str, folder: Path | None = None) -> Definition | None:
    """The published file's definition, or None where there is no file."""
    text = text_of(name, version, folder)
    if text is None:
        return None
    try:
        return parsed(text, name, version)
    except DefinitionError as error:
        path = file_of(name, version, folder)
        raise DefinitionError(f"the definition {path} cannot be used: {error}") from error


def missing(name: str, version: str, folder: Path | None = None) -> str:
    """Which `${NAME}`s of a published file nothing stands for, in words; empty where all is there.

    What else may be wrong with the file is for `read` to say.
    """
    return missing_in(text_of(name, version, folder) or "{}")


def missing_in(text: str) -> str:
    """The same of a text."""
    try:
        document = asl.read(text).document
    except asl.DocumentError:
        return ""
    try:
        asl.substitute(document, config.environment())
    except asl.DocumentError as error:
        return "; ".join(dict.fromkeys(item.message for item in error.diagnostics))
    return ""


def text_of(name: str, version: str, folder: Path | None = None) -> str | None:
    """The text of the published file; None where there is no file."""
    path = file_of(name, version, folder)
    try:
        return path.read_text(encoding="utf-8") if _is_there(path, folder) else None
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise DefinitionError(f"the published definition {path} cannot be read: {error}") from error


def parsed(text: str, name: str, version: str) -> Definition:
    """The definition that a text says: of a process in Python, or in States Language.

    `DefinitionError` lists what is wrong with it, and `${NAME}`s that nothing stands for.
    """
    document = asl.read(text).document
    if "Rollback" in document:
        return definition_from_json(name, version, document)
    return loading.load(text, name, version, environment=config.environment())


def example_of(name: str, folder: Path | None = None) -> str | None:
    """The text of `NAME.example.json`, an input to begin with; None where there is none."""
    path = (folder or FOLDER) / f"{name}{EXAMPLE_SUFFIX}"
    try:
        return path.read_text(encoding="utf-8") if _is_there(path, folder) else None
    except (OSError, ValueError):
        return None


def write(definition: Definition, folder: Path | None = None) -> Path:
    """Publish a definition; gives the file's path."""
    path = file_of(definition.name, definition.version, folder)
    write_text(path, json.dumps(definition_to_json(definition), ensure_ascii=False, indent=2))
    return path


def write_text(path: Path, text: str) -> None:
    """Put a file there whole or not at all, whatever happens meanwhile.

    Deciders look here for what they do not know yet.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".new-{secrets.token_hex(8)}")
    try:
        temporary.write_text(text.rstrip("\n") + "\n", encoding="utf-8", newline="\n")
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
