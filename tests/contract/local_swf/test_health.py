"""`/healthz` and `/readyz` of the endpoint."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import urllib3
from botocore.exceptions import ClientError

from local_swf import health
from local_swf.testing import LocalSWF
from tests.contract.local_swf.swf_world import World
from tests.contract.local_swf.test_commits import lock_database, unlock_database

PATIENCE_SECONDS = 10.0


def asked(swf: LocalSWF, path: str, method: str = "GET") -> tuple[int, str]:
    answer = urllib3.request(method, swf.url + path, timeout=10, retries=False)
    return answer.status, answer.data.decode()


def until(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_who_asks_needs_no_header(swf: LocalSWF, path: str) -> None:
    assert asked(swf, path) == (200, "ok\n")
    assert asked(swf, path, "HEAD") == (200, "")
    assert asked(swf, path, "POST")[0] == 405


def test_an_event_loop_that_lags_shows_and_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "BEAT_SECONDS", 0.01)
    monkeypatch.setattr(health, "KEPT_SECONDS", 0.1)
    monkeypatch.setattr(health, "LATE_SECONDS", 0.05)
    with LocalSWF() as swf:
        held = threading.Event()
        threading.Timer(0.1, held.set).start()
        swf.call(lambda _: held.wait(10))
        status, text = asked(swf, "/readyz")
        assert status == 503
        assert text.startswith("not ok\nthe event loop was late by 0.")
        assert asked(swf, "/healthz") == (200, "ok\n")
        until(lambda: asked(swf, "/readyz")[0] == 200)


def test_a_database_that_cannot_be_written_shows(tmp_path: Path) -> None:
    with LocalSWF(database=tmp_path / "swf.sqlite") as swf:
        world = World(swf, swf.client()).register()

        def refused() -> bool:
            with pytest.raises(ClientError):
                world.start()
            return asked(swf, "/readyz") == (503, "not ok\nthe database cannot be written\n")

        swf.call(lock_database)
        until(refused)
        swf.call(unlock_database)
        until(lambda: asked(swf, "/readyz")[0] == 200)


def test_who_asks_is_no_client(swf: LocalSWF) -> None:
    """An endpoint that leaves after its last client is not kept by whatever watches it."""
    before = swf.call(lambda endpoint: endpoint.idle_since)
    asked(swf, "/healthz")
    assert swf.call(lambda endpoint: endpoint.idle_since) == before
