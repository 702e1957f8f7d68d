"""`python -m dashboard`: serve the page."""

from __future__ import annotations

if __name__ == "__main__":
    import dependencies

    dependencies.check(*dependencies.PAGE)

import argparse
import asyncio
import os
import secrets
import socket
import sys
import webbrowser
from collections.abc import Sequence

import uvicorn

import config
import logs
import telemetry
from arguments import Parser, address, count, reported
from dashboard.app import make_app
from dashboard.listening import server
from dashboard.offline import library_of
from dashboard.options import LOOPBACK, PORT, Options
from errors import BusinessProcessError, ConfigurationError
from starter import clock
from workflow_starter import WorkflowStarter

PROGRAM = "python -m dashboard"
_log = logs.get("dashboard")


def parser() -> Parser:
    """The command line."""
    made = Parser(
        prog=PROGRAM,
        description="A local web page: executions, graphs, histories, and what operators do.",
        epilog=f"examples:\n  {PROGRAM} --open\n  {PROGRAM} --offline history.json\n"
        f"  {PROGRAM} --host 0.0.0.0 --read-only",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument(
        "--host",
        metavar="ADDRESS",
        default=LOOPBACK[0],
        help="default 127.0.0.1; "
        "elsewhere a token is asked for: DASHBOARD_TOKEN, or one that is made and printed",
    )
    made.add_argument(
        "--port", type=count(0, 65535), default=PORT, help=f"default {PORT}; 0 for any"
    )
    made.add_argument("--read-only", action="store_true", help="show, and change nothing")
    made.add_argument(
        "--offline",
        metavar="FILE",
        nargs="+",
        help="show saved histories (history WORKFLOW_ID --json) and ask no engine",
    )
    made.add_argument("--open", action="store_true", help="open a browser")
    made.add_argument("--utc", action="store_true", help="times in UTC")
    made.add_argument(
        "--health-port",
        metavar="PORT",
        type=address(config.port),
        help="serve /healthz and /readyz there: PORT or HOST:PORT (default: HEALTH_PORT)",
    )
    made.add_argument("--env-file", metavar="FILE", help="instead of .env")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until it is interrupted; gives the exit code."""
    try:
        return _serve(parser().parse_args(arguments))
    except BusinessProcessError as error:
        print(f"{PROGRAM}: {reported(error)}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 0


def _serve(arguments: argparse.Namespace) -> int:
    settings = config.use(config.load(env_file=arguments.env_file))
    logs.configure(settings)
    logs.warn_of_exposure(arguments.env_file)
    clock.use(utc=arguments.utc)
    with telemetry.serving(settings, "page", arguments.health_port):
        asyncio.run(_run(*_opened(arguments, settings)))
    return 0


async def _run(serving: uvicorn.Server, listening: socket.socket) -> None:
    beating = asyncio.create_task(telemetry.LoopPulse("page").beat())
    try:
        await serving.serve(sockets=[listening])
    finally:
        beating.cancel()


def _opened(
    arguments: argparse.Namespace, settings: config.Settings
) -> tuple[uvicorn.Server, socket.socket]:
    """What serves the page, and the socket on which it will."""
    starter = WorkflowStarter(settings)
    library = library_of(starter, arguments.offline) if arguments.offline else None
    listening, options = _bound(arguments, settings.dashboard_token)
    if arguments.offline is None:
        _log.info(f"Engine: {settings.engine}")
        starter.register_missing()
    print(f"The page is at {options.address}", flush=True)
    if arguments.open:
        webbrowser.open(options.address)
    return server(make_app(starter, options, library)), listening


def _bound(arguments: argparse.Namespace, token: str) -> tuple[socket.socket, Options]:
    """The socket to serve on, and the options with what came of it."""
    host = arguments.host
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, arguments.port), family=family)
    except OSError as error:
        raise ConfigurationError(
            f"{host} port {arguments.port} cannot be used: {os.strerror(error.errno or 0)}; choose "
            "another with --port, 0 for any"
        ) from error
    if not token and host not in LOOPBACK:
        token = secrets.token_urlsafe(24)
    options = Options(
        host=host,
        port=listening.getsockname()[1],
        token=token,
        read_only=arguments.read_only,
        offline=bool(arguments.offline),
    )
    return listening, options


if __name__ == "__main__":
    sys.exit(main())
