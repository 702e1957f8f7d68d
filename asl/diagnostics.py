"""What reading and validating say of a definition: which rule, where, and how grave.

Codes are those of AWS's ValidateStateMachineDefinition (`SCHEMA_VALIDATION_FAILED`,
`MISSING_TRANSITION_TARGET`...), and `EXTENSION_INVALID` for members that are ours.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from errors import DefinitionError
from wire import Json

Severity: TypeAlias = Literal["ERROR", "WARNING"]

INVALID_JSON = "INVALID_JSON_DESCRIPTION"
SCHEMA = "SCHEMA_VALIDATION_FAILED"
MISSING_TARGET = "MISSING_TRANSITION_TARGET"
MISSING_END = "MISSING_END_STATE"
DUPLICATE_NAME = "DUPLICATE_STATE_NAME"
INVALID_NAME = "INVALID_STATE_NAME"
INVALID_LABEL = "INVALID_LABEL_NAME"
DUPLICATE_LABEL = "DUPLICATE_LABEL_NAME"
INVALID_JSONATA = "INVALID_JSONATA_EXPRESSION"
UNSUPPORTED_JSONATA = "UNSUPPORTED_JSONATA_EXPRESSION"
TOO_DEEP = "TOO_DEEPLY_NESTED"
NO_DOLLAR = "NO_DOLLAR"
PASS_RESULT = "PASS_RESULT_IS_STATIC"  # noqa: S105 - no password
EXTENSION = "EXTENSION_INVALID"
MISSING_VALUE = "SUBSTITUTION_MISSING"


@dataclass(frozen=True)
class Diagnostic:
    """One thing that is wrong, or doubtful, in a definition."""

    code: str
    """The rule, by AWS's name."""
    message: str
    pointer: str
    """JSON pointer (RFC 6901) of the place; empty for the whole document."""
    severity: Severity = "ERROR"
    """An ERROR refuses the definition, a WARNING does not."""
    line: int = 0
    """From 1; 0 where the definition did not come as text."""
    column: int = 0
    """In characters, from 1; 0 as above."""

    def __str__(self) -> str:
        where = f"line {self.line}, column {self.column}: " if self.line else ""
        place = f" at {self.pointer or '/'}"
        return f"{where}{self.code}: {self.message}{place}"

    def to_json(self) -> dict[str, Json]:
        """As JSON: `code`, `message`, `pointer`, `severity`, `line`, `column`."""
        return {
            "code": self.code,
            "message": self.message,
            "pointer": self.pointer,
            "severity": self.severity,
            "line": self.line,
            "column": self.column,
        }


class DocumentError(DefinitionError):
    """A definition that cannot be read, or filled in; `diagnostics` has every mistake."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__("; ".join(map(str, self.diagnostics)))
