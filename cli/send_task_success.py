"""`send-task-success`: a state that waits for its task token has done its work."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from cli.command import Arguments, Command
from cli.output import Output
from cli.parsing import value_from
from cli.steering import FIELDS
from cli.tokens import add_common, answer, wanted
from workflow.answers import TASK_SUCCESS

if TYPE_CHECKING:
    from workflow_starter import WorkflowStarter


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which token, and what the work gave."""
    add_common(parser)
    parser.add_argument(
        "--output", metavar="JSON", default="{}", help="JSON text, file, or - (default {})"
    )


def run(starter: WorkflowStarter, arguments: Arguments, output: Output) -> int:
    """Send the answer; report what became of it."""
    members = {"output": value_from(arguments.output)}
    found = wanted(arguments, TASK_SUCCESS, members, starter.send_task_success)
    return answer(starter, arguments, output, found)


COMMAND = Command(
    name="send-task-success",
    help="answer a task token: the work is done, and gave this output",
    example="""send-task-success TOKEN --output '{"paid": true}'""",
    fields=FIELDS + ".\nExit code: 0 sent, 2 refused: answered, timed out or left before",
    add_arguments=add_arguments,
    run=run,
)
