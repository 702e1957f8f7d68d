"""`validate`: everything that is wrong with definitions, with its place."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

import asl
import config
from arguments import safe
from asl import Diagnostic
from cli.command import Arguments, Command
from cli.output import Output
from cli.parsing import read_text
from errors import InvalidInputError
from starter.definitions import validating

if TYPE_CHECKING:
    from workflow_starter import WorkflowStarter

INVALID = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which files, and for which type of state machine."""
    parser.add_argument("files", metavar="FILE", nargs="+", help="JSON or YAML; - for stdin")
    parser.add_argument(
        "--type", choices=("STANDARD", "EXPRESS"), default="STANDARD", help="default STANDARD"
    )


def run(_: WorkflowStarter, arguments: Arguments, output: Output) -> int:
    """Check each file; exit code 2 unless all are valid."""
    output.offline()
    found = [(name, checked(name, arguments.type)) for name in arguments.files]
    lines = [line(name, item) for name, items in found for item in items]
    reports = [
        {
            "file": name,
            "valid": not asl.errors_of(items),
            "diagnostics": [item.to_json() for item in items],
        }
        for name, items in found
    ]
    output.result(reports, lines)
    valid = sum(report["valid"] is True for report in reports)
    output.remark(f"{valid} of {len(reports)} valid")
    return 0 if valid == len(reports) else INVALID


def checked(name: str, kind: str) -> list[Diagnostic]:
    """All that is wrong with a file, or doubtful."""
    try:
        text = read_text(name)
    except InvalidInputError as error:
        return [validating.unreadable(str(error))]
    return validating.diagnostics(text, kind, config.environment())


def line(name: str, item: Diagnostic) -> str:
    """One problem, as compilers tell theirs: editors find the place by it."""
    place = f"{name}:{item.line or 1}:{item.column or 1}"
    told = f"{item.severity} {item.code} {item.message} (at {item.pointer or '/'})"
    return safe(f"{place}: {told}")


COMMAND = Command(
    name="validate",
    help="everything that is wrong with definitions in States Language, with its place",
    example="validate definitions/*.asl.json",
    fields="a list of file, valid, diagnostics (code, message, pointer, severity: ERROR or\n"
    "  WARNING, line, column).\n"
    "A ${NAME} without a value is a WARNING.  Exit code: 0 all valid, 2 some are not",
    add_arguments=add_arguments,
    run=run,
)
