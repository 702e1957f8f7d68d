"""Documents that are to be run: read, checked, their `${NAME}` filled in, and made a definition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from asl.diagnostics import DocumentError
from asl.reading import Source, of, read
from asl.substitution import substitute
from asl.validation import errors_of, validate
from wire import Json
from workflow.definition import Definition, definition_from_json

STANDARD, EXPRESS = "STANDARD", "EXPRESS"


def load(
    document: Json,
    name: str,
    version: str,
    *,
    kind: str = STANDARD,
    environment: Mapping[str, str] | None = None,
) -> Definition:
    """The definition that a document says: a text (JSON or YAML), or a JSON value.

    `${NAME}` stands for what `environment` has under that name; without an environment texts
    are taken as they are.  `DocumentError` lists everything that is wrong, with its place;
    `DefinitionError` names what is valid, but cannot run here.
    """
    source = read(document) if isinstance(document, str) else of(document)
    filled = source
    if environment is not None:
        filled = replace(source, document=substitute(source.document, environment))
    check(filled, kind)
    return definition_from_json(name, version, source.document, filled=filled.document)


def check(source: Source, kind: str = STANDARD) -> None:
    """Raise `DocumentError` where a document cannot be used."""
    problems = errors_of(validate(source, kind))
    if problems:
        raise DocumentError(problems)
