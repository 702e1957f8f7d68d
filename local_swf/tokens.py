"""Task tokens and page tokens: readable by nobody, forged by nobody, valid after a restart."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import struct
from typing import NamedTuple

from local_swf import errors
from local_swf.jsontext import Json, dumps
from local_swf.tasklists import ACTIVITY, DECISION

_TASK = struct.Struct(">BQIII8s")
_MAC_BYTES = 16
_KINDS = {DECISION: 1, ACTIVITY: 2}
_NAMES = {number: kind for kind, number in _KINDS.items()}


class TaskToken(NamedTuple):
    """What a task token names."""

    kind: str
    run: int
    scheduled_id: int
    started_id: int
    delivery: int
    run_mark: bytes
    """The first bytes of the run id, so that a number used again opens nothing."""


def run_mark(run_id: str) -> bytes:
    """The part of a run id that a token carries."""
    return run_id[2:10].encode("ascii").ljust(8, b"=")


class Tokens:
    """Makes and opens tokens with one key, which lies in the database."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def task(self, token: TaskToken) -> str:
        """The text a poller gets for a task."""
        kind, run, scheduled_id, started_id, delivery, mark = token
        return self._seal(_TASK.pack(_KINDS[kind], run, scheduled_id, started_id, delivery, mark))

    def open_task(self, text: str, kind: str) -> TaskToken:
        """What a token of a task names; ValidationException `Invalid token` when forged."""
        payload = self._open(text)
        if len(payload) != _TASK.size:
            raise errors.invalid_token()
        number, *rest = _TASK.unpack(payload)
        if _NAMES.get(number) != kind:
            raise errors.invalid_token()
        return TaskToken(kind, *rest)

    def page(self, operation: str, arguments: dict[str, Json], position: Json, now: int) -> str:
        """A page token for the next page of this operation with these arguments."""
        content = {"a": _digest(operation, arguments), "p": position, "t": now}
        # Names stand in UTF-8: escaped they could make a token longer than SWF's 2,048 characters.
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        return self._seal(text.encode("utf-8"))

    def open_page(
        self, text: str, operation: str, arguments: dict[str, Json], now: int, life_seconds: float
    ) -> Json:
        """The position in a page token that was made for this very question.

        `now` is in milliseconds, `life_seconds` is how long the token can be used.
        """
        try:
            content = json.loads(self._open(text))
            asked, position, issued = content["a"], content["p"], content["t"]
        except (ValueError, KeyError, TypeError):
            raise errors.invalid_token() from None
        if asked != _digest(operation, arguments):
            raise errors.invalid_token()
        if now - issued > life_seconds * 1000:
            raise errors.validation("Specified token has exceeded its maximum lifetime")
        return position

    def _seal(self, payload: bytes) -> str:
        return base64.b64encode(self._mac(payload) + payload).decode("ascii")

    def _open(self, text: str) -> bytes:
        try:
            sealed = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            raise errors.invalid_token() from None
        mac, payload = sealed[:_MAC_BYTES], sealed[_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(payload)):
            raise errors.invalid_token()
        return payload

    def _mac(self, payload: bytes) -> bytes:
        return hashlib.blake2b(payload, key=self._key, digest_size=_MAC_BYTES).digest()


_NOT_BOUND = frozenset({"nextPageToken", "maximumPageSize", "identity"})


def _digest(operation: str, arguments: dict[str, Json]) -> str:
    bound = {name: value for name, value in arguments.items() if name not in _NOT_BOUND}
    return hashlib.sha256(operation.encode() + dumps(bound)).hexdigest()[:24]
