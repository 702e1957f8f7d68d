"""The command ends at once when it is told to, and leaves no process behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.chaos.clearing import MARK, living
from tests.chaos.parts import ROOT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks into /proc"),
]

END_SECONDS = 10.0


@pytest.mark.parametrize(
    ("plan", "number", "code"), [("storm", signal.SIGTERM, 143), ("shared", signal.SIGINT, 130)]
)
def test_it_ends_at_once_and_leaves_nothing_behind(tmp_path, plan, number, code):
    size = ("--executions", "60", "--minutes", "1", "--deciders", "1", "--workers", "1")
    command = [sys.executable, "-m", "tests.chaos", *size, "--only", plan]
    there = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, env=there) as chaos:
        assert chaos.stderr is not None
        while not chaos.stderr.readline().startswith("storm"):
            assert chaos.poll() is None
        (folder,) = tmp_path.iterdir()
        until(lambda: len(living(folder)) >= 3)
        begun = time.monotonic()
        chaos.send_signal(number)
        assert chaos.wait(60) == code
        assert time.monotonic() - begun < END_SECONDS
        assert "Traceback" not in chaos.stderr.read()
    assert living(folder) == set()
    assert list(tmp_path.iterdir()) == []


def until(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_what_is_left_is_found_by_the_folder_that_it_is_of(tmp_path):
    there = {**os.environ, MARK: str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, env=there
    ) as one:
        assert one.stdin is not None
        until(lambda: living(tmp_path) == {one.pid})
        assert living(tmp_path / "another") == set()
