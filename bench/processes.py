"""The application in processes of its own, in a folder that goes when the measurement ends."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

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

    def cpu_seconds(self) -> dict[str, float]:
        """Processor time that each part has used so far (Linux only; empty elsewhere)."""
        if not Path("/proc/self/stat").exists():
            return {}
        return {name: cpu_seconds(pid) for name, pid in self.processes.items()}


@contextmanager
def application(*, deciders: int = 1, workers: int = 1, **env: str) -> Iterator[Application]:
    """Run the application on a fresh durable engine; stop and delete everything afterwards."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "SWF_"))},
            "DATA_DIR": folder,
            "SWF_ENDPOINT": "local",
            "LOG_LEVEL": "WARNING",
            **env,
        }
        settings = config.use(config.load(environment))
        endpoint = daemon.ensure(settings.swf_dir)
        scripts = ["decision_worker.py"] * deciders + ["activity_worker.py"] * workers
        children = [_start(script, environment) for script in scripts]
        try:
            names = ["endpoint", *(script.split("_")[0] for script in scripts)]
            pids = [endpoint.pid, *(child.pid for child in children)]
            client = SwfClient(settings)
            yield Application(settings, client, dict(zip(names, pids, strict=True)))
        finally:
            for child in children:
                child.terminate()
            for child in children:
                child.wait(timeout=30)
            daemon.stop(settings.swf_dir)


def _start(script: str, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, str(ROOT / script)], env=environment, cwd=ROOT)  # noqa: S603


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
