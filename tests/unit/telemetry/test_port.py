"""The port: what it answers, and what it does not put up with."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator

import pytest
import urllib3

from telemetry import port
from telemetry.port import Answer, Port

ROUTES = {
    "/healthz": lambda trusted: Answer(200, f"trusted {trusted}\n"),
    "/broken": lambda _: 1 / 0,
}


@pytest.fixture
def listening() -> Iterator[Port]:
    made = Port("127.0.0.1", 0, ROUTES)
    yield made
    made.close()


def get(of: Port, path: str, **headers: str) -> tuple[int, str]:
    answer = urllib3.request("GET", of.url + path, headers=headers, timeout=10, retries=False)
    return answer.status, answer.data.decode()


def raw(of: Port, request: bytes) -> bytes:
    host, number = of.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(number)), timeout=10) as connection:
        connection.sendall(request)
        found = b""
        try:
            while more := connection.recv(4096):
                found += more
        except ConnectionResetError:
            pass
        return found


def test_it_answers_get_and_head(listening):
    assert get(listening, "/healthz") == (200, "trusted True\n")
    assert get(listening, "/healthz?verbose=1") == (200, "trusted True\n")
    head = raw(listening, b"HEAD /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert head.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /../etc/passwd HTTP/1.1\r\n\r\n", b"404"),
        (b"GET / HTTP/1.1\r\n\r\n", b"404"),
        (b"POST /healthz HTTP/1.1\r\n\r\n", b"405"),
        (b"GET /broken HTTP/1.1\r\n\r\n", b"500"),
        (b"\x16\x03\x01 hello\r\n\r\n", b"400"),
        (b"GET /healthz\r\n\r\n", b"400"),
    ],
)
def test_what_else_is_asked_is_refused(listening, request_, status):
    assert raw(listening, request_).split(b" ")[1] == status


def test_a_request_that_is_too_long_is_hung_up_on(listening):
    assert raw(listening, b"GET /healthz HTTP/1.1\r\nX: " + b"x" * 20_000) == b""


def test_a_request_that_is_too_slow_is_hung_up_on(listening, monkeypatch):
    monkeypatch.setattr(port, "MOST_SECONDS", 0.1)
    begun = time.monotonic()
    assert raw(listening, b"GET /healthz HT") == b""
    assert time.monotonic() - begun < 5


def test_slow_askers_take_all_places_and_no_more(listening):
    host, number = listening.url.removeprefix("http://").split(":")
    idle = [socket.create_connection((host, int(number))) for _ in range(port.AT_ONCE)]
    until(lambda: raw(listening, b"GET /healthz HTTP/1.1\r\n\r\n") == b"")
    for connection in idle:
        connection.close()
    until(lambda: raw(listening, b"GET /healthz HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 200"))


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("token", "trusted"), [("right", True), ("wrong", False), ("", False), ("ríght", False)]
)
def test_beyond_loopback_only_the_token_is_trusted(token, trusted):
    made = Port("0.0.0.0", 0, ROUTES, "right")
    try:
        number = int(made.url.rpartition(":")[2])
        lines = f"GET /healthz HTTP/1.1\r\nAuthorization: Bearer {token}\r\n\r\n"
        with socket.create_connection(("127.0.0.1", number), timeout=10) as connection:
            connection.sendall(lines.encode())
            assert connection.recv(4096).endswith(f"trusted {trusted}\n".encode())
    finally:
        made.close()


def test_without_a_token_nobody_beyond_loopback_is_trusted():
    made = Port("0.0.0.0", 0, ROUTES)
    try:
        number = made.url.rpartition(":")[2]
        found = urllib3.request("GET", f"http://127.0.0.1:{number}/healthz", timeout=10)
        assert found.data == b"trusted False\n"
    finally:
        made.close()


# --- too often, and names that lead here ------------------------------------------------------


def test_what_is_asked_too_often_is_not_answered(listening, monkeypatch):
    monkeypatch.setattr(port, "PER_SECOND", 0.0)
    asked = [get(listening, "/healthz")[0] for _ in range(port.BURST + 5)]
    assert asked[: port.BURST] == [200] * port.BURST
    assert asked[port.BURST :] == [429] * 5
    monkeypatch.setattr(port, "PER_SECOND", 1_000.0)
    until(lambda: get(listening, "/healthz")[0] == 200)


@pytest.mark.parametrize(
    ("host", "trusted"),
    [
        ("127.0.0.1:9", True),
        ("localhost", True),
        ("[::1]:9", True),
        ("127.0.0.1.evil.example", False),
        ("evil.example:9", False),
        ("127.evil.example", False),
    ],
)
def test_a_name_that_another_site_has_lead_here_is_not_trusted(listening, host, trusted):
    asked = b"GET /healthz HTTP/1.1\r\nHost: %b\r\n\r\n" % host.encode()
    assert raw(listening, asked).endswith(b"trusted %b\n" % str(trusted).encode())


@pytest.mark.parametrize(
    ("host", "is_loopback"),
    [("127.0.0.1", True), ("localhost", True), ("::1", True), ("127.example.com", False)]
    + [(host, False) for host in ("0.0.0.0", "10.0.0.1", "", "example.com")],
)
def test_which_addresses_only_this_machine_reaches(host, is_loopback):
    assert port.is_loopback(host) is is_loopback


@pytest.mark.parametrize("sent", [b"", b"G", b"GET /healthz HTTP/1.1\r\nX: "])
def test_trickling_does_not_help(listening, monkeypatch, sent):
    monkeypatch.setattr(port, "MOST_SECONDS", 0.2)
    host, number = listening.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(number)), timeout=10) as connection:
        until(lambda: is_closed(connection, sent or b"x"))


def is_closed(connection: socket.socket, sent: bytes) -> bool:
    try:
        connection.sendall(sent)
    except ConnectionError:
        return True
    return False
