"""`batch`: start one execution for each line of a file."""

from __future__ import annotations

import argparse
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from types import FrameType
from typing import TYPE_CHECKING

import errors
from arguments import safe
from cli.command import Arguments, Command
from cli.output import Output
from cli.parsing import json_from, read_text
from errors import InvalidInputError
from progress import bar
from starter.batch import BatchResult
from wire import Json

if TYPE_CHECKING:
    from workflow_starter import WorkflowStarter

Result = dict[str, Json]
"""`line` (from 1), `workflow_id`, `run_id`, `error`, `error_type`."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The file, and what all its executions share."""
    parser.add_argument("file", metavar="FILE.jsonl", help="one JSON object a line; - for stdin")
    parser.add_argument(
        "--tag", metavar="TAG", action="append", default=[], help="for each; repeatable"
    )
    parser.add_argument("--timeout", metavar="SECONDS", help="for each whole execution")


def run(starter: WorkflowStarter, arguments: Arguments, output: Output) -> int:
    """Start what can be started; the exit code is the gravest of the failures'."""
    orders, results = _read(read_text(arguments.file))
    if not orders and not results:
        raise InvalidInputError(f"the file {arguments.file} has no line to start")
    try:
        _start(starter, arguments, orders, results, output)
    except KeyboardInterrupt:
        _report(results, output)  # what was started is known to nobody else
        raise
    return _report(results, output)


def _start(
    starter: WorkflowStarter,
    arguments: Arguments,
    orders: dict[int, Json],
    results: list[Result],
    output: Output,
) -> None:
    """Start the orders and add each result as it comes."""
    numbers, before = list(orders), len(results)
    with bar("starting", len(orders), as_json=output.as_json) as tell:

        def heard(result: BatchResult) -> None:
            facts: Result = {key: item for key, item in result.items() if key != "index"}
            results.append({"line": numbers[result["index"]], **facts})
            tell(len(results) - before)

        with _hurried(starter):
            starter.start_batch(
                orders.values(), tags=arguments.tag, timeout=arguments.timeout, on_result=heard
            )


@contextmanager
def _hurried(starter: WorkflowStarter) -> Iterator[None]:
    """Ctrl+C waits for the starts under way, which then are not tried again and again."""
    heeded = signal.getsignal(signal.SIGINT) is signal.default_int_handler

    def interrupt(number: int, frame: FrameType | None) -> None:
        # In a thread, for the one that is interrupted here may hold any lock.
        threading.Thread(target=starter.swf_client.stop, name="stop", daemon=True).start()
        signal.default_int_handler(number, frame)

    if not heeded or threading.current_thread() is not threading.main_thread():
        yield
        return
    signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _read(text: str) -> tuple[dict[int, Json], list[Result]]:
    """Orders by line number, and a failure for each line that is not JSON."""
    orders: dict[int, Json] = {}
    failures: list[Result] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            orders[number] = _order(line)
        except InvalidInputError as error:
            failures.append(_failure(number, error))
    return orders, failures


def _order(line: str) -> Json:
    if not line.lstrip().startswith("{"):
        raise InvalidInputError("the line is not a JSON object")
    return json_from(line)


def _failure(number: int, error: InvalidInputError) -> Result:
    return {
        "line": number,
        "workflow_id": None,
        "run_id": None,
        "error": str(error),
        "error_type": type(error).__name__,
    }


def _report(results: list[Result], output: Output) -> int:
    results.sort(key=lambda result: int(result["line"]))
    failed = [result for result in results if result["error"]]
    count = len(results) - len(failed)
    lines = [
        f"{result['workflow_id']}  {result['run_id']}" for result in results if result not in failed
    ]
    if output.as_json:
        output.result({"started": count, "failed": len(failed), "results": results}, [])
    else:
        output.result(None, [*lines, f"started {count} of {len(results)}, {len(failed)} failed"])
    for error, told in _alike(results):
        output.remark(f"{told}: {safe(error)}")
    return max((_exit_code(result["error_type"]) for result in failed), default=0)


def _alike(results: list[Result]) -> Iterator[tuple[str, str]]:
    """Each error with its lines; those that fail alike one after the other are told once."""
    for error, group in groupby(results, key=lambda result: result["error"]):
        numbers = [result["line"] for result in group]
        if error:
            one = len(numbers) == 1
            yield error, f"line {numbers[0]}" if one else f"lines {numbers[0]} to {numbers[-1]}"


def _exit_code(error_type: str) -> int:
    code: int = getattr(errors, error_type, errors.BusinessProcessError).exit_code
    return code


COMMAND = Command(
    name="batch",
    help="start one execution for each line of a JSON-lines file",
    example="batch docs/examples/batch.jsonl --tag monday",
    fields="started, failed, results: a list of line, workflow_id, run_id, error, error_type",
    add_arguments=add_arguments,
    run=run,
)
