"""What a store is: bytes by name, whole or not at all; and the names they have."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from errors import PayloadStoreError

_NAME = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Stored:
    """One object of a store, as a list shows it."""

    name: str
    size: int
    """Bytes."""
    modified: float
    """When it was last put, in seconds since 1970."""


class PayloadStore(Protocol):
    """Bytes by name.  Names are the SHA-256 of the bytes, so nothing is ever changed.

    Safe for many threads and processes.  Every method raises `PayloadStoreError` where the
    store is away or refuses; the message says what to do.
    """

    def put(self, name: str, data: bytes) -> None:
        """Keep the bytes; durable when this returns, and as new again where they were there."""

    def get(self, name: str) -> bytes:
        """The bytes; `PayloadError` where the store is there and they are not."""

    def list(self) -> Iterator[Stored]:
        """Everything that is kept, in no order."""

    def delete(self, name: str, *, unless_since: float) -> bool:
        """Remove it, unless it was put (again) since that moment; whether it was removed."""


class NoStore:
    """Stands where no store is set: SWF on AWS serves many machines, which must share one."""

    def put(self, name: str, data: bytes) -> None:  # noqa: ARG002 - what a store takes
        """Refuse."""
        raise PayloadStoreError(
            f"a value of {len(data)} bytes is too long for SWF, and no store is set: set "
            "PAYLOAD_STORE to s3://BUCKET/PREFIX or to a folder that all processes share"
        )

    def get(self, name: str) -> bytes:
        """Refuse."""
        raise PayloadStoreError(
            f"the value {name} is kept outside SWF, and no store is set: set PAYLOAD_STORE as "
            "in the process that wrote it"
        )

    def list(self) -> Iterator[Stored]:
        """Refuse."""
        raise PayloadStoreError("no store is set: set PAYLOAD_STORE")

    def delete(self, name: str, *, unless_since: float) -> bool:  # noqa: ARG002 - as above
        """Refuse."""
        raise PayloadStoreError("no store is set: set PAYLOAD_STORE")


def name_of(data: bytes) -> str:
    """The name under which bytes are kept."""
    return hashlib.sha256(data).hexdigest()


def is_name(text: str) -> bool:
    """Whether a text is a name; names become paths, so nothing else may pass."""
    return _NAME.fullmatch(text) is not None


def place(name: str) -> str:
    """Where an object lies below its store: two levels, so that no folder grows too large."""
    return f"{name[:2]}/{name[2:4]}/{name}"
