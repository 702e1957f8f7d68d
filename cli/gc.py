"""`gc`: remove stored values that no kept history names."""

from __future__ import annotations

import argparse
import math
from typing import TYPE_CHECKING

from cli.command import Arguments, Command
from cli.output import Output
from progress import bar
from starter.garbage import Collected

if TYPE_CHECKING:
    from workflow_starter import WorkflowStarter

SAFE_DAYS = 1.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """How careful to be."""
    parser.add_argument(
        "--dry-run", action="store_true", help="say what would be removed, remove nothing"
    )
    parser.add_argument(
        "--older-than",
        metavar="DAYS",
        type=_days,
        default=SAFE_DAYS,
        help="spare what was stored since (default 1): its start or result may be on its way",
    )


def run(starter: WorkflowStarter, arguments: Arguments, output: Output) -> int:
    """Collect, and say what was removed."""
    with bar("reading histories", as_json=output.as_json) as progress:
        found = starter.collect_garbage(
            older_than_days=arguments.older_than, dry_run=arguments.dry_run, progress=progress
        )
    output.result(dict(found), text(found))
    return 0


def text(found: Collected) -> list[str]:
    """The removed values, one a line, and one line that counts."""
    did = "would be removed" if found["dry_run"] else "removed"
    counts = (
        f"{len(found['removed'])} of {found['stored']} values {did}, {found['bytes']:,} bytes; "
        f"{found['named']} are named by {found['runs']} runs, {found['young']} are too young"
    )
    return [*found["removed"], counts]


def _days(value: str) -> float:
    days = float(value)
    if not 0 <= days < math.inf:
        raise ValueError
    return days


_days.__name__ = "number of days"  # argparse names it where it refuses a value


COMMAND = Command(
    name="gc",
    help="remove stored values that no kept history names",
    example="gc --dry-run",
    fields="dry_run, runs (histories read), stored, named, young (counts of values),\n"
    "  removed (their hashes), bytes",
    add_arguments=add_arguments,
    run=run,
)
