"""Reading histories: stored bytes are joined, never parsed."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from local_swf.database import Database

MAX_PAGE = 1_000
"""Events on one page, at most and by default."""


_READ_AT_ONCE = 100


class Span(NamedTuple):
    """A stretch of one run's events, both ends included, and the direction it is read in."""

    run: int
    first: int
    last: int
    reverse: bool = False


def page(
    database: Database, span: Span, size: int | None, most_bytes: int
) -> tuple[bytes, Span | None]:
    """The first events of a span, joined by commas, and the span that is left, if any.

    `size` is the most events wanted; 0 and None mean `MAX_PAGE`. A page ends before the event
    that would make it longer than `most_bytes`, but holds one event at least.
    """
    wanted = size or MAX_PAGE
    if span.reverse:
        low, high = max(span.first, span.last - wanted + 1), span.last
    else:
        low, high = span.first, min(span.last, span.first + wanted - 1)
    order = "DESC" if span.reverse else "ASC"
    cursor = database.execute(
        f"SELECT body FROM events WHERE run = ? AND event_id BETWEEN ? AND ?"
        f" ORDER BY event_id {order}",
        (span.run, low, high),
    )
    bodies = _fitting(cursor, most_bytes)
    if span.reverse:
        rest = span._replace(last=span.last - len(bodies))
    else:
        rest = span._replace(first=span.first + len(bodies))
    return b",".join(bodies), rest if rest.first <= rest.last else None


def _fitting(cursor: sqlite3.Cursor, most_bytes: int) -> list[bytes]:
    """As many events as fit a page; of a history of long ones no more are read than needed."""
    bodies: list[bytes] = []
    room = most_bytes + 1
    while rows := cursor.fetchmany(_READ_AT_ONCE):
        for (body,) in rows:
            room -= len(body) + 1
            if room < 0 and bodies:
                cursor.close()
                return bodies
            bodies.append(body)
    return bodies
