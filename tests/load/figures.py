"""What a process and a folder take, as Linux tells it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

MIB = 1024 * 1024


@dataclass(frozen=True)
class Taken:
    """What a process holds at a moment."""

    rss: int
    """Bytes in memory."""
    files: int
    """Open file descriptors."""
    threads: int


def taken(pid: int) -> Taken:
    """What a process holds now."""
    status = dict(
        line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines()
    )
    return Taken(
        rss=int(status["VmRSS"].split()[0]) * 1024,
        files=sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir()),
        threads=int(status["Threads"]),
    )


def size(path: Path) -> int:
    """Bytes of a file, or of all files under a folder; 0 where there is none."""
    try:
        if path.is_dir():
            return sum(size(item) for item in path.iterdir())
        return path.stat().st_size
    except FileNotFoundError:  # it may go while we look
        return 0


def quarters(samples: Sequence[float]) -> tuple[Sequence[float], Sequence[float]]:
    """The second and the last quarter; the first is warming up."""
    quarter = len(samples) // 4
    if quarter == 0:
        raise ValueError(f"{len(samples)} samples are too few to compare quarters")
    return samples[quarter : 2 * quarter], samples[-quarter:]
