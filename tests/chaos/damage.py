"""What is done to the things that processes stand on: the payload store, the database, the disk."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from pathlib import Path

from tests.chaos.parts import Part

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

STORE, THERE = "payloads", "payloads.there"


def lay_store(folder: Path) -> None:
    """The payload store behind a link, so that it can be taken away."""
    (folder / THERE).mkdir()
    (folder / STORE).symlink_to(THERE)


def store_away(folder: Path, seconds: float) -> None:
    """Let there be no payload store for a while."""
    _point_store(folder, "/dev/null")
    time.sleep(seconds)
    _point_store(folder, THERE)


def _point_store(folder: Path, target: str) -> None:
    draft = folder / "payloads.new"
    draft.unlink(missing_ok=True)
    draft.symlink_to(target)
    draft.replace(folder / STORE)


def lock_database(folder: Path, seconds: float) -> None:
    """Keep everybody from writing to the business database."""
    path = folder / "business.sqlite3"
    if not path.exists():
        return
    with contextlib.closing(sqlite3.connect(path, timeout=5, isolation_level=None)) as held:
        try:
            held.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return  # busy enough
        time.sleep(seconds)
        held.execute("ROLLBACK")


def fill_disk(part: Part, room: int, seconds: float) -> None:
    """No file of that process grows past `room` bytes: what Linux offers without a disk to fill."""
    if resource is None or not hasattr(resource, "prlimit"):
        return
    assert part.process is not None
    pid = part.process.pid
    with contextlib.suppress(ProcessLookupError):
        before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (room, before[1]))
        time.sleep(seconds)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


def room_left(folder: Path, *, engine: bool) -> int:
    """Of a worker as much as half a line more than what is in the outbox; of the engine none."""
    if engine:
        return 4096
    outbox = folder / "outbox.jsonl"
    return (outbox.stat().st_size if outbox.exists() else 0) + 100
