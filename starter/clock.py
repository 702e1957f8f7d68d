"""How moments are written for people: in the zone of this machine, or in UTC.

    2026-11-21 05:32:01         local
    2026-11-21 08:32:01Z        UTC

One choice for the whole process, as with `config.use`: a command line makes it once.
"""

from __future__ import annotations

from datetime import datetime, timezone

_utc = False


def use(*, utc: bool) -> None:
    """Write moments in UTC from now on, or in the local zone."""
    global _utc
    _utc = utc


def written(moment: float, *, millis: bool = False) -> str:
    """A moment, in seconds since 1970, for people; `millis` adds milliseconds."""
    there = datetime.fromtimestamp(moment, timezone.utc)
    there = there if _utc else there.astimezone()
    fraction = f".{there.microsecond // 1000:03}" if millis else ""
    return there.strftime("%Y-%m-%d %H:%M:%S") + fraction + ("Z" if _utc else "")


def zoned(moment: datetime) -> datetime:
    """A moment that people wrote, in the zone in which it is written here if they named none."""
    if moment.tzinfo is not None:
        return moment
    return moment.replace(tzinfo=timezone.utc) if _utc else moment.astimezone()


def short(moment: float, now: float) -> str:
    """The same without its date, where that is today's."""
    text, today = written(moment), written(now)[:10]
    return text[11:] if text[:10] == today else text
