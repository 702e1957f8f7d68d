"""`monitor`: watch an execution until it closes."""

from __future__ import annotations

import argparse
import io
import os
import sys
import time
from typing import TYPE_CHECKING

from arguments import safe
from cli import alert
from cli.command import Arguments, Command, add_execution, chosen
from cli.output import Output
from cli.unpolled import Lookout
from errors import InvalidInputError
from starter import runs
from starter.executions import watching
from starter.executions.status import Status, line

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

    from starter.executions.scenes import Scene
    from workflow_starter import WorkflowStarter


DUMB = ("dumb", "unknown")  # terminals on which nothing can be drawn anew
LONGEST_SECONDS = 3600  # between looks
SHOWN_WARNINGS = 2  # of tasks that nothing takes


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which run, and how often to look."""
    add_execution(parser)
    parser.add_argument(
        "--interval", metavar="SECONDS", type=float, default=1.0, help="between looks (default 1)"
    )
    parser.add_argument(
        "--alert",
        metavar="TARGET",
        type=alert.target,
        help="where to tell when it fails: a webhook's URL, or the ARN of an SNS topic",
    )


def run(starter: WorkflowStarter, arguments: Arguments, output: Output) -> int:
    """Show each change; exit code 1 unless the execution COMPLETED."""
    live = sys.stdout.isatty() and not output.as_json and os.environ.get("TERM") not in DUMB
    last = _live(starter, arguments) if live else _plain(starter, arguments, output)
    if arguments.alert and last["state"] in alert.FAILED:
        problem = alert.send(arguments.alert, last, starter.swf_client.settings)
        output.remark(f"The alert was not sent: {problem}" if problem else "The alert was sent")
    return 0 if last["state"] == "COMPLETED" else 1


def _plain(starter: WorkflowStarter, arguments: Arguments, output: Output) -> Status:
    tell = (lambda _: None) if output.as_json else output.remark
    lookout = Lookout(starter, arguments.workflow_id, tell)
    statuses = starter.watch(
        **chosen(arguments),
        interval=arguments.interval,
        before_pause=lookout.look,
    )
    for current in statuses:
        lookout.run_id = current["run_id"]
        output.item(current, safe(line(current)))
    return current


def _live(starter: WorkflowStarter, arguments: Arguments) -> Status:
    """A picture in place: drawn often, while SWF is asked once an interval."""
    from rich.live import Live  # noqa: PLC0415 - slow to import, and only for terminals

    from cli.monitor_view import TURNS_PER_SECOND  # noqa: PLC0415 - as above

    if not 0 < arguments.interval <= LONGEST_SECONDS:
        raise InvalidInputError(
            f"interval {arguments.interval}: seconds above 0 and up to {LONGEST_SECONDS}"
        )
    client, workflow_id = starter.swf_client, arguments.workflow_id
    run_id = arguments.run_id or runs.newest_run(client, workflow_id)
    lookout = Lookout(starter, workflow_id, lambda _: None)

    def pause() -> None:
        lookout.look()
        time.sleep(arguments.interval)

    scenes = watching.scenes(client, workflow_id, run_id, pause)
    picture = _Picture(next(scenes), lookout)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # where the terminal's encoding is not Unicode
    with Live(picture, refresh_per_second=TURNS_PER_SECOND, vertical_overflow="crop") as screen:
        lookout.run_id = picture.scene.status["run_id"]
        for picture.scene in scenes:
            lookout.run_id = picture.scene.status["run_id"]
            lookout.lines.clear()  # what happened may have been what was missing
            screen.refresh()
    return picture.scene.status


class _Picture:
    """The newest scene, as it is when it is drawn."""

    def __init__(self, scene: Scene, lookout: Lookout) -> None:
        self.scene = scene
        self._lookout = lookout

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.text import Text  # noqa: PLC0415 - as above

        from cli.monitor_view import Frame, draw  # noqa: PLC0415

        width, height = options.max_width, console.size.height
        warnings = [Text(line, "yellow") for line in self._lookout.lines[:SHOWN_WARNINGS]]
        taken = sum(len(line.wrap(console, width)) for line in warnings)
        yield draw(self.scene, Frame(time.time(), width, height - taken, options.ascii_only))
        yield from warnings


COMMAND = Command(
    name="monitor",
    help="watch an execution until it closes; exit code 1 unless it COMPLETED",
    example="monitor WORKFLOW_ID --interval 2 --alert https://hooks.example.com/on-call",
    fields="one object a line at each change, with the fields of status\n"
    "  (times: seconds since 1970)",
    add_arguments=add_arguments,
    run=run,
)
