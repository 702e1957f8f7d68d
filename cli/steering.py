"""What the commands that steer an execution share: say what will happen, then ask for it."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cli.command import Arguments, add_answer, add_execution, add_operator, chosen
from cli.output import Output
from cli.signal import report
from wire import Json

if TYPE_CHECKING:
    from starter.control.signals import Sent
    from starter.control.steering import Forecast
    from workflow_starter import WorkflowStarter

FIELDS = "workflow_id, run_id, request_id, outcome (done, waiting, or null: no answer yet)"


def add_common(parser: argparse.ArgumentParser) -> None:
    """Which execution, who asks and why, and whether to do it or only to say what it would do."""
    add_execution(parser)
    parser.add_argument(
        "--if-at", metavar="STEP:VISIT", help="only if the execution is still there"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="say what would happen, and do nothing"
    )
    add_operator(parser)
    add_answer(parser)


def operator(arguments: Arguments) -> dict[str, Json]:
    """Who asks, why, and for which state: keyword arguments of the starter's methods."""
    return {
        "reason": arguments.reason,
        "actor": arguments.actor,
        "if_at": arguments.if_at,
    }


@dataclass(frozen=True)
class Steering:
    """A signal to be sent."""

    signal: str
    members: dict[str, Json]
    """What it carries beside who asks and why."""
    act: Callable[[], Sent]
    """Sends it."""


def steer(starter: WorkflowStarter, arguments: Arguments, output: Output, wanted: Steering) -> int:
    """Say what a signal will do; send it, unless only that was asked; report the answer."""
    seen = {} if arguments.if_at is None else {"if_at": arguments.if_at}
    foreseen = starter.foresee(wanted.signal, **chosen(arguments), **wanted.members, **seen)
    if arguments.dry_run:
        return dry(foreseen, output)
    tell(foreseen, output)
    return report(starter, arguments, output, wanted.signal, {**wanted.act()})


def dry(foreseen: Forecast, output: Output) -> int:
    """Print what would happen; 2 where it would be refused."""
    output.result(foreseen, foreseen["words"])
    return 2 if foreseen["outcome"] == "refused" else 0


def tell(foreseen: Forecast, output: Output) -> None:
    """Say what is going to happen; a refusal is an error of its own."""
    if foreseen["outcome"] != "refused":
        for word in foreseen["words"]:
            output.remark(word)
