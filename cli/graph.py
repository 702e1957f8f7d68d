"""`graph`: a picture of a definition, or of what an execution has done."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from cli import sources
from cli.command import Arguments, Command
from cli.output import Output
from errors import InvalidInputError
from progress import bar
from starter.executions import graphing
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
    with bar("drawing", as_json=output.as_json):
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
    here = sources.is_file(subject) or sources.is_published(subject)
    if arguments.run_id is not None or not here:
        return starter.graph(subject, arguments.run_id, format=form)
    output.offline()
    document = sources.document(subject)
    if "events" in document and "States" not in document:
        return starter.graph_history(document, format=form)
    return graphing.Picture(document, sources.title(subject)).drawn(form)


COMMAND = Command(
    name="graph",
    help="draw a definition, or what an execution has done",
    example="graph WORKFLOW_ID --output order.svg",
    fields="format (svg, mermaid), file, picture (null where it went to a file)",
    add_arguments=add_arguments,
    run=run,
)
