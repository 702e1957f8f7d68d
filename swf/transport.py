"""A lean way to an engine near by: plain HTTP/1.1 over kept-open connections.

boto3 still checks, serializes and reads every call; this carries the bytes, for the embedded
SWF and other plain-HTTP endpoints.  It does two things that botocore's own transport does
not: it takes half of the CPU time, and it can hang up long polls that are under way
(`hang_up`).  It comes in through botocore's own events: `before-send`, which hands over the
signed request, or, for the embedded SWF, which wants no signature, `before-call`, which
leaves out signing too (botocore's Stubber does the same).  Amazon is never reached through it.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
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
from urllib3.util.wait import wait_for_read

from swf.events import read_answer
from wire import Json

CONNECT_SECONDS = 5.0
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
        return _response(request.url, self._exchange(request.url, request.headers, request.body))

    def call(self, model: Any, params: Any, **_: Any) -> tuple[AWSResponse, Json]:
        """Make one call and read its answer (a `before-call` handler)."""
        url, body = params["url"], _bytes(params["body"])
        headers = {**params["headers"], "Content-Length": len(body)}
        answer = self._exchange(url, headers, body)
        return _response(url, answer), _parsed(model, answer)

    def _exchange(self, url: str, headers: Any, body: str | bytes | None) -> _Answer:
        is_poll = _is_poll(headers, body)
        connection = self._connection(url)
        try:
            with self._registered(connection if is_poll else None):
                seconds = self._poll_seconds if is_poll else self._call_seconds
                answer = connection.exchange(url, headers, _bytes(body), seconds)
        except TimeoutError as error:
            connection.close()
            raise ReadTimeoutError(endpoint_url=url, error=error) from error
        except (OSError, HTTPException) as error:
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


@dataclass(frozen=True)
class _Answer:
    status: int
    headers: dict[str, str]
    """By lower-case name."""
    body: bytes
    keep_alive: bool


@dataclass(frozen=True)
class _Raw:
    """The part of urllib3's response that botocore reads."""

    body: bytes

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield self.body


class _OneWrite(HTTPConnection):
    """The standard library's HTTP client, with head and body of a request in one write.

    Two writes wake the engine twice.
    """

    _unsent = b""

    def send(self, data: Any) -> None:
        self._unsent += data

    def flush(self) -> None:
        unsent, self._unsent = self._unsent, b""
        self.sock.sendall(unsent)


class _Connection:
    """A kept-open connection."""

    def __init__(self, host: str) -> None:
        self.host = host
        self._http = _OneWrite(host, timeout=CONNECT_SECONDS)
        self._http.connect()

    def exchange(self, url: str, headers: Any, body: bytes, seconds: float) -> _Answer:
        self._http.sock.settimeout(seconds)
        named = {name: _text(value) for name, value in headers.items()}
        self._http.request("POST", urlsplit(url).path or "/", body, named)
        self._http.flush()
        answer = self._http.getresponse()
        found = {name.lower(): value for name, value in answer.getheaders()}
        return _Answer(answer.status, found, answer.read(), not answer.will_close)

    def usable(self) -> bool:
        """Whether an idle connection is still open: nothing to read, not even an end."""
        return self._http.sock is not None and not wait_for_read(self._http.sock, 0)

    def shut(self, how: int) -> None:
        with contextlib.suppress(OSError):
            self._http.sock.shutdown(how)

    def close(self) -> None:
        self._http.close()


def _close_all(connections: list[_Connection]) -> None:
    while connections:
        connections.pop().close()


def _is_poll(headers: Any, body: str | bytes | None) -> bool:
    """Whether a call waits for a task; asking for the next page of one does not."""
    is_poll = ".PollFor" in _text(headers.get("X-Amz-Target", ""))
    return is_poll and b'"nextPageToken"' not in _bytes(body)


def _connect(url: str, host: str) -> _Connection:
    try:
        return _Connection(host)
    except TimeoutError as error:
        raise ConnectTimeoutError(endpoint_url=url, error=error) from error
    except OSError as error:
        raise EndpointConnectionError(endpoint_url=url, error=error) from error


def _host(url: str) -> str:
    return urlsplit(url).netloc


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
    parser = create_parser(model.service_model.resolved_protocol)
    return {**parser.parse(response, model.output_shape), **read}


def _bytes(body: str | bytes | None) -> bytes:
    return body.encode() if isinstance(body, str) else body or b""


def _response(url: str, answer: _Answer) -> AWSResponse:
    headers: Any = answer.headers  # botocore takes any mapping
    return AWSResponse(url, answer.status, headers, _Raw(answer.body))


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
