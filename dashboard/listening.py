"""How the page is listened for: uvicorn, with bounds that it lacks on connections and on heads."""

from __future__ import annotations

import asyncio
import threading
from functools import partial
from http import HTTPStatus
from types import FrameType
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_CONNECTIONS = 256
"""At once; who comes when there are as many is hung up on."""

HEAD_BYTES = 65_536
"""The longest request line with headers."""

HEAD_SECONDS = 10.0
"""How long those may take, from the connection or their first byte on."""


def server(app: ASGIApp, **options: Any) -> uvicorn.Server:
    """What serves an application; `options` are uvicorn's."""
    return Server(
        uvicorn.Config(
            app,
            http=Bounded,
            ws="none",
            log_config=None,
            access_log=False,
            lifespan="off",
            **options,
        )
    )


class Server(uvicorn.Server):
    """Ends when it is told to, also while pages wait for an engine that is away."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal came."""
        client = self.config.app.state.site.starter.swf_client  # type: ignore[union-attr]
        # In a thread, for the one that is interrupted here may hold any lock.
        threading.Thread(target=partial(client.stop, now=True), name="stop", daemon=True).start()
        super().handle_exit(sig, frame)


class Bounded(HttpToolsProtocol):
    """A connection that is given up where its requests do not come to an end."""

    _head_bytes = 0
    _head_complete = False
    _slow: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client is there."""
        super().connection_made(transport)
        self._start_timer()
        if len(self.connections) > MOST_CONNECTIONS:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Some of a request, or of several."""
        if not self._head_complete:
            self._start_timer()
        self._head_bytes += len(data)
        super().data_received(data)
        if not self._head_complete and self._head_bytes > HEAD_BYTES:
            self._refuse()

    def on_message_begin(self) -> None:
        """A request begins, maybe in the data that ended the one before."""
        self._start_timer()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head is there; a body may follow."""
        self._head_complete, self._head_bytes = True, 0
        self._stop_timer()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is there; another may follow."""
        self._head_complete, self._head_bytes = False, 0
        super().on_message_complete()

    def _refuse(self) -> None:
        status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
        line = f"HTTP/1.1 {status.value} {status.phrase}\r\nConnection: close\r\n\r\n"
        self.transport.write(line.encode())
        self.transport.close()

    def _start_timer(self) -> None:
        if self._slow is None:
            self._slow = self.loop.call_later(HEAD_SECONDS, self.transport.abort)

    def _stop_timer(self) -> None:
        if self._slow is not None:
            self._slow.cancel()
            self._slow = None
