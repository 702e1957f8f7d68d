"""HTTP over kept-open connections: whole requests in, whole answers out.

Knows nothing of SWF. httptools parses; a connection has one request in service at a time,
and what is sent ahead of its turn waits. Measured beside aiohttp and uvicorn in
`bench/RESULTS.md`: it costs about half of what they do.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import time
from collections import Counter, deque
from collections.abc import Callable
from email.utils import formatdate
from http import HTTPStatus
from typing import cast

import httptools

from local_swf.errors import StartupError

log = logging.getLogger(__name__)

SLOW_SECONDS = 30.0
"""A request must be complete so long after its first byte, an answer must be taken so long
after it was written."""

IDLE_SECONDS = 3600.0
"""How long a connection without a request is kept."""

HEAD_BYTES = 65_536
"""The longest request line with headers."""

MOST_CONNECTIONS, CLIENT_CONNECTIONS = 4_000, 500
"""Connections at once: in all, and from one address that is not this machine's.  Who comes when
there are as many is hung up on."""

CLOSE_SECONDS = 0.1
"""What requests in service are given when the server ends."""

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_STATUS_LINES = {
    status.value: b"HTTP/1.1 %d %b\r\n" % (status, status.phrase.encode()) for status in HTTPStatus
}


class Request:
    """One request, complete; it is answered once, by `answer` or `abort`."""

    __slots__ = ("_connection", "body", "headers", "hung_up", "keeps", "method", "target", "whole")

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.method = b""
        self.target = b""
        """Path and query as they came."""
        self.headers: dict[bytes, bytes] = {}
        """By lower-case name; those sent more than once are joined by commas."""
        self.body = b""
        self.whole = True
        """False for a body over the limit; it is not kept."""
        self.keeps = True
        """Whether the client wants the connection kept."""
        self.hung_up: Callable[[], None] | None = None
        """Called when the client goes before it was answered. A request that sets it is a
        long poll: to it, the end of what the client sends is a hang-up too."""

    @property
    def client(self) -> str:
        """The address that it came from; empty for this machine's own."""
        return self._connection.client

    @property
    def path(self) -> str:
        """The path without its query."""
        return self.target.partition(b"?")[0].decode("latin-1")

    def is_connected(self) -> bool:
        """False once the client is known to have hung up."""
        return self._connection.is_connected()

    def answer(
        self, status: int, head: bytes, body: bytes, written: Callable[[bool], None] | None = None
    ) -> None:
        """Send an answer; `head` holds header lines.

        `written` is told, perhaps later, whether the operating system has taken all of it.
        """
        self._connection.answer(self, status, head, body, written)

    def abort(self) -> None:
        """Close the connection without an answer."""
        self._connection.abort()


Handler = Callable[[Request], None]


class Connection(asyncio.Protocol):
    """One client's connection."""

    def __init__(self, server: HttpServer) -> None:
        self._server = server
        self._loop = server.loop
        self._parser = httptools.HttpRequestParser(self)
        self._arriving: Request | None = None
        self._head_bytes = 0
        self._head_complete = False
        self._parts: list[bytes] = []
        self._body_bytes = 0
        self._queue: deque[Request] = deque()
        self._current: Request | None = None
        self._written: Callable[[bool], None] | None = None
        self._buffered = False
        self._closing = False
        self._slow: asyncio.TimerHandle | None = None
        self._last_used = self._loop.time()
        self.client = ""
        """The address of a client on another machine."""

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there."""
        self._transport = cast("asyncio.Transport", transport)
        # Nothing may stay in the buffer unnoticed: a task counts as given once it has left.
        self._transport.set_write_buffer_limits(high=0)
        self.client = _beyond_this_machine(transport.get_extra_info("peername"))
        self._idle = self._loop.call_later(IDLE_SECONDS, self._check_idle)
        if not self._server.admit(self):
            self._transport.abort()
            return
        self._start_slow_timer()  # the first request has to come

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002 - asyncio's
        """The client is gone, or the connection was closed from this side."""
        self._server.forget(self)
        self._idle.cancel()
        self._stop_slow_timer()
        self._queue.clear()
        current, self._current = self._current, None
        written, self._written = self._written, None
        if written is not None:
            written(False)
        elif current is not None and current.hung_up is not None:
            current.hung_up()

    def data_received(self, data: bytes) -> None:
        """Parse what has come, and serve what is complete."""
        if not self._head_complete:
            self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._refuse(HTTPStatus.BAD_REQUEST)
            return
        if self._arriving is not None:
            if not self._head_complete and self._head_bytes > HEAD_BYTES:
                self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
                return
            self._start_slow_timer()
        if self._queue:
            self._serve()

    def eof_received(self) -> bool:
        """The client sends no more: what it still waits for is answered, unless it is a poll."""
        current = self._current
        if current is None or current.hung_up is not None:
            return False
        self._queue.clear()
        self._closing = True
        return True

    def pause_writing(self) -> None:
        """The client does not take its answer as fast as it is written."""
        self._buffered = True
        self._start_slow_timer()

    def resume_writing(self) -> None:
        """The client has got all of its answer."""
        self._buffered = False
        if self._arriving is None:
            self._stop_slow_timer()
        written, self._written = self._written, None
        if self._current is not None and written is not None:
            self._answered(self._current, written)

    # What httptools calls

    def on_message_begin(self) -> None:
        """A request begins."""
        self._arriving = Request(self)
        self._head_complete = False
        self._parts, self._body_bytes = [], 0

    def on_url(self, part: bytes) -> None:
        """A part of the target."""
        if self._arriving is not None:
            self._arriving.target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        if self._arriving is not None:
            headers, name = self._arriving.headers, name.lower()
            headers[name] = headers[name] + b"," + value if name in headers else value

    def on_headers_complete(self) -> None:
        """The head is there; a body may follow."""
        self._head_complete, self._head_bytes = True, 0
        request = self._arriving
        if request is None:
            return
        request.method = self._parser.get_method()
        length = request.headers.get(b"content-length", b"0")
        if length.isdigit() and int(length) > self._server.body_bytes:
            self._too_large(request)
        elif request.headers.get(b"expect", b"").lower() == b"100-continue" and self._is_free():
            self._transport.write(_CONTINUE)

    def on_body(self, part: bytes) -> None:
        """A part of the body."""
        request = self._arriving
        if request is None or not request.whole:
            return
        self._body_bytes += len(part)
        if self._body_bytes > self._server.body_bytes:
            self._too_large(request)
        else:
            self._parts.append(part)

    def on_message_complete(self) -> None:
        """The request is complete."""
        request, self._arriving = self._arriving, None
        self._head_complete = False
        if not self._buffered:
            self._stop_slow_timer()
        if request is None:
            return
        if request.whole:
            request.body = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
            request.keeps = (
                self._parser.should_keep_alive() and self._parser.get_http_version() != "1.0"
            )
            self._queue.append(request)
        elif self._closing and self._is_free():
            self._transport.close()

    # What requests call

    def is_connected(self) -> bool:
        """Whether the client is there, as far as is known."""
        return not self._transport.is_closing()

    def abort(self) -> None:
        """Close without sending what is still to be sent."""
        self._transport.abort()

    def answer(
        self,
        request: Request,
        status: int,
        head: bytes,
        body: bytes,
        written: Callable[[bool], None] | None,
    ) -> None:
        """Send the answer to the request in service."""
        if not request.keeps:
            self._closing = True
        ending = b"Connection: close\r\n\r\n" if self._closing else b"\r\n"
        length = b"Content-Length: %d\r\n" % len(body)
        if self.is_connected():  # asyncio logs each write to a client that is gone
            self._transport.write(
                b"".join((_STATUS_LINES[status], head, self._server.date(), length, ending, body))
            )
        if self._buffered and self.is_connected():
            self._written = written or _nobody
        else:
            self._answered(request, written)

    def shut(self) -> None:
        """Close as soon as what is in service is answered; a poll is hung up."""
        self._closing = True
        self._queue.clear()
        if self._current is None or self._current.hung_up is not None:
            self._transport.close()

    # How it goes on

    def _is_free(self) -> bool:
        return self._current is None and not self._queue

    def _too_large(self, request: Request) -> None:
        """Refuse at once, and pass over the rest, so that the client comes to read the answer."""
        request.whole, request.keeps = False, False
        self._parts = []
        self._queue.append(request)

    def _refuse(self, status: HTTPStatus) -> None:
        """End a connection that does not speak HTTP."""
        if self._current is None:
            self._transport.write(_STATUS_LINES[status] + b"Connection: close\r\n\r\n")
        else:
            self._transport.pause_reading()
        self.shut()

    def _serve(self) -> None:
        while self._queue and self._current is None and not self._closing:
            self._current = request = self._queue.popleft()
            self._server.handler(request)
        if self._queue:
            self._transport.pause_reading()

    def _answered(self, request: Request, written: Callable[[bool], None] | None) -> None:
        self._current = None
        self._last_used = self._loop.time()
        if written is not None:
            written(self.is_connected())
        if self._closing:
            # Of a request that was refused half-way the rest is still to be passed over.
            if request.whole or self._arriving is not request:
                self._transport.close()
        elif self._queue:
            self._loop.call_soon(self._serve_rest)

    def _serve_rest(self) -> None:
        if self._transport.is_closing():
            return
        self._transport.resume_reading()
        self._serve()

    def _check_idle(self) -> None:
        rest = self._last_used + IDLE_SECONDS - self._loop.time()
        if rest > 0 or self._current is not None:
            wait = rest if rest > 0 else IDLE_SECONDS
            self._idle = self._loop.call_later(wait, self._check_idle)
        else:
            self._transport.close()

    def _start_slow_timer(self) -> None:
        if self._slow is None:
            self._slow = self._loop.call_later(SLOW_SECONDS, self.abort)

    def _stop_slow_timer(self) -> None:
        if self._slow is not None:
            self._slow.cancel()
            self._slow = None


def _nobody(_: bool) -> None:  # noqa: FBT001 - as `written` is called
    """Who asks for nothing is told nothing."""


def _beyond_this_machine(peer: tuple[str, int] | None) -> str:
    """The address of a client, empty for one on this machine."""
    address = peer[0].partition("%")[0] if peer else ""
    return "" if not address or ipaddress.ip_address(address).is_loopback else address


ACCEPTING_TURNS = 5
"""Turns of the loop after which a connection that asyncio had accepted has been made."""


class HttpServer:
    """Listens, and gives each complete request to a handler, which must not raise."""

    def __init__(self, handler: Handler, body_bytes: int) -> None:
        self.handler = handler
        self.body_bytes = body_bytes
        self.loop = asyncio.get_running_loop()
        self.connections: set[Connection] = set()
        self._of_clients: Counter[str] = Counter()
        self.port = 0
        self._empty = asyncio.Event()
        self._date = (0, b"")

    async def listen(self, host: str, port: int) -> None:
        """Take connections; StartupError when the port is not to be had."""
        try:
            self._server = await self.loop.create_server(
                lambda: Connection(self), host, port, backlog=1024
            )
        except OSError as error:
            raise StartupError(f"cannot listen on {host}:{port}: {error.strerror}") from error
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Stop listening, hang up on polls, let the rest be answered if it does not take long."""
        await self._stop_accepting()
        self._server.close()
        for connection in list(self.connections):
            connection.shut()
        await self._until_empty()
        for connection in list(self.connections):
            connection.abort()
        await self._until_empty()

    async def _stop_accepting(self) -> None:
        """Let what was accepted become connections: a closed server of asyncio would lose them."""
        for listening in self._server.sockets:
            with contextlib.suppress(NotImplementedError):  # Windows accepts otherwise
                self.loop.remove_reader(listening.fileno())
        for _ in range(ACCEPTING_TURNS):
            await asyncio.sleep(0)

    def admit(self, connection: Connection) -> bool:
        """A client has come; whether there is room for it."""
        of_client = self._of_clients[connection.client] if connection.client else 0
        if len(self.connections) >= MOST_CONNECTIONS or of_client >= CLIENT_CONNECTIONS:
            return False
        self.connections.add(connection)
        self._of_clients[connection.client] += 1
        return True

    def forget(self, connection: Connection) -> None:
        """A connection is gone."""
        if connection in self.connections:
            self.connections.remove(connection)
            self._of_clients[connection.client] -= 1
            if not self._of_clients[connection.client]:
                del self._of_clients[connection.client]
        if not self.connections:
            self._empty.set()

    def date(self) -> bytes:
        """The header line with the time, made once a second."""
        now = int(time.time())
        if self._date[0] != now:
            self._date = now, f"Date: {formatdate(now, usegmt=True)}\r\n".encode()
        return self._date[1]

    async def _until_empty(self) -> None:
        self._empty.clear()
        if self.connections:
            await asyncio.wait([self.loop.create_task(self._empty.wait())], timeout=CLOSE_SECONDS)
