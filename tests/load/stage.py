"""The parts as processes on one folder: the engine, deciders, activity workers."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import config
import setup
from bench.processes import cpu_seconds
from process import shipped
from swf_client import SwfClient
from tests.load import definitions
from tests.load.figures import Taken, size, taken
from tests.load.report import Report
from workflow_starter import WorkflowStarter

ROOT = Path(__file__).resolve().parents[2]
ENGINE = "engine"
POLLS = 8  # that a decider holds when it has nothing to do
PATIENCE_SECONDS = 60.0
LONG_AGO = "1970-01-01"
LOST = """
SELECT count(*) FROM events WHERE CAST(body AS TEXT) LIKE '%TaskTimedOut"%'
    AND CAST(body AS TEXT) NOT LIKE '%"timeoutType":"SCHEDULE_TO_START"%'
"""
"""Tasks whose worker was never heard of again.  Those that waited on a decider's own list for too
long are no loss: the shared list gets them."""


class Stage:
    """One engine on a file, and those who work for it."""

    def __init__(
        self,
        folder: Path,
        *,
        deciders: int = 1,
        workers: int = 1,
        quotas: bool = False,
        others: Mapping[str, Sequence[str]] = {},
        **env: str,
    ) -> None:
        """`others` are Python programs besides, by name; `env` are settings."""
        self.folder = folder
        self.database = folder / "swf.sqlite"
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "SWF_"))}
        self._environment = {
            **kept,
            "PYTHONPATH": str(ROOT),
            "DATA_DIR": str(folder),
            "SWF_ENDPOINT": self.url,
            "LOG_LEVEL": "ERROR",
            **env,
        }
        self.settings = config.use(config.load(self._environment))
        self.client = SwfClient(self.settings)
        self.starter = WorkflowStarter(self.settings, swf_client=self.client)
        engine = ["-m", "local_swf", "--port", str(port), "--database", str(self.database)]
        self._commands: dict[str, Sequence[str]] = {
            ENGINE: [*engine, "--quotas"] if quotas else engine
        }
        for role, count in (("decider", deciders), ("worker", workers)):
            for number in range(count):
                self._commands[f"{role}-{number}"] = ["-m", "tests.load.serve", role]
        self._commands.update(others)
        self._deciders = deciders
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    # --- beginning and end ------------------------------------------------------------------

    def begin(self, retention: str) -> None:
        """Start everything, register everything; `retention` is in days, as SWF takes it."""
        self.start(ENGINE)
        self.await_engine()
        self.client.client.register_domain(
            name=self.client.domain, workflowExecutionRetentionPeriodInDays=retention
        )
        for definition in (shipped(), *definitions.OURS):
            for _ in setup.register(self.client, definition):
                pass
        for name in self._commands:
            if name != ENGINE:
                self.start(name)
        until(self.is_quiet, "the deciders")

    def start(self, name: str) -> None:
        """Start one part."""
        with self._log(name).open("ab") as log:
            self._processes[name] = self._popen(self._commands[name], stdout=log, stderr=log)

    def program(self, arguments: Sequence[str]) -> subprocess.Popen[bytes]:
        """A Python process of these settings, whose standard output the caller reads."""
        return self._popen(arguments, stdout=subprocess.PIPE)

    def _popen(self, arguments: Sequence[str], **streams: Any) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, *arguments], cwd=ROOT, env=self._environment,
            stdin=subprocess.DEVNULL, **streams,
        )  # fmt: skip

    def await_engine(self) -> None:
        """Wait until the engine answers."""
        until(lambda: self.ask("health") is not None, "the engine")

    def kill(self, name: str) -> None:
        """End one part as a power cut would."""
        self._processes[name].kill()
        self._processes[name].wait()

    def ended_well(self, report: Report) -> None:
        """End all parts, and look at what they leave: how they ended, logs, tasks lost."""
        report.same("parts that ended by themselves", self.gone(), [])
        for name in reversed(self._commands):  # the engine last
            self._processes[name].terminate()
            self._processes[name].wait(PATIENCE_SECONDS)
        logs = {name: self._log(name).read_text("utf-8", "replace") for name in self._commands}
        report.same("logs with tracebacks", [n for n, t in logs.items() if "Traceback" in t], [])
        with contextlib.closing(sqlite3.connect(self.database)) as file:
            report.same("tasks lost", file.execute(LOST).fetchone()[0], 0)

    def stop(self) -> None:
        """End whatever still runs."""
        for process in self._processes.values():
            process.kill()
            process.wait()

    # --- looking ----------------------------------------------------------------------------

    def ask(self, name: str) -> Any:
        """A control call to the engine; None where it does not answer."""
        request = urllib.request.Request(
            f"{self.url}/_local/{name}", headers={"X-Local-SWF": "1", "Connection": "close"}
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except (OSError, ValueError):
            return None

    def is_quiet(self) -> bool:
        """Whether every decider waits for something to do."""
        told = self.ask("health")
        return told is not None and told["waiting_pollers"] >= POLLS * self._deciders

    def open_count(self) -> int:
        """Open executions."""
        answer = self.client.client.count_open_workflow_executions(
            domain=self.client.domain, startTimeFilter={"oldestDate": LONG_AGO}
        )
        return int(answer["count"])

    def closed_count(self) -> int:
        """Closed executions that the engine keeps."""
        answer = self.client.client.count_closed_workflow_executions(
            domain=self.client.domain, startTimeFilter={"oldestDate": LONG_AGO}
        )
        return int(answer["count"])

    def taken(self) -> dict[str, Taken]:
        """What each part holds now."""
        return {name: taken(process.pid) for name, process in self._processes.items()}

    def cpu_seconds(self) -> dict[str, float]:
        """Processor time of each part so far."""
        return {name: cpu_seconds(process.pid) for name, process in self._processes.items()}

    def database_bytes(self) -> int:
        """What the engine's file and its log take."""
        return size(self.database) + size(Path(f"{self.database}-wal"))

    def gone(self) -> list[str]:
        """Parts that run no more although nobody ended them."""
        return [name for name, process in self._processes.items() if process.poll() is not None]

    def _log(self, name: str) -> Path:
        return self.folder / f"{name}.log"


@contextlib.contextmanager
def staged(keep: Path | None = None, retention: str = "30", **options: Any) -> Iterator[Stage]:
    """A stage that has begun; it is gone afterwards, but for what is to be kept."""
    with contextlib.ExitStack() as stack:
        folder = keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="load-")))
        folder.mkdir(parents=True, exist_ok=True)
        stage = Stage(folder.resolve(), **options)
        try:
            stage.begin(retention)
            yield stage
        finally:
            stage.stop()


def until(condition: Callable[[], bool], what: str, seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until something holds; TimeoutError says what did not."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:.0f} s for {what}")
        time.sleep(0.05)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
