"""Reading histories: stored bytes are joined, never parsed."""

from __future__ import annotations

from typing import NamedTuple

from local_swf.database import Database

MAX_PAGE = 1_000
"""Events on one page, at most and by default."""


class Span(NamedTuple):
    """A stretch of one run's events, both ends included, and the direction it is read in."""

    run: int
    first: int
    last: int
    reverse: bool = False


def page(database: Database, span: Span, size: int | None) -> tuple[bytes, Span | None]:
    """The first events of a span, joined by commas, and the span that is left, if any.

    `size` is the most events wanted; 0 and None mean `MAX_PAGE`.
    """
    wanted = size or MAX_PAGE
    if span.reverse:
        low, high = max(span.first, span.last - wanted + 1), span.last
        rest = span._replace(last=low - 1)
    else:
        low, high = span.first, min(span.last, span.first + wanted - 1)
        rest = span._replace(first=high + 1)
    order = "DESC" if span.reverse else "ASC"
    rows = database.all(
        f"SELECT body FROM events WHERE run = ? AND event_id BETWEEN ? AND ?"
        f" ORDER BY event_id {order}",
        (span.run, low, high),
    )
    return b",".join([row[0] for row in rows]), rest if rest.first <= rest.last else None
