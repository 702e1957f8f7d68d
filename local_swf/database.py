"""The SQLite file: opening it, its schema version, and one commit for many requests."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import sqlite3
from collections.abc import Callable, Iterable
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any

from local_swf.errors import CommitFailedError, StartupError

log = logging.getLogger(__name__)

SCHEMA_VERSION = 1
_LOG_PAGES = 4000
"""A log of so many pages is written back to the file."""
_LOG_BYTES = _LOG_PAGES * (4096 + 24)
_LOOK_AFTER = 32
"""Commits between two looks at the log's size."""
_RUN_NUMBERS = 1000
"""Numbers of runs that are set aside at once."""
_APPLICATION_ID = 0x53574631  # "SWF1", so that a foreign database is not taken for ours

Row = tuple[Any, ...]

Told = Callable[[CommitFailedError | None], None]
"""Hears what became of a commit: None when it is on the disk."""


class Database:
    """One connection, durable at every commit, held by this process alone."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.connection = _connect(path)
        self.execute = self.connection.execute
        self.executemany = self.connection.executemany
        row = self.one("SELECT token_key, last_time, last_run FROM endpoint")
        assert row is not None
        self.token_key: bytes = row[0]
        self.last_time: int = row[1]
        self.last_run: int = row[2]

    def one(self, sql: str, *parameters: Any) -> Row | None:
        """The first row of a query, or None."""
        row: Row | None = self.connection.execute(sql, parameters).fetchone()
        return row

    def all(self, sql: str, parameters: Iterable[Any] = ()) -> list[Row]:
        """All rows of a query."""
        return self.connection.execute(sql, tuple(parameters)).fetchall()

    def new_run_number(self) -> int:
        """A number no run ever had; kept by the commit that keeps the run."""
        self.last_run += 1
        return self.last_run

    def close(self) -> None:
        """Close the file; what was not committed is gone."""
        self.connection.close()


def _connect(path: str) -> sqlite3.Connection:
    """Open the file, or make it; a file that is not ours is left as it was."""
    if path != ":memory:":
        parent = Path(path).absolute().parent
        if not parent.is_dir():
            raise StartupError(f"cannot use database {path}: no folder {parent}")
    try:
        connection = sqlite3.connect(
            path, timeout=2, isolation_level=None, check_same_thread=False, cached_statements=512
        )
    except sqlite3.Error as error:
        raise StartupError(f"cannot use database {path}: {error}") from error
    try:
        _prepare(connection, path)
    except sqlite3.Error as error:
        connection.close()
        raise StartupError(f"cannot use database {path}: {error}") from error
    except StartupError:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: str) -> None:
    # EXCLUSIVE keeps a second endpoint off the file and saves the shared-memory index.
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    is_new = _check_owner(connection, path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA cache_size = -32768")
    connection.execute(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES}")
    connection.execute("BEGIN EXCLUSIVE")
    connection.execute("COMMIT")
    if is_new:
        _create_schema(connection)
    connection.executescript(_script("additions.sql"))


def _check_owner(connection: sqlite3.Connection, path: str) -> bool:
    """Whether the file is still empty; StartupError when this program cannot go on with it."""
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    if tables == 0 and application in (0, _APPLICATION_ID):
        return True
    if application != _APPLICATION_ID:
        raise StartupError(f"{path} is a database of another program; name another file")
    if version > SCHEMA_VERSION:
        raise StartupError(
            f"{path} was written by a newer version of this program: it has schema version "
            f"{version}, this one reads {SCHEMA_VERSION}; update this program or name another file"
        )
    if version < SCHEMA_VERSION:
        raise StartupError(
            f"{path} has schema version {version}, which no release has written; name another file"
        )
    return False


def _create_schema(connection: sqlite3.Connection) -> None:
    connection.executescript(
        f"BEGIN; {_script('schema.sql')}; PRAGMA application_id = {_APPLICATION_ID};"
        f" PRAGMA user_version = {SCHEMA_VERSION};"
        f" INSERT INTO endpoint VALUES (1, x'{secrets.token_hex(32)}', 0, 0); COMMIT"
    )


def _script(name: str) -> str:
    return resources.files("local_swf").joinpath(name).read_text("utf-8")


class _Log:
    """The write-ahead log's file, which grows in leaps instead of with every commit.

    Syncing a file that has grown syncs its size, too, and takes twice as long. SQLite writes
    over what is behind the end of its log, whatever that is: here it is zeros.
    """

    def __init__(self, path: str) -> None:
        self._file = None if path == ":memory:" else Path(f"{path}-wal")
        self._extended = 0
        self._commits = 0

    def committed(self) -> None:
        """One more commit; double the file if commits have made it longer."""
        self._commits += 1
        if self._file is None or self._commits % _LOOK_AFTER:
            return
        with contextlib.suppress(OSError):
            size = self._file.stat().st_size
            if self._extended < size < _LOG_BYTES:
                with self._file.open("ab") as file:
                    file.write(bytes(min(size, _LOG_BYTES - size)))
                    self._extended = file.tell()


class GroupCommit:
    """The open transaction that all requests arriving together share.

    The time is written `ahead_ms` ahead and numbers of runs some at once, so that most commits
    need not write either: a crash may cost so much time and so many numbers, no more.
    `failed` is called after a commit that could not be written, before anybody who waits
    for it hears of it, and when no transaction can be opened.
    """

    def __init__(
        self,
        database: Database,
        now: Callable[[], int],
        failed: Callable[[], None],
        *,
        ahead_ms: int = 0,
    ) -> None:
        self._database = database
        self._now = now
        self._failed = failed
        self._loop = asyncio.get_running_loop()
        self._is_open = False
        self._ahead_ms = ahead_ms
        self._kept_time = self._kept_run = -1
        self._log = _Log(database.path)
        self._waiting: list[Told] = []
        self.failures = 0
        """Commits that have failed since the last one that was written."""

    def begin(self) -> None:
        """Join the open transaction, or open one whose commit follows two loop turns later.

        In the second turn those requests join that arrived while the first were read; it
        halves the number of syncs under load and costs a lone request some microseconds.
        """
        if self._is_open and not self._database.connection.in_transaction:
            self.abandon(_lost())
        if not self._is_open:
            self._open()
            self._loop.call_soon(self._loop.call_soon, self.commit)

    def _open(self) -> None:
        try:
            self._database.execute("BEGIN IMMEDIATE")
        except sqlite3.Error:
            self._has_failed()
            raise
        self._is_open = True

    def _has_failed(self) -> None:
        self.failures += 1
        self._failed()

    def outcome(self) -> asyncio.Future[None]:
        """Done once everything so far is on the disk; CommitFailedError if it cannot be written."""
        outcome: asyncio.Future[None] = self._loop.create_future()
        self.when_done(partial(_settle, outcome))
        return outcome

    def when_done(self, told: Told) -> None:
        """Call `told` like `outcome`, at less cost than a future; at once if all is done."""
        if self._is_open:
            self._waiting.append(told)
        else:
            told(None)

    def commit(self) -> None:
        """Write the open transaction to the disk and tell everyone who waits for it."""
        if not self._is_open:
            return
        database = self._database
        try:
            if not database.connection.in_transaction:
                raise _lost()
            self._keep_time_and_number()
            database.execute("COMMIT")
        except sqlite3.Error as error:
            self.abandon(error)
            return
        self._is_open = False
        self.failures = 0
        self._tell(None)
        self._log.committed()

    def close(self) -> None:
        """Write what is open, and the time as it is."""
        self._ahead_ms, self._kept_time = 0, -1
        self.begin()
        self.commit()

    def _keep_time_and_number(self) -> None:
        now, number = self._now(), self._database.last_run
        if now <= self._kept_time and number <= self._kept_run:
            return
        kept = now + self._ahead_ms, number + _RUN_NUMBERS
        self._database.execute("UPDATE endpoint SET last_time = ?, last_run = ?", kept)
        self._kept_time, self._kept_run = kept

    def abandon(self, error: sqlite3.Error) -> None:
        """Give the open transaction up: nothing of it happened, and all who wait are told so."""
        if not self._is_open:
            return
        log.error("commit failed, its requests are answered with 500: %s", error)
        self._is_open = False
        self._kept_time = self._kept_run = -1
        if self._database.connection.in_transaction:
            with contextlib.suppress(sqlite3.Error):
                self._database.execute("ROLLBACK")
        self._has_failed()
        self._tell(CommitFailedError(str(error)))

    def _tell(self, error: CommitFailedError | None) -> None:
        waiting, self._waiting = self._waiting, []
        for told in waiting:
            try:
                told(error)
            except Exception:
                log.exception("after a commit")


def _settle(outcome: asyncio.Future[None], error: CommitFailedError | None) -> None:
    if outcome.done():
        return
    if error is None:
        outcome.set_result(None)
    else:
        outcome.set_exception(error)


def _lost() -> sqlite3.OperationalError:
    """A full disk or a read error ends a whole transaction, not only the statement that met it."""
    return sqlite3.OperationalError("SQLite has rolled the transaction back")
