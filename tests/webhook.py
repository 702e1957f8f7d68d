"""A webhook that keeps what it is sent, for tests of what is told to one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any


class _Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server: Any = self.server
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server.requests.append((self.headers, body))
        self.send_response(server.statuses.pop(0) if server.statuses else server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def webhook() -> Iterator[Any]:
    """Listens at `url`, keeps headers and bodies in `requests`.

    Answers with `statuses` one after the other, then with `status`.
    """
    server: Any = HTTPServer(("127.0.0.1", 0), _Receiver)
    server.requests, server.statuses, server.status = [], [], 200
    server.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()
