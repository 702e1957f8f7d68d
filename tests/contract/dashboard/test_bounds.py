"""What the page does not put up with: too many, too much, too slow, too often, and other names."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from starlette.testclient import TestClient

import config
from dashboard import guard, listening
from dashboard.app import make_app
from dashboard.library import Library
from dashboard.options import Options
from dashboard.testing import served
from dashboard.views import ROUTES
from workflow_starter import WorkflowStarter

PAGE = b"GET /static/icon.svg HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
FORM = b"POST /preferences HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\n"


@pytest.fixture
def starter(tmp_path: Path) -> WorkflowStarter:
    """A starter whose engine nobody asks."""
    return WorkflowStarter(
        config.load({"SWF_ENDPOINT": "http://127.0.0.1:9", "DATA_DIR": str(tmp_path)})
    )


@pytest.fixture
def address(starter: WorkflowStarter) -> Iterator[str]:
    """The page."""
    with served(starter) as found:
        yield found


@pytest.fixture
def knocking(address: str) -> Iterator[list[socket.socket]]:
    """Connections that are closed at the end."""
    made: list[socket.socket] = []
    yield made
    for connection in made:
        connection.close()


def knock(address: str, made: list[socket.socket], sent: bytes) -> socket.socket:
    where = urlsplit(address)
    made.append(socket.create_connection((where.hostname, where.port), timeout=10))
    made[-1].sendall(sent)
    return made[-1]


def status(connection: socket.socket) -> bytes:
    """The status of the answer; nothing where the server hangs up."""
    try:
        return connection.recv(65536)[9:12]
    except ConnectionError:
        return b""


def test_who_comes_when_there_are_too_many_is_hung_up_on(
    address: str, knocking: list[socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "MOST_CONNECTIONS", 1)
    first = knock(address, knocking, PAGE)
    assert status(first) == b"200"
    assert status(knock(address, knocking, PAGE)) == b""
    first.close()
    deadline = time.monotonic() + 10
    while status(knock(address, knocking, PAGE)) != b"200":
        assert time.monotonic() < deadline


@pytest.mark.parametrize("sent", [b"", b"\r\n\r\n", b"GET /exe", PAGE[:-2], PAGE + b"GET /"])
def test_a_head_that_does_not_come_is_not_waited_for(
    address: str, knocking: list[socket.socket], monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(listening, "HEAD_SECONDS", 0.05)
    connection = knock(address, knocking, sent)
    ended = time.monotonic() + 4  # before uvicorn's own five seconds
    while status(connection):
        assert time.monotonic() < ended
    assert time.monotonic() < ended


def test_a_head_that_is_too_long_is_refused(address: str, knocking: list[socket.socket]) -> None:
    endless = b"GET / HTTP/1.1\r\nX: " + b"x" * (listening.HEAD_BYTES + 1)
    assert status(knock(address, knocking, endless)) == b"431"
    several = b"GET / HTTP/1.1\r\n" + b"X: x\r\n" * (listening.HEAD_BYTES // 6 + 1)
    assert status(knock(address, knocking, several)) == b"431"


def test_a_long_form_is_no_long_head(address: str, knocking: list[socket.socket]) -> None:
    body = b"x" * (2 * listening.HEAD_BYTES)
    head = FORM.replace(b"Content-Length: 9", b"Content-Length: %d" % len(body))
    assert status(knock(address, knocking, head + body)) == b"403"


def test_a_form_that_does_not_come_is_not_waited_for(
    address: str, knocking: list[socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "MOST_SECONDS", 0.05)
    assert status(knock(address, knocking, FORM + b"half")) == b"408"


@pytest.mark.parametrize("options", [{}, {"host": "0.0.0.0", "token": "s3cret"}])
def test_who_asks_too_often_is_told_so_and_others_are_not(
    starter: WorkflowStarter, monkeypatch: pytest.MonkeyPatch, options: dict[str, str]
) -> None:
    monkeypatch.setattr(guard, "REQUESTS_AT_ONCE", 3)
    monkeypatch.setattr(guard, "REQUESTS_PER_SECOND", 0.0)
    app = make_app(starter, Options(**options))  # type: ignore[arg-type]
    one, other = (
        TestClient(app, base_url="http://127.0.0.1", client=(host, 5)) for host in ("10.1", "10.2")
    )
    asked = [one.get("/static/icon.svg?token=guess").status_code for _ in range(5)]
    assert asked[:3] == [401 if options else 200] * 3
    assert asked[3:] == [429, 429]
    assert other.get("/static/icon.svg").status_code != 429


def test_after_a_while_it_may_ask_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "REQUESTS_AT_ONCE", 1)
    monkeypatch.setattr(guard, "MOST_ADDRESSES", 2)
    paced = guard._Paced(None)  # type: ignore[arg-type]
    assert [paced._may_ask("a", now) for now in (0.0, 0.0, 1.0, 1.0)] == [True, False, True, False]
    assert [paced._may_ask(name, 1.0) for name in "bcd"] == [True, True, True]
    assert len(paced._left) <= 2


# --- no way to a file or a shell --------------------------------------------------------------

ODD = (
    "../../../../etc/passwd",
    "..\\..\\etc\\passwd",
    "/etc/passwd",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "....//....//etc/passwd",
    "file:///etc/passwd",
    "x\0.json",
    "$(id)",
    "`id`",
    "|id",
    "{{7*7}}",
    "C:\\Windows\\win.ini",
    "~root",
)
NAMED = sorted({path for route in ROUTES if "{" in (path := getattr(route, "path", ""))})
ENDLESS = "/live"
"""What ends a path whose answer goes on until who asks is gone."""


@pytest.fixture
def visitor(starter: WorkflowStarter) -> TestClient:
    """Somebody who looks at saved histories, of which there are none."""
    app = make_app(starter, Options(offline=True), Library(starter, offline=True))
    return TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False)


@pytest.mark.parametrize(
    "path", [*(path for path in NAMED if not path.endswith(ENDLESS)), "/static/{name}"]
)
def test_no_name_in_an_address_leads_to_a_file(visitor: TestClient, path: str) -> None:
    for odd in ODD:
        for written in (quote(odd, safe=""), quote(odd, safe="/")):
            asked = re.sub(r"\{[^}]+\}", lambda _, name=written: name, path)
            answer = visitor.get(asked)
            assert "root:" not in answer.text, asked
            assert "uid=" not in answer.text, asked
            assert answer.status_code < 500, asked
