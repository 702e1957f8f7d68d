"""Things that happen at their times."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor


class Clockwork:
    """Does things of one kind at their times, each on a thread of a pool; late ones at once.

    Each kind has a pool of its own: those who wait for an answer must not hold up the weather.
    """

    def __init__(self, threads: int, plan: Sequence[tuple[float, Callable[[], object]]]) -> None:
        self._pool = ThreadPoolExecutor(threads)
        self._plan = sorted(plan, key=lambda item: item[0])
        self.errors: list[str] = []
        self._player = threading.Thread(target=self._play)
        self._player.start()

    def _play(self) -> None:
        begun = time.monotonic()
        for at, what in self._plan:
            time.sleep(max(0.0, begun + at - time.monotonic()))
            self._pool.submit(self._do, what)

    def _do(self, what: Callable[[], object]) -> None:
        try:
            what()
        except Exception as error:  # noqa: BLE001 - the chaos itself must not go wrong unseen
            self.errors.append(f"{type(error).__name__}: {error}")

    def join(self) -> None:
        """Wait until all is done."""
        self._player.join()
        self._pool.shutdown()
