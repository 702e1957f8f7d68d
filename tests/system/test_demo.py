"""The demo, as a newcomer runs it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from background import wait_until

HOME = Path(__file__).resolve().parent.parent.parent
STARTED = re.compile(r"Started (\w+): process (\d+)")

pytestmark = pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for orphans in /proc")


class Demo:
    """A demo on its way, in a data folder of its own."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.data = folder / "da ta"
        self.pids: dict[str, int] = {}
        self.process = subprocess.Popen(
            [sys.executable, str(HOME / "demo.py")],
            env={**os.environ, "DATA_DIR": str(self.data), **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def lines(self) -> Iterator[str]:
        """Standard output, line by line as it comes."""
        for line in self.process.stdout:
            if found := STARTED.match(line):
                self.pids[found[1]] = int(found[2])
            yield line

    def until(self, text: str) -> None:
        """Wait for a line."""
        assert any(text in line for line in self.lines())

    def end(self) -> tuple[int, str, str]:
        """Exit code, the rest of standard output, standard error."""
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, out, err

    def orphans(self) -> list[str]:
        """Command lines of the processes that use this demo's data folder."""
        mark = f"DATA_DIR={self.data}".encode()
        return [line for environment, line in _processes() if mark in environment]


def _processes() -> Iterator[tuple[bytes, str]]:
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            yield (folder / "environ").read_bytes(), line
        except OSError:
            continue


@pytest.fixture
def start(tmp_path):
    started: list[Demo] = []

    def start_demo(**environment: str) -> Demo:
        started.append(Demo(tmp_path, **environment))
        return started[-1]

    yield start_demo
    for demo in started:
        if demo.process.poll() is None:
            demo.process.terminate()
        demo.process.communicate()


def test_every_scenario_holds_and_nothing_is_left_running(start, tmp_path):
    settings = tmp_path / "aws.env"  # a user's, which must not matter
    settings.write_text(
        "SWF_ENDPOINT=aws\nAWS_ACCESS_KEY_ID=AKIAUSERSOWN\nAWS_SECRET_ACCESS_KEY=secret\n"
        "MAX_ATTEMPTS=7\nNOTIFIER=webhook\nNOTIFIER_TARGET=http://127.0.0.1:9\n"
    )
    settings.chmod(0o600)
    demo = start(ENV_FILE=str(settings))
    code, out, err = demo.end()
    assert (code, err) == (0, "")
    assert re.findall(r"^(\d+)\. .*: (\w+)$", out, re.MULTILINE) == [
        (str(number), "ok") for number in range(1, 13)
    ]
    assert "EnrichData (visit 2)" in out
    assert "rollback begins: Max retries exceeded" in out
    assert "undone: Each[2].Bill" in out
    assert demo.orphans() == []


@pytest.mark.parametrize(
    ("number", "moment"),
    [
        (signal.SIGINT, "Started decider"),
        (signal.SIGINT, "asked to cancel"),
        (signal.SIGTERM, "asked to cancel"),
        (signal.SIGHUP, "Started worker"),
    ],
)
def test_a_signal_ends_the_demo_and_all_it_started(start, number, moment):
    demo = start()
    demo.until(moment)
    demo.process.send_signal(number)
    demo.process.send_signal(number)  # an impatient user's does no harm
    code, _, err = demo.end()
    assert (code, err) == (128 + number, f"demo.py: stopped by {number.name}\n")
    assert demo.orphans() == []


@pytest.mark.parametrize("victim", ["decider", "worker"])
def test_a_process_that_dies_ends_the_demo_with_its_name_and_log(start, victim):
    demo = start()
    demo.until("asked to cancel")
    os.kill(demo.pids[victim], signal.SIGKILL)
    code, _, err = demo.end()
    assert code == 1
    assert re.search(rf"{victim} has ended with exit code -9; its log: .*{victim}\.log", err)
    assert demo.orphans() == []


def test_an_engine_that_ran_before_runs_on(start, tmp_path):
    from local_swf import daemon

    folder = tmp_path / "da ta" / "swf"
    daemon.ensure(folder)
    try:
        demo = start()
        demo.until("Started worker")
        demo.process.send_signal(signal.SIGINT)
        demo.end()
        assert daemon.status(folder) is not None
    finally:
        daemon.stop(folder)


def test_a_data_folder_that_cannot_be_used_is_one_line(start, tmp_path):
    (tmp_path / "da ta").touch()
    code, out, err = start().end()
    assert (code, out, err.count("\n")) == (2, "", 1)


def test_orphans_would_be_seen(start):
    demo = start()
    demo.until("Started worker")
    assert wait_until(lambda: len(demo.orphans()) >= 4, 10)  # demo, engine, decider, worker
