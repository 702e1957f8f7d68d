"""`start`: start one execution, and wait for its end if asked to."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cli.command import Arguments, Command
from cli.output import Output
from cli.parsing import json_from
from cli.status import text
from cli.unpolled import PATIENCE_SECONDS, Lookout
from starter.executions.status import Status
from starter.runs import Started

if TYPE_CHECKING:
    from workflow_starter import WorkflowStarter

EXAMPLE_ORDER = Path(__file__).resolve().parent.parent / "docs" / "examples" / "order.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`--input FILE` and what may be said about the execution."""
    parser.add_argument(
        "--input", metavar="FILE", required=True, help="JSON file; - for standard input"
    )
    parser.add_argument("--id", metavar="ID", help="workflow id (default: workflow-UUID)")
    parser.add_argument(
        "--tag", metavar="TAG", action="append", default=[], help="repeatable, five at most"
    )
    parser.add_argument(
        "--definition",
        metavar="NAME[@VERSION]",
        help="another published process; its highest version unless one is named",
    )
    parser.add_argument("--timeout", metavar="SECONDS", help="for the whole execution")
    parser.add_argument(
        "--wait", action="store_true", help="wait for the end; exit code 1 unless it COMPLETED"
    )


def run(starter: WorkflowStarter, arguments: Arguments, output: Output) -> int:
    """Start, print both ids, maybe wait."""
    started = starter.start_workflow(
        json_from(arguments.input),
        workflow_id=arguments.id,
        tags=arguments.tag,
        timeout=arguments.timeout,
        definition=arguments.definition,
    )
    said = [f"Workflow ID: {started['workflow_id']}", f"Run ID: {started['run_id']}"]
    if not (arguments.wait and output.as_json):
        output.result(started, said)
    if not arguments.wait:
        return 0
    ended = _ended(starter, started, output)
    output.result(ended, [line for line in text(ended) if line not in said])
    return 0 if ended["state"] == "COMPLETED" else 1


def _ended(starter: WorkflowStarter, started: Started, output: Output) -> Status:
    """The status of the end; meanwhile it is told where nothing takes the execution's tasks."""
    lookout = Lookout(starter, started["workflow_id"], output.remark)
    while True:
        found = starter.wait(**started, timeout=PATIENCE_SECONDS)
        if found["closed_at"] is not None:
            return found
        lookout.run_id = found["run_id"]
        lookout.look()


def run_example(starter: WorkflowStarter, arguments: Arguments, output: Output) -> int:
    """Start the example order."""
    arguments.input, arguments.id, arguments.tag = str(EXAMPLE_ORDER), None, []
    arguments.timeout, arguments.wait, arguments.definition = None, False, None
    return run(starter, arguments, output)


COMMAND = Command(
    name="start",
    help="start an execution",
    example="start --input docs/examples/order.json --tag demo --wait",
    fields="workflow_id, run_id; with --wait the fields of status",
    add_arguments=add_arguments,
    run=run,
)

EXAMPLE_COMMAND = replace(COMMAND, run=run_example)
"""What happens when no command is given."""
