"""The clients of AWS's services: one for each service, made when first needed.

Credentials are the settings' own, or those that boto3 finds; an endpoint of one's own is set
by botocore's variables (`AWS_ENDPOINT_URL_SQS`, say).
"""

from __future__ import annotations

import functools
import os
import threading
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

from activities.context import current_task
from config import Settings, is_placeholder

CONNECT_SECONDS = 5
READ_SECONDS = 60
CONNECTIONS = 50
"""As many as a worker has threads, and more: a call never waits for another's connection."""

_CONFIG = Config(
    connect_timeout=CONNECT_SECONDS,
    read_timeout=READ_SECONDS,
    max_pool_connections=CONNECTIONS,
    retries={"mode": "standard"},
)
_turn = threading.Lock()


def client(service: str) -> Any:
    """The client of a service, by botocore's name, under the settings of the current task."""
    with _turn:  # boto3's session may not make two at once
        return _kept(service, current_task().settings)


@functools.lru_cache(maxsize=256)
def _kept(service: str, settings: Settings) -> Any:
    return made(service, settings, settings.aws_region, _CONFIG)


def made(service: str, settings: Settings, region: str, options: Config) -> Any:
    """A new client with the credentials of the settings, or else those that boto3 finds."""
    return _session().client(
        service,
        region_name=region,
        aws_access_key_id=settings.aws_access_key_id or None,
        aws_secret_access_key=settings.aws_secret_access_key or None,
        aws_session_token=settings.aws_session_token or None,
        config=options,
    )


def _session() -> Any:
    """boto3 itself; a session that passes the environment over where its keys are an example's."""
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    if not any(name in os.environ and is_placeholder(os.environ[name]) for name in names):
        return boto3
    core = botocore.session.get_session()
    core.get_component("credential_provider").remove("env")
    return boto3.Session(botocore_session=core)


def forget() -> None:
    """Let go of every client (for tests)."""
    _kept.cache_clear()
