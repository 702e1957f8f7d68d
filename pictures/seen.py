"""What happened to a state of an execution, and the words that a picture has for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Seen:
    """What happened to one state: all its branches and items together."""

    outcome: str
    """One of `OUTCOMES`; another word is shown as it is, without a colour."""
    visits: int = 1
    """How often the state was entered; shown from 2 on."""
    attempts: int = 1
    """How often its work was tried; shown from 2 on."""
    seconds: float | None = None
    """How long it took, in seconds."""
    open: int = 0
    """Items that are still at work."""
    failed: int = 0
    """Items that failed."""
    note: str = ""
    """A few words more, such as the name of the error or when the next try is."""
    words: Mapping[str, str] = field(default_factory=dict)
    """Words of another language for English ones: outcomes, `visits`, `open`, `failed`."""

    def word(self, english: str) -> str:
        """A word as the reader has it."""
        return self.words.get(english, english)


OUTCOMES = (
    "succeeded",
    "failed",
    "caught",
    "running",
    "waiting",
    "retrying",
    "skipped",
    "undone",
    "canceled",
    "added",
    "removed",
    "changed",
)
"""The outcomes that have a colour and a sign; the last three mark how two versions differ."""

MINUTE, HOUR, DAY = 60, 3600, 86400
LONGEST = 1e10
"""Seconds that are still told; more is some mistake."""


def figures(seen: Seen) -> str:
    """The counts and times of a state in one line: `×3 · 2 visits · 1.2 s · open 3, failed 1`."""
    parts = []
    if seen.attempts > 1:
        parts.append(f"×{seen.attempts}")
    if seen.visits > 1:
        parts.append(f"{seen.visits} {seen.word('visits')}")
    if seen.seconds is not None and 0 <= seen.seconds <= LONGEST:
        parts.append(duration(seen.seconds))
    counts = [("open", seen.open), ("failed", seen.failed)]
    told = ", ".join(f"{seen.word(word)} {count}" for word, count in counts if count)
    return " · ".join([*parts, told] if told else parts)


def duration(seconds: float) -> str:
    """Seconds in the unit that fits: `350 ms`, `1.2 s`, `3 min`, `2 h 5 min`, `4 d 1 h`."""
    if seconds < 0.9995:
        return f"{round(seconds * 1000)} ms"
    if seconds < MINUTE - 0.05:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    whole = round(seconds)
    for size, unit, smaller, small in (
        (DAY, "d", HOUR, "h"),
        (HOUR, "h", MINUTE, "min"),
        (MINUTE, "min", 1, "s"),
    ):
        if whole >= size:
            rest = whole % size // smaller
            return f"{whole // size} {unit}" + (f" {rest} {small}" if rest else "")
    return f"{whole} s"
