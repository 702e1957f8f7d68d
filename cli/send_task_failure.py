"""`send-task-failure`: the work of a state that waits for its task token has failed."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from cli.command import Arguments, Command
from cli.output import Output
from cli.steering import FIELDS
from cli.tokens import add_common, answer, wanted
from workflow.answers import TASK_FAILURE

if TYPE_CHECKING:
    from workflow_starter import WorkflowStarter


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which token, and why."""
    add_common(parser)
    parser.add_argument("--error", metavar="NAME", help="the error's name, for Retry and Catch")
    parser.add_argument("--cause", metavar="TEXT", help="why, for people")


def run(starter: WorkflowStarter, arguments: Arguments, output: Output) -> int:
    """Send the answer; report what became of it."""
    said = {"error": arguments.error, "cause": arguments.cause}
    members = {name: text for name, text in said.items() if text is not None}
    found = wanted(arguments, TASK_FAILURE, members, starter.send_task_failure)
    return answer(starter, arguments, output, found)


COMMAND = Command(
    name="send-task-failure",
    help="answer a task token: the work has failed",
    example="send-task-failure TOKEN --error CardDeclined --cause 'the bank said no'",
    fields=FIELDS + ".\nExit code: 0 sent, 2 refused: answered, timed out or left before",
    add_arguments=add_arguments,
    run=run,
)
