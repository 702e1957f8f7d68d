"""The endpoint of a data folder: one, however many ask for it, and the same after a crash."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from local_swf import daemon

ROOT = Path(__file__).absolute().parents[3]
ENSURE = """
import json, sys
from pathlib import Path
from local_swf import daemon
print(json.dumps(daemon.ensure(Path(sys.argv[1]), idle_seconds=30)))
"""


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "data"
    yield path
    daemon.stop(path)


def test_one_endpoint_is_started_when_many_processes_race(folder):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", ENSURE, str(folder)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=folder.parent,
            env=environment,
        )
        for _ in range(6)
    ]
    found = [json.loads(racer.communicate(timeout=60)[0]) for racer in racers]
    assert len({(url, pid) for url, pid, _ in found}) == 1
    assert sum(started for _, _, started in found) == 1


def test_it_is_found_stopped_and_started_again_on_its_port(folder):
    first = daemon.ensure(folder)
    assert daemon.ensure(folder) == first._replace(started=False)
    assert daemon.status(folder) is not None
    assert daemon.stop(folder) is True
    assert (daemon.stop(folder), daemon.status(folder)) == (False, None)
    again = daemon.ensure(folder)
    assert (again.url, again.started) == (first.url, True)


def test_after_a_crash_the_same_port_and_database_come_back(folder):
    first = daemon.ensure(folder)
    os.kill(first.pid, signal.SIGKILL)
    again = daemon.ensure(folder)
    assert again.url == first.url
    assert again.pid != first.pid
    assert again.started


def test_it_leaves_some_time_after_its_last_client(folder):
    endpoint = daemon.ensure(folder, idle_seconds=0.2)
    deadline = time.monotonic() + 10
    while daemon._is_running(folder):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert daemon.status(folder) is None
    assert endpoint.started


def test_a_state_file_that_lies_is_not_believed(folder):
    first = daemon.ensure(folder)
    state = folder / "endpoint.json"
    truth = state.read_text()
    state.write_text(json.dumps({**json.loads(truth), "instance": "another"}))
    assert daemon.status(folder) is None
    state.write_text("{")
    assert daemon.status(folder) is None
    state.write_text(truth)
    assert daemon.status(folder) == first._replace(started=False)


def test_a_folder_that_cannot_be_used_is_one_clear_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(daemon.DaemonError, match="cannot use the folder"):
        daemon.ensure(tmp_path / "file" / "below")


def test_a_start_that_fails_says_why(folder):
    folder.mkdir()
    (folder / "swf.sqlite").write_text("this is no database, it is a text of some length" * 100)
    with pytest.raises(daemon.DaemonError, match="not a database"):
        daemon.ensure(folder)


def test_the_command_line_finds_and_stops_it(folder):
    def run(name):
        return subprocess.run(
            [sys.executable, "-m", "local_swf", name, "--folder", str(folder)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    assert run("status").returncode == 1
    endpoint = daemon.ensure(folder)
    assert run("status").stdout == f"local SWF at {endpoint.url}, pid {endpoint.pid}\n"
    assert run("stop").stdout == "local SWF stopped\n"
    assert run("stop").stdout == "no local SWF was running\n"


def test_a_client_of_the_daemon_imports_no_server():
    code = "import sys; from local_swf import daemon; print([m for m in sys.modules if m in %r])"
    heavy = {"httptools", "sqlite3", "botocore", "asyncio", "subprocess"}
    ended = subprocess.run(
        [sys.executable, "-c", code % (heavy,)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.strip() == "[]"
