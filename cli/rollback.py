"""`rollback`: undo an open execution."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from cli.command import Arguments, Command, chosen
from cli.output import Output
from cli.steering import FIELDS, Steering, add_common, operator, steer
from starter.control.signals import ROLL_BACK

if TYPE_CHECKING:
    from workflow_starter import WorkflowStarter


def run(starter: WorkflowStarter, arguments: Arguments, output: Output) -> int:
    """Ask for it; report the decider's answer."""
    act = partial(starter.roll_back_workflow, **chosen(arguments), **operator(arguments))
    return steer(starter, arguments, output, Steering(ROLL_BACK, {}, act))


COMMAND = Command(
    name="rollback",
    help="stop, undo every step that declares a compensation, and fail",
    example="rollback WORKFLOW_ID --reason 'customer withdrew'",
    fields=FIELDS,
    add_arguments=add_common,
    run=run,
)
