"""Task lists in memory: tasks by priority then age, pollers first come first served."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from local_swf.jsontext import Json

DECISION = "decision"
ACTIVITY = "activity"

REMEMBERED = 100  # identities of a list that polled it


class ListKey(NamedTuple):
    """One task list: lists of decisions and of activities with one name are distinct."""

    kind: str
    domain: int
    name: str


class Task(NamedTuple):
    """A task that waits for a poller: its kind, its run's number and its Scheduled event."""

    kind: str
    run: int
    scheduled_id: int


@dataclass(eq=False)
class Poller:
    """A long poll that waits on a list."""

    list: ListKey
    arguments: dict[str, Json]
    alive: Callable[[], bool]
    """False once the client is known to have hung up."""
    since: int = 0
    """When it came (ms)."""
    answer: asyncio.Future[HandOut] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class Seen(NamedTuple):
    """Who polled a list."""

    since: int
    """When the newest poll came (ms)."""
    waits: bool
    """Whether one of them waits now."""


class HandOut(NamedTuple):
    """A task given to a poller: the answer's bytes, and what names this delivery."""

    body: bytes
    task: Task
    started_id: int
    delivery: int
    committed: asyncio.Future[None]


class _TaskList:
    """The tasks and the pollers of one list."""

    def __init__(self) -> None:
        self.heap: list[tuple[int, int, Task]] = []
        self.tasks: dict[Task, tuple[int, int]] = {}
        self.pollers: dict[Poller, None] = {}

    def add(self, task: Task, priority: int, age: int) -> None:
        if task not in self.tasks:
            self.tasks[task] = (-priority, age)
            heapq.heappush(self.heap, (-priority, age, task))

    def remove(self, task: Task) -> None:
        self.tasks.pop(task, None)
        if len(self.heap) > 2 * len(self.tasks) + 1000:
            self.heap = [(*order, task) for task, order in self.tasks.items()]
            heapq.heapify(self.heap)

    def pop(self) -> Task | None:
        while self.heap:
            priority, age, task = heapq.heappop(self.heap)
            if self.tasks.get(task) == (priority, age):
                del self.tasks[task]
                return task
        return None

    def next_poller(self) -> Poller | None:
        while self.pollers:
            poller = next(iter(self.pollers))
            del self.pollers[poller]
            if poller.alive() and not poller.answer.done():
                return poller
        return None


class TaskLists:
    """All task lists of the endpoint."""

    def __init__(self) -> None:
        self._lists: dict[ListKey, _TaskList] = {}
        self._ready: dict[ListKey, None] = {}
        self._polled: dict[ListKey, dict[str, int]] = {}
        """When each identity polled last (ms), those last who did last."""

    def add(self, key: ListKey, task: Task, priority: int, age: int) -> None:
        """Put a task on its list; `age` orders tasks of one priority, smallest first."""
        self._list(key).add(task, priority, age)
        self._ready[key] = None

    def remove(self, key: ListKey, task: Task) -> None:
        """Take a task off its list, if it is there."""
        if (found := self._lists.get(key)) is not None:
            found.remove(task)
            self._drop_empty(key, found)

    def join(self, poller: Poller) -> None:
        """Let a poller wait at the end of its list's queue."""
        self._list(poller.list).pollers[poller] = None
        self._note(poller)
        self._ready[poller.list] = None

    def join_first(self, poller: Poller) -> None:
        """Let a poller wait at the head of its list's queue: what it was to get was gone."""
        found = self._list(poller.list)
        found.pollers = {poller: None, **found.pollers}
        self._ready[poller.list] = None

    def _note(self, poller: Poller) -> None:
        known = self._polled.setdefault(poller.list, {})
        identity = str(poller.arguments.get("identity") or "")
        known.pop(identity, None)
        known[identity] = poller.since
        if len(known) > REMEMBERED:
            del known[next(iter(known))]

    def seen(self, key: ListKey) -> list[tuple[str, Seen]]:
        """Who polled a list, by identity: those that wait first, then by their last poll."""
        found = self._lists.get(key)
        live = [poller for poller in found.pollers if poller.alive()] if found else []
        waiting = {str(poller.arguments.get("identity") or "") for poller in live}
        told = [(name, Seen(at, name in waiting)) for name, at in self._polled.get(key, {}).items()]
        return sorted(told, key=lambda item: (not item[1].waits, -item[1].since))

    def keys(self) -> set[ListKey]:
        """The lists that have tasks or pollers, or were polled."""
        return {*self._lists, *self._polled}

    def oldest(self, key: ListKey) -> tuple[Task, int] | None:
        """The task of a list that has waited longest, and since when (ms)."""
        found = self._lists.get(key)
        if found is None or not found.tasks:
            return None
        task = min(found.tasks, key=lambda task: found.tasks[task][1])
        return task, found.tasks[task][1]

    def take_poller(self, key: ListKey) -> Poller | None:
        """The poller whose turn it is, out of the queue; None when nobody waits."""
        found = self._lists.get(key)
        return found.next_poller() if found else None

    def leave(self, poller: Poller) -> None:
        """Stop waiting, if the poller still does."""
        if (found := self._lists.get(poller.list)) is not None:
            found.pollers.pop(poller, None)
            self._drop_empty(poller.list, found)

    def matches(self) -> Iterator[tuple[Task, Poller]]:
        """Each pair of a task and a live poller that can be brought together now."""
        while self._ready:
            key = next(iter(self._ready))
            del self._ready[key]
            found = self._lists.get(key)
            while found is not None and found.tasks and (poller := found.next_poller()):
                task = found.pop()
                if task is not None:
                    yield task, poller
            if found is not None:
                self._drop_empty(key, found)

    def waiting_tasks(self, key: ListKey) -> int:
        """How many tasks of a list wait for a poller."""
        found = self._lists.get(key)
        return len(found.tasks) if found else 0

    def waiting_pollers(self, key: ListKey) -> int:
        """How many pollers wait on a list."""
        found = self._lists.get(key)
        return len(found.pollers) if found else 0

    def pollers(self) -> int:
        """How many pollers wait in all."""
        return sum(len(found.pollers) for found in self._lists.values())

    def is_polled(self, kind: str, name: str) -> bool:
        """Whether somebody has ever polled a list of that name, in any domain."""
        return any((key.kind, key.name) == (kind, name) for key in self._polled)

    def awaited(self) -> bool:
        """Whether a task waits on a list that somebody has polled before."""
        return any(found.tasks and key in self._polled for key, found in self._lists.items())

    def clear_tasks(self) -> None:
        """Forget all tasks; the pollers stay."""
        for key, found in list(self._lists.items()):
            found.heap.clear()
            found.tasks.clear()
            self._drop_empty(key, found)

    def _list(self, key: ListKey) -> _TaskList:
        found = self._lists.get(key)
        if found is None:
            found = self._lists[key] = _TaskList()
        return found

    def _drop_empty(self, key: ListKey, found: _TaskList) -> None:
        if not found.tasks and not found.pollers and self._lists.get(key) is found:
            del self._lists[key]
