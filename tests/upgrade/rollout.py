"""The upgrade and the way back, in the order that docs/OPERATIONS.md gives, under load."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import config
from swf_client import SwfClient
from tests.chaos.engines import EngineApart
from tests.chaos.parts import ROOT, Children, Part
from tests.upgrade.load import Load
from tests.upgrade.releases import NEWER, Release, made

END_SECONDS = 40.0
HOME_SECONDS = 120.0
SETTINGS = {
    "LOG_LEVEL": "WARNING",
    "ACTIVITY_START_TO_CLOSE_TIMEOUT": "20",
    "RETRY_INITIAL_SECONDS": "2",
}
BURST = 12  # executions that are started at once where something is to be seen of them
MIXED_SECONDS = 2.0  # and a decision timeout, in which one decider does not know the version


class Rollout:
    """Two deciders and two workers on one engine, each of one release or the other."""

    def __init__(self, folder: Path, *, seed: int, decision_timeout: int, pace: float) -> None:
        self.folder = folder
        self.decision_timeout = decision_timeout
        self.problems: list[str] = []
        self.capable_since = 0.0
        """When the last decider was gone that does not know the newer version."""
        self.older, self.newer = made(folder)
        self.children = Children()
        self.engine = EngineApart(folder, seed)
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "SWF_"))}
        self.environment = {
            **kept,
            **SETTINGS,
            "DECISION_TASK_TIMEOUT": str(decision_timeout),
            "PYTHONPATH": str(ROOT),
            "SWF_ENDPOINT": self.engine.endpoint,
            "DATA_DIR": str(folder),
        }
        self.engine.part = Part(
            "engine", self.engine.arguments, folder=folder, environment=self.environment,
            children=self.children,
        )  # fmt: skip
        self.client = SwfClient(config.load(self.environment))
        self.load = Load(self._program, pace)
        self.releases: dict[int, str] = {}
        """The version of the release that each process was of, by process id."""
        self._places: dict[str, subprocess.Popen[bytes]] = {}

    # --- what an operator does --------------------------------------------------------------

    def begin(self) -> None:
        """The older release everywhere."""
        self.engine.begin()
        self.command(self.older, "setup.py")
        for number in (0, 1):
            self.serve(self.older, "activity_worker", number)
            self.serve(self.older, "decision_worker", number)
        self.load.begin(self.older)

    def upgrade(self, rest: float) -> None:
        """What stands under "Upgrade and roll back", with some starts that come too early.

        A decider that does not know their version leaves them, and parks them the next time.
        """
        self.command(self.newer, "workflow_starter.py", "check")
        self.command(self.newer, "setup.py")
        for number in (0, 1):
            self.serve(self.newer, "activity_worker", number, rest)
        self.serve(self.newer, "decision_worker", 0, rest)
        self.load.burst(self.newer, BURST)  # before all deciders know the version
        time.sleep(MIXED_SECONDS + self.decision_timeout)
        self.serve(self.newer, "decision_worker", 1)
        self.capable_since = time.time()
        time.sleep(rest)
        self.load.restart(self.newer)
        time.sleep(2 * rest)

    def roll_back(self, rest: float) -> None:
        """The way back: what is published is kept, and activities until nobody needs them."""
        self.load.burst(self.newer, BURST)  # still open when older deciders come
        self.load.restart(self.older)
        self.older.keep(self.newer)
        for number in (0, 1):
            self.serve(self.older, "decision_worker", number, rest)
        self._until(lambda: not self._open(NEWER), "executions of the newer version to end")
        for number in (0, 1):
            self.serve(self.older, "activity_worker", number, rest)

    def bring_home(self) -> None:
        """Start nothing more, and let everything end."""
        self.load.end()
        self.problems += self.load.problems
        self._until(lambda: not self._open(None), "every execution to end")
        for place in list(self._places):
            self._end(place)

    def stop(self) -> None:
        """End whatever still runs."""
        self.children.end()

    # --- processes --------------------------------------------------------------------------

    def serve(self, release: Release, script: str, number: int, rest: float = 0.0) -> None:
        """Let a process of that release take the place of the one before, and rest a while."""
        place = f"{script}-{number}"
        if place in self._places:
            self._end(place)
        log = self.folder / f"{place}.log"
        with log.open("ab") as written:
            self._places[place] = self.children.start(
                [sys.executable, str(release.folder / f"{script}.py")],
                cwd=self.folder, env=self._settings(release), stdin=subprocess.DEVNULL,
                stdout=written, stderr=written,
            )  # fmt: skip
        self.releases[self._places[place].pid] = release.version
        time.sleep(rest)

    def _end(self, place: str) -> None:
        process = self._places.pop(place)
        if process.poll() is not None:
            self.problems.append(f"{place} ended by itself with code {process.returncode}")
            return
        process.send_signal(signal.SIGTERM)
        try:
            if (code := process.wait(END_SECONDS)) not in (0, -signal.SIGTERM):
                self.problems.append(f"{place} was told to end and gave {code}")
        except subprocess.TimeoutExpired:
            self.problems.append(f"{place} did not end within {END_SECONDS:.0f} s")

    def command(self, release: Release, *words: str) -> None:
        """Run a command of a release, which must succeed."""
        process: subprocess.Popen[str] = self.children.start(
            [sys.executable, *words], cwd=release.folder, env=self._settings(release), text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        told, _ = process.communicate(timeout=HOME_SECONDS)
        if process.returncode:
            self.problems.append(f"{' '.join(words)} of {release.version}: {told[-500:]}")

    def _program(self, release: Release, command: list[str]) -> subprocess.Popen[str]:
        with (self.folder / "starter.log").open("ab") as log:
            return self.children.start(
                command, cwd=release.folder, env=self._settings(release), text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
            )  # fmt: skip

    def _settings(self, release: Release) -> dict[str, str]:
        return {
            **self.environment,
            "PYTHONPATH": str(release.folder),
            "WORKFLOW_VERSION": release.version,
        }

    # --- looking ----------------------------------------------------------------------------

    def _open(self, version: str | None) -> bool:
        found = self.client.open_executions()
        return any(version in (None, info["workflowType"]["version"]) for info in found)

    def _until(self, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + HOME_SECONDS
        while not condition():
            if time.monotonic() > deadline:
                self.problems.append(f"waited {HOME_SECONDS:.0f} s for {what}")
                return
            time.sleep(0.2)
