"""What steps have written, so that each visit writes once and an undo takes it back.

One row of `step_effects` for each step of each start is both the memory and the lock:

- a retry or redelivery of a visit replaces what that visit wrote;
- a later visit replaces what the earlier one wrote;
- an undo deletes what the visit (or an earlier one) wrote and leaves a tombstone, in one
  transaction; a write at or below the tombstone is refused (`TombstoneError`);
- a write below the last written visit is a straggler's, and refused (`StaleVisitError`).

A step that keeps rows of its own declares its table with `effect_table` and writes within
`write`; `RollbackStep` then works for it without another line.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from activities import database
from activities.context import TaskContext
from errors import StaleVisitError, TombstoneError

KEY = ("workflow_id", "start_id", "path")

step_effects = sa.Table(
    "step_effects",
    database.metadata,
    *(sa.Column(name, sa.Text, primary_key=True) for name in KEY),
    sa.Column("visit", sa.Integer, nullable=False, server_default="0"),
    sa.Column("undone_visit", sa.Integer, nullable=False, server_default="0"),
    sa.Column("undone_rows", sa.Integer, nullable=False, server_default="0"),
)
"""Per step of a start: the visit that wrote last, the tombstone, and what it deleted."""

_effect_tables: list[sa.Table] = []


def effect_table(name: str, *columns: sa.Column[Any], several_rows: bool = False) -> sa.Table:
    """Declare a table whose rows belong to a visit of a step, so that an undo finds them.

    Adds `workflow_id`, `start_id`, `path` and `visit` (see `key_of`).  A step has one row in
    it at most, unless `several_rows`: then `columns` bring what else belongs to the primary key.
    """
    keys = [sa.Column(key, sa.Text, primary_key=True) for key in KEY]
    visit = sa.Column("visit", sa.Integer, nullable=False)
    if several_rows and not any(column.primary_key for column in columns):
        raise ValueError(f"table {name!r} with several rows needs a primary key column of its own")
    table = sa.Table(name, database.metadata, *keys, visit, *columns)
    _effect_tables.append(table)
    return table


def key_of(task: TaskContext, step: str) -> dict[str, Any]:
    """The columns that tie a row to the visit of `task`; `step` names a detached one."""
    return {
        "workflow_id": task.workflow_id,
        "start_id": task.start_id,
        "path": task.path or step,
        "visit": task.visit,
    }


@contextmanager
def write(task: TaskContext, step: str) -> Iterator[sa.Connection]:
    """A transaction in which this visit writes, in place of what the step wrote before.

    Raises `TombstoneError` or `StaleVisitError` when this visit may no longer write.
    """
    key = key_of(task, step)
    with database.transaction(task.settings) as connection:
        if not insert_new(connection, step_effects, key):
            _check_may_write(_locked(connection, key), key)
            _delete_rows(connection, key)
            connection.execute(_NOTE_VISIT, _named(key))
        yield connection


def check(task: TaskContext, step: str) -> None:
    """Raise as `write` does, without writing: before an effect outside the database."""
    key = key_of(task, step)
    with database.transaction(task.settings) as connection:
        row = connection.execute(_READ, _named(key)).one_or_none()
    if row is not None:
        _check_may_write(row, key)


def undo(task: TaskContext, step: str) -> int:
    """Delete what the step wrote up to this visit and leave the tombstone; rows deleted.

    Done again it answers the same.  Rows of a later visit stay.  A task that does not say what
    it undoes (made by hand) undoes the step of that name.
    """
    key = {**key_of(task, step), **({} if task.undo else {"path": step})}
    with database.transaction(task.settings) as connection:
        insert_new(connection, step_effects, {**key, "visit": 0})
        row = _locked(connection, key)
        if key["visit"] <= row.undone_visit:
            return int(row.undone_rows)
        deleted = _delete_rows(connection, key)
        connection.execute(_NOTE_UNDO, {**_named(key), "deleted": deleted})
    return deleted


def insert_new(connection: sa.Connection, table: sa.Table, row: dict[str, Any]) -> bool:
    """Insert a row unless its primary key is there; waits for others who are inserting it."""
    statement = _insert_statement(connection.dialect.name, table)
    return connection.execute(statement, row).rowcount == 1


def _check_may_write(row: sa.Row[Any], key: dict[str, Any]) -> None:
    """Raise when the visit of `key` was undone, or overtaken by a later one."""
    visit, where = key["visit"], f"visit {key['visit']} of {key['path']!r}"
    if visit <= row.undone_visit:
        raise TombstoneError(f"{where} was undone already; nothing is written")
    if visit < row.visit:
        raise StaleVisitError(f"{where} comes late: visit {row.visit} has written already")


def _locked(connection: sa.Connection, key: dict[str, Any]) -> sa.Row[Any]:
    """The step's row, locked until the transaction ends."""
    return connection.execute(_READ_AND_LOCK, _named(key)).one()


def _delete_rows(connection: sa.Connection, key: dict[str, Any]) -> int:
    """Delete the step's rows of this visit and of those before it."""
    parameters = _named(key)
    deletes = (connection.execute(_delete_statement(t), parameters) for t in _effect_tables)
    return sum(result.rowcount for result in deletes)


# Statements are made once: SQLAlchemy takes longer to build one than SQLite to run it.


def _named(key: dict[str, Any]) -> dict[str, Any]:
    return {f"of_{name}": value for name, value in key.items()}


def _is_step(table: sa.Table) -> sa.ColumnElement[bool]:
    return sa.and_(*(table.c[name] == sa.bindparam(f"of_{name}") for name in KEY))


_READ = sa.select(step_effects).where(_is_step(step_effects))
_READ_AND_LOCK = _READ.with_for_update()
_NOTE_VISIT = (
    sa.update(step_effects).where(_is_step(step_effects)).values(visit=sa.bindparam("of_visit"))
)
_NOTE_UNDO = (
    sa.update(step_effects)
    .where(_is_step(step_effects))
    .values(undone_visit=sa.bindparam("of_visit"), undone_rows=sa.bindparam("deleted"))
)


@functools.cache
def _insert_statement(dialect: str, table: sa.Table) -> sa.Insert:
    if dialect == "postgresql":
        return postgresql.insert(table).on_conflict_do_nothing()
    return sqlite.insert(table).on_conflict_do_nothing()


@functools.cache
def _delete_statement(table: sa.Table) -> sa.Delete:
    return sa.delete(table).where(_is_step(table), table.c.visit <= sa.bindparam("of_visit"))
