"""`waiting`: the open executions that wait for a person."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from arguments import safe
from cli.command import Arguments, Command
from cli.output import Output, table
from progress import bar
from starter.clock import written
from starter.executions.status import Status
from wire import Json

if TYPE_CHECKING:
    from workflow_starter import WorkflowStarter


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """How many."""
    parser.add_argument("--limit", metavar="N", type=int, default=100, help="default 100")


def run(starter: WorkflowStarter, arguments: Arguments, output: Output) -> int:
    """One line for each thing that somebody has to do."""
    with bar("looking at executions", as_json=output.as_json):
        found = starter.waiting(limit=arguments.limit)
    rows = [row for item in found for row in _rows(item)]
    lines = (
        table(("WORKFLOW ID", "STEP", "WAITS FOR", "UNTIL"), rows) if rows else ["nothing waits"]
    )
    answers = [line for item in found for wait in item["waits_for"] or () for line in _how(wait)]
    output.result(found, [*lines, *answers])
    return 0


def _rows(item: Status) -> list[tuple[str, str, str, str]]:
    who = item["workflow_id"]
    rows = [
        (who, wait["path"], _what(wait), _moment(wait.get("until")))
        for wait in item["waits_for"] or ()
    ]
    rows += [
        (who, failed["path"], f"an operator: {failed['error']}", "")
        for failed in item["failed"] or ()
    ]
    return rows or [(who, item["step"] or "", "CONTINUE: it is paused", "")]


def _what(wait: dict[str, Json]) -> str:
    return "a task token" if "token" in wait else f"signal {wait['signal']}"


def _how(wait: dict[str, Json]) -> list[str]:
    """How a task token is answered; the token whole, for people copy it."""
    if "token" not in wait:
        return []
    command = "python workflow_starter.py send-task-success"
    return ["", f"{safe(wait['path'])}:", f"  {command} {wait['token']} --output '{{}}'"]


def _moment(seconds: float | None) -> str:
    return "" if seconds is None else written(seconds)


COMMAND = Command(
    name="waiting",
    help="the open executions that wait for a person",
    example="waiting",
    fields="a list with the members of `status`, of which waits_for, failed and state say why\n"
    "  (times: seconds since 1970)",
    add_arguments=add_arguments,
    run=run,
)
