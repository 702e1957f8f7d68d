"""A peer over HTTP that answers as it is told: what SWF and a network can do to a client."""

from __future__ import annotations

import json
import socket
import socketserver
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Handler = Callable[["Exchange"], None]


@dataclass
class Exchange:
    """One request, and the ways to answer it."""

    operation: str
    body: dict[str, Any]
    headers: dict[str, str]
    connection: socket.socket
    closing: bool = field(default=False)

    def send(self, payload: bytes, *, status: int = 200, length: int | None = None) -> None:
        size = len(payload) if length is None else length
        self.connection.sendall(
            f"HTTP/1.1 {status} X\r\nContent-Type: application/x-amz-json-1.0\r\n"
            f"Content-Length: {size}\r\n\r\n".encode()
            + payload
        )

    def close(self) -> None:
        self.closing = True


def answer(body: dict[str, Any] | None = None) -> Handler:
    """Answer with a JSON object, or with nothing."""
    return lambda exchange: exchange.send(b"" if body is None else json.dumps(body).encode())


def refuse(code: str, message: str = "", status: int = 400) -> Handler:
    """Answer with a fault of SWF."""
    body = {"__type": f"com.amazonaws.swf.base.model#{code}", "message": message}
    return lambda exchange: exchange.send(json.dumps(body).encode(), status=status)


def raw(payload: bytes, status: int = 200, length: int | None = None) -> Handler:
    """Answer with any bytes; with `length` a wrong one is claimed, and the line cut."""

    def handle(exchange: Exchange) -> None:
        exchange.send(payload, status=status, length=length)
        if length is not None:
            exchange.close()

    return handle


def drop(exchange: Exchange) -> None:
    """Close the connection instead of answering."""
    exchange.close()


class ScriptedSwf:
    """Plays a list of handlers, one for each request; the last one for all that follow.

    `script[operation]` is the list of one operation, `script["*"]` that of all others.
    """

    def __init__(self, **script: list[Handler]) -> None:
        self.script = script
        self.requests: list[Exchange] = []
        self._lock = threading.Lock()
        peer = self

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

        class Connection(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                while exchange := _read(self.rfile, self.connection):
                    peer._play(exchange)
                    if exchange.closing:
                        return

        self._server = Server(("127.0.0.1", 0), Connection)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def operations(self) -> list[str]:
        return [exchange.operation for exchange in self.requests]

    def _play(self, exchange: Exchange) -> None:
        with self._lock:
            self.requests.append(exchange)
            steps = self.script.get(exchange.operation) or self.script["any"]
            step = steps.pop(0) if len(steps) > 1 else steps[0]
        step(exchange)

    def __enter__(self) -> ScriptedSwf:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _read(stream: Any, connection: socket.socket) -> Exchange | None:
    try:
        if not stream.readline():
            return None
        headers = {}
        while line := stream.readline().decode("latin-1").strip():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        body = json.loads(stream.read(int(headers["content-length"])) or b"{}")
    except ConnectionError:
        return None
    return Exchange(headers["x-amz-target"].split(".")[-1], body, headers, connection)


def unused_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
