"""The ground under `SwfClient`: calls for one domain, with faults turned into our errors."""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import config
import wire
from config import Settings
from errors import BusinessProcessError
from payloads import Payloads
from swf.connection import Connection, Patience
from swf.faults import SwfFault
from swf.remedies import public_error
from wire import Json

if TYPE_CHECKING:
    from mypy_boto3_swf import SWFClient

IDENTITY_CHARACTERS = 256  # SWF's limit


class SwfCalls:
    """SWF for one process: the domain and engine of its settings, under one identity.

    Making one touches no network.  Safe for many threads.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        identity: str | None = None,
        patience: Patience | None = None,
    ) -> None:
        self.settings = settings or config.settings()
        self.domain = self.settings.swf_domain
        self.identity = wire.cut(identity or _identity(), IDENTITY_CHARACTERS)
        self.payloads = Payloads.of(self.settings)
        self._connection = Connection(self.settings, patience or Patience())

    @property
    def client(self) -> SWFClient:
        """The boto3 `swf` client, made on first use; starts the embedded engine if need be."""
        return self._connection.client

    def stop(self, *, now: bool = False) -> None:
        """End polls and waits, from any thread; polls return None from then on.

        On AWS a poll under way is waited out, for it may be handed a task; elsewhere it is
        hung up.  A poll may still return a task that was on its way: do it.  Results are
        reported after `stop()` as before, for as long as their task lives, unless `now`.
        """
        self._connection.stop(now=now)

    def _call(
        self, operation: str, members: Mapping[str, Any], *, seconds: float | None = None
    ) -> dict[str, Json]:
        """Call an operation; members that are None are left out."""
        try:
            answer: dict[str, Json] = self._connection.call(
                operation, present(members), seconds=seconds
            )
        except SwfFault as fault:
            raise self._public(fault, members) from fault.__cause__
        return answer

    def _poll(self, operation: str, members: Mapping[str, Any]) -> dict[str, Json] | None:
        """Poll; None where no task came."""
        try:
            task = self._connection.poll(operation, present(members))
        except SwfFault as fault:
            raise self._public(fault, members) from fault.__cause__
        # The documentation says that an empty answer has an empty token; AWS sends none at all.
        return task if task and task.get("taskToken") else None

    def _paged(
        self, operation: str, members: Mapping[str, Any], what: str
    ) -> Iterator[dict[str, Json]]:
        """Go through all pages of a reading operation, each fetched when it is needed."""
        token = None
        while True:
            page = self._call(operation, {**members, "nextPageToken": token})
            yield from page.get(what, ())
            token = page.get("nextPageToken")
            if not token:
                return

    def _public(self, fault: SwfFault, members: Mapping[str, Any]) -> BusinessProcessError:
        return public_error(fault, self.settings, members)


def present(members: Mapping[str, Any]) -> dict[str, Any]:
    """The members that have a value."""
    return {name: value for name, value in members.items() if value is not None}


def _identity() -> str:
    """Host, process and a few random characters: which worker took a task, in its Started event."""
    return f"{socket.gethostname()[:200]}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
