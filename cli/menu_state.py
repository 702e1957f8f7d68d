"""What the menu shows before it asks: the engine, the processes, how many executions are open."""

from __future__ import annotations

import threading
from collections.abc import Callable

from arguments import safe
from errors import BusinessProcessError

PATIENCE_SECONDS = 2.0  # that the menu waits for a number


class Lately:
    """The newest answer to a question that may take long, without waiting for it that long."""

    def __init__(self, ask: Callable[[], str], seconds: float = PATIENCE_SECONDS) -> None:
        """`ask` is called on a thread of its own, once at a time."""
        self._ask = ask
        self._seconds = seconds
        self._thread: threading.Thread | None = None
        self._answer: str | None = None

    def answer(self) -> str | None:
        """The answer, or in words why there is none; None while that is not known."""
        if self._thread is None or not self._thread.is_alive():
            self._answer = None
            self._thread = threading.Thread(target=self._run, name="count", daemon=True)
            self._thread.start()
        self._thread.join(self._seconds)
        return self._answer

    def _run(self) -> None:
        try:
            self._answer = self._ask()
        except (BusinessProcessError, OSError) as error:
            self._answer = f"? ({safe(error)})"
