"""`send-task-heartbeat`: whoever has a task token is still at work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli.command import Arguments, Command
from cli.output import Output
from cli.tokens import add_token

if TYPE_CHECKING:
    from workflow_starter import WorkflowStarter


def run(starter: WorkflowStarter, arguments: Arguments, output: Output) -> int:
    """Send it; nothing answers."""
    starter.send_task_heartbeat(arguments.token)
    output.result({"sent": True}, ["TASK_HEARTBEAT: sent"])
    return 0


COMMAND = Command(
    name="send-task-heartbeat",
    help="say that whoever has a task token is still at work",
    example="send-task-heartbeat TOKEN",
    fields="sent.\nExit code: 0 sent, 2 no such open execution",
    add_arguments=add_token,
    run=run,
)
