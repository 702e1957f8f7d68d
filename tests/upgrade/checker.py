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


@dataclass(frozen=True)
class Limits:
    """How long something may take."""

    decision_timeout: float
    """Seconds; no task may wait for longer."""
    capable_since: float
    """Since when every decider knows the newer version, in seconds since 1970."""


def checked(
    client: SwfClient, folder: Path, newest: Release, *,
    started: dict[str, tuple[str, str]], releases: dict[int, str], limits: Limits,
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
        _take(found, life, version, limits)
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


def _take(found: Found, life: Life, version: str, limits: Limits) -> None:
    found.violations += checker.violations(life, writing=WRITING, rows_each=1)
    found.violations += violations(life, version, limits)
    found.figures += checker.figures(life)
    found.figures[f"of version {version or 'unknown'}"] += 1
    for run in life.runs:
        for stall in stalls(run.events):
            found.longest[stall.kind] = max(stall.seconds, found.longest.get(stall.kind, 0.0))
            found.figures[f"{stall.kind}, times"] += 1


def violations(life: Life, version: str, limits: Limits) -> Iterator[Violation]:
    """Breaches in the life of one workflow id that was started under a version."""
    for run in life.runs:
        kind = run.definition.version
        if version and kind != version:
            yield Violation("version", life.workflow_id, f"began as {version}, went on as {kind}")
        for what in _foreign(run.events, kind):
            yield Violation("version", life.workflow_id, f"{what} under {kind}")
        for stall in stalls(run.events):
            since = max(stall.begin, limits.capable_since if kind == NEWER else 0.0)
            if stall.end - since > limits.decision_timeout:
                what = f"{stall.kind} took {stall.seconds:.1f} s, {stall.end - since:.1f} too many"
                yield Violation("stall", life.workflow_id, what)


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


ACTIVITY, DECISION = "activity", "decision"
LEFT, BLOCKED = "decision after a timeout", "decision BLOCKED"
_ENDS = frozenset(f"ActivityTask{end}" for end in ("Completed", "Failed", "TimedOut", "Canceled"))


@dataclass(frozen=True)
class Stall:
    """The time from a task's scheduling to its end, in seconds since 1970."""

    kind: str
    begin: float
    end: float

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.end - self.begin


def stalls(events: Sequence[Event]) -> Iterator[Stall]:
    """All tasks; a decision lasts until one is taken that does more than park the execution."""
    parked = {
        attributes(event)["decisionTaskCompletedEventId"]
        for event in events
        if event["eventType"] == "TimerStarted" and attributes(event)["timerId"].startswith(PREFIX)
    }
    begin, how = None, DECISION
    for event in events:
        kind, now = event["eventType"], seconds(event)
        if kind == "DecisionTaskScheduled" and begin is None:
            begin = now
        elif kind == "DecisionTaskTimedOut" and how == DECISION:
            how = LEFT
        elif event["eventId"] in parked:
            how = BLOCKED
        elif kind == "DecisionTaskCompleted" and begin is not None:
            yield Stall(how, begin, now)
            begin, how = None, DECISION
        elif kind in _ENDS:
            scheduled = events[attributes(event)["scheduledEventId"] - 1]
            yield Stall(ACTIVITY, seconds(scheduled), now)
