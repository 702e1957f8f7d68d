"""`list`: executions, open and closed."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from cli.command import Arguments, Command
from cli.output import Output, table
from cli.parsing import moment
from progress import bar
from starter.clock import written
from starter.executions.status import Summary
from starter.lists.listing import Filter
from starter.runs import CLOSINGS

if TYPE_CHECKING:
    from workflow_starter import WorkflowStarter


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to list; everything given must hold."""
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--open", action="store_true", help="open executions only")
    which.add_argument("--closed", action="store_true", help="closed executions only")
    parser.add_argument("--id", metavar="ID", help="runs of this workflow id")
    parser.add_argument("--tag", metavar="TAG", help="executions with this tag")
    parser.add_argument(
        "--status",
        metavar="STATUS",
        type=str.upper,
        choices=sorted(CLOSINGS.values()),
        help="closed this way: " + ", ".join(sorted(CLOSINGS.values())),
    )
    parser.add_argument("--since", metavar="TIME", help="started since: 90m, 24h, 7d, 2026-01-31")
    parser.add_argument("--until", metavar="TIME", help="started until")
    parser.add_argument(
        "--runs",
        action="store_true",
        help="every run by itself; else the newest stands for those that it continues",
    )
    parser.add_argument(
        "--limit", metavar="N", type=int, default=100, help="at most so many (default 100; 0: all)"
    )


def run(starter: WorkflowStarter, arguments: Arguments, output: Output) -> int:
    """Print the executions, the newest first."""
    wanted = Filter(
        open=not arguments.closed,
        closed=not arguments.open,
        workflow_id=arguments.id,
        tag=arguments.tag,
        status=arguments.status,
        since=moment(arguments.since) if arguments.since else None,
        until=moment(arguments.until) if arguments.until else None,
        runs=bool(arguments.runs or arguments.id or arguments.status),
    )
    with bar("listing", as_json=output.as_json):
        found = starter.list_workflows(wanted, limit=arguments.limit or None)
    output.result(found, _text(found))
    return 0


def _text(found: list[Summary]) -> list[str]:
    if not found:
        return ["no executions"]
    rows = [
        (
            item["state"],
            written(item["started_at"]),
            "" if item["closed_at"] is None else written(item["closed_at"]),
            ",".join(item["tags"]),
            item["workflow_id"],
            item["run_id"],
        )
        for item in found
    ]
    return table(("STATE", "STARTED", "CLOSED", "TAGS", "WORKFLOW ID", "RUN ID"), rows)


COMMAND = Command(
    name="list",
    help="list executions, the newest first",
    example="list --status FAILED --since 24h",
    fields="a list of workflow_id, run_id, type, version, state, tags, started_at, "
    "closed_at,\n  cancel_requested (times: seconds since 1970)",
    add_arguments=add_arguments,
    run=run,
)
