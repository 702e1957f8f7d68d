"""A stage for processes of a test's own: decider, worker and starter on the embedded SWF.

Definitions are published into a folder of the test's own, so that the starter knows them too.
Activities do nothing but remember that they were called, unless a test gives them something to do.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import config
import published
from activities.heartbeats import Heartbeats
from activity_worker import ActivityCanceled, ActivityWorker, current_task
from cli import app as command_line
from local_swf.testing import LocalSWF
from setup import ensure_registered
from swf.events import attributes
from tests.application import Application, application
from workflow import Definition, choice, process, step, where

PATIENCE_SECONDS = 20.0
HEARTBEAT_SECONDS = 0.05  # so that who is asked to stop hears it at once

Function = Callable[[dict[str, Any]], dict[str, Any]]


def until(condition: Callable[[], Any], what: str = "a condition") -> Any:
    """Wait for a condition; its value."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.005)
    raise AssertionError(f"waited {PATIENCE_SECONDS} s for {what}")


@dataclass(frozen=True)
class Call:
    """One call of an activity."""

    activity: str
    path: str
    visit: int
    attempt: int
    undo: bool
    data: dict[str, Any]


class Gate:
    """Holds an activity until it is released; it stops when asked to, unless it is stubborn."""

    def __init__(self, *, stubborn: bool = False, result: dict[str, Any] | None = None) -> None:
        self.entered = threading.Semaphore(0)
        self.stubborn = stubborn
        self._result = result or {"from": "gate"}
        self._open = threading.Event()

    def __call__(self, data: dict[str, Any]) -> dict[str, Any]:
        self.entered.release()
        task = current_task()
        while not self._open.wait(0.01):
            if task.cancel_requested and not self.stubborn:
                raise ActivityCanceled
        return self._result

    def wait(self) -> None:
        """Wait until an activity stands at the gate."""
        assert self.entered.acquire(timeout=PATIENCE_SECONDS), "nobody came to the gate"

    def open(self) -> None:
        """Let everybody through from now on."""
        self._open.set()


class Stage:
    """An application, its definitions, and what its activities did."""

    def __init__(self, app: Application, capsys: pytest.CaptureFixture[str]) -> None:
        self.app = app
        self.starter = app.starter
        self.clock = app.swf.clock
        self.calls: list[Call] = []
        self.plays: dict[str, Function] = {}
        self._capsys = capsys
        self._gates: list[Gate] = []

    # --- before ---------------------------------------------------------------------------

    def publish(self, *definitions: Definition) -> None:
        """Publish and register; later ones may start earlier ones as children."""
        for definition in definitions:
            published.write(definition)
            ensure_registered(self.starter.swf_client, definition)

    def serve(self, *definitions: Definition, **options: Any) -> ActivityWorker:
        """Publish, and run a decider and a worker for these processes."""
        self.publish(*definitions)
        self.app.decider()
        return self.work(*definitions, **options)

    def work(self, *definitions: Definition, **options: Any) -> ActivityWorker:
        """Run a worker for the activities of these processes."""
        worker = ActivityWorker(self.app.settings, **{"concurrency": 8, **options})
        worker._heartbeats = Heartbeats(worker._send_heartbeat, HEARTBEAT_SECONDS)
        for definition in definitions:
            for name in definition.activities:
                worker.activities[name] = self._function(name)
        return self.app.worker(worker)

    def play(self, name: str, function: Function) -> None:
        """What an activity does from now on."""
        self.plays[name] = function

    def hold(self, name: str, **options: Any) -> Gate:
        """Have an activity wait at a gate."""
        gate = Gate(**options)
        self._gates.append(gate)
        self.plays[name] = gate
        return gate

    def _function(self, name: str) -> Function:
        def function(data: dict[str, Any]) -> dict[str, Any]:
            task = current_task()
            call = Call(name, task.path, task.visit, task.attempt, task.undo, data)
            self.calls.append(call)
            return self.plays.get(name, lambda _: {"did": call.path, "visit": call.visit})(data)

        return function

    # --- while it runs ---------------------------------------------------------------------

    def start(self, definition: Definition, data: Any = None, **options: Any) -> dict[str, str]:
        """Start an execution; its two ids."""
        order = {"order_id": "ORD-1"} if data is None else data
        return dict(self.starter.start_workflow(order, definition=definition, **options))

    def status(self, run: dict[str, str]) -> dict[str, Any]:
        """Where it stands."""
        return dict(self.starter.status(run["workflow_id"], run["run_id"]))

    def reaches(self, run: dict[str, str], **members: Any) -> dict[str, Any]:
        """Wait until its status has these members."""

        def there() -> dict[str, Any] | None:
            found = self.status(run)
            return found if all(found[k] == v for k, v in members.items()) else None

        return dict(until(there, str(members)))

    def ends(self, run: dict[str, str], state: str = "COMPLETED") -> dict[str, Any]:
        """Wait for its end; its last status."""
        found = self.starter.wait(run["workflow_id"], run["run_id"], timeout=PATIENCE_SECONDS)
        assert found["state"] == state, found
        return dict(found)

    def closes(self, run: dict[str, str], way: str, gate: Gate) -> None:
        """Close a run that stands at a gate: `terminate`, `cancel`, `time out`, else go on."""
        gate.wait()
        if way == "terminate":
            self.starter.terminate_workflow(**run, reason="by mistake")
        elif way == "cancel":
            self.starter.cancel_workflow(**run)
        elif way == "time out":
            self.clock.advance(61)
        else:
            gate.open()
        self.starter.wait(**run)

    def results(self, run: dict[str, str]) -> dict[str, Any]:
        """The results of the steps of an execution that completed."""
        return dict(self.ends(run)["result"]["previous_results"])

    def done(self, *, undo: bool = False) -> list[str]:
        """Paths of the steps that ran, or of those that were undone, in order."""
        return [call.path for call in self.calls if call.undo is undo]

    def events(self, run: dict[str, str], kind: str) -> list[dict[str, Any]]:
        """The attributes of the events of a type in a run's history."""
        history = self.starter.get_workflow_history(run["workflow_id"], run["run_id"])
        return [attributes(event) for event in history if event["eventType"] == kind]

    def happens(self, run: dict[str, str], kind: str, count: int = 1) -> list[dict[str, Any]]:
        """Wait until so many events of a type are in a run's history; their attributes."""

        def there() -> list[dict[str, Any]] | None:
            found = self.events(run, kind)
            return found if len(found) >= count else None

        return list(until(there, f"{count} {kind}"))

    def markers(self, run: dict[str, str], name: str) -> list[dict[str, Any]]:
        """The details of the markers of a name."""
        found = self.events(run, "MarkerRecorded")
        return [json.loads(item["details"]) for item in found if item["markerName"] == name]

    def answered(self, sent: dict[str, Any], outcome: str = "done") -> None:
        """Wait for the decider's answer to a signal, and compare."""
        found = self.starter.signal_outcome(
            sent["workflow_id"], sent["run_id"], sent["request_id"], PATIENCE_SECONDS
        )
        assert found is not None
        assert found["outcome"] == outcome, found

    def audit(self, run: dict[str, str]) -> list[dict[str, Any]]:
        """Who did what."""
        return [dict(entry) for entry in self.starter.audit(run["workflow_id"], run["run_id"])]

    def command(self, *arguments: str, code: int = 0) -> str:
        """Run a command of workflow_starter.py; what it printed."""
        self._capsys.readouterr()
        ended = command_line.main(arguments)
        out, err = self._capsys.readouterr()
        assert ended == code, out + err
        return out + err

    def json(self, *arguments: str) -> Any:
        """Run a command with --json; what it printed on standard output."""
        self._capsys.readouterr()
        assert command_line.main([*arguments, "--json"]) == 0
        return json.loads(self._capsys.readouterr().out)

    def close(self) -> None:
        """Let go of everything that is held."""
        for gate in self._gates:
            gate.open()


@pytest.fixture(autouse=True)
def definitions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of published definitions of the test's own."""
    folder = tmp_path / "definitions"
    folder.mkdir()
    monkeypatch.setattr(published, "FOLDER", folder)
    return folder


@pytest.fixture
def stage(
    local_swf: LocalSWF,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Stage]:
    """A stage on an endpoint whose clock jumps over waits."""
    yield from staged(local_swf, tmp_path, monkeypatch, capsys)


def staged(
    swf: LocalSWF,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    **env: str,
) -> Iterator[Stage]:
    """A stage on that endpoint; commands run in this process with the same settings."""
    for name, value in {"SWF_ENDPOINT": swf.url, "DATA_DIR": str(folder), **env}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LOG_LEVEL", "WARNING")
    monkeypatch.setattr(config, "_current", None)
    root = logging.getLogger()
    before = root.handlers[:], root.level
    with application(swf, folder, **env) as app:
        made = Stage(app, capsys)
        try:
            yield made
        finally:
            made.close()
            root.handlers[:], root.level = before
            logging.getLogger("swf_client").setLevel(logging.NOTSET)


def continued(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> tuple[dict[str, str], dict[str, Any]]:
    """A process of First and nine times Count, over several runs: its first run, and its end."""
    monkeypatch.setattr("workflow.commands.HISTORY_SOFT_LIMIT", 30)
    again = where("$.previous_results.Count.visit").less_than(9)
    made = process(
        "Looping", "1", [step("First"), step("Count"), choice("Again?", (again, "Count"))]
    )
    stage.serve(made)
    run = stage.start(made)
    ended = stage.ends(run)
    assert ended["run_id"] != run["run_id"]
    return run, ended
