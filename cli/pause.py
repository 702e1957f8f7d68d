"""`pause`: hold an execution after the steps in progress."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from cli.command import Arguments, Command, chosen
from cli.output import Output
from cli.steering import FIELDS, Steering, add_common, operator, steer
from starter.control.signals import PAUSE

if TYPE_CHECKING:
    from workflow_starter import WorkflowStarter


def run(starter: WorkflowStarter, arguments: Arguments, output: Output) -> int:
    """Ask for it; report the decider's answer."""
    act = partial(starter.pause_workflow, **chosen(arguments), **operator(arguments))
    return steer(starter, arguments, output, Steering(PAUSE, {}, act))


COMMAND = Command(
    name="pause",
    help="hold an execution after the steps in progress",
    example="pause WORKFLOW_ID --reason 'stocktaking'",
    fields=FIELDS,
    add_arguments=add_common,
    run=run,
)
