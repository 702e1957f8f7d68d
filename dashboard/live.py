"""Telling a browser that what it shows has changed: server-sent events.

The browser connects again by itself when it was cut off, and says what it saw last.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable

import anyio
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

LONGEST_SECONDS = 5.0  # between looks while nothing happens
GROWTH = 1.25
PING_SECONDS = 15
GRACE_SECONDS = 1.0  # that a stream has to end when the program does
RETRY_MILLISECONDS = 1_000  # after which a browser that was cut off comes back

Version = Callable[[], tuple[str, str]]
"""The version of what is shown, and a word on what is being done; empty once all is there."""


def stream(request: Request, seen: str, look: Version, first_pause: float) -> EventSourceResponse:
    """Events `changed` when there is another version than was `seen`, `progress` meanwhile."""
    known = request.headers.get("last-event-id") or seen
    leaving = anyio.Event()
    return EventSourceResponse(
        _events(request, known, look, first_pause, leaving),
        ping=PING_SECONDS,
        shutdown_event=leaving,
        shutdown_grace_period=GRACE_SECONDS,
    )


async def _events(
    request: Request, known: str, look: Version, first_pause: float, leaving: anyio.Event
) -> AsyncIterator[ServerSentEvent]:
    pause, said = first_pause, ""
    yield ServerSentEvent(comment="hello", retry=RETRY_MILLISECONDS)
    while not leaving.is_set() and not await request.is_disconnected():
        version, progress = await run_in_threadpool(look)
        if progress:
            if progress != said:
                yield ServerSentEvent(progress, event="progress")
            said = progress
            pause = first_pause
        elif version != known or said:
            yield ServerSentEvent(str(time.time()), event="changed", id=version)
            known, said, pause = version, "", first_pause
        else:
            pause = min(LONGEST_SECONDS, pause * GROWTH)
        with anyio.move_on_after(pause):
            await leaving.wait()
