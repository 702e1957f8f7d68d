"""`simulate`: what a definition would do, on a virtual clock, with given outcomes."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from arguments import safe
from cli import sources
from cli.command import Arguments, Command
from cli.output import Output
from cli.parsing import json_from, moment
from runner.simulation import Simulation

if TYPE_CHECKING:
    from workflow_starter import WorkflowStarter


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which definition, its input, and how its steps go."""
    parser.add_argument(
        "--definition",
        metavar="FILE|NAME[@VERSION]",
        help="a file, or a published process: its highest version unless one is named (default: "
        "the shipped)",
    )
    parser.add_argument("--input", metavar="FILE", help="JSON file; - for standard input")
    parser.add_argument(
        "--outcomes",
        metavar="FILE",
        help='JSON: {"steps": {STEP: OUTCOME or a list, of which the last repeats}, "signals": '
        '[{"at": SECONDS, "signal": NAME, "input": ...} or {"at": SECONDS, "cancel": true}]}; an '
        'outcome is {"result": ...}, {"error": "Name: text", "retryable": false} or {"timeout": '
        '"START_TO_CLOSE"}, each with "after" seconds; steps that are not named complete with {}',
    )
    parser.add_argument("--timeout", metavar="SECONDS", help="SWF's limit for the execution")
    parser.add_argument(
        "--start", metavar="TIME", help="the moment of the start, for waits until a moment"
    )


def run(starter: WorkflowStarter, arguments: Arguments, output: Output) -> int:
    """Simulate; exit code 1 unless it completes or waits for somebody."""
    output.offline()
    found = starter.simulate(
        json_from(arguments.input) if arguments.input else {},
        json_from(arguments.outcomes) if arguments.outcomes else {},
        definition=sources.definition(arguments.definition) if arguments.definition else None,
        timeout=arguments.timeout,
        start=moment(arguments.start).timestamp() if arguments.start else None,
    )
    output.result(found.to_json(), text(found))
    return 0 if found.state in ("COMPLETED", "WAITING") else 1


def text(found: Simulation) -> list[str]:
    """The timeline, and how it ended."""
    lines = [safe(line) for line in found.lines()]
    cause = found.details.get("Cause") if isinstance(found.details, dict) else None
    if cause:
        lines.append(f"Cause: {safe(cause)}")
    if found.state == "WAITING":
        lines.append("It waits for a signal or an operator; nothing goes on by itself.")
    lines += [f"No step asked for the outcomes of {safe(name)}" for name in found.unused]
    return lines


COMMAND = Command(
    name="simulate",
    help="what a definition would do, on a virtual clock, with given outcomes",
    example="simulate --input docs/examples/order.json "
    '--outcomes \'{"steps": {"SaveResults": {"error": "OSError: disk full"}}}\'',
    fields="state, seconds, result, reason, details, steps, compensated, not_compensated, unused,\n"
    "  timeline (at, workflow_id, what, step, attempt, undo, detail, value).\n"
    "Exit code: 0 completed or waiting, 1 otherwise",
    add_arguments=add_arguments,
    run=run,
)
