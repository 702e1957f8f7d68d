"""`python -m dashboard` as a process: started first of all, ended, and started wrongly."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.system.processes import PATIENCE_SECONDS, ROOT, Processes, until


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    running = Processes(tmp_path)
    yield running
    running.stop()


def run(processes: Processes, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The page started with arguments that end it at once."""
    return processes.run(["-m", "dashboard", *arguments])


def serve(processes: Processes, log: Path) -> tuple[subprocess.Popen[str], str]:
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "dashboard", "--port", "0"],
            env=processes.environment, cwd=ROOT, stdout=output, stderr=output, text=True,
        )  # fmt: skip
    found = until(lambda: re.search(r"The page is at (\S+)", log.read_text()), "its address")
    return process, found[1]


def test_it_needs_nothing_before_it_and_ends_in_peace(processes: Processes, tmp_path: Path) -> None:
    log = tmp_path / "page.log"
    process, address = serve(processes, log)
    try:
        with urlopen(f"{address}executions") as answer:
            assert "Executions" in answer.read().decode()
        started = processes.starter.start_workflow({"order_id": "ORD-1"}, workflow_id="o-1")
        page = f"{address}executions/o-1"
        with urlopen(page) as answer:
            assert started["run_id"] in answer.read().decode()
            live = f"{answer.url}/live?seen=0"
        with urlopen(live) as stream:
            assert b"retry" in stream.readline() + stream.readline()
            process.send_signal(signal.SIGINT)  # while a browser listens
            assert process.wait(PATIENCE_SECONDS) == 0
    finally:
        process.kill()
        process.wait()
    assert "Traceback" not in log.read_text()
    assert "ERROR" not in log.read_text()


def test_a_port_that_is_taken_is_said_in_one_line(processes: Processes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = run(processes, "--port", port)
    assert ended.returncode == 2
    assert ended.stderr.strip().splitlines()[-1] == (
        f"python -m dashboard: 127.0.0.1 port {port} cannot be used: Address already in use; "
        "choose another with --port, 0 for any"
    )
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--offline", "nowhere.json"), "nowhere.json: it cannot be read"),
        (("--port", "x"), "0 to 65535"),
        (("--env-file", "nowhere.env"), "nowhere.env does not exist"),
        (("--nonsense",), "--nonsense"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    processes: Processes, arguments: tuple[str, ...], said: str
) -> None:
    ended = run(processes, *arguments)
    assert ended.returncode == 2
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr
