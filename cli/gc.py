"""`gc`: remove stored values that no kept history names."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cli.command import Arguments, Command
from cli.output import Output
from starter.garbage import Collected, Progress

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
    with _progress(shown=not output.as_json and sys.stderr.isatty()) as progress:
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


@contextmanager
def _progress(*, shown: bool) -> Iterator[Progress]:
    """A line that counts the histories, on standard error for people; nothing elsewhere."""
    if not shown:
        yield lambda _: None
        return
    from rich.console import Console  # noqa: PLC0415 - slow to import, and only for terminals
    from rich.status import Status  # noqa: PLC0415

    with Status("reading histories", console=Console(stderr=True)) as line:
        yield lambda count: line.update(f"reading histories: {count}")


COMMAND = Command(
    name="gc",
    help="remove stored values that no kept history names",
    example="gc --dry-run",
    fields="dry_run, runs (histories read), stored, named, young (counts of values),\n"
    "  removed (their hashes), bytes",
    add_arguments=add_arguments,
    run=run,
)
