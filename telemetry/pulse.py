"""The health of a process, and of a worker's polls: which threads poll, work, are stuck or gone."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

LIMIT_SECONDS = 85.0
"""How long a poll may take: SWF's 60 seconds, and what the client grants its connection."""
GRACE_SECONDS = 60.0
"""How much longer it takes until it counts as stuck: pages of long histories, payloads."""

SETTLED_SECONDS = 2.0
"""After how long a first poll counts as one that SWF has taken: a refused one fails sooner."""

_lock = threading.Lock()
_all: weakref.WeakSet[Healthy] = weakref.WeakSet()


@dataclass(frozen=True)
class Health:
    """What `/healthz` and `/readyz` say."""

    healthy: bool
    ready: bool
    problems: tuple[str, ...] = ()
    """What is wrong, one sentence each."""


class Healthy(Protocol):
    """Something of this process that may be well or not."""

    def health(self) -> Health:
        """How it is now."""


def register(one: Healthy) -> None:
    """Have the process's health tell of it, as long as it lives."""
    with _lock:
        _all.add(one)


class Pulse:
    """What the threads of one worker do.  Written by them without locks: each has its own key."""

    def __init__(self, name: str, longest: float = LIMIT_SECONDS + GRACE_SECONDS) -> None:
        self.name = name
        self.longest = longest
        """Seconds after which a poll that has not returned is stuck."""
        self.failing = False
        """Whether the last poll failed."""
        self.stopping = False
        """Whether threads may end, for the worker drains."""
        self._worked = False
        self._threads: Sequence[threading.Thread] = ()
        self._polling: dict[int, float] = {}
        self._busy: dict[int, None] = {}
        register(self)

    def watch(self, threads: Sequence[threading.Thread]) -> None:
        """These threads are started now, and live until the worker drains."""
        self._threads = threads

    def polls(self) -> None:
        """This thread begins a poll."""
        self._polling[threading.get_ident()] = time.monotonic()

    def polled(self, *, failed: bool, busy: bool = False) -> None:
        """It has returned; `busy`: with a task."""
        own = threading.get_ident()
        self._polling.pop(own, None)
        self.failing = failed
        self._worked = self._worked or not failed
        if busy:
            self._busy[own] = None

    def rests(self) -> None:
        """This thread has no task any more."""
        self._busy.pop(threading.get_ident(), None)

    def slots(self) -> dict[str, int]:
        """How many threads do what."""
        busy, polling = len(self._busy), len(self._polling)
        return {
            "busy": busy,
            "polling": polling,
            "idle": max(0, len(self._threads) - busy - polling),
        }

    def health(self) -> Health:
        """How it is now."""
        begun = bool(self._threads)
        problems = [] if self.stopping else [*self._dead(), *self._stuck()]
        told = problems or self._hindrances(begun)
        return Health(healthy=not problems, ready=not told, problems=tuple(told))

    @property
    def _polls_well(self) -> bool:
        """Whether a poll has come back, or the first has been under way for a while."""
        long_ago = time.monotonic() - SETTLED_SECONDS
        return self._worked or any(since < long_ago for since in list(self._polling.values()))

    def _dead(self) -> list[str]:
        dead = [thread.name for thread in self._threads if not thread.is_alive()]
        return [f"thread {name} has died" for name in dead]

    def _stuck(self) -> list[str]:
        now, names = time.monotonic(), {thread.ident: thread.name for thread in self._threads}
        return [
            f"a poll of thread {names.get(ident, ident)} has not returned for {now - since:.0f} s"
            for ident, since in list(self._polling.items())
            if now - since > self.longest
        ]

    def _hindrances(self, begun: bool) -> list[str]:  # noqa: FBT001 - of this class alone
        if not begun:
            return [f"{self.name} has not begun"]
        if self.stopping:
            return [f"{self.name} drains"]
        if self.failing:
            return [f"polls of {self.name} fail"]
        return [] if self._polls_well else [f"{self.name} has not polled yet"]


def everything() -> list[Healthy]:
    """All workers and loops of this process."""
    with _lock:
        return list(_all)


def pulses() -> list[Pulse]:
    """Those of all workers of this process."""
    return [one for one in everything() if isinstance(one, Pulse)]


def health(of: Sequence[Healthy] | None = None) -> Health:
    """How the process is: every worker and loop of it."""
    found = [one.health() for one in (everything() if of is None else of)]
    problems = tuple(problem for one in found for problem in one.problems)
    if not found:
        return Health(healthy=True, ready=False, problems=("nothing runs here",))
    return Health(all(h.healthy for h in found), all(h.ready for h in found), problems)
