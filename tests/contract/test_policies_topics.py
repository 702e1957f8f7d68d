"""deploy/iam: who tells an SNS topic of something may publish there, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from moto import mock_aws

import config
from activities.notifiers import SnsTopic
from activities.services import clients
from cli import alert
from config import Settings
from tests.contract.policies import FOLDER, PLACEHOLDERS, Policy, Request

REGION = PLACEHOLDERS["REGION"]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Request]]:
    """What an AWS that moto plays was asked, besides making topics."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    clients.forget()
    found: list[Request] = []
    call = BaseClient._make_api_call  # type: ignore[attr-defined]

    def recorded(client: Any, operation: str, given: dict[str, Any]) -> Any:
        service = client.meta.service_model.service_name
        found.append(Request(f"{service}:{operation}", given["TopicArn"]))
        return call(client, operation, given)

    with mock_aws():
        for placeholder in ("ALERTS_TOPIC", "NOTIFIER_TOPIC"):
            boto3.client("sns", REGION).create_topic(Name=PLACEHOLDERS[placeholder])
        monkeypatch.setattr(BaseClient, "_make_api_call", recorded)
        yield found
    clients.forget()


def alerts(settings: Settings, topic: str) -> None:
    """As `monitor --alert` does."""
    last: Any = {"run_id": "r", "workflow_id": "w", "type": "T", "version": "1", "state": "FAILED"}
    assert alert.send(topic, last, settings) == ""


def notifies(settings: Settings, topic: str) -> None:
    """As `NotifyCompletion` does."""
    SnsTopic(topic, settings).send("key", {"order_id": "O"})


@pytest.mark.parametrize(
    ("name", "placeholder", "tell"),
    [("alerts", "ALERTS_TOPIC", alerts), ("notifier", "NOTIFIER_TOPIC", notifies)],
)
def test_what_is_called_is_allowed_and_what_is_allowed_is_called(
    asked: list[Request], name: str, placeholder: str, tell: Callable[[Settings, str], None]
) -> None:
    policy = Policy.read(f"{name}.json")
    topic = f"arn:aws:sns:{REGION}:{PLACEHOLDERS['ACCOUNT']}:{PLACEHOLDERS[placeholder]}"
    tell(config.load({"SWF_ENDPOINT": "http://127.0.0.1:9"}), topic)

    assert asked == [Request("sns:Publish", topic)]
    assert all(policy.allows(request) for request in asked)
    assert policy.actions == {request.action for request in asked}
    assert not policy.allows(Request("sns:Publish", f"{topic}-2"))
    assert json.loads((FOLDER / f"{name}.json").read_text())["Statement"][0]["Resource"] != "*"
