"""`continue`: go on after a pause."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from cli.command import Arguments, Command, chosen
from cli.output import Output
from cli.steering import FIELDS, Steering, add_common, operator, steer
from starter.control.signals import CONTINUE

if TYPE_CHECKING:
    from workflow_starter import WorkflowStarter


def run(starter: WorkflowStarter, arguments: Arguments, output: Output) -> int:
    """Ask for it; report the decider's answer."""
    act = partial(starter.continue_workflow, **chosen(arguments), **operator(arguments))
    return steer(starter, arguments, output, Steering(CONTINUE, {}, act))


COMMAND = Command(
    name="continue",
    help="go on after a pause; a step that failed and waits is tried again",
    example="continue WORKFLOW_ID",
    fields=FIELDS,
    add_arguments=add_common,
    run=run,
)
