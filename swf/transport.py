"""A lean way to an engine near by: plain HTTP/1.1 over kept-open connections.

boto3 still checks, serializes and reads every call; this carries the bytes, for the embedded
SWF and other plain-HTTP endpoints.  It does two things that botocore's own transport does
not: it takes a third of the CPU time, and it can hang up long polls that are under way
(`hang_up`).  It comes in through botocore's own events: `before-send`, which hands over the
signed request, or, for the embedded SWF, which wants no signature, `before-call`, which
leaves out signing too (botocore's Stubber does the same).  Amazon is never reached through it.
"""

from __future__ import annotations

import contextlib
import functools
import socket
import threading
import time
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from botocore.awsrequest import AWSResponse
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)
from botocore.parsers import create_parser
from httptools import HttpParserError, HttpResponseParser
from urllib3.util.wait import wait_for_read

from swf.events import read_answer
from wire import Json

CONNECT_SECONDS = 5.0
RECEIVED_BYTES = 262_144  # at a time
HANG_UP_SECONDS = 0.5  # how long an answer that is already on its way may still arrive


class NearbyTransport:
    """Carries botocore's requests to one plain-HTTP endpoint; safe for many threads.

    `poll_seconds` and `call_seconds` bound the wait for an answer to long polls and to
    other calls.  Failures are botocore's own exceptions, as from its own transport.
    """

    def __init__(self, *, poll_seconds: float, call_seconds: float) -> None:
        self._poll_seconds = poll_seconds
        self._call_seconds = call_seconds
        self._idle: list[_Connection] = []
        self._polling: set[_Connection] = set()
        self._hung_up = False
        self._changed = threading.Condition()
        # A client that is dropped leaves no open sockets behind; `__del__` may come too late,
        # for boto3's clients are in reference cycles.
        weakref.finalize(self, _close_all, self._idle)

    def attach(self, client: Any, *, signed: bool) -> None:
        """Carry all calls of a boto3 client from now on, with or without its signature."""
        if signed:
            client.meta.events.register_first("before-send.swf", self.send)
        else:
            client.meta.events.register_first("before-call.swf", self.call)

    def send(self, request: Any, **_: Any) -> AWSResponse:
        """Send one prepared request and wait for its answer (a `before-send` handler)."""
        answer = self._exchange(request.url, request.headers, request.body)
        return _response(request.url, answer.status, answer.headers, answer.body)

    def call(self, model: Any, params: Any, **_: Any) -> tuple[AWSResponse, Json]:
        """Make one call and read its answer (a `before-call` handler)."""
        url, body = params["url"], _bytes(params["body"])
        headers = {**params["headers"], "Content-Length": len(body)}
        answer = self._exchange(url, headers, body)
        response = _response(url, answer.status, {}, answer.body)
        kept: Any = answer.headers
        response.headers = kept  # botocore copies them one by one; nobody needs that
        return response, _parsed(model, answer)

    def _exchange(self, url: str, headers: Any, body: str | bytes | None) -> _Answer:
        is_poll = _is_poll(headers, body)
        connection = self._connection(url)
        try:
            with self._registered(connection if is_poll else None):
                seconds = self._poll_seconds if is_poll else self._call_seconds
                answer = connection.exchange(_request(url, headers, body), seconds)
        except TimeoutError as error:
            connection.close()
            raise ReadTimeoutError(endpoint_url=url, error=error) from error
        except (OSError, EOFError, HttpParserError) as error:
            connection.close()
            raise ConnectionClosedError(endpoint_url=url, error=error) from error
        except BaseException:
            connection.close()
            raise
        self._give_back(connection, answer)
        return answer

    def hang_up(self) -> None:
        """End all polls, for good; one under way whose answer is already on its way still gets it.

        Only our sending half is closed at first, so that no task is dropped between the
        engine's socket and ours; an engine that does not notice is cut off after
        `HANG_UP_SECONDS`.
        """
        deadline = time.monotonic() + HANG_UP_SECONDS
        with self._changed:
            self._hung_up = True
            for connection in self._polling:
                connection.shut(socket.SHUT_WR)
            while self._polling and self._changed.wait(max(0.0, deadline - time.monotonic())):
                pass
            for connection in self._polling:
                connection.shut(socket.SHUT_RDWR)

    def _connection(self, url: str) -> _Connection:
        host = _host(url)
        while True:
            with self._changed:
                connection = self._idle.pop() if self._idle else None
            if connection is None:
                return _connect(url, host)
            if connection.host == host and connection.usable():
                return connection
            connection.close()

    def _give_back(self, connection: _Connection, answer: _Answer) -> None:
        if not answer.keep_alive:
            connection.close()
            return
        with self._changed:
            self._idle.append(connection)

    @contextlib.contextmanager
    def _registered(self, connection: _Connection | None) -> Iterator[None]:
        if connection is None:
            yield
            return
        with self._changed:
            if self._hung_up:
                raise ConnectionAbortedError("polling has ended")
            self._polling.add(connection)
        try:
            yield
        finally:
            with self._changed:
                self._polling.discard(connection)
                self._changed.notify_all()


class _Answer:
    """An answer while httptools reads it (its callbacks), and after."""

    def __init__(self) -> None:
        self.headers: dict[str, str] = {}
        """By lower-case name."""
        self.body = b""
        self.begun = self.complete = self.keep_alive = False
        self.parser = HttpResponseParser(self)

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self.begun = True

    def on_body(self, data: bytes) -> None:
        self.body += data

    def on_message_complete(self) -> None:
        self.complete, self.keep_alive = True, bool(self.parser.should_keep_alive())

    def end(self) -> None:
        """The connection ended: so may an answer that does not say how long it is."""
        lengths = {"content-length", "transfer-encoding"}
        if not self.begun or lengths & self.headers.keys():
            raise EOFError("the engine closed the connection before its answer was complete")
        self.complete = True

    @property
    def status(self) -> int:
        return int(self.parser.get_status_code())


@dataclass(frozen=True)
class _Raw:
    """The part of urllib3's response that botocore reads."""

    body: bytes

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield self.body


@dataclass(eq=False)
class _Connection:
    host: str
    socket: socket.socket

    def exchange(self, request: bytes, seconds: float) -> _Answer:
        self.socket.settimeout(seconds)
        self.socket.sendall(request)
        answer = _Answer()
        while not answer.complete:
            data = self.socket.recv(RECEIVED_BYTES)
            if data:
                answer.parser.feed_data(data)
            else:
                answer.end()
        return answer

    def usable(self) -> bool:
        """Whether an idle connection is still open: nothing to read, not even an end."""
        return not wait_for_read(self.socket, 0)

    def shut(self, how: int) -> None:
        with contextlib.suppress(OSError):
            self.socket.shutdown(how)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.socket.close()


def _close_all(connections: list[_Connection]) -> None:
    while connections:
        connections.pop().close()


def _is_poll(headers: Any, body: str | bytes | None) -> bool:
    """Whether a call waits for a task; asking for the next page of one does not."""
    is_poll = ".PollFor" in _text(headers.get("X-Amz-Target", ""))
    return is_poll and b'"nextPageToken"' not in _bytes(body)


def _connect(url: str, host: str) -> _Connection:
    parts = urlsplit(url)
    try:
        made = socket.create_connection((parts.hostname, parts.port or 80), CONNECT_SECONDS)
    except TimeoutError as error:
        raise ConnectTimeoutError(endpoint_url=url, error=error) from error
    except OSError as error:
        raise EndpointConnectionError(endpoint_url=url, error=error) from error
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return _Connection(host, made)


def _host(url: str) -> str:
    return urlsplit(url).netloc


def _request(url: str, headers: Any, body: str | bytes | None) -> bytes:
    """A request as bytes, in one piece, for one write; SWF takes nothing but POST."""
    parts = urlsplit(url)
    lines = [f"POST {parts.path or '/'} HTTP/1.1", f"Host: {parts.netloc}"]
    lines.extend(f"{name}: {_text(value)}" for name, value in headers.items())
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + _bytes(body)


def _parsed(model: Any, answer: _Answer) -> Json:
    """What botocore makes of an answer."""
    response = {
        "status_code": answer.status,
        "headers": answer.headers,
        "body": answer.body,
        "context": {"operation_name": model.name},
    }
    read: Json = {}
    read_answer(response, model, read)
    parser = _parser(model.service_model.resolved_protocol)
    return {**parser.parse(response, model.output_shape), **read}


_parser = functools.cache(create_parser)


def _bytes(body: str | bytes | None) -> bytes:
    return body.encode() if isinstance(body, str) else body or b""


def _response(url: str, status: int, headers: Any, body: bytes) -> AWSResponse:
    return AWSResponse(url, status, headers, _Raw(body))


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
