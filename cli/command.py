"""What every command is: a name, its arguments, and a function that runs it."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wire import Json

if TYPE_CHECKING:
    from cli.output import Output
    from workflow_starter import WorkflowStarter

Arguments = argparse.Namespace
Run = Callable[["WorkflowStarter", Arguments, "Output"], int]


@dataclass(frozen=True)
class Command:
    """One subcommand."""

    name: str
    help: str
    """One line, for the list of commands."""
    example: str
    """What follows `python workflow_starter.py` in the example of `--help`."""
    fields: str
    """What `--json` prints, for `--help`."""
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Run
    """Gives the exit code."""


def add_execution(parser: argparse.ArgumentParser) -> None:
    """The arguments `WORKFLOW_ID [RUN_ID]`."""
    parser.add_argument("workflow_id", metavar="WORKFLOW_ID")
    parser.add_argument(
        "run_id", metavar="RUN_ID", nargs="?", help="which run (default: the newest)"
    )


def add_operator(parser: argparse.ArgumentParser) -> None:
    """The arguments that say why something is done, and who does it."""
    parser.add_argument("--reason", metavar="TEXT", help="why, for the record")
    parser.add_argument("--actor", metavar="NAME", help="who (default: the user of this machine)")


def add_answer(parser: argparse.ArgumentParser) -> None:
    """How long to wait for the decider's answer to a signal."""
    parser.add_argument(
        "--answer-timeout",
        metavar="SECONDS",
        type=float,
        default=10.0,
        help="how long to wait for the decider's answer (default 10; 0: do not wait)",
    )


def chosen(arguments: Arguments) -> dict[str, Json]:
    """Workflow id and run id as keyword arguments of a `WorkflowStarter` method."""
    return {"workflow_id": arguments.workflow_id, "run_id": arguments.run_id}
