"""`answer`: answer a step that waits for a signal, such as an approval."""

from __future__ import annotations

import argparse
from functools import partial
from typing import TYPE_CHECKING

from cli.command import Arguments, Command
from cli.output import Output
from cli.parsing import json_from
from cli.steering import FIELDS, Steering, add_common, operator, steer

if TYPE_CHECKING:
    from workflow_starter import WorkflowStarter


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which signal, with what, for which step."""
    add_common(parser)
    parser.add_argument("--name", metavar="SIGNAL", required=True, help="the signal waited for")
    parser.add_argument(
        "--input", metavar="JSON", default="{}", help="the answer: JSON text, file, or -"
    )
    parser.add_argument("--step", metavar="PATH", help="which step, if several wait")


def run(starter: WorkflowStarter, arguments: Arguments, output: Output) -> int:
    """Send the answer; report what became of it."""
    answer = json_from(arguments.input)
    step = {} if arguments.step is None else {"step_name": arguments.step}
    act = partial(
        starter.answer,
        arguments.workflow_id,
        arguments.name,
        answer,
        arguments.run_id,
        step_name=arguments.step,
        **operator(arguments),
    )
    members = {**(answer if isinstance(answer, dict) else {"answer": answer}), **step}
    return steer(starter, arguments, output, Steering(arguments.name, members, act))


COMMAND = Command(
    name="answer",
    help="answer a step that waits for a signal: an approval, corrected data",
    example="""answer WORKFLOW_ID --name APPROVAL --input '{"approved": true}'""",
    fields=FIELDS,
    add_arguments=add_arguments,
    run=run,
)
