"""Stopping the embedded SWF and deleting local data: `./run.sh stop` and `./run.sh clean`."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import config
from arguments import Parser
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
    options = _parser().parse_args(arguments)
    try:
        settings = config.load(env_file=options.env_file)
        return _stop(settings) if options.command == "stop" else _clean(settings, options)
    except (BusinessProcessError, OSError) as error:
        print(error, file=sys.stderr)
        return getattr(error, "exit_code", 1)


def _stop(settings: Settings) -> int:
    stopped = stop_engine(settings)
    print("The embedded SWF is stopped." if stopped else "No embedded SWF was running.")
    return 0


def _clean(settings: Settings, options: argparse.Namespace) -> int:
    found = local_data(settings)
    if not found:
        print(f"There is no local data in {settings.data_dir}.")
        return 0
    names = ", ".join(path.name for path in found)
    if not options.yes and not _agreed(f"Delete {names} in {settings.data_dir}? [y/N] "):
        print("Nothing is deleted.")
        return 1
    delete_local_data(settings)
    print(f"Deleted in {settings.data_dir}: {names}")
    return 0


def _agreed(question: str) -> bool:
    try:
        return input(question).strip().lower() in ("y", "yes")
    except EOFError:
        print()
        return False


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="run.sh", description="Stop the embedded SWF (stop), or delete local data (clean)."
    )
    parser.add_argument("command", choices=("stop", "clean"))
    parser.add_argument("--yes", action="store_true", help="delete without asking")
    parser.add_argument("--env-file", metavar="FILE", help="settings file instead of .env")
    return parser


if __name__ == "__main__":
    sys.exit(main())
