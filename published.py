"""Published versions of processes: files `definitions/NAME@VERSION.asl.json`.

A published version never changes.  Runs live longer than releases: deciders of every release
serve what lies here, and whoever looks at an old run needs the graph that it follows.
"""

from __future__ import annotations

import json
from pathlib import Path

import process
from errors import DefinitionError
from workflow import Definition, definition_from_json, definition_to_json

FOLDER = Path(__file__).resolve().parent / "definitions"
SUFFIX = ".asl.json"


def file_of(name: str, version: str, folder: Path = FOLDER) -> Path:
    """Where that version is kept.  SWF forbids `/` and `:` in both parts."""
    return folder / f"{name}@{version}{SUFFIX}"


def find(name: str, version: str, folder: Path = FOLDER) -> Definition | None:
    """The definition of that workflow type, or None where there is none on this machine.

    A published file comes before the code: runs that began under it must finish under it.
    """
    written = read(name, version, folder)
    if written is not None:
        return written
    shipped = process.shipped()
    return shipped if (shipped.name, shipped.version) == (name, version) else None


def read(name: str, version: str, folder: Path = FOLDER) -> Definition | None:
    """The published file's definition, or None where there is no file."""
    path = file_of(name, version, folder)
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise DefinitionError(f"the published definition {path} cannot be read: {error}") from error
    return definition_from_json(name, version, document)


def write(definition: Definition, folder: Path = FOLDER) -> Path:
    """Publish a definition; gives the file's path."""
    path = file_of(definition.name, definition.version, folder)
    text = json.dumps(definition_to_json(definition), ensure_ascii=False, indent=2)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")
    return path
