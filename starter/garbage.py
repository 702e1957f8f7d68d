"""Removing stored values that no kept history names.

First what is stored is listed, then every history that the engine keeps is read, in all its
domains, for they may share a store; then what nothing named is removed.  A value put
meanwhile, or again, is younger than the safety age and stays.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain
from typing import TypedDict

import logs
import wire
from errors import PayloadError, PayloadKeyError, PayloadStoreError, UnknownExecutionError
from payloads import Payloads, Stored
from payloads.texts import references_in
from starter.pace import Pace
from starter.runs import Info, run_id_of
from swf_client import SwfClient
from wire import Json

DAY_SECONDS = 86_400
RUNS_PER_SECOND = 20.0  # SWF grants an account 60 history reads a second; deciders need some
RUNS_AT_ONCE = 200

_log = logs.get("workflow_starter")


class Collected(TypedDict):
    """What a collection found and did."""

    dry_run: bool
    """Nothing was removed; `removed` says what would have been."""
    runs: int
    """Histories read."""
    stored: int
    """Values in the store, before."""
    named: int
    """Of those, named by a history or by a value that is."""
    young: int
    """Of the others, put too short a while ago to be removed."""
    removed: list[str]
    """The hashes of the others."""
    bytes: int
    """How much room these took."""


Progress = Callable[[int], object]
"""Hears how many histories have been read."""


def collect(
    client: SwfClient,
    older_than_days: float,
    *,
    dry_run: bool,
    progress: Progress = lambda _: None,
    now: float | None = None,
) -> Collected:
    """Remove what nothing names and was last put more than so many days ago.

    `now` is in seconds since 1970.  Raises before anything is removed: `PayloadStoreError`
    where the store is away, `PayloadKeyError` where a text is encrypted under a key that is
    not here, for it may name a value.
    """
    limit = (time.time() if now is None else now) - older_than_days * DAY_SECONDS
    stored = list(client.payloads.store.list())
    found = Collected(
        dry_run=dry_run, runs=0, stored=len(stored), named=0, young=0, removed=[], bytes=0
    )
    old = [item for item in stored if item.modified < limit]
    found["young"] = len(stored) - len(old)
    if not old:
        return found
    marks = _Marks(client.payloads)
    for info, owner in _runs(client):
        marks.add(_references(owner, info))
        found["runs"] += 1
        progress(found["runs"])
    found["named"] = sum(1 for item in stored if item.name in marks.names)
    found["young"] = sum(1 for i in stored if i.name not in marks.names and i.modified >= limit)
    for item in old:
        if item.name not in marks.names and _removed(client, item, limit, dry_run=dry_run):
            found["removed"].append(item.name)
            found["bytes"] += item.size
    return found


class _Marks:
    """The values that are named, with those that they name in their turn."""

    def __init__(self, payloads: Payloads) -> None:
        self.names: set[str] = set()
        self._payloads = payloads

    def add(self, references: Iterator[Json]) -> None:
        """Mark what these name, and look into it: each value is read once."""
        pending = list(references)
        while pending:
            reference = pending.pop()
            name = reference[wire.REFERENCE]["sha256"]
            if name not in self.names:
                self.names.add(name)
                pending.extend(self._inside(reference))

    def _inside(self, reference: Json) -> list[Json]:
        try:
            return references_in(self._payloads.get(reference))
        except (PayloadStoreError, PayloadKeyError):
            raise
        except PayloadError as error:  # lost: what it named cannot be reached through it
            _log.warning("A value that a history names cannot be read", error=str(error))
            return []


def _runs(client: SwfClient) -> Iterator[tuple[Info, SwfClient]]:
    """Every run that the engine keeps, with a client of its domain.

    Open ones first: a run that closes meanwhile is then in either list.
    """
    pace = Pace(RUNS_PER_SECOND, RUNS_AT_ONCE) if client.settings.swf_endpoint == "aws" else None
    domains = chain(client.list_domains(), client.list_domains(status="DEPRECATED"))
    for name in sorted({str(info["name"]) for info in domains} | {client.domain}):
        owner = client if name == client.domain else _of_domain(client, name)
        for info in chain(owner.open_executions(), owner.closed_executions()):
            if pace is not None:
                pace.wait()
            yield info, owner


def _of_domain(client: SwfClient, name: str) -> SwfClient:
    return SwfClient(replace(client.settings, swf_domain=name))


def _references(client: SwfClient, info: Info) -> Iterator[Json]:
    workflow_id, run_id = info["execution"]["workflowId"], run_id_of(info)
    try:
        yield from client.references(workflow_id, run_id)
    except UnknownExecutionError:
        return  # removed by retention while we looked


def _removed(client: SwfClient, item: Stored, limit: float, *, dry_run: bool) -> bool:
    return dry_run or client.payloads.store.delete(item.name, unless_since=limit)
