"""`back`: go back to a step that ran before."""

from __future__ import annotations

import argparse
from functools import partial
from typing import TYPE_CHECKING

from arguments import count
from cli.command import Arguments, Command, chosen
from cli.output import Output
from cli.steering import FIELDS, Steering, add_common, operator, steer
from starter.control.signals import GO_BACK

if TYPE_CHECKING:
    from workflow_starter import WorkflowStarter

MOST_STEPS = 100_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """How far, and whether to undo what is passed over."""
    add_common(parser)
    parser.add_argument(
        "--steps", metavar="N", type=count(1, MOST_STEPS), default=1, help="how many (default 1)"
    )
    parser.add_argument(
        "--compensate", action="store_true", help="undo the steps that are passed over"
    )


def run(starter: WorkflowStarter, arguments: Arguments, output: Output) -> int:
    """Go back; report the decider's answer."""
    steps, compensate = arguments.steps, arguments.compensate
    members = {"steps": steps} | ({"compensate": True} if compensate else {})

    act = partial(
        starter.go_back,
        **chosen(arguments),
        steps=steps,
        compensate=compensate,
        **operator(arguments),
    )
    return steer(starter, arguments, output, Steering(GO_BACK, members, act))


COMMAND = Command(
    name="back",
    help="go back to the step before the one in progress",
    example="back WORKFLOW_ID --steps 2 --compensate --reason 'wrong address'",
    fields=FIELDS,
    add_arguments=add_arguments,
    run=run,
)
