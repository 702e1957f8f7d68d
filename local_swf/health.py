"""`GET /healthz` and `GET /readyz`: for whatever keeps the process running, or waits for it.

Open to everybody, without a header, and without a word beyond `ok` or `not ok` for other machines.
A loop that is stuck answers nobody, which is an answer too.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING

from local_swf.connections import Request

if TYPE_CHECKING:
    from local_swf.engine import Engine

PATHS = (b"/healthz", b"/readyz")
BEAT_SECONDS = 0.5
KEPT_SECONDS = 10.0
"""How long a lag of the event loop is told of after it is over."""
LATE_SECONDS = 1.0
"""From which lag on clients wait for too long."""

_HEAD = b"Content-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\n"


class Health:
    """How the endpoint is; beats from `begin` to `end`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lags: deque[float] = deque(maxlen=int(KEPT_SECONDS / BEAT_SECONDS))
        self._due = 0.0
        self._beat: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Watch the running loop."""
        self._due = time.monotonic() + BEAT_SECONDS
        self._beat = asyncio.get_running_loop().call_later(BEAT_SECONDS, self._beats)

    def end(self) -> None:
        """Watch it no more."""
        if self._beat is not None:
            self._beat.cancel()

    def _beats(self) -> None:
        self._lags.append(time.monotonic() - self._due)
        self.begin()

    def answer(self, request: Request) -> None:
        """`/healthz` says that it answers; `/readyz` also that it does so in time, and writes."""
        if request.method not in (b"GET", b"HEAD"):
            request.answer(405, _HEAD, b"")
            return
        problems = list(self._problems()) if request.target == b"/readyz" else []
        lines = ["not ok" if problems else "ok", *([] if request.client else problems)]
        text = "".join(f"{line}\n" for line in lines).encode()
        request.answer(503 if problems else 200, _HEAD, b"" if request.method == b"HEAD" else text)

    def _problems(self) -> Iterator[str]:
        lag = max(time.monotonic() - self._due, *self._lags, 0.0)
        if lag > LATE_SECONDS:
            yield f"the event loop was late by {lag:.1f} s"
        if self._engine.recovers:
            yield "the database cannot be written"
