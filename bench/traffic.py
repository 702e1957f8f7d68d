"""Counts what a boto3 client says and hears: calls, and bytes of their bodies.

It leans on botocore's own events and on nothing of ours, so that peers in environments of their
own are counted alike.
"""

from __future__ import annotations

import threading
from typing import Any


class Traffic:
    """Calls and bytes of one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls = self._sent = self._received = 0

    def watch(self, client: Any) -> None:
        """Count every call of a client from now on."""
        # Handlers of one operation come before those of all, which may answer the call.
        for operation in client.meta.service_model.operation_names:
            client.meta.events.register(f"before-call.swf.{operation}", self._before)
        client.meta.events.register("after-call.swf", self._after)

    def figures(self) -> dict[str, float]:
        """What was counted so far."""
        with self._lock:
            return {"calls": self._calls, "bytes": self._sent + self._received}

    def _before(self, params: Any, **_: Any) -> None:
        with self._lock:
            self._calls += 1
            self._sent += len(params["body"])

    def _after(self, http_response: Any, **_: Any) -> None:
        with self._lock:
            self._received += len(http_response.content)
