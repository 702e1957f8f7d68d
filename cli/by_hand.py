"""The commands that do what the menu's entries do, as the shell of this system wants them."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path

from cli.following import SHOWN_LINES
from config import HOME

WINDOWS = os.name == "nt"


def run_sh(*arguments: str, locale: str = "") -> str:
    """`./run.sh ARGUMENTS`, from the current folder; `locale` sets its language."""
    script = HOME / ("run.bat" if WINDOWS else "run.sh")
    name = script.name if WINDOWS else f"./{script.name}"
    words = [name if Path.cwd() == HOME else str(script), *arguments]
    line = subprocess.list2cmdline(words) if WINDOWS else shlex.join(words)
    if not locale:
        return line
    return f"set LANG={locale} && {line}" if WINDOWS else f"LANG={locale} {line}"


def stop(pids: Sequence[int]) -> str:
    """Stops these processes, and the embedded SWF."""
    kill, between = ("taskkill /F /PID ", " /PID ") if WINDOWS else ("kill ", " ")
    ended = kill + between.join(map(str, pids))
    return f"{ended} && {run_sh('stop')}" if pids else run_sh("stop")


def follow(log: Path) -> str:
    """Follows a log."""
    if WINDOWS:
        return f'powershell Get-Content -Wait -Tail {SHOWN_LINES} "{log}"'
    return shlex.join(["tail", "-n", str(SHOWN_LINES), "-f", str(log)])
