"""The places of a Gantt chart: visits as rows, attempts and waits as rectangles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pictures.seen import duration
from starter.executions.timeline import Bar, Segment

LABELS, CHART, ROW, TOP, RIGHT = 220.0, 780.0, 22, 24, 70.0
MOST_ROWS = 300
LEAST_WIDTH = 2.0
TICKS = 5


@dataclass(frozen=True)
class Rect:
    """One segment."""

    x: float
    width: float
    style: str
    tip: tuple[str, ...]
    """What it says to who points at it, in parts."""


@dataclass(frozen=True)
class Row:
    """One visit."""

    label: str
    undo: bool
    y: float
    indent: float
    rects: tuple[Rect, ...]
    took: str
    took_x: float


@dataclass(frozen=True)
class Chart:
    """A chart; lengths in pixels."""

    rows: tuple[Row, ...]
    left_out: int
    """Rows that there is no room for."""
    width: float
    height: float
    ticks: tuple[tuple[float, str], ...]
    summary: str


def chart(bars: Sequence[Bar], now: float) -> Chart | None:
    """The chart of some bars, from the first beginning to the last end; None without bars."""
    if not bars:
        return None
    shown = bars[:MOST_ROWS]
    begin = min(bar.begun for bar in shown)
    end = max((bar.ended or now) for bar in shown)
    scale = CHART / max(end - begin, 0.001)
    rows = tuple(_row(bar, index, begin, scale, now) for index, bar in enumerate(shown))
    ticks = tuple(
        (LABELS + CHART * n / TICKS, duration((end - begin) * n / TICKS)) for n in range(TICKS + 1)
    )
    height = TOP + ROW * len(rows) + 6
    words = f"{len(bars)} visits in {duration(end - begin)}"
    return Chart(rows, len(bars) - len(shown), LABELS + CHART + RIGHT, height, ticks, words)


def _row(bar: Bar, index: int, begin: float, scale: float, now: float) -> Row:
    rects = tuple(_rect(segment, bar, begin, scale, now) for segment in bar.segments)
    label = bar.path + (f" #{bar.visit}" if bar.visit > 1 else "")
    last = max(rect.x + rect.width for rect in rects)
    took = duration((bar.ended or now) - bar.begun)
    return Row(label, bar.undo, TOP + ROW * index, 12.0 * bar.depth, rects, took, last + 5)


def _rect(segment: Segment, bar: Bar, begin: float, scale: float, now: float) -> Rect:
    ended = segment.ended or max(now, segment.begun)
    width = max(LEAST_WIDTH, (ended - segment.begun) * scale)
    style = f"{segment.kind} {segment.outcome.replace(' ', '_')}".strip()
    words = [segment.kind, f"attempt {segment.attempt}", duration(ended - segment.begun)]
    tip = tuple(filter(None, [*words, segment.outcome, segment.error]))
    undo = " undo" if bar.undo else ""
    return Rect(
        round(LABELS + (segment.begun - begin) * scale, 2), round(width, 2), style + undo, tip
    )
