"""Texts on their way to SWF and back: short enough, and sealed where there are keys."""

from __future__ import annotations

import base64
import binascii

import wire
from config import Settings
from errors import PayloadError
from payloads.codec import Codec
from payloads.directory import DirectoryStore
from payloads.s3 import S3Store, connect
from payloads.stores import NoStore, PayloadStore, is_name, name_of
from wire import Json

NESTED_REFERENCES = 64  # a value inside a value inside a value ...
EXPANDED_BYTES = 256 * 1024 * 1024  # in one call of expand_all


class Payloads:
    """The chain that every text takes: compressed, encrypted, stored.

    A text over SWF's limit is always stored, never kept inline in compressed form: a
    reference is passed on unread from step to step, while an inline value would be written
    into the history again with the input of every later step.
    """

    def __init__(self, store: PayloadStore, codec: Codec | None = None) -> None:
        self.store = store
        self.codec = codec or Codec()

    @classmethod
    def of(cls, settings: Settings) -> Payloads:
        """The chain of a process's settings.  Touches neither network nor disk."""
        return cls(_store(settings), Codec(settings.payload_keys))

    @property
    def seals(self) -> bool:
        """Whether texts are encrypted."""
        return self.codec.key_id is not None

    # --- stored values -------------------------------------------------------------------

    def put(self, text: str) -> dict[str, Json]:
        """Store a text and return its reference; durable when this returns.

        Raises `PayloadStoreError` where the store is away.
        """
        return self._stored(self.codec.encode(text))

    def get(self, reference: Json) -> str:
        """The text that a reference stands for, checked against its size and hash.

        Raises `PayloadError` where the reference is malformed or the value missing or changed,
        `PayloadKeyError` where its key is not here, `PayloadStoreError` where the store is away.
        """
        sha256, size = _checked(reference)
        data = self.store.get(sha256)
        if len(data) != size or name_of(data) != sha256:
            raise PayloadError(
                f"the value {sha256} in {self.store} is damaged: its bytes do not have that hash; "
                "restore it from a backup, or start the execution again"
            )
        return self.codec.decode(data, f"the value {sha256} in {self.store}")

    def _stored(self, data: bytes) -> dict[str, Json]:
        name = name_of(data)
        self.store.put(name, data)
        return wire.reference(name, len(data))

    # --- towards SWF ---------------------------------------------------------------------

    def shrink(self, text: str) -> str:
        """`text` as SWF gets it: itself, sealed, or the JSON text of its reference."""
        if wire.length(text) > wire.PAYLOAD_CHARACTERS:
            return wire.dumps(self.put(text))
        return self._sealed(text) if self.seals and text else text

    def fit(self, text: str) -> str:
        """`text` for a reader without keys: itself, or the JSON text of its reference."""
        if wire.length(text) > wire.PAYLOAD_CHARACTERS:
            return wire.dumps(self.put(text))
        return text

    def shrink_start(self, text: str) -> str:
        """The input of a start, made to fit while its envelope stays at hand.

        The larger of the caller's value and the carried snapshot is replaced by a reference
        first, then the other; only an envelope that is too long by itself (or a text without
        one) goes outside as a whole.
        """
        if wire.length(text) > wire.PAYLOAD_CHARACTERS:
            text = self._shorter_start(text)
        return self.shrink(text)

    def cut_to(self, text: str, characters: int) -> str:
        """`text` for a field that takes no reference (a heartbeat's): cut, and sealed."""
        if not self.seals or not text:
            return wire.cut(text, characters)
        room = characters
        while len(sealed := self._inline(self.codec.encode(wire.cut(text, room)))) > characters:
            room = room * 3 // 4
        return sealed

    def _shorter_start(self, text: str) -> str:
        value, envelope = wire.unwrap_start(wire.loads(text))
        if not envelope:
            return text
        parts = {"input": value}
        if "snapshot" in envelope:
            parts["snapshot"] = envelope.pop("snapshot")
        texts = {name: wire.dumps(part) for name, part in parts.items()}
        for name in sorted(texts, key=lambda part: len(texts[part]), reverse=True):
            parts[name] = self.put(texts[name])
            carried = {part: item for part, item in parts.items() if part != "input"}
            text = wire.dumps(wire.wrap_start(parts["input"], {**envelope, **carried}))
            if wire.length(text) <= wire.PAYLOAD_CHARACTERS:
                break
        return text

    def _sealed(self, text: str) -> str:
        data = self.codec.encode(text)
        inline = self._inline(data)
        if len(inline) <= wire.PAYLOAD_CHARACTERS:
            return inline
        return wire.dumps(self._stored(data))

    def _inline(self, data: bytes) -> str:
        return wire.sealed(str(self.codec.key_id), base64.b64encode(data).decode("ascii"))

    # --- and back ------------------------------------------------------------------------

    def opened(self, text: str) -> str:
        """A sealed text decrypted; any other as it is.  Raises as `get` does."""
        if not wire.is_sealed(text):
            return text
        try:
            data = base64.b64decode(wire.loads(text)[wire.SEALED]["d"], validate=True)
        except (KeyError, TypeError, ValueError, binascii.Error) as error:
            raise PayloadError(f"not a sealed text of this application: {text[:200]}") from error
        return self.codec.decode(data, "a text of the history")

    def expand(self, text: str) -> str:
        """A text opened and, where it is a reference as a whole, what that stands for."""
        text = self.opened(text)
        if not _may_refer(text):
            return text
        value = wire.loads(text)
        return self.get(value) if wire.is_reference(value) else text

    def expand_deep(self, text: str) -> str:
        """A JSON text with every reference in it, whole or inside, replaced by its content."""
        whole = self.expand(text)
        return wire.dumps(self.expand_all(wire.loads(whole))) if _may_refer(whole) else whole

    def expand_all(self, value: Json) -> Json:
        """A copy of a JSON value with every reference, at any depth, replaced by its content.

        Content is parsed as JSON and its own references are replaced too, within
        `NESTED_REFERENCES` and `EXPANDED_BYTES`; past them `PayloadError`.
        """
        holder = [value]
        pending: list[tuple[Json, Json, int]] = [(holder, 0, 0)]
        room = EXPANDED_BYTES
        while pending:
            container, key, depth = pending.pop()
            item = container[key]
            while wire.is_reference(item):
                depth += 1
                text = self.get(item)
                room -= len(text)
                if depth > NESTED_REFERENCES or room < 0:
                    raise PayloadError(
                        f"a value holds references past {NESTED_REFERENCES} levels "
                        f"or {EXPANDED_BYTES} bytes; it was not made by this application"
                    )
                item = wire.loads(text)
            if isinstance(item, dict):
                item = dict(item)
                pending.extend((item, name, depth) for name in item)
            elif isinstance(item, list):
                item = list(item)
                pending.extend((item, index, depth) for index in range(len(item)))
            container[key] = item
        return holder[0]


def references_in(text: str) -> list[Json]:
    """Every well-formed reference in a JSON text, at any depth; not those in what they name."""
    if not _may_refer(text):
        return []
    found, pending = [], [wire.loads(text)]
    while pending:
        item = pending.pop()
        if wire.is_reference(item):
            if is_name(str(item[wire.REFERENCE].get("sha256"))):
                found.append(item)
        elif isinstance(item, dict):
            pending.extend(item.values())
        elif isinstance(item, list):
            pending.extend(item)
    return found


def _store(settings: Settings) -> PayloadStore:
    where = settings.payload_store
    if where.startswith("s3://"):
        bucket, _, prefix = where.removeprefix("s3://").partition("/")
        return S3Store(bucket, prefix, lambda: connect(settings))
    if not where and settings.swf_endpoint == "aws":
        return NoStore()
    return DirectoryStore(settings.payload_dir)


def _may_refer(text: str) -> bool:
    return wire.REFERENCE in text


def _checked(reference: Json) -> tuple[str, int]:
    """Hash and size of a reference.  The hash becomes a path, so nothing but hex passes."""
    inner = reference[wire.REFERENCE] if wire.is_reference(reference) else {}
    sha256, size = inner.get("sha256"), inner.get("size")
    well_formed = isinstance(sha256, str) and is_name(sha256)
    if not well_formed or type(size) is not int or size < 0:
        raise PayloadError(f"not a reference of this application: {wire.dumps(reference)[:200]}")
    return str(sha256), size
