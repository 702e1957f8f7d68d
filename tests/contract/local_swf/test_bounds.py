"""What one client, or all, may ask of the endpoint: connections, time, rate, and by name."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from local_swf import connections, server
from local_swf.signature import Verifier
from local_swf.testing import LocalSWF
from tests.contract.local_swf.test_connections import LIST, NOTHING, head, read_all

ASK = head(len(LIST)) + LIST
STOP = b"POST /_local/stop HTTP/1.1\r\nX-Local-SWF: 1\r\nContent-Length: 2\r\n\r\n{}"
HEALTH = b"GET /_local/health HTTP/1.1\r\nX-Local-SWF: 1\r\n\r\n"


@pytest.fixture
def knocking(swf: LocalSWF) -> Iterator[list[socket.socket]]:
    """Connections that are closed at the end."""
    made: list[socket.socket] = []
    yield made
    for connection in made:
        connection.close()


@pytest.fixture
def from_afar(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever connects counts as a client on another machine."""
    monkeypatch.setattr(connections, "_beyond_this_machine", lambda peer: f"afar {peer[0]}")


def knock(swf: LocalSWF, made: list[socket.socket]) -> socket.socket:
    where = urlsplit(swf.url)
    made.append(socket.create_connection((where.hostname, where.port), timeout=10))
    return made[-1]


def is_served(connection: socket.socket) -> bool:
    """Whether a request is answered; False where the server hangs up."""
    try:
        connection.sendall(ASK)
        return connection.recv(65536).endswith(NOTHING)
    except ConnectionError:
        return False


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        (("127.0.0.1", 5), ""),
        (("127.9.9.9", 5), ""),
        (("::1", 5, 0, 0), ""),
        (("10.0.0.7", 5), "10.0.0.7"),
        (("fe80::1%eth0", 5, 0, 2), "fe80::1"),
        (None, ""),
    ],
)
def test_this_machine_is_told_from_others(peer: tuple[str, int] | None, address: str) -> None:
    assert connections._beyond_this_machine(peer) == address


def test_who_comes_when_there_are_too_many_is_hung_up_on(
    swf: LocalSWF, knocking: list[socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MOST_CONNECTIONS", 2)
    first, second = knock(swf, knocking), knock(swf, knocking)
    assert is_served(first)
    assert is_served(second)
    assert not is_served(knock(swf, knocking))
    first.close()
    until_served(swf, knocking)


@pytest.mark.usefixtures("from_afar")
def test_one_address_has_fewer_than_all(
    swf: LocalSWF, knocking: list[socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "CLIENT_CONNECTIONS", 1)
    first = knock(swf, knocking)
    assert is_served(first)
    assert not is_served(knock(swf, knocking))
    first.close()
    until_served(swf, knocking)


def until_served(swf: LocalSWF, made: list[socket.socket]) -> None:
    deadline = time.monotonic() + 10
    while not is_served(knock(swf, made)):
        assert time.monotonic() < deadline


@pytest.mark.parametrize("sent", [b"", b"POST / HT", head(9), head(9) + b"{", b"P"])
def test_who_is_slow_is_hung_up_on_at_any_point(
    swf: LocalSWF, knocking: list[socket.socket], monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(connections, "SLOW_SECONDS", 0.05)
    connection = knock(swf, knocking)
    connection.sendall(sent)
    assert read_all(connection) == b""


def test_a_connection_that_is_kept_for_nothing_is_closed(
    swf: LocalSWF, knocking: list[socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "IDLE_SECONDS", 0.05)
    connection = knock(swf, knocking)
    assert is_served(connection)
    assert read_all(connection) == b""


def test_trickling_does_not_help(
    swf: LocalSWF, knocking: list[socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "SLOW_SECONDS", 0.2)
    connection = knock(swf, knocking)
    connection.sendall(b"POST / HTTP/1.1\r\n")
    deadline = time.monotonic() + 10
    while is_open(connection):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def is_open(connection: socket.socket) -> bool:
    """Whether one more header can be sent."""
    try:
        connection.sendall(b"X: y\r\n")
    except ConnectionError:
        return False
    return True


@pytest.mark.usefixtures("from_afar")
def test_a_client_beyond_this_machine_is_throttled(
    swf: LocalSWF, knocking: list[socket.socket]
) -> None:
    size, each_second = server.CLIENT_RATE
    assert 0 < each_second < size
    rates = swf.call(lambda endpoint: endpoint.frontend.clients)
    moment = rates._now()
    rates._now = lambda: moment  # none comes back
    for _ in range(size):
        rates.check_one("request", "afar 127.0.0.1")
    connection = knock(swf, knocking)
    connection.sendall(ASK)
    answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"ThrottlingException" in answer


def test_this_machine_is_not(swf: LocalSWF, knocking: list[socket.socket]) -> None:
    is_served(knock(swf, knocking))
    assert swf.call(lambda endpoint: endpoint.frontend.clients._levels) == {}


@pytest.mark.usefixtures("from_afar")
@pytest.mark.parametrize("asked", [STOP, HEALTH])
def test_where_signatures_are_asked_for_its_own_interface_is_this_machines_alone(
    swf: LocalSWF, knocking: list[socket.socket], monkeypatch: pytest.MonkeyPatch, asked: bytes
) -> None:
    frontend = swf.call(lambda endpoint: endpoint.frontend)
    monkeypatch.setattr(frontend, "verifier", Verifier({"known": "secret"}))
    connection = knock(swf, knocking)
    connection.sendall(asked)
    assert connection.recv(65536).startswith(b"HTTP/1.1 403 ")
    assert not swf.call(lambda endpoint: endpoint.stopped.is_set())


@pytest.mark.parametrize(
    "path",
    [
        b"/../../etc/passwd",
        b"/%2e%2e/%2e%2e/etc/passwd",
        b"/_local/../../etc/passwd",
        b"/_local/%2e%2e/health",
        b"/_local//etc/passwd",
        b"//etc/passwd",
        b"/_local/health/..%2f..%2fetc%2fpasswd",
        b"/_local/$(id)",
    ],
)
def test_no_path_leads_to_a_file(swf: LocalSWF, knocking: list[socket.socket], path: bytes) -> None:
    connection = knock(swf, knocking)
    connection.sendall(b"GET %b HTTP/1.1\r\nX-Local-SWF: 1\r\n\r\n" % path)
    answer = connection.recv(65536)
    assert answer.split(b" ")[1] in (b"400", b"404")
    assert b"root:" not in answer
