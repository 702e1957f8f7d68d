"""Reading what the command line names: JSON from a file, from standard input, or in place."""

from __future__ import annotations

import contextlib
import json
import re
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

from errors import InvalidInputError
from wire import Json

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def json_from(source: str) -> Json:
    """The JSON value of `-` (standard input), of a text that begins with `{` or `[`, or a file."""
    if source == "-":
        return _parsed(read_text(source), "standard input")
    if source.lstrip()[:1] in ("{", "["):
        return _parsed(source, "the argument")
    return _parsed(read_text(source), source)


def value_from(source: str) -> Json:
    """The JSON value that a text is (`5`, `"yes"`, `{}`...), else that of `-` or of a file."""
    if source != "-":
        with contextlib.suppress(ValueError, RecursionError):
            return json.loads(source, parse_constant=_no_constant)
    return json_from(source)


def read_text(source: str) -> str:
    """The text of a file, or of standard input for `-`."""
    name = "standard input" if source == "-" else f"the file {source}"
    try:
        data = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
        return data.decode("utf-8-sig")
    except FileNotFoundError:
        raise InvalidInputError(f"{name} does not exist") from None
    except OSError as error:
        raise InvalidInputError(f"{name} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InvalidInputError(f"{name} is not UTF-8 text") from None


def _parsed(text: str, source: str) -> Json:
    try:
        return json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise InvalidInputError(
            f"{source} is not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        ) from None
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(f"{source} is not JSON: {error}") from None


def _no_constant(name: str) -> Json:
    raise ValueError(f"{name} is not a JSON number")


def moment(text: str) -> datetime:
    """A moment: `90m`, `24h`, `7d` ago, or an ISO date with or without time (local)."""
    ago = re.fullmatch(r"(\d{1,6})([smhd])", text)
    try:
        if ago:
            return datetime.now(timezone.utc) - timedelta(**{UNITS[ago[2]]: int(ago[1])})
        return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone()
    except (ValueError, OverflowError):
        raise InvalidInputError(
            f"time {text!r}: write 90m, 24h or 7d (ago), or 2026-01-31 or 2026-01-31T08:30"
        ) from None
