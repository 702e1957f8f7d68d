"""The application in real processes, on an embedded SWF with a file of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import config
from local_swf import daemon
from tests import recording
from workflow_starter import WorkflowStarter

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 60.0


def until(condition: Callable[[], Any], what: str) -> Any:
    """Wait for a condition; its value."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError(f"waited {PATIENCE_SECONDS} s for {what}")


class Processes:
    """Starts, kills and stops processes of the application that share one data folder."""

    def __init__(self, folder: Path, **env: str) -> None:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "SWF_"))}
        self.environment = {
            **kept,
            **recording.environment(),
            "DATA_DIR": str(folder),
            "SWF_ENDPOINT": "local",
            **env,
        }
        self.settings = config.load(self.environment)
        self.starter = WorkflowStarter(self.settings)
        self.folder = folder
        self._running: list[subprocess.Popen[str]] = []

    def start(self, script: str, *arguments: str) -> subprocess.Popen[str]:
        """Start a script of the project, or one of these tests; its log goes to a file."""
        log = self.folder / f"{Path(script).stem}-{len(self._running)}.log"
        with log.open("w") as output:
            process = subprocess.Popen(
                [sys.executable, str(ROOT / script), *arguments],
                env=self.environment, cwd=self.folder, stdout=output, stderr=output, text=True,
            )  # fmt: skip
        self._running.append(process)
        return process

    def run(
        self, arguments: Sequence[str], *, stdin: str | None = None, **env: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command of the project to its end."""
        return subprocess.run(
            [sys.executable, *arguments], env={**self.environment, **env}, cwd=ROOT, input=stdin,
            capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False,
        )  # fmt: skip

    def kill_endpoint(self) -> None:
        """End the endpoint as a crash would."""
        found = daemon.status(self.settings.swf_dir)
        assert found is not None
        os.kill(found.pid, signal.SIGKILL)

    def finish(self, run: dict[str, str]) -> list[dict[str, Any]]:
        """The decoded history of a run, once it has closed."""
        for _ in self.starter.swf_client.follow(run["workflow_id"], run["run_id"]):
            pass
        return self.starter.get_workflow_history(run["workflow_id"], run["run_id"])

    def event(self, run: dict[str, str], event_type: str, count: int = 1) -> None:
        """Wait until a history has so many events of a type."""

        def reached() -> bool:
            events = self.starter.get_workflow_history(run["workflow_id"], run["run_id"])
            return sum(1 for event in events if event["eventType"] == event_type) >= count

        until(reached, f"{count} {event_type}")

    def stop(self) -> None:
        """Stop everything that was started here."""
        for process in self._running:
            if process.poll() is None:
                process.terminate()
        for process in self._running:
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        daemon.stop(self.settings.swf_dir)
