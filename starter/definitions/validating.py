"""Everything that is wrong with a definition, or doubtful, before anybody runs it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import asl
from asl import Diagnostic, DocumentError
from asl.diagnostics import EXTENSION, INVALID_JSON, MISSING_TARGET, SCHEMA
from errors import DefinitionError
from wire import Json
from workflow import definition_from_json

CANNOT_RUN = "CANNOT_RUN_HERE"
"""The code of what AWS takes, and this project does not run."""

LEADING = ("Next", "StartAt", "Default")
"""Members that say where to go on."""


def diagnostics(text: str, kind: str, environment: Mapping[str, str]) -> list[Diagnostic]:
    """All problems of a definition's text, JSON or YAML, in the order of the text.

    `kind` is STANDARD or EXPRESS.  `${NAME}` is filled in as far as `environment` has it; what it
    has not is a WARNING, and what follows from that is left out.
    """
    try:
        source = asl.read(text)
    except DocumentError as error:
        return list(error.diagnostics)
    if "Rollback" in source.document:
        return _placed(source, _of_process(source))
    missing = without_value(source.document, environment)
    known = {**environment, **{name: f"${{{name}}}" for name in missing}}
    filled = replace(source, document=asl.substitute(source.document, known))
    pointers = [pointer for found in missing.values() for pointer in found]
    found = [item for item in asl.validate(filled, kind) if not _follows(item, pointers)]
    if not pointers and not asl.errors_of(found):
        found += _not_here(filled)
    warnings = [
        Diagnostic("SUBSTITUTION_MISSING", _words(name), places[0], "WARNING")
        for name, places in missing.items()
    ]
    return sorted([*found, *_placed(source, warnings)], key=lambda item: (item.line, item.column))


def _words(name: str) -> str:
    return f"no value for ${{{name}}}: set {name} before it is run"


def without_value(document: Json, environment: Mapping[str, str]) -> dict[str, list[str]]:
    """Names that nothing stands for, and the pointers of where they are."""
    found: dict[str, list[str]] = {}
    try:
        asl.substitute(document, environment)
    except DocumentError as error:
        for item in error.diagnostics:
            name = item.message.partition("${")[2].partition("}")[0]
            found.setdefault(name, []).append(item.pointer)
    return found


def _follows(item: Diagnostic, missing: Iterable[str]) -> bool:
    """Whether a diagnostic may be only for want of a value."""
    for pointer in missing:
        around, _, member = pointer.rpartition("/")
        if item.pointer == pointer:
            return True
        if member in LEADING and item.code == MISSING_TARGET:
            return True
        if member == "Resource" and item.code == EXTENSION and item.pointer.startswith(around):
            return True
    return False


def _of_process(source: asl.Source) -> list[Diagnostic]:
    """What is wrong with the serial form of a process in Python."""
    try:
        definition_from_json("definition", "1", source.document)
    except DefinitionError as error:
        head, _, told = str(error).partition("cannot be used: ")
        problems = told.split("; ") if told else [head]
        return [Diagnostic(SCHEMA, problem, _place(source, problem)) for problem in problems]
    return []


def _place(source: asl.Source, problem: str) -> str:
    """The state that a problem names, if it is one of the outermost."""
    names = source.document.get("States")
    named = problem.partition("'")[2].partition("'")[0]
    if isinstance(names, dict) and named in names:
        return "/States/" + named.replace("~", "~0").replace("/", "~1")
    return ""


def _not_here(filled: asl.Source) -> list[Diagnostic]:
    """What is valid and cannot run here, as a warning: AWS runs it."""
    try:
        definition_from_json("definition", "1", filled.document)
    except DefinitionError as error:
        return _placed(filled, [Diagnostic(CANNOT_RUN, str(error), "", "WARNING")])
    return []


def _placed(source: asl.Source, found: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Diagnostics with line and column."""
    placed = []
    for item in found:
        line, column = source.position(item.pointer)
        placed.append(replace(item, line=line, column=column))
    return placed


def unreadable(why: str) -> Diagnostic:
    """What is said of a file that cannot be read at all."""
    return Diagnostic(INVALID_JSON, why, "")
