"""The processes themselves while SWF is away: started then, going on afterwards, stopped then."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config import Settings
from local_swf.testing import LocalSWF
from tests.outages.front import Front
from tests.outages.working import until
from workflow_starter import WorkflowStarter

ROOT = Path(__file__).resolve().parents[2]
ORDER = {"order_id": "O-1", "items": ["a"]}
STOP_SECONDS = 6.0  # generous: it takes less than one

SettingsOf = Callable[..., Settings]


class Process:
    """A process of the application, with its log."""

    def __init__(self, log: Path, *command: str, **environment: str) -> None:
        self._log = log
        with log.open("wb") as output:
            self._popen = subprocess.Popen(
                [sys.executable, *command],
                env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
                stdout=output,
                stderr=output,
            )

    @property
    def said(self) -> str:
        return self._log.read_text("utf-8")

    def stop(self, number: int) -> tuple[int, float]:
        """Send a signal; the exit code, and after how many seconds it came."""
        begun = time.monotonic()
        self._popen.send_signal(number)
        return self._popen.wait(30), time.monotonic() - begun

    def ended(self) -> int:
        """The exit code, once it has ended by itself."""
        return self._popen.wait(30)

    def close(self) -> None:
        if self._popen.poll() is None:
            self._popen.kill()
        self._popen.wait()


@pytest.fixture
def start(tmp_path: Path, plain: Front) -> Iterator[Callable[..., Process]]:
    """Start a process that reaches the engine through the front."""
    started: list[Process] = []

    def begin(*command: str, **environment: str) -> Process:
        given = {"SWF_ENDPOINT": plain.url, "DATA_DIR": str(tmp_path), **environment}
        log = tmp_path / f"{len(started)}.log"
        started.append(Process(log, *command, **given))
        return started[-1]

    yield begin
    for process in started:
        process.close()
    plain.mend()


def test_workers_start_without_an_engine_serve_it_when_it_comes_and_end_without_it(
    engine: LocalSWF,
    plain: Front,
    settings_of: SettingsOf,
    start: Callable[..., Process],
) -> None:
    task_list = uuid.uuid4().hex
    starter = WorkflowStarter(settings_of(engine.url, SWF_TASK_LIST=task_list))
    plain.down()
    scripts = [str(ROOT / name) for name in ("decision_worker.py", "activity_worker.py")]
    processes = [start(script, SWF_TASK_LIST=task_list) for script in scripts]
    until(lambda: all("Polling fails" in one.said for one in processes), "the line of each")
    first = starter.start_workflow(ORDER)
    plain.up()
    assert starter.wait(**first, timeout=60)["state"] == "COMPLETED"
    plain.down()
    until(lambda: plain.is_quiet, "the polls' end")
    for process, number in zip(processes, (signal.SIGTERM, signal.SIGINT), strict=True):
        code, seconds = process.stop(number)
        assert code == 0
        assert seconds < STOP_SECONDS
        assert process.said.count("Polling fails") == 1, process.said
        assert process.said.count("Polling works again") == 1
        assert "does not answer" in process.said
        assert "Traceback" not in process.said


def test_a_worker_in_the_wrong_region_ends_with_a_line(start: Callable[..., Process]) -> None:
    process = start(str(ROOT / "activity_worker.py"), SWF_DOMAIN="elsewhere")
    assert process.ended() == 2
    last = process.said.splitlines()[-1]
    assert last.startswith("the domain elsewhere is not registered in SWF at ")
    assert "python setup.py" in last


def test_a_batch_that_is_interrupted_ends_and_tells_what_is_not_known(
    plain: Front, start: Callable[..., Process], tmp_path: Path
) -> None:
    plain.refusal = lambda _: b""
    plain.asked.clear()
    (tmp_path / "batch.jsonl").write_text('{"order_id": "O"}\n' * 30)
    process = start(str(ROOT / "workflow_starter.py"), "batch", str(tmp_path / "batch.jsonl"))
    until(lambda: "StartWorkflowExecution" in plain.operations, "a start")
    code, seconds = process.stop(signal.SIGINT)
    assert code == 130
    assert seconds < STOP_SECONDS
    lines = process.said.splitlines()
    assert lines[-1] == "interrupted"
    assert any("look before starting it again" in line for line in lines), process.said
    assert "Traceback" not in process.said


def _looked_at(url: str) -> None:
    with contextlib.suppress(OSError):  # a page that says so, or none any more
        urllib.request.urlopen(url, timeout=30)


def test_the_page_ends_at_once_while_somebody_waits_for_it(
    plain: Front, start: Callable[..., Process]
) -> None:
    plain.down()
    process = start("-m", "dashboard", "--port", "0")
    until(lambda: "The page is at http" in process.said, "its address")
    address = next(line for line in process.said.splitlines() if "The page is at" in line)
    url = address.partition("at ")[2].rstrip("/") + "/executions"

    looking = threading.Thread(target=_looked_at, args=(url,), daemon=True)
    looking.start()
    until(lambda: "SWF call failed" in process.said, "the page to ask the engine")
    code, seconds = process.stop(signal.SIGINT)
    looking.join(30)
    assert code == 0
    assert seconds < STOP_SECONDS
    assert "Traceback" not in process.said
