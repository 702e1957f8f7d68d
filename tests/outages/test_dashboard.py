"""The page while SWF cannot be reached: it says so, stays up, and shows all again afterwards."""

from __future__ import annotations

import logging
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator

import pytest

from config import Settings
from dashboard.pages import execution_url
from dashboard.testing import served
from swf_client import SwfClient
from tests.outages.conftest import BRIEF
from tests.outages.front import Front, fault
from tests.outages.working import until
from workflow_starter import WorkflowStarter

SettingsOf = Callable[..., Settings]
PAGES = ["/executions", "/health", "EXECUTION", "EXECUTION/events", "EXECUTION/audit"]
LIVE = ["/live/executions", "/health/live", "EXECUTION/live"]


class Page:
    """What a browser gets."""

    def __init__(self, address: str, execution: str) -> None:
        self._address, self._execution = address, execution

    def get(self, path: str) -> tuple[int, str]:
        """Status and text, without its tags."""
        try:
            with urllib.request.urlopen(self._url(path), timeout=30) as response:
                status, body = response.status, response.read()
        except urllib.error.HTTPError as error:
            status, body = error.code, error.read()
        return status, " ".join(re.sub(r"<[^>]+>", " ", body.decode()).split())

    def first_event(self, path: str) -> str:
        """The first thing that a live stream says."""
        with urllib.request.urlopen(self._url(path), timeout=30) as response:
            found: bytes = response.readline()
        return found.decode()

    def _url(self, path: str) -> str:
        return self._address + path.replace("EXECUTION", self._execution)


@pytest.fixture
def page(plain: Front, settings_of: SettingsOf) -> Iterator[Page]:
    settings = settings_of(plain.url)
    starter = WorkflowStarter(settings, swf_client=SwfClient(settings, patience=BRIEF))
    run = starter.start_workflow({"order_id": "O"})
    with served(starter) as address:
        yield Page(address, execution_url(run))
    plain.mend()


def test_pages_say_what_is_wrong_and_are_back_afterwards(
    page: Page, plain: Front, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    plain.down()
    for path in PAGES:
        status, text = page.get(path)
        assert status == 502, path
        assert f"SWF at {plain.url}" in text, path
        assert "does not answer" in text
        assert "start it, correct SWF_ENDPOINT" in text
    for path in LIVE:
        assert page.first_event(path).startswith(": hello"), "a browser comes back by itself"
    plain.up()
    for path in PAGES:
        until(lambda path=path: page.get(path)[0] == 200, path)  # type: ignore[misc]
    assert not [record for record in caplog.records if record.exc_info]


@pytest.mark.parametrize(
    ("refusal", "says"),
    [
        (fault("ExpiredTokenException", "expired"), "the AWS credentials have expired"),
        (fault("UnknownResourceFault", "Unknown domain: D"), "is not registered in SWF at"),
        (b"", "does not answer"),
    ],
    ids=["credentials", "region", "reset"],
)
def test_so_do_they_where_it_refuses(page: Page, plain: Front, refusal: bytes, says: str) -> None:
    plain.refusal = lambda _: refusal
    status, text = page.get("/executions")
    assert status == 502
    assert says in text
