"""Where the menu is read and written, and what it is told meanwhile."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import TextIO

from cli.output import printable


class EndOfInput(Exception):  # noqa: N818 - an end, not an error
    """Nobody answers any more."""


class Terminal:
    """Lines in and out.  `tell` may be called from any thread, the rest from one."""

    def __init__(self, source: TextIO, sink: TextIO) -> None:
        self._source = source
        self.sink = sink
        self._lock = threading.RLock()
        self._question: str | None = None
        self._news: list[str] = []

    def write(self, line: str = "") -> None:
        """One line."""
        self._put(line + "\n")

    def ask(self, question: str) -> str:
        """A line of the user's, without blanks around it; `EndOfInput` when there is none."""
        with self._asking(question):
            answer = self._source.readline()
        if not answer:
            raise EndOfInput
        return answer.strip()

    def tell(self, line: str) -> None:
        """A line of news: at once while a question waits, else before what is written next.

        What runs on the terminal meanwhile (a live picture, say) is not disturbed.
        """
        with self._lock:
            if self._question is None:
                self._news.append(line)
            else:
                self._put(f"\n{line}\n{self._question}")

    def flush(self) -> None:
        """Write the news that came while nothing was asked."""
        with self._lock:
            while self._news:
                self.write(self._news.pop(0))

    @contextlib.contextmanager
    def _asking(self, question: str) -> Iterator[None]:
        with self._lock:
            self.flush()
            self._put(question)
            self._question = question
        try:
            yield
        finally:
            with self._lock:
                self._question = None

    def _put(self, shown: str) -> None:
        with self._lock:
            self.sink.write(printable(shown, self.sink.encoding))
            self.sink.flush()
