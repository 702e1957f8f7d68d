"""`skip`: take a result as given for the step in progress, and go on."""

from __future__ import annotations

import argparse
from functools import partial
from typing import TYPE_CHECKING

from cli.command import Arguments, Command
from cli.output import Output
from cli.parsing import json_from
from cli.steering import FIELDS, Steering, add_common, operator, steer
from starter.control.signals import SKIP_STEP

if TYPE_CHECKING:
    from workflow_starter import WorkflowStarter


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which step, with which result."""
    add_common(parser)
    parser.add_argument("--step", metavar="STEP", required=True, help="the step, or its path")
    parser.add_argument(
        "--result", metavar="JSON", help="taken as the step's result (default {}): JSON, file, or -"
    )


def run(starter: WorkflowStarter, arguments: Arguments, output: Output) -> int:
    """Ask for it; report the decider's answer."""
    result = json_from(arguments.result) if arguments.result else {}
    act = partial(
        starter.skip_step,
        arguments.workflow_id,
        arguments.step,
        arguments.run_id,
        result=result,
        **operator(arguments),
    )
    members = {"step_name": arguments.step, "result": result}
    return steer(starter, arguments, output, Steering(SKIP_STEP, members, act))


COMMAND = Command(
    name="skip",
    help="take a result as given for the step in progress, and go on",
    example="""skip WORKFLOW_ID --step NotifyCompletion --result '{"sent": "by hand"}'""",
    fields=FIELDS,
    add_arguments=add_arguments,
    run=run,
)
