"""Many clients over kept-open connections that cost next to nothing, for measuring servers.

One thread watches all sockets: a client sends its next request when its last answer is complete.
"""

from __future__ import annotations

import json
import selectors
import socket
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from httptools import HttpResponseParser

CONNECT_SECONDS = 5.0
SILENCE_SECONDS = 15.0  # every task that is polled for is there already
RECEIVED_BYTES = 1_048_576  # at a time

_CREDENTIAL = "Credential=bench/20260101/us-east-1/swf/aws4_request"
_HEADERS = (
    "Content-Type: application/x-amz-json-1.0",
    f"Authorization: AWS4-HMAC-SHA256 {_CREDENTIAL}, SignedHeaders=host, Signature={'0' * 64}",
)


@dataclass(frozen=True)
class Call:
    """One call of SWF's API."""

    operation: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """What many calls of one kind came to."""

    answers: list[Any]
    """The JSON of the answers that count."""
    latencies: list[float]
    """Seconds from request to answer, of the answers that count, ascending."""
    seconds: float
    """From the first request to the last answer."""
    uncounted: int = 0
    """Calls that were refused, or whose answer lacked what was asked for."""

    @property
    def rate(self) -> float:
        """Calls that count, per second."""
        return len(self.answers) / self.seconds

    @property
    def median(self) -> float:
        """Seconds; not a number when nothing counts."""
        return statistics.median(self.latencies) if self.latencies else float("nan")

    @property
    def p95(self) -> float:
        """Seconds; not a number when nothing counts."""
        count = len(self.latencies)
        return self.latencies[int(count * 0.95)] if count else float("nan")


Client = Callable[[Sequence[Call], str], Outcome]
"""Makes the calls; those whose answer has the member named count (all, when none is named)."""


def outcome(taken: Sequence[tuple[float, Any]], seconds: float, counts: str) -> Outcome:
    """Seconds and answer of every call (None when refused), as an outcome."""
    counted = [
        (took, answer)
        for took, answer in taken
        if answer is not None and (not counts or counts in answer)
    ]
    answers, times = [answer for _, answer in counted], sorted(took for took, _ in counted)
    return Outcome(answers, times, seconds, len(taken) - len(counted))


class LeanClient:
    """So many clients of one server, each with one call under way.

    A batch that takes longer than `within` seconds sends no more requests.
    """

    def __init__(self, url: str, clients: int, within: float = 60.0) -> None:
        self._host = urlsplit(url).netloc
        self._within = within
        self._connections = [_Connection(url) for _ in range(clients)]

    def __enter__(self) -> LeanClient:
        return self

    def __exit__(self, *_: object) -> None:
        for connection in self._connections:
            connection.close()

    def __call__(self, calls: Sequence[Call], counts: str = "") -> Outcome:
        """Make the calls."""
        requests = [_request(self._host, call) for call in calls]
        begun = time.perf_counter()
        taken = self._exchange(iter(requests), begun + self._within)
        seconds = time.perf_counter() - begun
        return outcome([(took, _read(body)) for took, body in taken], seconds, counts)

    def one(self, operation: str, **arguments: Any) -> Any:
        """One call that must succeed; answers its JSON."""
        made = self([Call(operation, arguments)])
        if made.uncounted:
            raise RuntimeError(f"{operation} was refused")
        return made.answers[0]

    def _exchange(
        self, requests: Iterator[bytes], deadline: float
    ) -> list[tuple[float, bytes | None]]:
        """Seconds and body of every answer, in the order in which they came."""
        taken: list[tuple[float, bytes | None]] = []
        with selectors.DefaultSelector() as selector:
            for connection, request in zip(self._connections, requests, strict=False):
                connection.send(request, selector)
            while selector.get_map():
                for connection in _readable(selector):
                    if not connection.receive():
                        continue
                    selector.unregister(connection.socket)
                    connection.end_unless_kept()
                    taken.append((connection.took, connection.answer()))
                    request = next(requests, b"") if time.perf_counter() < deadline else b""
                    if request:
                        connection.send(request, selector)
        return taken


def _readable(selector: selectors.BaseSelector) -> list[_Connection]:
    ready = selector.select(SILENCE_SECONDS)
    if not ready:
        raise TimeoutError(f"no answer in {SILENCE_SECONDS} s")
    return [key.data for key, _ in ready]


class _Connection:
    """One kept-open connection, and the answer that httptools reads from it (its callbacks).

    It is made anew where the server does not keep it open.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname, parts.port or 80)
        self._is_open = False
        self.took = 0.0
        self._body = b""

    def send(self, request: bytes, selector: selectors.BaseSelector) -> None:
        self._body, self._complete = b"", False
        self._parser = HttpResponseParser(self)
        self._begun = time.perf_counter()
        if not self._is_open:
            self._connect()
        selector.register(self.socket, selectors.EVENT_READ, self)
        self.socket.sendall(request)

    def receive(self) -> bool:
        """Take what has come; whether the answer is complete."""
        data = self.socket.recv(RECEIVED_BYTES)
        if not data:
            raise EOFError("the server closed the connection instead of answering")
        self._parser.feed_data(data)
        return self._complete

    def answer(self) -> bytes | None:
        """The body of the complete answer; None when the call was refused."""
        return self._body if self._parser.get_status_code() == 200 else None

    def end_unless_kept(self) -> None:
        """Close the connection if its last answer said that the server does."""
        if not self._parser.should_keep_alive():
            self.close()

    def close(self) -> None:
        if self._is_open:
            self._is_open = False
            self.socket.close()

    def _connect(self) -> None:
        self.socket = socket.create_connection(self._address, CONNECT_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._is_open = True

    def on_body(self, data: bytes) -> None:
        self._body += data

    def on_message_complete(self) -> None:
        self._complete = True
        self.took = time.perf_counter() - self._begun


def _read(body: bytes | None) -> Any:
    return None if body is None else json.loads(body or b"{}")


def _request(host: str, call: Call) -> bytes:
    body = json.dumps(call.arguments).encode()
    lines = [
        "POST / HTTP/1.1",
        f"Host: {host}",
        f"X-Amz-Target: SimpleWorkflowService.{call.operation}",
        *_HEADERS,
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body
