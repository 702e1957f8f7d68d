"""Everything that is left when all is over, read and checked by several processes."""

from __future__ import annotations

import json
import multiprocessing
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import config
import published
import wire
from config import Settings
from errors import PayloadError
from starter import runs
from swf_client import SwfClient
from tests.chaos import checker, definitions
from tests.chaos.checker import Life, Run, Violation
from tests.chaos.people import People
from workflow.history import attributes

WRITING = {"Write": "chaos_rows", "SaveResults": "orders"}
"""The tables that activities write to."""
AT_ONCE = 100  # lives that a process checks in one go


@dataclass
class Found:
    """What the checker says."""

    violations: list[Violation] = field(default_factory=list)
    figures: Counter[str] = field(default_factory=Counter)

    def add(self, other: Found) -> None:
        self.violations += other.violations
        self.figures.update(other.figures)


@dataclass
class _Share:
    """What one process needs to know."""

    settings: Settings
    folder: Path
    lives: list[Life]
    """Without histories."""
    run_ids: dict[str, list[tuple[str, str]]]
    """Run id and name of the process, oldest first, by workflow id."""


def checked(people: People, folder: Path, *, processes: int) -> Found:
    """Read everything, check everything."""
    client = people.starter.swf_client
    run_ids = _run_ids(client)
    lives = _lives(folder, people, run_ids)
    parts = [lives[at : at + AT_ONCE] for at in range(0, len(lives), AT_ONCE)]
    shares = [
        _Share(client.settings, folder, part, {i.workflow_id: run_ids[i.workflow_id] for i in part})
        for part in parts
    ]
    found = Found()
    if processes < 2 or len(shares) < 2:
        for share in shares:
            found.add(_check(share))
        return found
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        for part in pool.map(_check, shares):
            found.add(part)
    return found


def _run_ids(client: SwfClient) -> defaultdict[str, list[tuple[str, str]]]:
    infos = [*client.open_executions(), *client.closed_executions()]
    infos.sort(key=lambda info: info["startTimestamp"])
    found: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for info in infos:
        kind = info["workflowType"]["name"]
        found[info["execution"]["workflowId"]].append((runs.run_id_of(info), kind))
    return found


def _lives(folder: Path, people: People, run_ids: Iterable[str]) -> list[Life]:
    ledger = people.ledger
    rows, lines = rows_of(folder), lines_of(folder)
    signals, resumes = _by_workflow(ledger.signals), _by_workflow(ledger.resumes)
    lives = []
    for workflow_id in sorted({*run_ids, *ledger.starts, *ledger.there, *rows, *lines}):
        started = ledger.starts.get(workflow_id)
        life = Life(
            workflow_id,
            runs=[],
            rows=rows.get(workflow_id, Counter()),
            lines=lines.get(workflow_id, Counter()),
            started=started[0] if started else None,
            there=workflow_id in ledger.there,
            signals=signals.get(workflow_id, ()),
            resumes=resumes.get(workflow_id, ()),
            endings=_endings(people, workflow_id),
        )
        lives.append(life)
    return lives


def _endings(people: People, workflow_id: str) -> frozenset[str] | None:
    if people.is_to_complete(workflow_id):
        return frozenset({"COMPLETED"})
    if people.names.get(workflow_id) == definitions.SAGA.name:
        return frozenset({"FAILED"})
    return None if workflow_id not in people.names else frozenset({"COMPLETED", "FAILED"})


def _by_workflow(sent: Iterable[Any]) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for item in sent:
        found.setdefault(item.workflow_id, []).append((item.run_id, item.request_id))
    return found


def rows_of(folder: Path) -> dict[str, Counter[tuple[str, checker.Effect]]]:
    """How many rows each visit has in each table, by workflow id."""
    path = folder / "business.sqlite3"
    found: dict[str, Counter[tuple[str, checker.Effect]]] = {}
    if not path.exists():
        return found
    with closing(sqlite3.connect(path)) as database:
        there = {row[0] for row in database.execute("SELECT name FROM sqlite_master")}
        for table in sorted(there & set(WRITING.values())):
            query = f"SELECT workflow_id, start_id, path, visit FROM {table}"
            for workflow_id, *effect in database.execute(query):
                found.setdefault(workflow_id, Counter())[table, tuple(effect)] += 1
    return found


def lines_of(folder: Path) -> dict[str, Counter[str]]:
    """How many lines of the outbox each key has, by workflow id."""
    path = folder / "outbox.jsonl"
    found: dict[str, Counter[str]] = {}
    if path.exists():
        for line in path.read_bytes().splitlines():
            entry = json.loads(line)
            found.setdefault(entry["message"]["workflow_id"], Counter())[entry["key"]] += 1
    return found


# --- in each process ----------------------------------------------------------------------------


def _check(share: _Share) -> Found:
    config.use(share.settings)
    published.FOLDER = share.folder / "definitions"
    definitions.shorten_histories()
    client = SwfClient(share.settings)
    found = Found()
    for life in share.lives:
        life.contents = lambda reference: wire.loads(client.payloads.get(reference))
        try:
            for run_id, name in share.run_ids[life.workflow_id]:
                events = list(client.history_for_core(life.workflow_id, run_id))
                life.runs.append(Run(run_id, definitions.named(name), events))
                _read_payloads(client, events)
            found.violations += checker.violations(
                life, writing=WRITING, rows_each=definitions.ROWS
            )
            found.figures += checker.figures(life)
        except PayloadError as error:
            found.violations.append(Violation("payload lost", life.workflow_id, str(error)))
    return found


def _read_payloads(client: SwfClient, events: Iterable[dict[str, Any]]) -> None:
    """Every text that is kept outside is there, whole."""
    for event in events:
        told = attributes(event)
        for member in ("input", "result", "details"):
            if member in told and wire.REFERENCE in told[member]:
                client.payloads.expand_deep(told[member])
