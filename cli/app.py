"""The command line as a whole: its parser, and how every ending becomes an exit code.

0 done; 1 the process itself failed; 2 something to mend in what was asked; 3 SWF
unreachable or refusing; 130 interrupted.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import config
import logs
from arguments import Parser, reported
from cli import (
    answer,
    audit,
    back,
    batch,
    cancel,
    check,
    export,
    express,
    forecast,
    gc,
    graph,
    history,
    listing,
    monitor,
    pause,
    proceed,
    reprocess,
    resume,
    rollback,
    send_task_failure,
    send_task_heartbeat,
    send_task_success,
    signal,
    simulate,
    skip,
    start,
    status,
    terminate,
    validate,
    waiting,
)
from cli.command import Command
from cli.output import Output
from config import Settings
from errors import BusinessProcessError, DomainNotRegisteredError, InvalidInputError
from starter import clock
from swf.connection import Patience
from swf_client import SwfClient
from workflow_starter import WorkflowStarter

_log = logs.get("workflow_starter")

PROGRAM = "workflow_starter.py"
INTERRUPTED = 130
BROKEN_PIPE = 141  # 128 and SIGPIPE, as a shell reports it

EXIT_CODES = (
    "Exit codes of every command: 0 done, 1 the process itself failed, 2 something to mend\n"
    "  in what was asked, 3 SWF unreachable or refusing, 130 interrupted"
)

REFUSED_SECONDS = 3.0  # how long an engine that takes no connection is tried

COMMANDS: tuple[Command, ...] = (
    start.COMMAND,
    status.COMMAND,
    listing.COMMAND,
    history.COMMAND,
    monitor.COMMAND,
    signal.COMMAND,
    resume.COMMAND,
    back.COMMAND,
    reprocess.COMMAND,
    skip.COMMAND,
    pause.COMMAND,
    proceed.COMMAND,
    rollback.COMMAND,
    answer.COMMAND,
    send_task_success.COMMAND,
    send_task_failure.COMMAND,
    send_task_heartbeat.COMMAND,
    waiting.COMMAND,
    audit.COMMAND,
    cancel.COMMAND,
    terminate.COMMAND,
    batch.COMMAND,
    check.COMMAND,
    forecast.COMMAND,
    simulate.COMMAND,
    validate.COMMAND,
    graph.COMMAND,
    export.COMMAND,
    express.COMMAND,
    gc.COMMAND,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; gives the exit code."""
    try:
        return _run(build_parser().parse_args(arguments))
    except BusinessProcessError as error:
        print(f"{PROGRAM}: {reported(error)}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        _silence_output()
        return BROKEN_PIPE


def build_parser() -> Parser:
    """The parser of the whole command line."""
    parser = Parser(
        prog=PROGRAM,
        description="Start, follow and steer executions. Without a command it starts the example "
        "order\nof docs/examples/order.json.",
        epilog=f"example: python {PROGRAM} start --input docs/examples/order.json --wait\n\n"
        f"{EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_common(parser)
    parser.set_defaults(command=start.EXAMPLE_COMMAND, json=False, utc=False, env_file=None)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", parser_class=Parser)
    for command in COMMANDS:
        _add_command(commands, command)
    return parser


def _add_command(
    commands: argparse._SubParsersAction[Parser],
    command: Command,
) -> None:
    parser = commands.add_parser(
        command.name,
        help=command.help,
        description=command.help,
        epilog=f"example:\n  python {PROGRAM} {command.example}\n\n--json: {command.fields}\n"
        f"{EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_arguments(parser)
    _add_common(parser)
    parser.set_defaults(command=command)


def _add_common(parser: argparse.ArgumentParser) -> None:
    absent = argparse.SUPPRESS  # a subcommand's silence must not undo what stands before it
    parser.add_argument("--json", action="store_true", default=absent, help="print JSON")
    parser.add_argument(
        "--utc",
        action="store_true",
        default=absent,
        help="times as 2026-01-31 08:30:00Z; else local, without the Z (JSON: seconds since 1970)",
    )
    parser.add_argument("--env-file", metavar="FILE", default=absent, help="instead of .env")


def _run(arguments: argparse.Namespace) -> int:
    with _environment(arguments.env_file):
        return _run_with(config.use(config.load(env_file=arguments.env_file)), arguments)


@contextmanager
def _environment(env_file: str | None) -> Iterator[None]:
    """Let `${NAME}` of definitions come from the settings file that was named."""
    before = os.environ.get("ENV_FILE")
    if env_file:
        os.environ["ENV_FILE"] = env_file
    try:
        yield
    finally:
        if env_file and before is None:
            del os.environ["ENV_FILE"]
        elif env_file and before is not None:
            os.environ["ENV_FILE"] = before


def _run_with(settings: Settings, arguments: argparse.Namespace) -> int:
    logs.configure(settings)
    logs.warn_of_exposure(arguments.env_file)
    command: Command = arguments.command
    clock.use(utc=arguments.utc)
    output = Output(as_json=arguments.json, before=partial(_log.info, f"Engine: {settings.engine}"))
    starter = _starter(settings)
    try:
        return command.run(starter, arguments, output)
    except DomainNotRegisteredError:
        if settings.swf_endpoint != "local":
            raise
        starter.register_missing()  # nobody has used this folder yet, so nothing was done
        return command.run(starter, arguments, output)
    except RecursionError:
        raise InvalidInputError("the JSON is nested too deeply") from None


def _starter(settings: Settings) -> WorkflowStarter:
    """A starter that gives up soon and says why once: somebody sits in front of it."""
    if settings.log_level != "DEBUG":
        for name in logs.ATTEMPTS:
            logging.getLogger(name).setLevel(logging.ERROR)
    client = SwfClient(settings, patience=Patience(refused=REFUSED_SECONDS))
    return WorkflowStarter(settings, swf_client=client)


def _silence_output() -> None:
    """Whoever read our output is gone; let nothing complain about it at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
