"""Lists of executions in addresses: what is filtered by, from the form and back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from errors import InvalidInputError
from starter import clock
from starter.lists.browsing import SIZES
from starter.lists.queries import BOTH, ENDS, TOLD, Query

FIELDS = ("state", "workflow_id", "type", "tag", "since", "until", "step", "text")
STATES = ("OPEN", "CLOSED", *ENDS, *TOLD)
USUAL_SIZE = SIZES[1]
_AGO = {"m": "minutes", "h": "hours", "d": "days"}


def query_of(given: Mapping[str, Any]) -> Query:
    """What an address or a form asks for.  Raises `InvalidInputError`."""
    found = {name: str(given.get(name) or "").strip() for name in FIELDS}
    state = found["state"]
    if state and state != BOTH and state not in STATES:
        raise InvalidInputError(f"there is no state {state}: {', '.join(STATES)}")
    return Query(
        state="" if state == BOTH else state,
        workflow_id=found["workflow_id"],
        type=found["type"],
        tag=found["tag"],
        since=_moment("since", found["since"]),
        until=_moment("until", found["until"]),
        step=found["step"],
        text=found["text"],
    )


def size_of(given: Mapping[str, Any]) -> int:
    """Rows of a page."""
    text = str(given.get("size") or "")
    return int(text) if text.isdecimal() and int(text) in SIZES else USUAL_SIZE


def _moment(name: str, text: str) -> datetime | None:
    """A moment as browsers send it, in the zone in which the page writes; or `2h`: so long ago."""
    if not text:
        return None
    if text[:-1].isdecimal() and text[-1] in _AGO:
        return _since(text)
    try:
        return clock.zoned(datetime.fromisoformat(text.replace("Z", "+00:00")))
    except (ValueError, OverflowError, OSError) as error:
        raise InvalidInputError(
            f"{name}: {text} is no time; write it as 2026-11-26T10:00, or as 30m, 2h or 7d ago"
        ) from error


def _since(text: str) -> datetime:
    """So long ago, by the whole minute: what is asked a moment later is the same."""
    try:
        back = timedelta(**{_AGO[text[-1]]: int(text[:-1])})
        found = datetime.now(timezone.utc) - back
    except OverflowError as error:
        raise InvalidInputError(f"{text} ago is too long ago") from error
    return found.replace(second=0, microsecond=0)
