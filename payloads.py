"""Values too large for SWF, kept outside its histories by reference.

SWF takes 32,768 characters for an input, a result or details.  A longer text goes into a
`PayloadStore`, and `{"_process_ref": {"sha256": HEX, "size": BYTES}}` stands for it in the
history (docs/ARCHITECTURE.md, "References").  All processes of an application read and write
the same folder: on several machines it must be a shared one.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from pathlib import Path

import wire
from errors import PayloadError
from wire import Json

NESTED_REFERENCES = 64  # a value inside a value inside a value ...
EXPANDED_BYTES = 256 * 1024 * 1024  # in one call of expand_all

_SHA256 = re.compile(r"[0-9a-f]{64}")


class PayloadStore:
    """A content-addressed folder: each text is a file named by the SHA-256 of its UTF-8 bytes.

    Safe for many threads and processes: files appear whole (write, sync, rename), are never
    changed, and two writers of one text write the same file.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, text: str) -> dict[str, Json]:
        """Keep `text` and return its reference; on disk when this returns.

        Raises `PayloadError` where the folder cannot be written.
        """
        data = text.encode("utf-8", "surrogatepass")
        sha256 = hashlib.sha256(data).hexdigest()
        path = self._path(sha256)
        try:
            if not _holds(path, len(data)):
                _write(path, data)
                _sync_folders(path.parent, self.folder)
        except OSError as error:
            raise PayloadError(
                f"a value of {len(data)} bytes cannot be written under {self.folder} ({error}); "
                "make room or set DATA_DIR to a folder that can be written"
            ) from error
        return wire.reference(sha256, len(data))

    def get(self, reference: Json) -> str:
        """The text that a reference stands for, checked against its size and hash.

        Raises `PayloadError` where the reference is malformed, or the text is missing,
        unreadable or changed.
        """
        sha256, size = _checked(reference)
        data = self._read(sha256)
        if len(data) != size or hashlib.sha256(data).hexdigest() != sha256:
            raise PayloadError(
                f"the value {sha256} under {self.folder} is damaged; "
                "restore that file from a backup, or start the execution again"
            )
        return data.decode("utf-8", "surrogatepass")

    def _path(self, sha256: str) -> Path:
        return self.folder / sha256[:2] / sha256[2:4] / sha256

    def _read(self, sha256: str) -> bytes:
        try:
            return self._path(sha256).read_bytes()
        except FileNotFoundError as error:
            raise PayloadError(
                f"the value {sha256} is not under {self.folder}; it was deleted, or written on "
                "another machine: set DATA_DIR to a folder that all processes share"
            ) from error
        except OSError as error:
            raise PayloadError(
                f"the value {sha256} under {self.folder} cannot be read ({error})"
            ) from error


def shrink(text: str, store: PayloadStore) -> str:
    """`text` itself where SWF takes it, else the JSON text of its reference."""
    if wire.length(text) <= wire.PAYLOAD_CHARACTERS:
        return text
    return wire.dumps(store.put(text))


def shrink_start(text: str, store: PayloadStore) -> str:
    """The input of a start, made to fit while its envelope stays readable.

    The larger of the caller's value and the carried snapshot is replaced by a reference
    first, then the other; only an envelope that is too long by itself (or a text without
    one) goes outside as a whole.
    """
    if wire.length(text) <= wire.PAYLOAD_CHARACTERS:
        return text
    value, envelope = wire.unwrap_start(wire.loads(text))
    if not envelope:
        return shrink(text, store)
    parts = {"input": value}
    if "snapshot" in envelope:
        parts["snapshot"] = envelope.pop("snapshot")
    texts = {name: wire.dumps(part) for name, part in parts.items()}
    for name in sorted(texts, key=lambda part: len(texts[part]), reverse=True):
        parts[name] = store.put(texts[name])
        carried = {part: item for part, item in parts.items() if part != "input"}
        shorter = wire.dumps(wire.wrap_start(parts["input"], {**envelope, **carried}))
        if wire.length(shorter) <= wire.PAYLOAD_CHARACTERS:
            return shorter
    return shrink(shorter, store)


def expand(text: str, store: PayloadStore) -> str:
    """What a text that is a reference as a whole stands for; any other text as it is."""
    if not _may_refer(text):
        return text
    value = wire.loads(text)
    return store.get(value) if wire.is_reference(value) else text


def expand_deep(text: str, store: PayloadStore) -> str:
    """A JSON text with every reference in it, whole or inside, replaced by what it stands for."""
    if not _may_refer(text):
        return text
    whole = expand(text, store)
    return wire.dumps(expand_all(wire.loads(whole), store)) if _may_refer(whole) else whole


def expand_all(value: Json, store: PayloadStore) -> Json:
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
            text = store.get(item)
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


def _may_refer(text: str) -> bool:
    return wire.REFERENCE in text


def _checked(reference: Json) -> tuple[str, int]:
    """Hash and size of a reference.  The hash becomes a path, so nothing but hex passes."""
    inner = reference[wire.REFERENCE] if wire.is_reference(reference) else {}
    sha256, size = inner.get("sha256"), inner.get("size")
    well_formed = isinstance(sha256, str) and _SHA256.fullmatch(sha256)
    if not well_formed or type(size) is not int or size < 0:
        raise PayloadError(f"not a reference of this application: {wire.dumps(reference)[:200]}")
    return str(sha256), size


def _holds(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except FileNotFoundError:
        return False


def _write(path: Path, data: bytes) -> None:
    """Put the file there whole or not at all, whatever happens meanwhile."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _sync_folders(lowest: Path, root: Path) -> None:
    """Make new names durable, from the file's folder up to the one that holds the store."""
    if os.name == "nt":  # Windows syncs names with the file and cannot open folders
        return
    for folder in (lowest, lowest.parent, root, root.parent):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
