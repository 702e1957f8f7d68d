"""The application in processes of its own, in a folder that goes when the measurement ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import config
from config import Settings
from local_swf import daemon
from swf_client import SwfClient

ROOT = Path(__file__).resolve().parent.parent
READY_SECONDS = 30.0


@dataclass(frozen=True)
class Application:
    """A running engine, decider and activity worker."""

    settings: Settings
    client: SwfClient
    processes: dict[str, int]
    """Process ids by part: `endpoint`, `decider`, `worker`."""
    url: str = ""
    """Where the engine listens."""
    folder: Path = Path()
    children: Mapping[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def reports(self) -> dict[str, dict[str, Any]]:
        """Stop the parts of `measured` and give what each has counted."""
        _stop(self.children.values())
        return {name: json.loads(_report(self.folder, name).read_text()) for name in self.children}

    def cpu_seconds(self) -> dict[str, float]:
        """Processor time that each part has used so far (Linux only; empty elsewhere)."""
        if not Path("/proc/self/stat").exists():
            return {}
        return {name: cpu_seconds(pid) for name, pid in self.processes.items()}


SHIPPED = {"decider": ["decision_worker.py"], "worker": ["activity_worker.py"]}
"""The parts as users run them: arguments of Python, by name."""


@contextmanager
def application(
    parts: Mapping[str, Sequence[str]] = SHIPPED, folder: Path | None = None, **env: str
) -> Iterator[Application]:
    """Run the application on a fresh durable engine; stop and delete everything afterwards.

    `folder` is used, and left, where one is given.
    """
    with tempfile.TemporaryDirectory(prefix="bench-") as own:
        folder = folder or Path(own)
        environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "SWF_"))},
            "DATA_DIR": str(folder),
            "SWF_ENDPOINT": "local",
            "LOG_LEVEL": "WARNING",
            **env,
        }
        settings = config.use(config.load(environment))
        endpoint = daemon.ensure(settings.swf_dir)
        children = {name: _start(arguments, environment) for name, arguments in parts.items()}
        pids = {name: child.pid for name, child in children.items()}
        try:
            yield Application(
                settings,
                SwfClient(settings),
                {"endpoint": endpoint.pid, **pids},
                endpoint.url,
                folder,
                children,
            )
        finally:
            _stop(children.values())
            daemon.stop(settings.swf_dir)


@contextmanager
def measured(*shapes: str, one_run: bool = False) -> Iterator[Application]:
    """The application with a decider and a worker of `bench.parts` for those shapes."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        endless = ["--one-run"] if one_run else []
        parts = {
            part: ["-m", "bench.parts", part, str(_report(folder, part)), *shapes, *endless]
            for part in ("decider", "worker")
        }
        with application(parts, folder) as app:
            yield app


def _report(folder: Path, part: str) -> Path:
    return folder / f"{part}.json"


def _start(arguments: Sequence[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, *arguments], env=environment, cwd=ROOT)  # noqa: S603


def _stop(children: Iterable[subprocess.Popen[bytes]]) -> None:
    for child in children:
        child.terminate()
    for child in children:
        child.wait(timeout=30)


def cpu_seconds(pid: int) -> float:
    """Processor time that a process has used so far (Linux only)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def until(condition: object, what: str, seconds: float = READY_SECONDS) -> None:
    """Wait until `condition()` holds; `what` it is goes into the error when it never does."""
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds} s for {what}")
        time.sleep(0.01)
