"""The business database: SQLite in the data folder, or PostgreSQL by `DATABASE_URL`.

The schema is made on first use, also when several processes race for it.  On SQLite every
transaction takes the write lock at its start (BEGIN IMMEDIATE), so that what it reads cannot
change under it; on PostgreSQL rows are locked one by one (see `effects`).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from filelock import FileLock
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from config import Settings
from errors import ConfigurationError

BUSY_SECONDS = 30  # how long a SQLite transaction waits for another's write lock
SCHEMA_LOCK = 7_311_905_624  # any number; PostgreSQL's advisory lock around making the schema

metadata = sa.MetaData()
"""Every table of the activities; a module that defines one is imported by the registry."""

_engines: dict[str, sa.Engine] = {}
_turns: dict[sa.Engine, threading.Lock] = {}
"""Of engines that have one connection."""
_engines_lock = threading.Lock()


@contextmanager
def transaction(settings: Settings) -> Iterator[sa.Connection]:
    """A transaction on the business database: committed at the end, undone by an exception."""
    opened = engine(settings)
    with _turn(opened), opened.begin() as connection:
        yield connection


@contextmanager
def _turn(opened: sa.Engine) -> Iterator[None]:
    """The turn on SQLite's one connection.

    SQLAlchemy's pool waits by the wall clock: one that is set forward would end all waiting.
    """
    turn = _turns.get(opened)
    if turn is None:
        yield
        return
    if not turn.acquire(timeout=BUSY_SECONDS):
        raise PoolTimeoutError(f"others kept the database busy for {BUSY_SECONDS} s")
    try:
        yield
    finally:
        turn.release()


def engine(settings: Settings) -> sa.Engine:
    """The process's engine for these settings, its schema made; safe to share by threads."""
    url = database_url(settings)
    key = url.render_as_string(hide_password=False)
    with _engines_lock:
        if key not in _engines:
            _engines[key] = _open(url)
        return _engines[key]


def close() -> None:
    """Close every connection of this process (for tests, and before deleting local data)."""
    with _engines_lock:
        for opened in _engines.values():
            opened.dispose()
        _engines.clear()
        _turns.clear()


def database_url(settings: Settings) -> URL:
    """Where the business data lies; a wrong `DATABASE_URL` raises `ConfigurationError`."""
    if not settings.database_url:
        return URL.create("sqlite", database=str(settings.data_dir / "business.sqlite3"))
    try:
        url = make_url(settings.database_url)
        backend = url.get_backend_name()
        url.get_dialect()
    except (ArgumentError, NoSuchModuleError) as error:
        raise ConfigurationError(f"DATABASE_URL is not a SQLAlchemy URL: {error}") from error
    if backend not in ("sqlite", "postgresql"):
        raise ConfigurationError(f"DATABASE_URL names {backend}; allowed: sqlite, postgresql")
    return url


def check(settings: Settings) -> None:
    """Raise `ConfigurationError` for a `DATABASE_URL` that cannot work; touches no database."""
    _driver(database_url(settings))


def _open(url: URL) -> sa.Engine:
    return _open_sqlite(url) if url.get_backend_name() == "sqlite" else _open_postgresql(url)


def _open_sqlite(url: URL) -> sa.Engine:
    if not url.database or url.database == ":memory:":
        return _made(_sqlite_engine(url))
    path = Path(url.database)
    path.parent.mkdir(parents=True, exist_ok=True)
    opened = _sqlite_engine(url)
    # Going over to WAL needs the file alone and does not wait for others, so they queue here.
    with FileLock(f"{path}.lock"):
        _use_wal(opened)
        return _made(opened)


def _sqlite_engine(url: URL) -> sa.Engine:
    """One connection a process: SQLite has one writer, and a pool queues better than it does."""
    made = sa.create_engine(
        url,
        poolclass=sa.QueuePool,
        pool_size=1,
        max_overflow=0,
        pool_timeout=BUSY_SECONDS,
        connect_args={
            "timeout": BUSY_SECONDS,
            "check_same_thread": False,
            "isolation_level": None,  # transactions begin where _begin_immediate says
        },
    )
    sa.event.listen(made, "begin", _begin_immediate)
    _turns[made] = threading.Lock()
    return made


def _begin_immediate(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _use_wal(opened: sa.Engine) -> None:
    raw = opened.raw_connection()
    try:
        raw.cursor().execute("PRAGMA journal_mode = WAL").close()
    finally:
        raw.close()


def _open_postgresql(url: URL) -> sa.Engine:
    _driver(url)
    return _made(sa.create_engine(url, isolation_level="READ COMMITTED", pool_pre_ping=True))


def _driver(url: URL) -> None:
    """Load the module that speaks to the database."""
    try:
        url.get_dialect().import_dbapi()
    except ImportError as error:
        raise ConfigurationError(
            f"DATABASE_URL needs a driver: {error}; `pip install psycopg[binary]` and a URL "
            "that begins with postgresql+psycopg://"
        ) from error


def _made(opened: sa.Engine) -> sa.Engine:
    """`opened`, once its tables are there."""
    with opened.begin() as connection:
        if opened.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(SCHEMA_LOCK)))
        metadata.create_all(connection)
    return opened
