"""How long to wait before something that failed is tried again."""

from __future__ import annotations

from collections.abc import Hashable

FIRST_SECONDS = 1.0
LONGEST_SECONDS = 60.0


class Backoff:
    """A second after the first failure, twice as long after each further one, at most a minute."""

    def __init__(self) -> None:
        self._failures: dict[Hashable, int] = {}

    def failed(self, what: Hashable) -> float:
        """Note one more failure; the seconds to wait."""
        count = self._failures.get(what, 0)
        self._failures[what] = count + 1
        return seconds_after(count + 1)

    def succeeded(self, what: Hashable) -> None:
        """Begin again with short waits."""
        self._failures.pop(what, None)


def seconds_after(failures: int) -> float:
    """The wait after so many failures in a row."""
    return min(LONGEST_SECONDS, FIRST_SECONDS * 2.0 ** min(failures - 1, 30))
