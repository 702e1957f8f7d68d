"""`monitor`: watch an execution until it closes."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from arguments import safe
from cli.command import Arguments, Command, add_execution, chosen
from cli.output import Output
from cli.status import text
from starter.status import Status, line

if TYPE_CHECKING:
    from workflow_starter import WorkflowStarter


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which run, and how often to look."""
    add_execution(parser)
    parser.add_argument(
        "--interval", metavar="SECONDS", type=float, default=1.0, help="between looks (default 1)"
    )


def run(starter: WorkflowStarter, arguments: Arguments, output: Output) -> int:
    """Show each change; exit code 1 unless the execution COMPLETED."""
    changes = starter.watch(**chosen(arguments), interval=arguments.interval)
    live = sys.stdout.isatty() and not output.as_json
    last = _live(changes) if live else _plain(changes, output)
    return 0 if last["state"] == "COMPLETED" else 1


def _plain(changes: Iterator[Status], output: Output) -> Status:
    for current in changes:
        output.item(current, safe(line(current)))
    return current


def _live(changes: Iterator[Status]) -> Status:
    """The whole status in place, drawn anew at each change."""
    from rich.live import Live  # noqa: PLC0415 - slow to import, and only for terminals
    from rich.text import Text  # noqa: PLC0415

    with Live(auto_refresh=False) as screen:
        for current in changes:
            screen.update(Text("\n".join(text(current))), refresh=True)
    return current


COMMAND = Command(
    name="monitor",
    help="watch an execution until it closes; exit code 1 unless it COMPLETED",
    example="monitor WORKFLOW_ID --interval 2",
    fields="one object a line at each change, with the fields of status",
    add_arguments=add_arguments,
    run=run,
)
