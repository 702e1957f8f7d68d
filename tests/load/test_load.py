"""Small loads; `python -m tests.load` makes large ones."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.load.stage import ROOT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="figures are Linux's"),
]

PATIENCE_SECONDS = 110


def load(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.load", *options], cwd=ROOT, capture_output=True, text=True,
        timeout=PATIENCE_SECONDS, check=False,
    )  # fmt: skip


def figures(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    told = json.loads(done.stdout)
    assert told["violations"] == [], done.stderr
    assert done.returncode == 0
    return dict(told["figures"])


def test_a_small_overload_drops_and_loses_nothing():
    told = figures(load("overload", "--seconds", "0.3", "--probe", "25", "--json"))
    assert told["starts taken"] > 25
    assert told["starts offered, a second"] > 9 * told["sustainable, executions a second"]
    assert told["executions completed"] >= told["starts taken"] + 25


def test_a_few_timers_outlive_a_killed_engine():
    told = figures(load("timers", "--executions", "50", "--due", "5", "--seconds", "2", "--json"))
    assert told["executions that still wait"] == 50
    assert told["executions done"] == 5
