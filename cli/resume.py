"""`resume`: go on from a step, in the open run or in a new one."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from cli.command import Arguments, Command, chosen
from cli.output import Output
from cli.parsing import json_from
from cli.signal import report
from cli.steering import add_common, dry, tell

if TYPE_CHECKING:
    from workflow_starter import WorkflowStarter


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which execution, from which step, with which edits."""
    add_common(parser)
    parser.add_argument("--step", metavar="STEP", required=True, help="the step to go on from")
    parser.add_argument(
        "--input", metavar="JSON", help="merged over the step's input: JSON text, file, or -"
    )
    parser.add_argument(
        "--force", action="store_true", help="even if an earlier step's effect was undone"
    )
    parser.add_argument(
        "--compensate", action="store_true", help="undo the steps that a jump back passes over"
    )
    parser.add_argument(
        "--definition-version",
        metavar="VERSION",
        help="take a closed execution on under another published version",
    )


def run(starter: WorkflowStarter, arguments: Arguments, output: Output) -> int:
    """Say what will happen; resume; report the new run, or the decider's answer of the open one."""
    options = {
        "input": json_from(arguments.input) if arguments.input else None,
        "force": arguments.force,
        "compensate": arguments.compensate,
        "version": arguments.definition_version,
        "if_at": arguments.if_at,
    }
    which = {**chosen(arguments), "step_name": arguments.step}
    foreseen = starter.foresee_resume(**which, **options)
    if arguments.dry_run:
        return dry(foreseen, output)
    tell(foreseen, output)
    resumed = starter.resume_workflow_from_step(
        **which, **options, reason=arguments.reason, actor=arguments.actor
    )
    if "previous_run_id" not in resumed:
        sent = {**resumed, "previous_run_id": None}
        return report(starter, arguments, output, "RESUME_FROM_STEP", sent)
    lines = [
        f"Workflow ID: {resumed['workflow_id']}",
        f"Run ID: {resumed['run_id']}",
        f"Continues run: {resumed['previous_run_id']}",
    ]
    output.result({**resumed, "outcome": "done"}, lines)
    return 0


COMMAND = Command(
    name="resume",
    help="go on from a step; a closed execution goes on in a new run",
    example="resume WORKFLOW_ID --step SaveResults --reason 'database is back'",
    fields="workflow_id, run_id, request_id, previous_run_id (null: the run was open), outcome",
    add_arguments=add_arguments,
    run=run,
)
