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


def load(*options: str) -> dict[str, Any]:
    """What came of it; how fast it was is not looked at, for other tests run beside this one."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.load", *options, "--json"], cwd=ROOT, capture_output=True,
        text=True, timeout=PATIENCE_SECONDS, check=False,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr
    told = json.loads(done.stdout)
    assert done.returncode == bool(told["violations"])
    figures = dict(told["figures"])
    assert figures["parts that ended by themselves"] == []
    assert figures["logs with tracebacks"] == []
    assert figures["tasks lost"] == 0
    return figures


def test_a_small_overload_drops_and_loses_nothing():
    told = load("overload", "--seconds", "0.3", "--probe", "25")
    assert told["starts taken"] > 0
    assert told["starts offered, a second"] > 9 * told["sustainable, executions a second"]
    assert told["starts dropped"] == []
    assert told["executions left over"] == 0
    assert told["executions completed"] >= told["starts taken"] + 25


def test_a_few_timers_outlive_a_killed_engine():
    told = load("timers", "--executions", "50", "--due", "5", "--seconds", "1")
    assert told["executions that still wait"] == 50
    assert told["executions done"] == 5
