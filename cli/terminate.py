"""`terminate`: close an execution at once, without a rollback."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from cli.command import Arguments, Command, add_execution, chosen
from cli.output import Output

if TYPE_CHECKING:
    from workflow_starter import WorkflowStarter


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which execution, and why."""
    add_execution(parser)
    parser.add_argument("--reason", metavar="TEXT", default="", help="256 characters at most")
    parser.add_argument("--details", metavar="TEXT", default="", help="more, for the record")


def run(starter: WorkflowStarter, arguments: Arguments, output: Output) -> int:
    """Terminate, and say so."""
    starter.terminate_workflow(
        **chosen(arguments), reason=arguments.reason, details=arguments.details
    )
    output.result(chosen(arguments), [f"Terminated: {arguments.workflow_id}"])
    return 0


COMMAND = Command(
    name="terminate",
    help="close an open execution at once, without a rollback",
    example="terminate WORKFLOW_ID --reason 'started by mistake'",
    fields="workflow_id, run_id (null: the open run)",
    add_arguments=add_arguments,
    run=run,
)
