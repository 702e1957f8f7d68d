"""What commands print: text for people, or JSON for programs; never both."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

import redaction
from arguments import safe
from wire import Json


class Output:
    """Standard output of one command; remarks go to standard error."""

    def __init__(self, *, as_json: bool, before: Callable[[], object] = lambda: None) -> None:
        """Make an output; `before` is called once, ahead of the first line."""
        self.as_json = as_json
        self._before: Callable[[], object] | None = before

    def offline(self) -> None:
        """No engine is asked: nothing is said of one."""
        self._before = None

    def result(self, value: Json, lines: Iterable[str]) -> None:
        """The command's result: `value` with `--json`, else `lines`."""
        if self.as_json:
            self.write(to_json(value, indent=2))
        else:
            for line in lines:
                self.write(line)

    def item(self, value: Json, line: str) -> None:
        """One of many results that come one by one: a line of JSON, or of text."""
        self.write(to_json(value) if self.as_json else line)

    def write(self, text: str) -> None:
        """One line, at once, so that a pipe's reader need not wait for a buffer to fill."""
        if self._before is not None:
            self._before()
            self._before = None
        sys.stdout.write(printable(text, sys.stdout.encoding) + "\n")
        sys.stdout.flush()

    def remark(self, text: str) -> None:
        """A line for people, beside the result."""
        sys.stderr.write(printable(redaction.text(text), sys.stderr.encoding) + "\n")


def to_json(value: Json, indent: int | None = None) -> str:
    """JSON text; moments become seconds since 1970, as SWF sends them."""
    return json.dumps(value, ensure_ascii=False, indent=indent, default=_moment)


def _moment(value: object) -> float:
    if isinstance(value, datetime):
        return round(value.timestamp(), 3)
    raise TypeError(f"{type(value).__name__} is not JSON")


def printable(text: str, encoding: str | None) -> str:
    """`text` with what the stream cannot encode replaced, rather than an error."""
    chosen = encoding or "utf-8"
    return text.encode(chosen, "backslashreplace").decode(chosen)


def table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    """Lines with the columns aligned; the last one is as long as it is."""
    cells = [list(headings), *[[safe(cell) for cell in row] for row in rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(headings))]
    return ["  ".join(_padded(row, widths)).rstrip() for row in cells]


def _padded(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    return [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
