"""Saved histories as a library: everything is told of them without any engine."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from dashboard.library import Library
from errors import InvalidInputError
from starter.executions import readings
from wire import Json
from workflow_starter import WorkflowStarter


def library_of(starter: WorkflowStarter, files: Iterable[str]) -> Library:
    """The executions of saved histories, as `history --json` prints them."""
    library = Library(starter, offline=True)
    for file in files:
        try:
            library.add(readings.of_saved(starter.swf_client, _document(Path(file))))
        except InvalidInputError as error:
            raise InvalidInputError(f"{file}: {error}") from error
    return library


def _document(path: Path) -> Json:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidInputError(f"it cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise InvalidInputError(f"it is no JSON: {error}") from error
