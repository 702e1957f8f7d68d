"""Workers that run within a test, and waiting for what they do."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from tests.outages.front import Front

PATIENCE_SECONDS = 30.0


class Worker(Protocol):
    """A decider or an activity worker."""

    def run(self) -> None: ...

    def stop(self) -> None: ...


@contextmanager
def running(*workers: Worker, front: Front | None = None) -> Iterator[list[threading.Thread]]:
    """Run workers; at the end `front` is cut, for polls of AWS are waited out."""
    threads = [threading.Thread(target=worker.run, daemon=True) for worker in workers]
    for thread in threads:
        thread.start()
    try:
        yield threads
    finally:
        for worker in workers:
            worker.stop()
        until(lambda: _gone(threads, front), "the workers' end")


def _gone(threads: list[threading.Thread], front: Front | None) -> bool:
    if front is not None:
        front.cut()
    return not any(thread.is_alive() for thread in threads)


def until(condition: Callable[[], object], what: str) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {PATIENCE_SECONDS} s for {what}")
        time.sleep(0.005)
