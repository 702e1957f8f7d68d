"""`graph`: a picture of a definition, or of what an execution has done."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import asl
import published
from cli import sources
from cli.command import Arguments, Command
from cli.output import Output
from cli.parsing import read_text
from errors import DefinitionError, InvalidInputError
from starter import graphing
from wire import Json

if TYPE_CHECKING:
    from workflow_starter import WorkflowStarter


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of what, in which form, and where to."""
    parser.add_argument(
        "subject",
        metavar="FILE|NAME[@VERSION]|WORKFLOW_ID",
        help="a definition, as a file or published; a history that `history --json` saved; or an "
        "execution",
    )
    parser.add_argument(
        "run_id", metavar="RUN_ID", nargs="?", help="which run (default: the newest)"
    )
    parser.add_argument("--format", choices=graphing.FORMATS, default="svg", help="default svg")
    parser.add_argument("--output", metavar="FILE", help="default: standard output")


def run(starter: WorkflowStarter, arguments: Arguments, output: Output) -> int:
    """Draw it."""
    text = _drawn(starter, arguments, output)
    told: dict[str, Json] = {"format": arguments.format, "file": arguments.output}
    if arguments.output is None:
        output.result({**told, "picture": text}, [text.rstrip("\n")])
        return 0
    try:
        Path(arguments.output).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise InvalidInputError(
            f"the file {arguments.output} cannot be written: {error.strerror}"
        ) from None
    output.result({**told, "picture": None}, [f"Picture: {arguments.output}"])
    return 0


def _drawn(starter: WorkflowStarter, arguments: Arguments, output: Output) -> str:
    subject, form = arguments.subject, arguments.format
    if arguments.run_id is None and sources.is_file(subject):
        output.offline()
        return _of_file(starter, subject, form)
    if arguments.run_id is None and _is_published(subject):
        output.offline()
        return starter.graph_definition(subject, format=form)
    return starter.graph(subject, arguments.run_id, format=form)


def _is_published(subject: str) -> bool:
    name, _, version = subject.partition("@")
    versions = published.versions_of(name)
    return version in versions if version else bool(versions)


def _of_file(starter: WorkflowStarter, name: str, form: str) -> str:
    """A definition as it is written, whether it could run or not; or a saved history."""
    try:
        document = asl.read(read_text(name)).document
    except asl.DocumentError as error:
        raise DefinitionError(f"{name} is neither a definition nor a history: {error}") from error
    if "events" in document and "States" not in document:
        return starter.graph_history(document, format=form)
    title = " ".join(sources.named_by(name)) if "@" in name else sources.named_by(name)[0]
    return graphing.Picture(document, title).drawn(form)


COMMAND = Command(
    name="graph",
    help="draw a definition, or what an execution has done",
    example="graph WORKFLOW_ID --output order.svg",
    fields="format (svg, mermaid), file, picture (null where it went to a file)",
    add_arguments=add_arguments,
    run=run,
)
