"""`SWF_ENDPOINT=local`: nothing has to be started or registered first."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import config
from config import Settings
from tests.contract.starter.conftest import _settings
from workflow_starter import WorkflowStarter


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    settings = _settings(monkeypatch, tmp_path, "local")
    yield settings
    subprocess.run(
        [sys.executable, "-m", "local_swf", "stop", "--folder", str(settings.swf_dir)],
        cwd=config.HOME, check=True, capture_output=True, timeout=60,
    )  # fmt: skip


def test_the_first_start_brings_up_the_engine_and_registers_what_is_missing(
    local: Settings,
) -> None:
    starter = WorkflowStarter(local)

    started = starter.start_workflow({"order_id": "ORD-1"})

    assert starter.status(**started)["state"] == "RUNNING"
    kinds = {info["activityType"]["name"] for info in starter.swf_client.list_activity_types()}
    assert {"ValidateInput", "CompensateTransaction"} <= kinds
