"""A port that answers GET with a line or two: health, metrics.  Standard library only.

Bounded: a request of 8 KB and five seconds, eight at a time, one to a connection, fifty a second,
and nothing of it but the path, the host and the token is looked at.
"""

from __future__ import annotations

import hmac
import ipaddress
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

MOST_BYTES = 8_192
MOST_SECONDS = 5.0
AT_ONCE = 8
BURST, PER_SECOND = 100, 50.0  # requests, whoever asks; those beyond are told so
WAKE_SECONDS = 0.1  # how long closing it may take


@dataclass(frozen=True)
class Answer:
    """Status, text and its type."""

    status: int
    text: str
    kind: str = "text/plain; charset=utf-8"


Route = Callable[[bool], Answer]
"""Answers a request; it is told whether the asker is trusted: on loopback, or with the token."""

REASONS = {
    200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found",
    405: "Method Not Allowed", 429: "Too Many Requests", 500: "Internal Server Error",
    503: "Service Unavailable",
}  # fmt: skip


class Port:
    """Listens from the moment it is made, in a thread of its own, until `close`."""

    def __init__(self, host: str, port: int, routes: Mapping[str, Route], token: str = "") -> None:
        """`OSError` where the address cannot be had; port 0 takes a free one."""
        self.routes = dict(routes)
        self._server = _Server((host, port), self.routes, token, trusted=is_loopback(host))
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(WAKE_SECONDS,), name="health", daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it listens."""
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches it."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


_Request: TypeAlias = "socket.socket | tuple[bytes, socket.socket]"


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    block_on_close = False
    request_queue_size = 32

    def __init__(
        self, address: tuple[str, int], routes: Mapping[str, Route], token: str, *, trusted: bool
    ) -> None:
        self.routes, self.token, self.trusted = routes, token, trusted
        self._free = threading.BoundedSemaphore(AT_ONCE)
        self._left, self._since = float(BURST), time.monotonic()
        self._counting = threading.Lock()
        super().__init__(address, _Handler)

    def may_answer(self) -> bool:
        """Whether not too much has been asked lately; counts one request."""
        with self._counting:
            now = time.monotonic()
            left = min(BURST, self._left + (now - self._since) * PER_SECOND)
            self._left, self._since = max(left - 1, 0), now
            return left >= 1

    def process_request(self, request: _Request, client_address: object) -> None:
        """Serve in a thread; whoever comes when all are taken is hung up on."""
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: _Request, client_address: object) -> None:
        """Free the place afterwards."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away in mid-answer is nobody's concern."""


class _Handler(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        """One request, one answer."""
        head = self._head()
        if not head:
            return
        asked = _read(head)
        may_answer = self.server.may_answer()
        answer = self._answer(asked) if may_answer else Answer(429, "not so often\n")
        body = answer.text.encode()
        lines = [
            f"HTTP/1.1 {answer.status} {REASONS[answer.status]}",
            f"Content-Type: {answer.kind}",
            f"Content-Length: {len(body)}",
            "Cache-Control: no-store",
            "X-Content-Type-Options: nosniff",
            "Connection: close",
        ]
        head_text = "\r\n".join(lines) + "\r\n\r\n"
        self.request.sendall(head_text.encode() + (b"" if asked.method == "HEAD" else body))

    def _head(self) -> bytes:
        """The request up to its empty line; nothing where it is too long or too slow."""
        until, data = time.monotonic() + MOST_SECONDS, b""
        while b"\r\n\r\n" not in data:
            left = until - time.monotonic()
            if left <= 0 or len(data) > MOST_BYTES:
                return b""
            self.request.settimeout(left)
            try:
                more = self.request.recv(4096)
            except OSError:
                return b""
            if not more:
                return b""
            data += more
        self.request.settimeout(MOST_SECONDS)
        return data

    def _answer(self, asked: _Asked) -> Answer:
        route = self.server.routes.get(asked.path)
        if not asked.method:
            return Answer(400, "not HTTP\n")
        if asked.method not in ("GET", "HEAD"):
            return Answer(405, "GET only\n")
        if route is None:
            return Answer(404, f"try {', '.join(sorted(self.server.routes))}\n")
        own = self.server.token
        known = bool(own) and hmac.compare_digest(asked.token.encode(), own.encode())
        # A page in a browser here may have a name of its own lead to loopback.
        near = self.server.trusted and (not asked.host or is_loopback(asked.host))
        try:
            return route(known or near)
        except Exception as error:  # noqa: BLE001 - whoever asks is told, the process lives on
            return Answer(500, f"{type(error).__name__}\n")


@dataclass(frozen=True)
class _Asked:
    """What is looked at of a request; no method where it is no HTTP."""

    method: str = ""
    path: str = ""
    host: str = ""
    """Without its port; empty where none is named."""
    token: str = ""


def _read(head: bytes) -> _Asked:
    lines = head.split(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
    words = lines[0].split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        return _Asked()
    fields = {
        name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines[1:])
    }
    host, colon, number = fields.get("host", "").rpartition(":")
    scheme, _, token = fields.get("authorization", "").partition(" ")
    return _Asked(
        method=words[0],
        path=words[1].partition("?")[0],
        host=(host if colon and number.isdigit() else fields.get("host", "")).strip("[]"),
        token=token.strip() if scheme.lower() == "bearer" else "",
    )
