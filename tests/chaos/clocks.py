"""A wall clock that jumps, for one process, without touching that of the machine.

A file holds by how many seconds the clock is off.  Whoever makes the clock jump writes it, the
process reads it each time that it looks at its clock.  The monotonic clock is left alone, as
the system leaves it when the time is set.
"""

from __future__ import annotations

import datetime as dt
import mmap
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_OFFSET = struct.Struct("d")  # seconds


def lay(path: Path) -> None:
    """Make the file, for a clock that is right."""
    path.write_bytes(_OFFSET.pack(0.0))


def jump(path: Path, seconds: float) -> None:
    """Set a clock forward, or back."""
    with path.open("r+b") as file, mmap.mmap(file.fileno(), _OFFSET.size) as shared:
        _OFFSET.pack_into(shared, 0, _OFFSET.unpack_from(shared)[0] + seconds)


def follow(path: Path) -> None:
    """Let this process have that clock.

    What was imported before may have kept the right one: to be called first of all.
    """
    with path.open("rb") as file:
        shared = mmap.mmap(file.fileno(), _OFFSET.size, access=mmap.ACCESS_READ)
    right, right_ns = time.time, time.time_ns

    def off() -> float:
        return float(_OFFSET.unpack_from(shared)[0])

    patched: Any = time
    patched.time = lambda: right() + off()
    patched.time_ns = lambda: right_ns() + round(off() * 1e9)
    patched = dt
    patched.datetime = _datetime(off)


def _datetime(off: Callable[[], float]) -> type[dt.datetime]:
    right = dt.datetime

    class Kind(type):
        def __instancecheck__(cls, value: object) -> bool:
            return isinstance(value, right)

    class Datetime(right, metaclass=Kind):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> Any:
            return super().now(tz) + dt.timedelta(seconds=off())

        @classmethod
        def utcnow(cls) -> Any:
            return cls.now(dt.timezone.utc).replace(tzinfo=None)

    return Datetime
