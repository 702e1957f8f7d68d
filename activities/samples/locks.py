"""Something to be taken, used and given back whatever happens: a lock around work."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from activities import database, effects
from activities.context import current_task
from wire import Json

locks = sa.Table(
    "sample_locks",
    database.metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("holder", sa.Text, nullable=False),
)


class LockTakenError(Exception):
    """Another execution holds the lock."""


class EmptyTextError(Exception):
    """There is nothing to count."""


def acquire_lock(data: Mapping[str, Json]) -> dict[str, Json]:
    """Take a lock for this execution; it may hold it already.

    In: `{"lock"}`, its name.  Out: `{"lock"}`.  Raises `LockTakenError`.
    """
    name, holder = str(data["lock"]), _holder()
    with database.transaction(current_task().settings) as connection:
        effects.insert_new(connection, locks, {"name": name, "holder": holder})
        found = connection.execute(sa.select(locks.c.holder).where(locks.c.name == name)).scalar()
    if found != holder:
        raise LockTakenError(f"{name} is taken")
    return {"lock": name}


def release_lock(data: Mapping[str, Json]) -> dict[str, Json]:
    """Give a lock back, if this execution holds it.  In: `{"lock"}`.  Out: `{"released"}`."""
    mine = sa.and_(locks.c.name == str(data["lock"]), locks.c.holder == _holder())
    with database.transaction(current_task().settings) as connection:
        released = connection.execute(sa.delete(locks).where(mine)).rowcount
    return {"released": released}


def count_words(event: Mapping[str, Json]) -> dict[str, Json]:
    """Count words.  In: `{"text"}`.  Out: `{"words"}`.  Raises `EmptyTextError`."""
    words = len(str(event["text"]).split())
    if not words:
        raise EmptyTextError("the text has no words")
    return {"words": words}


def _holder() -> str:
    task = current_task()
    return f"{task.workflow_id} {task.start_id}"
