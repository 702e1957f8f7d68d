"""`gc`: remove stored values that no kept history names."""

from __future__ import annotations

import argparse
import math
import threading
from typing import TYPE_CHECKING

import polling
from arguments import reported
from cli.command import Arguments, Command
from cli.output import Output
from errors import BusinessProcessError
from progress import bar
from starter.garbage import DAY_SECONDS, Collected

if TYPE_CHECKING:
    from workflow_starter import WorkflowStarter

SAFE_DAYS = 1.0
SHORTEST_DAYS = 0.0001  # eight seconds
AFTER_FAULT_SECONDS = 3600.0


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
    parser.add_argument(
        "--every",
        metavar="DAYS",
        type=_days_between,
        help="go on, and do it again after so many days; what goes wrong is told and tried again "
        "after an hour at the latest",
    )


def run(starter: WorkflowStarter, arguments: Arguments, output: Output) -> int:
    """Collect, and say what was removed; with `--every` until told to stop."""
    if arguments.every is None:
        _once(starter, arguments, output)
        return 0
    stopping = threading.Event()
    with polling.drained_by_signals(stopping.set):
        while not stopping.is_set():
            polling.rest(stopping, _round(starter, arguments, output))
    return 0


def _round(starter: WorkflowStarter, arguments: Arguments, output: Output) -> float:
    """Collect; gives the seconds until the next time."""
    seconds: float = arguments.every * DAY_SECONDS
    try:
        _once(starter, arguments, output)
    except BusinessProcessError as error:
        output.remark(reported(error))
        return min(seconds, AFTER_FAULT_SECONDS)
    return seconds


def _once(starter: WorkflowStarter, arguments: Arguments, output: Output) -> None:
    with bar("reading histories", as_json=output.as_json) as progress:
        found = starter.collect_garbage(
            older_than_days=arguments.older_than, dry_run=arguments.dry_run, progress=progress
        )
    if arguments.every is None:
        output.result(dict(found), text(found))
    else:
        output.item(dict(found), text(found)[-1])


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


def _days_between(value: str) -> float:
    days = _days(value)
    if not SHORTEST_DAYS <= days <= threading.TIMEOUT_MAX / DAY_SECONDS:
        raise ValueError
    return days


_days.__name__ = _days_between.__name__ = "number of days"  # argparse names it in a refusal


COMMAND = Command(
    name="gc",
    help="remove stored values that no kept history names",
    example="gc --dry-run",
    fields="dry_run, runs (histories read), stored, named, young (counts of values),\n"
    "  removed (their hashes), bytes; with --every one line each time",
    add_arguments=add_arguments,
    run=run,
)
