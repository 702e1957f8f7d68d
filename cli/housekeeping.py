"""Stopping the embedded SWF and deleting local data: `./run.sh stop` and `./run.sh clean`."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import config
from arguments import Parser, reported
from cli.output import Output
from config import Settings
from errors import BusinessProcessError, EngineUnreachableError

LOCAL_DATA = (
    "swf",
    "payloads",
    "demo",
    "logs",
    "business.sqlite3*",
    "outbox.jsonl*",
)
"""What the application keeps in its data folder; whatever else lies there is not ours."""


def engine_runs(settings: Settings) -> bool:
    """Whether the embedded SWF of these settings runs."""
    from local_swf import daemon  # noqa: PLC0415 - only this engine needs it

    return daemon.status(settings.swf_dir) is not None


def stop_engine(settings: Settings) -> bool:
    """Stop the embedded SWF of these settings; False when none ran."""
    from local_swf import daemon  # noqa: PLC0415 - as above

    try:
        return daemon.stop(settings.swf_dir)
    except (OSError, RuntimeError) as error:
        raise EngineUnreachableError(f"the embedded SWF cannot be stopped: {error}") from error


def local_data(settings: Settings) -> list[Path]:
    """The files and folders of local data that are there."""
    return sorted(path for pattern in LOCAL_DATA for path in settings.data_dir.glob(pattern))


def delete_local_data(settings: Settings) -> list[Path]:
    """Stop the embedded SWF and delete what it and the activities kept; gives what was there."""
    stop_engine(settings)
    found = local_data(settings)
    for path in found:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `stop` or `clean`; gives the exit code."""
    options = build_parser().parse_args(arguments)
    try:
        settings = config.load(env_file=options.env_file)
        output = Output(as_json=options.json)
        if options.command == "stop":
            return _stop(settings, output)
        return _clean(settings, options, output)
    except (BusinessProcessError, OSError) as error:
        print(reported(error), file=sys.stderr)
        return getattr(error, "exit_code", 1)


def _stop(settings: Settings, output: Output) -> int:
    stopped = stop_engine(settings)
    said = "The embedded SWF is stopped." if stopped else "No embedded SWF was running."
    output.result({"stopped": stopped}, [said])
    return 0


def _clean(settings: Settings, options: argparse.Namespace, output: Output) -> int:
    found = local_data(settings)
    names = [path.name for path in found]
    told = {"folder": str(settings.data_dir), "deleted": names}
    if not found:
        output.result(told, [f"There is no local data in {settings.data_dir}."])
        return 0
    question = f"Delete {', '.join(names)} in {settings.data_dir}? [y/N] "
    if not options.yes and (output.as_json or not _agreed(question)):
        output.result({**told, "deleted": []}, ["Nothing is deleted."])
        return 1
    delete_local_data(settings)
    output.result(told, [f"Deleted in {settings.data_dir}: {', '.join(names)}"])
    return 0


def _agreed(question: str) -> bool:
    try:
        return input(question).strip().lower() in ("y", "yes")
    except EOFError:
        print()
        return False


def build_parser() -> Parser:
    """The options of `./run.sh stop` and `./run.sh clean`."""
    parser = Parser(
        prog="run.sh",
        description="Stop the embedded SWF (stop), or delete local data (clean).",
        epilog="examples:\n  ./run.sh stop\n  ./run.sh clean --yes\n\n"
        "--json: of stop, stopped (whether one ran); of clean, folder and deleted (names), which\n"
        "  needs --yes.\n"
        "Exit code: 0 done, 1 nothing deleted, 2 something to mend, 3 it does not end",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=("stop", "clean"))
    parser.add_argument("--yes", action="store_true", help="delete without asking")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--env-file", metavar="FILE", help="settings file instead of .env")
    return parser


if __name__ == "__main__":
    sys.exit(main())
