"""Clients of AWS's services: whose credentials they have."""

from __future__ import annotations

import boto3
import pytest

import config
from activities.services import clients


def key_of(monkeypatch: pytest.MonkeyPatch, **environment: str) -> str | None:
    """The access key of a client that is made under these variables."""
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # it remembers keys of tests before
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_PROFILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    found = clients.made("sns", config.load({}, None), "us-east-1", clients._CONFIG)
    credentials = found._request_signer._credentials
    return None if credentials is None else str(credentials.access_key)


def test_keys_of_the_environment_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = {"AWS_ACCESS_KEY_ID": "AKIA1", "AWS_SECRET_ACCESS_KEY": "s"}

    assert key_of(monkeypatch, **keys) == "AKIA1"


@pytest.mark.parametrize("secret", ["your-secret", "real"])
def test_an_examples_keys_are_not(secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = {"AWS_ACCESS_KEY_ID": "your-key", "AWS_SECRET_ACCESS_KEY": secret}

    assert key_of(monkeypatch, **keys) is None
