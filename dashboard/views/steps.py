"""One step of an execution: what a click on its node shows."""

from __future__ import annotations

from dataclasses import dataclass

from starter.executions.attempts import Attempt, attempts
from starter.executions.readings import Reading
from starter.executions.scenes import Row, Scene
from wire import Json
from workflow import places
from workflow.state import Outcome

SHOWN_ATTEMPTS = 20
TROUBLE = ("failed", "retrying", "undoing")
"""Outcomes of steps that a person wants to see first."""


@dataclass(frozen=True)
class Panel:
    """What is told of a step."""

    name: str
    row: Row | None
    """None where nothing is known of it."""
    attempts: list[Attempt]
    """The newest ones, newest first."""
    left_out: int
    paths: list[str]
    """Where it is live."""
    result: Json


def panel(reading: Reading, scene: Scene, name: str) -> Panel:
    """What is told of the step of that name."""
    found = attempts(reading, name)[::-1]
    row = next((row for row in scene.rows if row.name == name), None)
    return Panel(
        name,
        row,
        found[:SHOWN_ATTEMPTS],
        max(0, len(found) - SHOWN_ATTEMPTS),
        live_paths(reading, name),
        results(reading).get(name),
    )


def troubled(scene: Scene) -> str:
    """The step that failed or is tried again, the innermost one; empty where all goes well."""
    rows = [row for row in scene.rows if row.outcome in TROUBLE]
    found = max(rows, key=lambda row: (-TROUBLE.index(row.outcome), row.depth), default=None)
    return "" if found is None else found.name


def live_paths(reading: Reading, name: str) -> list[str]:
    """The paths at which an execution is, that end in a step."""
    if reading.execution is None or reading.execution.state.closed:
        return []
    visits = reading.execution.state.visits.values()
    return [v.path for v in visits if v.outcome is Outcome.OPEN and places.name_of(v.path) == name]


def results(reading: Reading) -> dict[str, Json]:
    """The last result of each step that has one and is no item of a map, by path."""
    if reading.execution is None:
        return {}
    state, found = reading.execution.state, {}
    for entry in sorted(state.latest.values()):
        visit = state.visits.get(entry)
        if visit is not None and visit.outcome in (Outcome.DONE, Outcome.SKIPPED):
            found[visit.path] = _content(reading, visit.result)
    return {path: value for path, value in found.items() if value is not None}


def _content(reading: Reading, value: Json) -> Json:
    """A result, read from where it is kept if it is kept elsewhere."""
    return reading.resolved(value)
