"""`express`: run a definition in this process to its end; no engine, nothing is kept."""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
import uuid
from typing import TYPE_CHECKING

import config
import process
import published
from cli import sources
from cli.command import Arguments, Command
from cli.output import Output, to_json
from cli.parsing import json_from, value_from
from errors import InvalidInputError, UndecidableError
from runner import Script, VirtualClock
from runner.express import LIMIT_SECONDS, Result, express
from runner.simulation import plan_of
from starter import requests
from wire import Json

if TYPE_CHECKING:
    from workflow_starter import WorkflowStarter

THREADS = 8  # activities at once, on the real clock


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which definition, its input, and what is not to be called."""
    parser.add_argument(
        "--definition",
        metavar="FILE|NAME[@VERSION]",
        required=True,
        help="a file (JSON or YAML; -: standard input), or a published definition",
    )
    parser.add_argument(
        "--input", metavar="FILE|JSON", default="{}", help="JSON text, file, or - (default {})"
    )
    parser.add_argument(
        "--outcomes",
        metavar="FILE",
        help='JSON: {"steps": {STATE: OUTCOME or a list}} as for `simulate`; what is named there '
        "is not called",
    )
    parser.add_argument(
        "--virtual", action="store_true", help="on a virtual clock: waits take no time"
    )


def run(_: WorkflowStarter, arguments: Arguments, output: Output) -> int:
    """Run it; exit code 0 where it succeeded, 1 where it did not."""
    output.offline()
    definition = sources.definition(arguments.definition)
    value = requests.checked_input(value_from(arguments.input))
    script = Script(_outcomes(arguments.outcomes))
    clock = VirtualClock(time.time()) if arguments.virtual else None

    from cli.in_process import Activities  # noqa: PLC0415 - other commands need no activities

    workflow_id = f"express-{uuid.uuid4()}"
    settings = config.settings()
    try:
        with contextlib.redirect_stdout(sys.stderr):  # what activities print is no result
            found = express(
                definition,
                value,
                Activities(settings, workflow_id, script),
                clock=clock,
                limit=LIMIT_SECONDS,
                definitions=published.find,
                policy=process.policy_of(settings),
                workflow_id=workflow_id,
                threads=0 if arguments.virtual else THREADS,
            )
    except UndecidableError as error:
        found = Result(status="FAILED", error="States.Runtime", cause=str(error))
    output.write(to_json(found))
    for name in sorted(script.unused):
        output.remark(f"No state asked for the outcomes of {name}")
    return 0 if found["status"] == "SUCCEEDED" else 1


def _outcomes(source: str | None) -> dict[str, Json]:
    if source is None:
        return {}
    outcomes, signals = plan_of(json_from(source))
    if signals:
        raise InvalidInputError(
            "express sends no signals: leave `signals` out of the outcomes, or use simulate"
        )
    return dict(outcomes)


COMMAND = Command(
    name="express",
    help="run a definition in this process to its end: no engine, nothing is kept",
    example="express --definition definitions/BusinessProcess@1.0.asl.json "
    "--input docs/examples/order.json",
    fields="always printed: {status, output} or {status, error, cause}, on one line; status is\n"
    "  SUCCEEDED, FAILED or TIMED_OUT.\n"
    "Exit code: 0 SUCCEEDED, 1 otherwise, 2 something to mend in what was asked",
    add_arguments=add_arguments,
    run=run,
)
