"""`SWF_ENDPOINT=local`: nothing has to be started or registered first."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import config

Command = Callable[..., Any]


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Command]:
    """The command line in processes of its own, on an engine of the test's own."""
    env = {**os.environ, "SWF_ENDPOINT": "local", "DATA_DIR": str(tmp_path)}

    def run(*arguments: str) -> Any:
        done = subprocess.run(
            [sys.executable, "workflow_starter.py", *arguments, "--json"],
            cwd=config.HOME, env=env, check=True, capture_output=True, timeout=60,
        )  # fmt: skip
        return json.loads(done.stdout)

    yield run
    subprocess.run(
        [sys.executable, "-m", "local_swf", "stop", "--folder", str(tmp_path / "swf")],
        cwd=config.HOME, check=True, capture_output=True, timeout=60,
    )  # fmt: skip


def test_the_first_start_brings_up_the_engine_and_registers_what_is_missing(
    command: Command,
) -> None:
    started = command("start", "--input", "docs/examples/complex-order.json", "--tag", "first")

    status = command("status", started["workflow_id"])
    (listed,) = command("list", "--open", "--tag", "first")

    assert (status["run_id"], status["state"]) == (started["run_id"], "RUNNING")
    assert listed["run_id"] == started["run_id"]


@pytest.mark.parametrize("name", ["list", "waiting"])
def test_who_looks_first_of_all_sees_that_there_is_nothing(command: Command, name: str) -> None:
    assert command(name) == []
