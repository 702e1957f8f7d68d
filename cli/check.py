"""`check`: which executions would be decided otherwise under the definitions on disk."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from arguments import safe
from cli.command import Arguments, Command
from cli.output import Output
from cli.parsing import json_from
from progress import Tell, bar, can_be_shown
from starter.definitions.checking import Difference, Finding, Report
from wire import Json

if TYPE_CHECKING:
    from workflow_starter import WorkflowStarter

DIFFER = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Saved histories instead of the open executions; which definition."""
    parser.add_argument(
        "--history",
        metavar="FILE",
        action="append",
        help="a history as 'history --json' prints it, instead of the open executions; repeatable",
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--definition",
        metavar="NAME[@VERSION]",
        help="check executions of every version of NAME under this definition",
    )
    which.add_argument(
        "--code",
        action="store_true",
        help="the processes as process.py has them, even where a published file comes before",
    )


def run(starter: WorkflowStarter, arguments: Arguments, output: Output) -> int:
    """Check; exit code 1 where some do not fit."""
    options = {"definition": arguments.definition, "code": arguments.code}
    if arguments.history:
        total = len(arguments.history)
        with bar("checking histories", total, as_json=output.as_json) as tell:
            report = starter.check_histories(_read(arguments.history, tell), **options)
    else:
        with bar(
            "checking executions", _open(starter, arguments, output), as_json=output.as_json
        ) as tell:
            report = starter.check_open_workflows(progress=tell, **options)
    output.result(report, text(report))
    return DIFFER if report["findings"] else 0


def _read(sources: Sequence[str], tell: Tell) -> Iterator[Json]:
    """The saved histories; each is checked before the next one is read."""
    for number, source in enumerate(sources, 1):
        yield json_from(source)
        tell(number)


def _open(starter: WorkflowStarter, arguments: Arguments, output: Output) -> int | None:
    """How many are to be checked, where that is known and a bar can show it."""
    if arguments.definition or not can_be_shown(as_json=output.as_json):
        return None
    count, more = starter.swf_client.count_open()
    return None if more else count


def text(report: Report) -> list[str]:
    """Each execution that does not fit, with what to do; then one line that counts."""
    lines = [line for finding in report["findings"] for line in _finding(finding)]
    counts = (
        f"{report['fit']} of {report['checked']} fit; {report['decisions']:,} decisions compared"
    )
    return [*lines, counts]


def _finding(found: Finding) -> list[str]:
    head = f"{found['workflow_id']} (run {found['run_id']}), {found['type']} {found['version']}"
    lines = [f"    {_difference(item)}" for item in found["divergences"]]
    lines += [f"    {safe(found['blocked'])}"] if found["blocked"] else []
    return [safe(head), *lines, f"    What to do: {found['advice']}"]


def _difference(item: Difference) -> str:
    where = f"step {item['step']}" if item["step"] else "the execution"
    return safe(
        f"event {item['event_id']}, {where}: {item['version']} asks for {item['expected']}, "
        f"the history has {item['actual']}"
    )


COMMAND = Command(
    name="check",
    help="which executions would be decided otherwise under the definitions on disk",
    example="check --code",
    fields="checked, decisions, fit, findings (workflow_id, run_id, type, version, blocked,\n"
    "  divergences (event_id, step, expected, actual, version), advice).\n"
    "Exit code: 0 all fit, 1 some do not",
    add_arguments=add_arguments,
    run=run,
)
