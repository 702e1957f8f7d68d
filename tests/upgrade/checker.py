"""What must hold after an upgrade under load, by the histories and what activities left."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starter import runs
from swf_client import SwfClient
from tests.chaos import checker, evidence
from tests.chaos.checker import Event, Life, Run, Violation
from tests.upgrade.load import REFUSED_EACH
from tests.upgrade.releases import ADDED, NEWER, UNDOES, UNDONE, Release
from workflow.history import attributes, seconds
from workflow.parking import PREFIX

WRITING = {UNDONE: "orders"}


@dataclass
class Found:
    """What the checker says."""

    violations: list[Violation] = field(default_factory=list)
    figures: Counter[str] = field(default_factory=Counter)
    longest: dict[str, float] = field(default_factory=dict)
    """Seconds from a task's scheduling to its completion, by kind."""


def checked(
    client: SwfClient, folder: Path, newest: Release, *,
    started: dict[str, tuple[str, str]], releases: dict[int, str], decision_timeout: float,
) -> Found:  # fmt: skip
    """Read everything, check everything.

    `started` has run id and version that were told, `releases` the version of each process's.
    """
    definitions = {version: newest.definition(version) for version in UNDOES}
    rows, lines = evidence.rows_of(folder), evidence.lines_of(folder)
    infos: defaultdict[str, list[Any]] = defaultdict(list)
    for info in [*client.open_executions(), *client.closed_executions()]:
        infos[info["execution"]["workflowId"]].append(info)
    found = Found()
    for workflow_id in sorted({*infos, *started}):
        run_id, version = started.get(workflow_id, (None, ""))
        life = Life(workflow_id, [], rows.get(workflow_id, Counter()), started=run_id)
        life.lines = lines.get(workflow_id, Counter())
        life.endings = frozenset({"FAILED" if _is_refused(workflow_id) else "COMPLETED"})
        for info in sorted(infos[workflow_id], key=lambda info: info["startTimestamp"]):
            events = list(client.history_for_core(workflow_id, runs.run_id_of(info)))
            kind = info["workflowType"]["version"]
            life.runs.append(Run(runs.run_id_of(info), definitions[kind], events))
        _take(found, life, version, decision_timeout)
        for run in life.runs:
            found.figures.update(_deciders(run, releases))
    return found


def _deciders(run: Run, releases: dict[int, str]) -> Iterator[str]:
    """Who was given the decision tasks of a run."""
    for event in run.events:
        if event["eventType"] == "DecisionTaskStarted":
            release = releases[int(attributes(event)["identity"].split(":")[-2])]
            yield f"decisions of {run.definition.version} by release {release}"


def _is_refused(workflow_id: str) -> bool:
    return int(workflow_id.rpartition("-")[2]) % REFUSED_EACH == 0


def _take(found: Found, life: Life, version: str, decision_timeout: float) -> None:
    found.violations += checker.violations(life, writing=WRITING, rows_each=1)
    found.violations += violations(life, version, decision_timeout)
    found.figures += checker.figures(life)
    found.figures[f"of version {version or 'unknown'}"] += 1
    for run in life.runs:
        for kind, took in stalls(run.events):
            found.longest[kind] = max(took, found.longest.get(kind, 0.0))


def violations(life: Life, version: str, decision_timeout: float) -> Iterator[Violation]:
    """Breaches in the life of one workflow id that was started under a version."""
    for run in life.runs:
        kind = run.definition.version
        if version and kind != version:
            yield Violation("version", life.workflow_id, f"began as {version}, went on as {kind}")
        for what in _foreign(run.events, kind):
            yield Violation("version", life.workflow_id, f"{what} under {kind}")
        if parked := _parked(run.events):
            yield Violation("blocked", life.workflow_id, f"was parked {parked} times")
        for task, took in stalls(run.events):
            # What reached a decider that does not know it was left to time out, once.
            allowed = decision_timeout * (2 if kind == NEWER and task == LEFT else 1)
            if took > allowed:
                yield Violation("stall", life.workflow_id, f"{task} took {took:.1f} s")


def _foreign(events: Sequence[Event], version: str) -> Iterator[str]:
    """What was scheduled though the other version alone has it."""
    for event in events:
        if event["eventType"] != "ActivityTaskScheduled":
            continue
        told = attributes(event)
        name, control = told["activityType"]["name"], json.loads(told["control"])
        if name == ADDED and version != NEWER:
            yield name
        if control.get("undo") and control["path"] == UNDONE and name != UNDOES[version]:
            yield f"{UNDONE} is undone by {name}"


def _parked(events: Sequence[Event]) -> int:
    timers = [attributes(e) for e in events if e["eventType"] == "TimerStarted"]
    return sum(timer["timerId"].startswith(PREFIX) for timer in timers)


ACTIVITY, DECISION, LEFT = "activity", "decision", "decision left to time out"
_ENDS = ("Completed", "Failed", "TimedOut", "Canceled")


def stalls(events: Sequence[Event]) -> Iterator[tuple[str, float]]:
    """Seconds from each task's scheduling to its end; a decision's to that which was taken."""
    waiting: float | None = None
    left = False
    for event in events:
        kind = event["eventType"]
        if kind == "DecisionTaskScheduled" and waiting is None:
            waiting = seconds(event)
        elif kind == "DecisionTaskTimedOut":
            left = True
        elif kind == "DecisionTaskCompleted" and waiting is not None:
            yield (LEFT if left else DECISION), seconds(event) - waiting
            waiting, left = None, False
        elif kind in {f"ActivityTask{end}" for end in _ENDS}:
            scheduled = events[attributes(event)["scheduledEventId"] - 1]
            yield ACTIVITY, seconds(event) - seconds(scheduled)
