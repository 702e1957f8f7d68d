"""Connections that behave badly, or only unusually: half-closed, slow, ahead of their turn."""

from __future__ import annotations

import contextlib
import gc
import socket
import sys
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from local_swf import connections
from local_swf.testing import LocalSWF
from tests.contract.local_swf.test_polls import hold_poll, waiting

LIST = b'{"registrationStatus":"REGISTERED"}'
NOTHING = b'{"domainInfos":[]}'


def head(length: int, *lines: bytes, version: bytes = b"1.1") -> bytes:
    """The head of a request for ListDomains."""
    return b"\r\n".join(
        [
            b"POST / HTTP/%b" % version,
            b"X-Amz-Target: SimpleWorkflowService.ListDomains",
            b"Content-Length: %d" % length,
            *lines,
            b"\r\n",
        ]
    )


@pytest.fixture
def client(swf: LocalSWF) -> Iterator[socket.socket]:
    """A bare connection to the endpoint."""
    where = urlsplit(swf.url)
    with socket.create_connection((where.hostname, where.port), timeout=10) as connection:
        yield connection


def read_all(connection: socket.socket) -> bytes:
    """What comes until the server closes."""
    return b"".join(iter(lambda: connection.recv(65536), b""))


def test_a_client_that_sends_no_more_still_gets_its_answer(client):
    client.sendall(head(len(LIST)) + LIST)
    client.shutdown(socket.SHUT_WR)
    answer = read_all(client)
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(NOTHING)


def test_a_poll_whose_client_sends_no_more_has_hung_up(world):
    with hold_poll(world.swf) as half:
        waiting(world.swf, 1)
        half.shutdown(socket.SHUT_WR)
        waiting(world.swf, 0)
        assert half.recv(100) == b""


def test_requests_sent_ahead_are_answered_in_their_order(client):
    wrong = b'{"registrationStatus":"GONE"}'
    client.sendall((head(len(LIST)) + LIST + head(len(wrong)) + wrong) * 50)
    answers = b""
    while answers.count(b"HTTP/1.1 ") < 100:
        answers += client.recv(65536)
    statuses = [part[:3] for part in answers.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [b"200", b"400"] * 50


def test_a_request_that_stops_half_way_is_given_up(client, monkeypatch):
    client.sendall(head(len(LIST)) + LIST)
    assert client.recv(65536).startswith(b"HTTP/1.1 200 OK\r\n")  # a connection has half a minute
    monkeypatch.setattr(connections, "SLOW_SECONDS", 0.05)
    client.sendall(head(len(LIST)) + LIST[:5])
    assert read_all(client) in {b"", NOTHING}


def test_a_body_in_chunks_is_read_and_a_large_one_refused(client):
    start = head(0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    client.sendall(start + b"%x\r\n%b\r\n0\r\n\r\n" % (len(LIST), LIST))
    assert client.recv(65536).endswith(NOTHING)
    chunk = b"%x\r\n%b\r\n" % (65536, b"x" * 65536)
    client.sendall(start + chunk * 20 + b"0\r\n\r\n")
    answer = read_all(client)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"\r\nConnection: close\r\n" in answer


def test_the_old_version_of_http_is_answered_and_closed(client):
    client.sendall(head(len(LIST), version=b"1.0") + LIST)
    assert read_all(client).endswith(NOTHING)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"this is no HTTP\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\n" + b"X-Long: " + b"x" * 100_000, b"431"),
    ],
)
def test_what_is_no_request_is_refused(client, sent, status):
    client.sendall(sent)
    assert read_all(client).startswith(b"HTTP/1.1 " + status)


def test_work_that_fails_leaves_nothing_in_the_runs_that_are_remembered(world):
    world.start()

    def change_and_fail(work: Any) -> None:
        work.run(1).task_list = "gone"
        raise KeyError

    def act(endpoint: Any) -> str:
        with pytest.raises(KeyError):
            endpoint.engine._work(change_and_fail)
        return endpoint.engine._work(lambda work: work.run(1).task_list)

    assert world.swf.call(act) == "main"


def test_clients_that_knock_while_it_closes_leave_nothing_open(monkeypatch):
    lost: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lost.append)

    def knock(address: tuple[str, int]) -> None:
        with contextlib.suppress(OSError):  # it has closed
            while True:
                socket.create_connection(address, timeout=5).close()

    for _ in range(5):
        with LocalSWF() as swf:
            host, _, port = swf.url.removeprefix("http://").partition(":")
            knocking = [threading.Thread(target=knock, args=((host, int(port)),)) for _ in range(3)]
            for thread in knocking:
                thread.start()
        for thread in knocking:
            thread.join()
    gc.collect()
    assert lost == []
