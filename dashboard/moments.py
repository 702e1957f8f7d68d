"""Times and durations in HTML: written for the server's zone, exact for machines."""

from __future__ import annotations

from datetime import datetime, timezone

from markupsafe import Markup

from pictures.seen import duration as worded
from starter.clock import written


def moment(at: float | None) -> Markup | str:
    """A moment, in seconds since 1970, as a `<time>`."""
    if at is None:
        return ""
    exact = datetime.fromtimestamp(at, timezone.utc).isoformat(timespec="milliseconds")
    return Markup('<time datetime="{}" title="{}">{}</time>').format(exact, exact, written(at))


def clock(at: float) -> Markup:
    """The same to the millisecond."""
    exact = datetime.fromtimestamp(at, timezone.utc).isoformat(timespec="milliseconds")
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        exact, exact, written(at, millis=True)
    )


def duration(seconds: float | None) -> str:
    """Seconds in the unit that fits."""
    return "" if seconds is None else worded(max(0.0, seconds))
