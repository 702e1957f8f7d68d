"""The command line: serve, `stop`, `status`."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from local_swf import daemon

if TYPE_CHECKING:
    from local_swf import process

DEFAULT_FOLDER = Path(".data") / "swf"
"""Where a project keeps its endpoint unless told otherwise."""

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def main(arguments: list[str] | None = None) -> int:
    """Run a command; answers the exit code: 0 done, 1 nothing there, 2 a user's mistake."""
    given = sys.argv[1:] if arguments is None else arguments
    if given[:1] in (["stop"], ["status"]):
        return _daemon_command(given)
    return _serve(given)


def _daemon_command(given: list[str]) -> int:
    options = build_daemon_parser(given[0]).parse_args(given[1:])
    if given[0] == "stop":
        try:
            stopped = daemon.stop(options.folder)
        except daemon.DaemonError as error:
            return _complain(str(error))
        said = "local SWF stopped" if stopped else "no local SWF was running"
        print(json.dumps({"stopped": stopped}) if options.json else said)
        return 0
    return _tell(daemon.status(options.folder), as_json=options.json)


def _tell(endpoint: daemon.Endpoint | None, *, as_json: bool) -> int:
    said = f"local SWF at {endpoint.url}, pid {endpoint.pid}" if endpoint else "no local SWF runs"
    url, pid = (endpoint.url, endpoint.pid) if endpoint else (None, None)
    print(json.dumps({"running": bool(endpoint), "url": url, "pid": pid}) if as_json else said)
    return 0 if endpoint else 1


def _serve(given: list[str]) -> int:
    options = build_parser().parse_args(given)
    local = options.host in _LOOPBACK
    if not local and not options.require_signature and not options.insecure:
        return _complain(
            f"{options.host} is not this machine alone: add --require-signature, "
            "or --insecure if anyone may use it"
        )
    from local_swf.errors import LocalSWFError
    from local_swf.process import run

    try:
        return run(_endpoint_options(options), options.state)
    except (LocalSWFError, OSError) as error:
        return _complain(str(error))


def _endpoint_options(options: argparse.Namespace) -> process.Options:
    from local_swf.process import Options
    from local_swf.quotas import published

    return Options(
        host=options.host,
        port=options.port,
        database=options.database,
        virtual_clock=options.clock == "virtual",
        faults=options.faults,
        quotas=published() if options.quotas else {},
        keys=_keys(options) if options.require_signature else None,
        functions=dict(_pair(text, "--function") for text in options.function),
        denied=frozenset(options.deny),
        empty_task_token=options.empty_task_token,
        region=options.region,
        idle_seconds=options.idle_seconds,
    )


def _keys(options: argparse.Namespace) -> dict[str, str]:
    from local_swf.errors import StartupError

    keys = dict(_pair(text, "--key") for text in options.key)
    access = os.environ.get("AWS_ACCESS_KEY_ID"), os.environ.get("AWS_SECRET_ACCESS_KEY")
    if not keys and access[0] and access[1]:
        keys = {access[0]: access[1]}
    if not keys:
        raise StartupError(
            "--require-signature needs keys: --key ID=SECRET, or AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY in the environment"
        )
    return keys


def _pair(text: str, option: str) -> tuple[str, str]:
    from local_swf.errors import StartupError

    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise StartupError(f"{option} takes NAME=VALUE, not {text!r}")
    return name, value


def build_parser() -> argparse.ArgumentParser:
    """The options of `python -m local_swf`, which serves."""
    parser = argparse.ArgumentParser(
        prog="python -m local_swf",
        description="An embedded Amazon SWF. Further commands: stop, status.",
        epilog="example: python -m local_swf --port 8420 --database swf.sqlite",
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (default: this machine alone)")
    add("--port", type=int, default=0, help="0, the default, picks a free one")
    add("--database", default=":memory:", metavar="FILE", help="default: in memory")
    add("--clock", choices=("wall", "virtual"), default="wall")
    add("--faults", type=Path, metavar="FILE", help="JSON file with fault rules")
    add("--quotas", action="store_true", help="throttle as SWF does by default")
    add("--require-signature", action="store_true", help="check SigV4 against known keys")
    add("--key", action="append", default=[], metavar="ID=SECRET", help="a known key")
    add("--insecure", action="store_true", help="listen beyond this machine unsigned")
    add("--function", action="append", default=[], metavar="NAME=URL", help="a Lambda function")
    add("--empty-task-token", action="store_true", help='an empty poll shows taskToken ""')
    add("--deny", action="append", default=[], metavar="DECISION", help="refuse as IAM would")
    add("--region", default="us-east-1", help="in ARNs for unsigned requests")
    add("--state", type=Path, help=argparse.SUPPRESS)
    add("--idle-seconds", type=float, default=None, help="leave after so long without a client")
    return parser


def build_daemon_parser(command: str) -> argparse.ArgumentParser:
    """The options of `stop` and `status`."""
    told = {"stop": "stopped (whether one ran)", "status": "running, url, pid (null: none runs)"}
    codes = {"stop": "0 none runs now, 2 it does not end", "status": "0 one runs, 1 none"}
    parser = argparse.ArgumentParser(
        prog=f"python -m local_swf {command}",
        epilog=f"example: python -m local_swf {command} --folder .data/swf\n\n"
        f"--json: {told[command]}.\nExit code: {codes[command]}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--folder", type=Path, default=DEFAULT_FOLDER, help="its data folder")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _complain(message: str) -> int:
    print(f"local_swf: {message}", file=sys.stderr)
    return 2
