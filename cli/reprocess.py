"""`reprocess`: run a step again after the one in progress, then go on where it was."""

from __future__ import annotations

import argparse
from functools import partial
from typing import TYPE_CHECKING

from cli.command import Arguments, Command
from cli.output import Output
from cli.parsing import json_from
from cli.steering import FIELDS, Steering, add_common, operator, steer
from starter.control.signals import REPROCESS_STEP

if TYPE_CHECKING:
    from workflow_starter import WorkflowStarter


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which step, with which edits."""
    add_common(parser)
    parser.add_argument("--step", metavar="STEP", required=True, help="the step, or its path")
    parser.add_argument(
        "--input", metavar="JSON", help="merged over the step's input: JSON text, file, or -"
    )


def run(starter: WorkflowStarter, arguments: Arguments, output: Output) -> int:
    """Ask for it; report the decider's answer."""
    edits = json_from(arguments.input) if arguments.input else None
    members = {"step_name": arguments.step} | ({} if edits is None else {"input": edits})
    act = partial(
        starter.reprocess_step,
        arguments.workflow_id,
        arguments.step,
        arguments.run_id,
        input=edits,
        **operator(arguments),
    )
    return steer(starter, arguments, output, Steering(REPROCESS_STEP, members, act))


COMMAND = Command(
    name="reprocess",
    help="run a step again after the one in progress, replace its result, and go on",
    example="reprocess WORKFLOW_ID --step EnrichData --reason 'new exchange rate'",
    fields=FIELDS,
    add_arguments=add_arguments,
    run=run,
)
