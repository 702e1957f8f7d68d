"""The whole application inside a test: decider, worker and starter on an embedded SWF."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import config
from activity_worker import ActivityWorker
from config import Settings
from decision_worker import DecisionWorker
from local_swf.tasklists import ACTIVITY, DECISION
from local_swf.testing import LocalSWF
from setup import ensure_registered
from swf_client import SwfClient
from workflow_starter import WorkflowStarter

POLLING_SECONDS = 10.0  # within which a worker's first poll comes, or never


def settings_for(swf: LocalSWF, folder: Path, **env: str) -> Settings:
    """Settings of a process that uses this endpoint and keeps its files in `folder`."""
    return config.load({"SWF_ENDPOINT": swf.url, "DATA_DIR": str(folder), **env})


class Application:
    """The parts, made at once and run when asked."""

    def __init__(self, swf: LocalSWF, folder: Path, **env: str) -> None:
        self.swf = swf
        self.settings = settings_for(swf, folder, **env)
        ensure_registered(SwfClient(self.settings))
        self.starter = WorkflowStarter(self.settings)
        self._running = ExitStack()

    def decider(self, made: DecisionWorker | None = None, **options: Any) -> DecisionWorker:
        """Run a decider until the test ends."""
        return self._run(made or DecisionWorker(self.settings, **options))

    def worker(self, made: ActivityWorker | None = None, **options: Any) -> ActivityWorker:
        """Run an activity worker until the test ends."""
        return self._run(made or ActivityWorker(self.settings, **options))

    def finish(self, run: dict[str, str]) -> list[dict[str, Any]]:
        """The decoded history of a run, once it has closed."""
        for _ in self.starter.swf_client.follow(run["workflow_id"], run["run_id"]):
            pass
        return self.starter.get_workflow_history(run["workflow_id"], run["run_id"])

    def stop(self) -> None:
        """Stop whatever runs."""
        self._running.close()

    def _run(self, worker: Any) -> Any:
        """Run a worker; it polls when this returns, so that no clock jumps over its work."""
        thread = threading.Thread(target=worker.run, daemon=True)
        thread.start()
        self._running.callback(thread.join, 30)
        self._running.callback(worker.stop)
        deadline = time.monotonic() + POLLING_SECONDS
        while not self._polls(worker) and thread.is_alive() and time.monotonic() < deadline:
            time.sleep(0.001)
        return worker

    def _polls(self, worker: Any) -> bool:
        kind = ACTIVITY if isinstance(worker, ActivityWorker) else DECISION
        lists = self.swf.call(lambda endpoint: endpoint.engine._state.tasks)
        return lists.is_polled(kind, worker.task_list)


@contextmanager
def application(swf: LocalSWF, folder: Path, **env: str) -> Iterator[Application]:
    """An application that is stopped at the end."""
    app = Application(swf, folder, **env)
    try:
        yield app
    finally:
        app.stop()


def types_of(events: list[dict[str, Any]]) -> list[str]:
    """The event types of a history, in order."""
    return [event["eventType"] for event in events]
