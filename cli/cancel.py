"""`cancel`: ask an execution to stop in an orderly way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli.command import Arguments, Command, add_execution, chosen
from cli.output import Output

if TYPE_CHECKING:
    from workflow_starter import WorkflowStarter


def run(starter: WorkflowStarter, arguments: Arguments, output: Output) -> int:
    """Ask, and say so."""
    starter.cancel_workflow(**chosen(arguments))
    output.result(chosen(arguments), [f"Asked to cancel: {arguments.workflow_id}"])
    return 0


COMMAND = Command(
    name="cancel",
    help="ask an open execution to cancel itself",
    example="cancel WORKFLOW_ID",
    fields="workflow_id, run_id (null: the open run)",
    add_arguments=add_execution,
    run=run,
)
