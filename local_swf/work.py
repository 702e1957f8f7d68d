"""One request, or one fired deadline, at work inside the open transaction."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from local_swf import errors, jsontext, runs
from local_swf.database import Database
from local_swf.deadlines import Deadline, Deadlines
from local_swf.jsontext import Json
from local_swf.limits import Limits
from local_swf.quotas import Rates
from local_swf.registry import Domain, Registry, Type
from local_swf.runs import OpenRuns, Run
from local_swf.tasklists import ListKey, Task, TaskLists
from local_swf.tokens import Tokens


@dataclass
class State:
    """What the endpoint is made of, shared by every piece of work."""

    database: Database
    tokens: Tokens
    limits: Limits
    tasks: TaskLists
    deadlines: Deadlines
    started: set[Task]
    """Tasks that are with a worker; a virtual clock does not jump while there are any."""
    on_full: Callable[[Work, Run], None]
    """Closes a run whose history has reached the limit."""
    invoke_lambda: Callable[[int, int], None]
    """Starts the Lambda task of a run and a LambdaFunctionScheduled event."""
    rates: Rates
    open_runs: Counter[int] = field(default_factory=Counter)
    """Open runs by domain."""
    registry: Registry = field(default_factory=Registry)
    recent: OpenRuns = field(default_factory=OpenRuns)
    denied: frozenset[str] = frozenset()
    """Decisions that nobody may make."""
    region: str = "us-east-1"


class Work:
    """The changes of one request: all happen, at one time (ms), or none does.

    Rows of runs are read once and written once at the end, events are written together, and
    what lies in memory (task lists, deadlines) changes only after the savepoint is released.
    """

    def __init__(self, state: State, now: int) -> None:
        self.state = state
        self.database = state.database
        self.limits = state.limits
        self.tokens = state.tokens
        self.now = now
        self._runs: dict[int, Run] = {}
        self._new: set[int] = set()
        self._new_by_id: dict[tuple[int, str], Run] = {}
        self._events: list[tuple[int, int, bytes]] = []
        self._effects: list[tuple[Callable[..., Any], tuple[Any, ...]]] = []
        self._later: deque[Callable[[], None]] = deque()
        self._opened: dict[int, int] = {}

    def domain(self, name: str) -> Domain:
        """The domain of a request; UnknownResourceFault when it was never registered."""
        return self.state.registry.domain(self.database, name)

    def find_type(self, domain: int, kind: str, name: str, version: str) -> Type | None:
        """A type by its name and version; `kind` is `workflow` or `activity`."""
        return self.state.registry.find_type(self.database, domain, kind, name, version)

    def registry_changed(self) -> None:
        """Note that this work changes domains or types."""
        self.state.registry.forget()
        self.after_release(self.state.registry.forget)

    def run(self, number: int) -> Run | None:
        """The run with a number, None once retention has removed it."""
        found = self._runs.get(number)
        if found is None:
            found = self.state.recent.get(number) or runs.load(self.database, number)
            if found is not None:
                self._runs[number] = found
        return found

    def find_run(self, domain: Domain, workflow_id: str, run_id: str) -> Run:
        """A run by its ids, open or closed; UnknownResourceFault when there is none."""
        found = self._open_by_id(domain.id, workflow_id)
        if found is None or found.run_id != run_id:
            found = runs.find_closed(self.database, domain.id, workflow_id, run_id)
        if found is None or (found.purge_at is not None and found.purge_at <= self.now):
            raise errors.unknown_run(workflow_id, run_id)
        return self._known(found)

    def find_open_run(self, domain_id: int, workflow_id: str, run_id: str | None) -> Run | None:
        """The open run of a workflow id, if it is open and, when asked for, has that run id."""
        found = self._new_by_id.get((domain_id, workflow_id))
        if found is None or not found.is_open:
            found = self._open_by_id(domain_id, workflow_id)
        if found is None or not found.is_open or (run_id and found.run_id != run_id):
            return None
        return found

    def open_run(self, domain: Domain, workflow_id: str, run_id: str | None) -> Run:
        """Like `find_open_run`, but UnknownResourceFault when there is none."""
        found = self.find_open_run(domain.id, workflow_id, run_id)
        if found is None:
            raise errors.unknown_run(workflow_id, run_id or None)
        return found

    def add_run(self, run: Run) -> None:
        """Take a new run in; it is written at the end."""
        self.count_open(run.domain, 1)
        self._runs[run.id] = run
        self._new.add(run.id)
        self._new_by_id[run.domain, run.workflow_id] = run

    def open_count(self, domain: int) -> int:
        """How many runs of a domain are open, those of this work included."""
        return self.state.open_runs[domain] + self._opened.get(domain, 0)

    def count_open(self, domain: int, change: int) -> None:
        """Count a run that opens (1) or closes (-1)."""
        self._opened[domain] = self._opened.get(domain, 0) + change

    def append(self, run: Run, event_type: str, attributes: dict[str, Json]) -> int:
        """Add an event to a run's history and answer its id."""
        run.last_event += 1
        body = jsontext.event(event_type, run.last_event, self.now, attributes)
        self._events.append((run.id, run.last_event, body))
        return run.last_event

    def event(self, run: Run, event_id: int) -> dict[str, Json]:
        """The attributes of an event in a run's history."""
        for number, known_id, body in reversed(self._events):
            if (number, known_id) == (run.id, event_id):
                return jsontext.event_attributes(body)
        row = self.database.one(
            "SELECT body FROM events WHERE run = ? AND event_id = ?", run.id, event_id
        )
        assert row is not None, f"run {run.id} has no event {event_id}"
        return jsontext.event_attributes(row[0])

    def later(self, action: Callable[[], None]) -> None:
        """Do something at the end of this work, in the order given."""
        self._later.append(action)

    def enqueue(self, key: ListKey, task: Task, priority: int, age: int) -> None:
        """Offer a task on a list."""
        self._effects.append((self.state.tasks.add, (key, task, priority, age)))

    def dequeue(self, key: ListKey, task: Task) -> None:
        """Take a task off its list."""
        self._effects.append((self.state.tasks.remove, (key, task)))

    def task_started(self, task: Task) -> None:
        """Note that a worker has the task."""
        self._effects.append((self.state.started.add, (task,)))

    def task_ended(self, task: Task) -> None:
        """Note that no worker has the task any more."""
        self._effects.append((self.state.started.discard, (task,)))

    def set_deadline(self, deadline: Deadline, at: int | None) -> None:
        """Make something due at a time (ms); None takes it off."""
        if at is None:
            self._effects.append((self.state.deadlines.discard, (deadline,)))
        else:
            self._effects.append((self.state.deadlines.set, (deadline, at)))

    def after_release(self, action: Callable[..., Any], *arguments: Any) -> None:
        """Do something in memory once the work has succeeded."""
        self._effects.append((action, arguments))

    def finish(self) -> None:
        """Carry out what was put off, and write rows and events."""
        self._settle()
        while full := self._runs_at_the_limit():
            for run in full:
                self.state.on_full(self, run)
            self._settle()
        self.write_events()
        self._write_runs()

    def write_events(self) -> None:
        """Write the events so far, so that a query finds them."""
        if self._events:
            self.database.executemany("INSERT INTO events VALUES (?, ?, ?)", self._events)
            self._events.clear()

    def _write_runs(self) -> None:
        # Closed runs first: a new run of the same workflow id may follow in this work.
        for number, run in self._runs.items():
            if number not in self._new:
                runs.update(self.database, run)
        for number in self._new:
            runs.insert(self.database, self._runs[number])

    def apply(self) -> None:
        """Bring task lists and deadlines up to date; the savepoint has been released."""
        for action, arguments in self._effects:
            action(*arguments)
        for domain, change in self._opened.items():
            self.state.open_runs[domain] += change
        for run in self._runs.values():
            self.state.recent.keep(run)

    def forget(self) -> None:
        """The work has failed: what it has changed in memory is to be read again."""
        self.state.recent.forget(self._runs)
        self.state.registry.forget()

    def _open_by_id(self, domain_id: int, workflow_id: str) -> Run | None:
        number = runs.number_of_open(self.database, domain_id, workflow_id)
        return None if number is None else self.run(number)

    def _known(self, run: Run) -> Run:
        return self._runs.setdefault(run.id, run)

    def _settle(self) -> None:
        while self._later:
            self._later.popleft()()

    def _runs_at_the_limit(self) -> list[Run]:
        most = self.limits.history_events
        return [run for run in self._runs.values() if run.last_event >= most and run.is_open]
