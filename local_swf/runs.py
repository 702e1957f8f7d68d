"""A workflow execution's row: what is decided about it needs no look at its history."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from operator import attrgetter

from local_swf import errors
from local_swf.database import Database
from local_swf.jsontext import Json


@dataclass(slots=True)
class Run:
    """One row of `runs`; `schema.sql` says what the columns hold."""

    id: int
    domain: int
    workflow_id: str
    run_id: str
    type_name: str
    type_version: str
    started_at: int
    task_list: str
    task_priority: str | None
    execution_timeout: str
    task_timeout: str
    child_policy: str
    lambda_role: str | None
    tags: str | None
    parent_run: int = 0
    parent_workflow_id: str | None = None
    parent_run_id: str | None = None
    parent_initiated_id: int = 0
    last_event: int = 0
    closed_at: int | None = None
    close_status: str | None = None
    purge_at: int | None = None
    cancel_requested: int = 0
    waiting_id: int = 0
    waiting_since: int = 0
    waiting_list: str = ""
    waiting_timeout: str | None = None
    started_scheduled_id: int = 0
    started_id: int = 0
    started_since: int = 0
    started_list: str = ""
    previous_started_id: int = 0
    last_started_id: int = 0
    delivery: int = 0
    undelivered: int = 0
    sticky_list: str | None = None
    sticky_timeout: str | None = None
    context_event: int = 0
    activity_time: int | None = None
    open_activities: int = 0
    open_timers: int = 0
    open_children: int = 0
    open_lambdas: int = 0

    @property
    def is_open(self) -> bool:
        """Whether the run has not been closed."""
        return self.close_status is None

    @property
    def execution(self) -> dict[str, Json]:
        """The run as SWF names it: `{"runId", "workflowId"}`."""
        return {"runId": self.run_id, "workflowId": self.workflow_id}

    @property
    def workflow_type(self) -> dict[str, Json]:
        """Its type: `{"name", "version"}`."""
        return {"name": self.type_name, "version": self.type_version}

    @property
    def priority(self) -> int:
        """The priority of its decision tasks."""
        return int(self.task_priority or 0)

    def unknown(self) -> errors.SwfFault:
        """The fault for something that needs this run open."""
        return errors.unknown_run(self.workflow_id, self.run_id)


class OpenRuns:
    """Open runs as their rows have them, those used last: most requests ask for one of them."""

    def __init__(self) -> None:
        self._runs: dict[int, Run] = {}

    def get(self, number: int) -> Run | None:
        """The run with a number, if it is among them."""
        return self._runs.get(number)

    def keep(self, run: Run) -> None:
        """Take in what has just been written."""
        self._runs.pop(run.id, None)
        if run.is_open:
            self._runs[run.id] = run
            if len(self._runs) > _REMEMBERED:
                del self._runs[next(iter(self._runs))]

    def forget(self, numbers: Iterable[int]) -> None:
        """Let go of runs that have been changed, but not written."""
        for number in numbers:
            self._runs.pop(number, None)

    def clear(self) -> None:
        """Let go of all."""
        self._runs.clear()


_REMEMBERED = 4096
_COLUMNS = tuple(field.name for field in fields(Run))
_CLOSING = ("closed_at", "close_status", "purge_at")
_CHANGING = tuple(name for name in _COLUMNS[_COLUMNS.index("last_event") :] if name not in _CLOSING)
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM runs"
_INSERT = f"INSERT INTO runs ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"
# An UPDATE rewrites every index that has one of its columns: an open run touches none.
_UPDATE = f"UPDATE runs SET {', '.join(f'{name} = ?' for name in _CHANGING)} WHERE id = ?"
_CLOSE = f"UPDATE runs SET {', '.join(f'{name} = ?' for name in _CLOSING)} WHERE id = ?"
_all_values = attrgetter(*_COLUMNS)
_changing_values = attrgetter(*_CHANGING, "id")
_closing_values = attrgetter(*_CLOSING, "id")


def every_open(database: Database) -> Iterator[Run]:
    """All open runs, one at a time."""
    for row in database.execute(f"{_SELECT} WHERE close_status IS NULL"):
        yield Run(*row)


def load(database: Database, number: int) -> Run | None:
    """The run with a number."""
    row = database.one(_SELECT + " WHERE id = ?", number)
    return Run(*row) if row else None


def find_closed(database: Database, domain: int, workflow_id: str, run_id: str) -> Run | None:
    """A closed run by its ids."""
    closed = "domain = ? AND workflow_id = ? AND run_id = ? AND close_status IS NOT NULL"
    row = database.one(f"{_SELECT} WHERE {closed}", domain, workflow_id, run_id)
    return Run(*row) if row else None


def number_of_open(database: Database, domain: int, workflow_id: str) -> int | None:
    """The number of the open run of a workflow id."""
    row = database.one(
        "SELECT id FROM runs WHERE domain = ? AND workflow_id = ? AND close_status IS NULL",
        domain,
        workflow_id,
    )
    return row[0] if row else None


def insert(database: Database, run: Run) -> None:
    """Write a new run."""
    database.execute(_INSERT, _all_values(run))


def update(database: Database, run: Run) -> None:
    """Write what has changed in a run."""
    database.execute(_UPDATE, _changing_values(run))
    if run.close_status is not None:
        database.execute(_CLOSE, _closing_values(run))


def new_run_id() -> str:
    """A run id as SWF makes them today: `22` and 32 random bytes in base64, 46 characters."""
    return "22" + base64.b64encode(secrets.token_bytes(32)).decode("ascii")
