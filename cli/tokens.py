"""`send-task-success`, `send-task-failure`, `send-task-heartbeat`: answers to task tokens."""

from __future__ import annotations

import argparse
from functools import partial
from typing import TYPE_CHECKING

from cli.command import Arguments, add_answer, add_operator
from cli.output import Output
from cli.steering import Steering, steer
from starter.control import answering
from wire import Json

if TYPE_CHECKING:
    from collections.abc import Callable

    from starter.control.signals import Sent
    from workflow_starter import WorkflowStarter

TOKEN_HELP = "what the state sent out, or `waiting` shows"  # noqa: S105 - no secret


def add_token(parser: argparse.ArgumentParser) -> None:
    """The argument `TOKEN`."""
    parser.add_argument("token", metavar="TOKEN", help=TOKEN_HELP)


def add_common(parser: argparse.ArgumentParser) -> None:
    """Which token, who answers and why, and whether to do it or only to say what it would do."""
    add_token(parser)
    parser.add_argument(
        "--dry-run", action="store_true", help="say what would happen, and do nothing"
    )
    add_operator(parser)
    add_answer(parser)


def wanted(
    arguments: Arguments, signal: str, members: dict[str, Json], act: Callable[..., Sent]
) -> Steering:
    """The answer to a token; `act` sends it, given what it carries."""
    token = arguments.token.strip()
    who = {"reason": arguments.reason, "actor": arguments.actor}
    return Steering(signal, {"token": token, **members}, partial(act, token, **members, **who))


def answer(starter: WorkflowStarter, arguments: Arguments, output: Output, found: Steering) -> int:
    """Say what an answer will do, send it, and report what became of it."""
    arguments.workflow_id = answering.workflow_id_of(arguments.token)
    arguments.run_id = arguments.if_at = None
    return steer(starter, arguments, output, found)
