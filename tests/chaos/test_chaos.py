"""A small storm; `python -m tests.chaos` makes a large one."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.chaos.parts import ROOT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are frozen and killed by signal"),
]

COMMAND = [sys.executable, "-m", "tests.chaos"]
PATIENCE_SECONDS = 110


def chaos(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *options], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_SECONDS,
        check=False,
    )  # fmt: skip


def test_a_small_storm_breaks_nothing():
    size = ("--executions", "40", "--minutes", "0.1", "--deciders", "1", "--workers", "2")
    done = chaos("--seed", "3", *size, "--only", "storm", "--json")
    told = json.loads(done.stdout)
    assert told["violations"] == []
    assert done.returncode == 0
    storm = told["storm"]
    assert storm["starts"] >= 30
    assert storm["executions"] >= storm["starts"]
    assert storm["kills"] >= 2
    assert storm["faults_in_all"] >= 10


def test_wrong_options_are_told_on_one_line():
    done = chaos("--executions", "none")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_help_has_an_example():
    assert "example: python -m tests.chaos" in chaos("--help").stdout
