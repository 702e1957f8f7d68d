"""Texts to bytes and back: compressed, and encrypted where there are keys.

    FF 01 FLAGS [LENGTH KEY-ID NONCE] BODY

FF begins no UTF-8 text, so that what the release before stored (the text itself) is known by
its first byte.  01 is the format's version.  FLAGS: 1 the body is compressed (zlib), 2 it is
encrypted (AES-256-GCM): then the length of the key's id, the id (ASCII) and a nonce of 12
bytes follow, and all that stands before the nonce is authenticated with the body.

Nonces are random, so a key must not seal more than 2**32 texts (NIST SP 800-38D): put a new
key first long before.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from errors import PayloadError, PayloadKeyError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MAGIC = b"\xff"
VERSION = 1
COMPRESSED = 1
ENCRYPTED = 2
NONCE_BYTES = 12
WORTH_COMPRESSING = 1_024  # bytes; shorter texts gain little
LEVEL = 1  # of zlib: 6 makes JSON an eighth smaller and takes two thirds longer
LARGEST_TEXT = 256 * 1024 * 1024  # bytes that one stored value may become

Key = tuple[str, bytes]
"""A key's id and its 32 bytes."""


class Codec:
    """Encodes under the first key, decodes under all; without keys it only compresses."""

    def __init__(self, keys: Sequence[Key] = ()) -> None:
        self._keys = dict(keys)
        self.key_id: str | None = keys[0][0] if keys else None
        """The id of the key that encrypts; None where nothing is encrypted."""

    def encode(self, text: str) -> bytes:
        """The bytes that keep a text."""
        body, flags = _squeezed(text.encode("utf-8", "surrogatepass"))
        if self.key_id is None:
            return MAGIC + bytes((VERSION, flags)) + body
        name = self.key_id.encode("ascii")
        head = MAGIC + bytes((VERSION, flags | ENCRYPTED, len(name))) + name
        nonce = os.urandom(NONCE_BYTES)
        return head + nonce + _cipher(self._keys[self.key_id]).encrypt(nonce, body, head)

    def decode(self, data: bytes, what: str) -> str:
        """The text that bytes keep; `what` names them in errors.

        Raises `PayloadKeyError` where the key is not here, `PayloadError` where the bytes
        were changed or are of a later format.
        """
        if not data.startswith(MAGIC):
            return _text(data, what)  # of the release before: the text itself
        if len(data) < 3 or data[1] != VERSION:
            raise PayloadError(f"{what} was written by a later release; update this process")
        flags, body = data[2], data[3:]
        if flags & ENCRYPTED:
            body = self._decrypted(data, what)
        if flags & COMPRESSED:
            body = _unsqueezed(body, what)
        return _text(body, what)

    def _decrypted(self, data: bytes, what: str) -> bytes:
        start = 4 + data[3] if len(data) > 3 else 0
        name = data[4:start].decode("ascii", "replace")
        if name not in self._keys:
            raise PayloadKeyError(
                f"{what} is encrypted under the key {name!r}, which is not here: add it to "
                "PAYLOAD_KEYS, behind the key that encrypts",
                name,
            )
        nonce, body = data[start : start + NONCE_BYTES], data[start + NONCE_BYTES :]
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - only with keys

        try:
            return _cipher(self._keys[name]).decrypt(nonce, body, data[:start])
        except (InvalidTag, ValueError) as error:
            raise PayloadError(
                f"{what} does not fit the key {name!r}: it was changed, or PAYLOAD_KEYS has "
                "another key under that id"
            ) from error


def _squeezed(data: bytes) -> tuple[bytes, int]:
    """The shorter of the bytes and their compressed form, and the flag that tells which."""
    if len(data) >= WORTH_COMPRESSING:
        shorter = zlib.compress(data, LEVEL)
        if len(shorter) < len(data):
            return shorter, COMPRESSED
    return data, 0


def _unsqueezed(data: bytes, what: str) -> bytes:
    inflator = zlib.decompressobj()
    try:
        body = inflator.decompress(data, LARGEST_TEXT)
    except zlib.error as error:
        raise PayloadError(f"{what} is damaged: {error}") from error
    if not inflator.eof:
        raise PayloadError(f"{what} is cut short, or larger than {LARGEST_TEXT} bytes")
    return body


def _text(data: bytes, what: str) -> str:
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        raise PayloadError(f"{what} is no text: {error}") from error


@lru_cache(maxsize=64)
def _cipher(key: bytes) -> AESGCM:
    # At the first use: no process without keys pays for the import.
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

    return AESGCM(key)
