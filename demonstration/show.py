"""One run of the demo: the engine, the processes, the scenes, and an end to all of them."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
import uuid

import config
import logs
import polling
from background import Background, interrupts_held
from config import HOME
from demonstration.processes import SHIPMENT
from demonstration.scenarios import programme
from demonstration.scene import Scene
from demonstration.screen import Screen, report
from demonstration.worker import folder
from errors import BusinessProcessError, EngineUnreachableError
from setup import ensure_registered
from wire import Json
from workflow_starter import WorkflowStarter

SHOW_SECONDS = 120.0  # longer than all scenarios take on AWS
LOOK_SECONDS = 0.1
PATIENCE_SECONDS = 1.0  # for workers that stop; what they have in hand belongs to the demo


class DemoFailedError(BusinessProcessError):
    """The demo cannot go on; the message says why, and which log tells more."""


class Show:
    """What was started, and the scenes.  `close` must follow, whatever `run` did."""

    def __init__(self, endpoint: str, screen: Screen) -> None:
        self.show_id = f"demo-{uuid.uuid4().hex[:8]}"
        self._began = time.monotonic()
        self._screen = screen
        self._environment = environment(endpoint, self.show_id)
        self.settings = config.use(config.load(self._environment))
        self.folder = folder(self.settings)
        self._processes = Background(self.folder / "logs")
        self._engine_is_ours = False
        self._starter = WorkflowStarter(self.settings)
        self.scenes: list[Scene] = []

    def run(self) -> None:
        """Set up, play, tell; raises `DemoFailedError` when a check or a process failed."""
        self._log_to_file()
        self._start_engine()
        self._screen.write(f"Engine: {self.settings.engine}, task list {self.show_id}")
        self._start_workers()
        polling.prepare(self._starter.swf_client)
        ensure_registered(self._starter.swf_client, SHIPMENT)
        self.scenes = programme(self.show_id, self._starter, self._screen.tell)
        with self._screen:
            self._play()
        for line in report(self.scenes):
            self._screen.write(line)
        self._check_scenes()
        for line in self._where_to_look():
            self._screen.write(line)
        seconds = time.monotonic() - self._began
        self._screen.write(
            f"All {len(self.scenes)} scenarios are as they should be ({seconds:.1f} s)."
        )

    def told(self) -> dict[str, Json]:
        """How it went, for programs."""
        return {
            "engine": self.settings.engine,
            "task_list": self.show_id,
            "logs": str(self.folder / "logs"),
            "scenarios": [scene.told() for scene in self.scenes],
        }

    def close(self) -> None:
        """Stop what this demo started; signals wait until that is done."""
        self._starter.swf_client.stop()
        self._processes.stop(PATIENCE_SECONDS)
        if self._engine_is_ours:
            from local_swf import daemon  # noqa: PLC0415 - only this engine needs it

            with contextlib.suppress(RuntimeError):  # it leaves by itself when idle
                daemon.stop(self.settings.swf_dir)

    # --- setting up ----------------------------------------------------------------------

    def _log_to_file(self) -> None:
        """Our own log lines would disturb the screen."""
        path = self.folder / "logs" / f"{self.show_id}-demo.log"
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = logging.FileHandler(path, encoding="utf-8")
        handler.setFormatter(logs.ConsoleLines())
        logging.basicConfig(level=self.settings.log_level, handlers=[handler], force=True)

    def _start_engine(self) -> None:
        if self.settings.swf_endpoint != "local":
            return
        from local_swf import daemon  # noqa: PLC0415 - only this engine needs it

        try:
            with interrupts_held():
                self._engine_is_ours = daemon.ensure(self.settings.swf_dir).started
        except (OSError, RuntimeError) as error:
            raise EngineUnreachableError(f"the embedded SWF cannot be started: {error}") from error

    def _start_workers(self) -> None:
        for name, *command in (
            ("decider", "demo.py", "decider", "--task-list", self.show_id),
            ("worker", "demo.py", "worker", "--task-list", self.show_id),
        ):
            command[0] = str(HOME / command[0])
            process = self._processes.start(f"{self.show_id}-{name}", command, self._environment)
            self._screen.write(f"Started {name}: process {process.pid}, log {process.log}")

    # --- playing -------------------------------------------------------------------------

    def _play(self) -> None:
        """Play all scenes side by side until the last is over."""
        for scene in self.scenes:
            threading.Thread(target=scene.perform, name=scene.name, daemon=True).start()
        deadline = time.monotonic() + SHOW_SECONDS
        while not all(scene.over.wait(0) for scene in self.scenes):
            self._screen.refresh(self.scenes)
            self._check_processes()
            if time.monotonic() > deadline:
                raise DemoFailedError(self._overdue())
            time.sleep(LOOK_SECONDS)

    def _check_processes(self) -> None:
        for process in self._processes.ended():
            word = process.last_line() if (process.exit_code or 0) > 0 else ""
            raise DemoFailedError(
                f"{process.name} has ended with exit code {process.exit_code}"
                f"{': ' + word if word else ''}; its log: {process.log}"
            )

    def _check_scenes(self) -> None:
        failed = [scene for scene in self.scenes if scene.state != "ok"]
        if failed:
            checks = "; ".join(f"'{scene.title}': {scene.note}" for scene in failed)
            raise DemoFailedError(f"{checks}; logs: {self.folder / 'logs'}/{self.show_id}-*.log")

    def _overdue(self) -> str:
        late = [f"'{scene.title}' ({scene.note})" for scene in self.scenes if scene.seconds == 0]
        return (
            f"not over after {SHOW_SECONDS:.0f} s: {', '.join(late)}; "
            f"logs: {self.folder / 'logs'}/{self.show_id}-*.log"
        )

    def _where_to_look(self) -> list[str]:
        """What a newcomer may do next."""
        example = next(run for scene in self.scenes for run in scene.runs)
        places = {
            "these executions": f"./run.sh list --tag {self.show_id}",
            "the same in a browser": "./run.sh dashboard",
            "every event of one": f"./run.sh history {example.workflow_id}",
            "what SaveResults wrote": self.folder / "business.sqlite3",
            "what NotifyCompletion sent": self.folder / "outbox.jsonl",
            "what the processes said": self.folder / "logs",
            "orders of your own": "./run.sh",
        }
        return ["Where to look next:", *(f"  {what:<27} {where}" for what, where in places.items())]


def environment(endpoint: str, show_id: str) -> dict[str, str]:
    """The environment of the demo and its processes: the user's, with what the demo needs.

    Retries and timeouts are part of what is shown and checked, so the user's do not apply.
    """
    data_dir = config.load({**os.environ, "SWF_ENDPOINT": endpoint}).data_dir.absolute()
    own = data_dir / "demo"
    return {
        **os.environ,
        "SWF_ENDPOINT": endpoint,
        "SWF_TASK_LIST": show_id,
        "DATA_DIR": str(data_dir),
        "DATABASE_URL": f"sqlite:///{own / 'business.sqlite3'}",
        "NOTIFIER": "outbox",
        "NOTIFIER_TARGET": str(own / "outbox.jsonl"),
        "MAX_ATTEMPTS": "3",
        "RETRY_INITIAL_SECONDS": "1",
        "RETRY_BACKOFF_RATE": "2.0",
        "RETRY_MAX_SECONDS": "60",
        "ACTIVITY_START_TO_CLOSE_TIMEOUT": "120",
        "ACTIVITY_SCHEDULE_TO_CLOSE_TIMEOUT": "NONE",
        "ACTIVITY_HEARTBEAT_TIMEOUT": "60",
    }
