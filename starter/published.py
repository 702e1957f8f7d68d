"""Published versions of processes: files `definitions/NAME@VERSION.asl.json`.

A published version never changes.  Runs live longer than releases, and whoever looks at an
old run needs the graph that it follows.
"""

from __future__ import annotations

import json
from pathlib import Path

from config import HOME
from errors import DefinitionError
from workflow import Definition, definition_from_json, definition_to_json

FOLDER = HOME / "definitions"


def shipped() -> Definition:
    """The process of this application, at the version that the settings name.

    Imported late: settings may still be chosen while this module is loaded.
    """
    from decision_worker import PROCESS

    return PROCESS


def file_of(name: str, version: str, folder: Path = FOLDER) -> Path:
    """Where that version is kept.  SWF forbids `/` and `:` in both parts."""
    return folder / f"{name}@{version}.asl.json"


def definition(name: str, version: str, folder: Path = FOLDER) -> Definition | None:
    """The definition of that workflow type, or None where this machine has none."""
    process = shipped()
    if (process.name, process.version) == (name, version):
        return process
    return read(name, version, folder)


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


def write(process: Definition, folder: Path = FOLDER) -> Path:
    """Publish a definition; gives the file's path."""
    path = file_of(process.name, process.version, folder)
    text = json.dumps(definition_to_json(process), ensure_ascii=False, indent=2)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")
    return path
