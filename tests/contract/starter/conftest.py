"""The starter on both engines that run here: the embedded SWF and moto."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from moto import mock_aws

import config
import process
import setup
import wire
from config import Settings
from decision_worker import DecisionWorker
from local_swf.testing import LocalSWF
from swf_client import SwfClient
from workflow_starter import WorkflowStarter

KEYS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}


@pytest.fixture(params=["embedded", "moto"])
def settings(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Settings]:
    """Settings of an engine of the test's own."""
    if request.param == "embedded":
        with LocalSWF() as swf:
            yield _settings(monkeypatch, tmp_path, swf.url)
    else:
        for name, value in KEYS.items():
            monkeypatch.setenv(name, value)
        with mock_aws():
            yield _settings(monkeypatch, tmp_path, "aws")


@pytest.fixture
def swf() -> Iterator[LocalSWF]:
    """An embedded SWF, for what moto cannot do."""
    with LocalSWF() as running:
        yield running


@pytest.fixture
def embedded(swf: LocalSWF, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of the embedded SWF."""
    return _settings(monkeypatch, tmp_path, swf.url)


def _settings(monkeypatch: pytest.MonkeyPatch, data_dir: Path, endpoint: str) -> Settings:
    for name in ("ENV_FILE", "WORKFLOW_VERSION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SWF_ENDPOINT", endpoint)
    monkeypatch.setenv("DATA_DIR", str(data_dir))
    monkeypatch.setenv("PAYLOAD_STORE", str(data_dir / "payloads"))  # on AWS it has to be said
    monkeypatch.setattr(config, "_current", None)
    return config.settings()


@pytest.fixture
def client(settings: Settings) -> Iterator[SwfClient]:
    """A client whose domain and types are registered."""
    yield from _client(settings)


@pytest.fixture
def embedded_client(embedded: Settings) -> Iterator[SwfClient]:
    """The same on the embedded SWF."""
    yield from _client(embedded)


def _client(chosen: Settings) -> Iterator[SwfClient]:
    made = SwfClient(chosen)
    list(setup.register(made, process.shipped()))
    yield made
    made.stop(now=True)


@pytest.fixture
def starter(client: SwfClient) -> WorkflowStarter:
    """A starter on either engine."""
    return WorkflowStarter(swf_client=client)


@pytest.fixture
def embedded_starter(embedded_client: SwfClient) -> WorkflowStarter:
    """A starter on the embedded SWF."""
    return WorkflowStarter(swf_client=embedded_client)


def decide(client: SwfClient) -> None:
    """Do what a decider does with the decision task that waits."""
    task = client.poll_decision_task(client.settings.swf_task_list)
    assert task is not None
    worker = DecisionWorker(client.settings, swf_client=client)
    execution = worker._begin(task)
    execution.apply(task["events"])
    client.respond_decision_task(
        task["taskToken"], execution.decisions(), context=wire.dumps(execution.status())
    )


def work(client: SwfClient, result: object) -> None:
    """Complete the activity task that waits."""
    task = client.poll_activity_task(client.settings.swf_task_list)
    assert task is not None
    client.complete_activity_task(task["taskToken"], wire.dumps(result))


def fail(client: SwfClient, reason: str) -> None:
    """Fail the activity task that waits, for good."""
    task = client.poll_activity_task(client.settings.swf_task_list)
    assert task is not None
    client.fail_activity_task(task["taskToken"], f"NonRetryableError: {reason}", "{}")
