"""Simulations of definitions, with this application's policy, and what they show."""

from __future__ import annotations

import time
from dataclasses import dataclass

import process
import published
import wire
from config import Settings
from errors import EndlessError
from pictures import Seen
from runner.engine import Run
from runner.simulation import MOST_EVENTS, Simulation, plan_of, simulate
from runner.timeline import Entry, clock
from starter.executions import timeline
from starter.executions.graphing import Picture
from starter.executions.sightings import Sightings, Traces
from starter.executions.timeline import Bar
from wire import Json
from workflow import Definition, definition_to_json
from workflow.graph import Child, Task, compensation_of

SHOWN_CHARACTERS = 300  # of a value, in a line for people


def simulation(
    settings: Settings,
    definition: Definition,
    input: Json,  # noqa: A002 - as everywhere in this application
    plan: Json,
    *,
    timeout: str | None = None,
    start: float | None = None,
    events: int = MOST_EVENTS,
    entered: int | None = None,
) -> Simulation:
    """Run a definition on the virtual clock; `plan` as `runner.simulation.plan_of` has it.

    `EndlessError` where it writes more than so many `events`, or enters so many states.
    """
    outcomes, signals = plan_of(plan)
    try:
        return simulate(
            definition,
            input,
            outcomes,
            signals=signals,
            definitions=published.find,
            policy=process.policy_of(settings),
            timeout=None if timeout in (None, "NONE") else float(timeout),
            start=time.time() if start is None else start,
            events=events,
            entered=entered,
        )
    except OverflowError as error:  # it waits past the end of the calendar
        raise EndlessError(f"this does not come to an end: {error}") from error


def asked(definition: Definition) -> list[str]:
    """The steps that ask for an outcome, then the activities that undo, each once."""
    places = definition.places
    steps = [name for name, place in places.items() if isinstance(place.state, Task | Child)]
    undoing = [compensation_of(place.state) for place in places.values()]
    last = [definition.rollback.step, definition.rollback.transaction]
    return list(dict.fromkeys([*steps, *filter(None, [*undoing, *last])]))


# --- what it shows ------------------------------------------------------------------------------


def picture(found: Simulation) -> Picture:
    """Its definition, coloured by what happened."""
    run = found.run
    title = f"{run.definition.name} {run.definition.version} · {found.state}"
    return Picture(definition_to_json(run.definition), title, _seen(run))


def _seen(run: Run) -> dict[str, Seen]:
    traces = Traces()
    for history in run.histories:
        traces.take(history.events)
    return Sightings(run.execution, traces, run.engine.clock.now()).seen()


def bars(found: Simulation) -> list[Bar]:
    """When each visit was worked on and when it waited; times are seconds since 1970."""
    spans = timeline.Spans()
    for history in found.run.histories:
        spans.take(history.events)
    return timeline.bars(found.run.execution, spans, found.run.engine.clock.now())


@dataclass(frozen=True)
class Line:
    """One thing that happened, for people."""

    at: str
    """Virtual time since the start."""
    workflow_id: str
    """Of a child; empty for the execution itself."""
    where: str
    what: str
    detail: str
    value: str


def lines(found: Simulation, most: int) -> list[Line]:
    """The first of what happened, in that order."""
    return [_line(entry, found.run.workflow_id) for entry in found.timeline[:most]]


def _line(entry: Entry, own: str) -> Line:
    where = f"{entry.undo} of {entry.step}" if entry.undo else (entry.step or "")
    attempt = f" (attempt {entry.attempt})" if (entry.attempt or 1) > 1 else ""
    value = "" if entry.value in (None, {}) else wire.cut(wire.dumps(entry.value), SHOWN_CHARACTERS)
    child = "" if entry.workflow_id == own else entry.workflow_id
    return Line(clock(entry.at), child, where + attempt, entry.what, entry.detail, value)
