"""Timestamps of States Language: RFC 3339 with an upper-case T and Z, compared as instants."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

from wire import Json

_LONGEST = len("2016-03-14T01:59:00.123456789+00:00")
_FORM = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})"
    r"(?:\.([0-9]{1,9}))?(?:Z|([+-])([0-9]{2}):([0-9]{2}))"
)
_EPOCH = date(1970, 1, 1).toordinal()


def instant(value: Json) -> int | None:
    """The instant that a text names, in nanoseconds since 1970; None where it is no timestamp.

    `2016-03-14T01:59:00Z`, `2016-03-14T01:59:00.25-03:00`: the zone is required, a fraction has
    nine digits at most (ASL: RFC 3339 profile of ISO 8601, with T and Z in upper case).
    """
    return _instant(value) if isinstance(value, str) and len(value) <= _LONGEST else None


@lru_cache(maxsize=1024)
def _instant(text: str) -> int | None:
    found = _FORM.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second = map(int, found.groups()[:6])
    fraction, sign, zone_hours, zone_minutes = found.groups()[6:]
    offset = (int(zone_hours), int(zone_minutes)) if sign else (0, 0)
    if hour > 23 or minute > 59 or second > 59 or offset[0] > 23 or offset[1] > 59:
        return None
    try:
        days = date(year, month, day).toordinal() - _EPOCH
    except ValueError:
        return None
    east = (offset[0] * 60 + offset[1]) * (-1 if sign == "-" else 1)
    seconds = ((days * 24 + hour) * 60 + minute - east) * 60 + second
    return seconds * 1_000_000_000 + int((fraction or "").ljust(9, "0"))
