"""Whether AWS would take a definition: every mistake at once, with its place.

    for diagnostic in validate(read(text)):
        print(diagnostic)      # line 3, column 9: SCHEMA_VALIDATION_FAILED: ... at /States/A/Next

An ERROR is what AWS refuses as well, or what this project cannot run; what AWS may take, or takes
and does nothing with, is a WARNING.
"""

from __future__ import annotations

from collections.abc import Iterable

from asl.diagnostics import TOO_DEEP, Diagnostic
from asl.json_text import NESTING
from asl.reading import NOT_AN_OBJECT, Source
from asl.validation.machines import Machine
from asl.validation.report import Report
from wire import Json

__all__ = ["errors_of", "is_valid", "validate"]


def validate(source: Source, kind: str = "STANDARD") -> list[Diagnostic]:
    """Everything that is wrong with a definition, or doubtful, in the order of the document.

    `kind` is STANDARD or EXPRESS, which has no activities and waits for no other execution.  Of
    a document with more than 1,000 problems, the first 1,000 that are found.
    """
    report = Report(kind)
    if not isinstance(source.document, dict):
        report.add(None, NOT_AN_OBJECT)
    elif _is_too_deep(source.document):
        report.add(None, f"objects and lists may be nested {NESTING} levels deep", TOO_DEEP)
    else:
        Machine(report, source.document).check()
    return report.diagnostics(source)


def errors_of(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Those that refuse a definition."""
    return [item for item in diagnostics if item.severity == "ERROR"]


def is_valid(source: Source, kind: str = "STANDARD") -> bool:
    """Whether a definition has no errors."""
    return not errors_of(validate(source, kind))


def _is_too_deep(document: Json) -> bool:
    """Whether a value has more levels than text may have: then nothing else is looked at."""
    level = [document]
    for _ in range(NESTING):
        level = [
            inner
            for value in level
            for inner in (value.values() if isinstance(value, dict) else value)
            if isinstance(inner, dict | list)
        ]
    return bool(level)
