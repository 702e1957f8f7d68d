"""What an execution costs, and how near it comes to every limit.

What happened is counted in the histories.  What is left, or a whole process that has not run, is
simulated: the core decides as it would on SWF, on the engine in-process and its virtual clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypedDict

import process
import published
import wire
from config import YEAR_SECONDS, Settings
from errors import InvalidInputError
from runner import Completed, Engine, Failed, Outcome, Run, Task, VirtualClock
from runner.adopting import adopt
from runner.history import Event
from starter import runs
from starter.costs import prices
from starter.costs.prices import Dollars, Units
from starter.costs.tallies import Attempt, Tally
from starter.costs.unrolling import ITEMS, Unrolled
from starter.executions import replays
from swf_client import SwfClient
from wire import Json
from workflow import Definition, Fact, places
from workflow.answers import TASK_SUCCESS
from workflow.graph import ALL_ERRORS, TASK_FAILED
from workflow.graph import State as GraphState
from workflow.history import attributes, seconds

MOST_EVENTS = 2_000_000  # of what is simulated: more is taken for endless
RETENTION_DAYS = 30.0

EVENTS_LIMIT = 25_000  # SWF's quotas, from here on
OPEN_LIMIT = 1_000
EXECUTIONS_LIMIT = 100_000


@dataclass(frozen=True)
class Assumed:
    """What is taken for granted where nothing is known."""

    retries: int = 0
    """Failed attempts of every activity, as far as its retries allow."""
    items: int = 10
    """Items of every map."""
    turns: int = 1
    """How often every way back is taken."""
    seconds: float = 1.0
    """That every activity takes."""
    characters: int = 200
    """Of every activity's result."""
    retention_days: float = RETENTION_DAYS
    """How long closed runs are kept: the domain's retention."""
    per_month: int = 1
    """Executions a month, for the monthly price and what is open at once."""


class Limit(TypedDict):
    """How near something comes to a limit of SWF."""

    name: str
    most: float
    limit: float
    left: float
    note: str


class Counts(TypedDict):
    """Events, calls and units of a part of an execution."""

    runs: int
    events: int
    calls: dict[str, int]
    units: Units
    dollars: Dollars


class Forecast(TypedDict):
    """What an execution costs, and how near it comes to every limit."""

    workflow_id: str | None
    type: str
    version: str
    ends: str
    """How what is left was taken to end: `COMPLETED`, `WAITING`, ..."""
    happened: Counts | None
    """So far; None for a definition."""
    left: Counts | None
    """Estimated; None for a definition, and for an execution that has closed."""
    total: Counts
    limits: list[Limit]
    per_month: int
    dollars_per_month: Dollars
    prices_of: str
    """The date of the price list."""
    assumed: dict[str, Json]


# --- a definition -------------------------------------------------------------------------------


def of_definition(
    settings: Settings,
    definition: Definition,
    assumed: Assumed,
    input: Json = None,  # noqa: A002
) -> Forecast:
    """What one execution of a definition costs, on the longest way through it."""
    worker = _Worker(assumed, settings)
    way = worker.unrolled(definition)
    value = dict(input) if isinstance(input, dict) else {"input": input}
    value[ITEMS] = list(range(assumed.items))
    engine = Engine(worker, clock=VirtualClock(), definitions=worker.child, listener=_Answers())
    run = engine.start(way, value, policy=process.policy_of(settings))
    engine.run(events=MOST_EVENTS)
    total = _tally(engine)
    return _forecast(Subject(definition, None, run.ended.state), total, assumed)


class _Worker:
    """Everything works after so many failures, and takes its time."""

    def __init__(self, assumed: Assumed, settings: Settings) -> None:
        self._assumed = assumed
        self._attempts = process.policy_of(settings).max_attempts
        self._result = {"_": "x" * max(0, assumed.characters - 8)}
        self._known: dict[str, Definition] = {}

    def __call__(self, task: Task) -> Outcome | None:
        if task.is_child:
            return None if task.child is not None else Completed(self._result)
        retries, error = self._retries(task)
        if not task.undo and task.attempt <= min(self._assumed.retries, retries):
            return Failed(f"{error}: a failure", after=self._assumed.seconds)
        return Completed(self._result, after=self._assumed.seconds)

    def unrolled(self, definition: Definition) -> Definition:
        """The way through a definition, which is remembered for its retries."""
        return self.remember(Unrolled(definition, self._assumed.turns).definition())

    def diverted(self, run: Run) -> Definition:
        """The way that is left to an execution of States Language, which nobody's data tell."""
        return self.remember(Unrolled(run.definition, self._assumed.turns).rest_of(run.execution))

    def remember(self, definition: Definition) -> Definition:
        """Keep a definition, for what its steps say about retries."""
        self._known[definition.name] = definition
        return definition

    def child(self, name: str, version: str) -> Definition | None:
        """The way through a child's definition."""
        found = published.find(name, version)
        return None if found is None else self.unrolled(found)

    def _retries(self, task: Task) -> tuple[int, str]:
        definition = self._known.get(task.process)
        place = None
        if definition is not None:
            place = definition.places.get(places.name_of(task.path))
        if place is None:
            return self._attempts - 1, ASSUMED
        return _retries(place.state, self._attempts)


ASSUMED = "Assumed"
"""The error that is made, where a retry does not name others."""


def _retries(state: GraphState, attempts: int) -> tuple[int, str]:
    """How often a step is tried again, and after which error."""
    settings = getattr(state, "settings", None)
    if settings is None or settings.retry is None:
        return attempts - 1, ASSUMED
    rules = [rule for rule in settings.retry if ALL_ERRORS in rule.errors] or settings.retry
    if not rules:
        return 0, ASSUMED
    named = rules[0].errors[0]
    return rules[0].retries, ASSUMED if named in (ALL_ERRORS, TASK_FAILED) else named


@dataclass
class _Answers:
    """Sends each signal that a step waits for, as soon as it does."""

    sent: set[tuple[str, str]] = field(default_factory=set)

    def event(self, run: Run, event: Event) -> None:
        """Nothing to do."""

    def fact(self, run: Run, fact: Fact) -> None:
        """Answer a step that waits."""
        if fact.kind == "waiting":
            answer(run, fact.fields["signal"], fact.fields["step"])


def answer(run: Run, signal: str, path: str) -> None:
    """Send the signal that a step waits for, or the answer to its task token."""
    if signal == TASK_SUCCESS:
        told = {"token": run.execution.token_of(path), "output": {"assumed": True}}
        run.engine.signal(run.workflow_id, signal, told)
    else:
        run.engine.signal(run.workflow_id, signal, {"step_name": path, "assumed": True})


# --- an execution -------------------------------------------------------------------------------


def of_execution(client: SwfClient, workflow_id: str, run_id: str, assumed: Assumed) -> Forecast:
    """What the chain of runs that holds `run_id` has cost, and will in all."""
    members = runs.chain(client, workflow_id, run_id)
    histories = [replays.events_of(client, workflow_id, member) for member in members]
    return of_runs(client, workflow_id, members[-1], histories, assumed)


def of_runs(
    client: SwfClient,
    workflow_id: str,
    run_id: str,
    histories: list[list[Event]],
    assumed: Assumed,
) -> Forecast:
    """The same of runs that were read already, oldest first; `run_id` is the last one's."""
    kind = attributes(histories[-1][0])["workflowType"]
    definition = replays.needed_definition({"workflowType": kind})
    happened, total = Tally(), Tally()
    for events in histories:
        happened.add(events)
    last = replays.folded(client, definition, histories[-1], workflow_id, run_id)
    happened.transitions(last.state.entries, _tried(histories))
    if last.state.closed:
        state = last.state.closed
        return _forecast(
            Subject(definition, workflow_id, state), happened, assumed, happened=happened
        )
    left, state = _rest(client, definition, histories, workflow_id, assumed)
    _add(total, happened, left)
    subject = Subject(definition, workflow_id, state)
    return _forecast(subject, total, assumed, happened=happened, left=left)


def _rest(
    client: SwfClient,
    definition: Definition,
    histories: list[list[Event]],
    workflow_id: str,
    assumed: Assumed,
) -> tuple[Tally, str]:
    """What is left of an open chain of runs, if everything works."""
    events = histories[-1]
    worker = _Worker(assumed, client.settings)
    worker.remember(definition)
    now = max(seconds(event) for event in events)
    engine = Engine(worker, clock=VirtualClock(now), definitions=worker.child, listener=_Answers())
    engine.contents = lambda reference: wire.loads(client.payloads.get(reference))
    policy = process.policy_of(client.settings)
    run = adopt(engine, definition, events, workflow_id=workflow_id, policy=policy)
    for signal, path in run.execution.waits_for:
        answer(run, signal, path)
    if definition.by_document:
        run.definition = worker.diverted(run)
        run.execution.divert(run.definition, {ITEMS: list(range(assumed.items))})
    engine.run(events=MOST_EVENTS)
    return _tally(engine, Before(run, len(events), _tried(histories))), run.ended.state


@dataclass(frozen=True)
class Before:
    """What had happened to a run before it was taken over."""

    run: Run | None = None
    events: int = 0
    tried: frozenset[Attempt] = frozenset()


def _tally(engine: Engine, before: Before | None = None) -> Tally:
    """What the engine's runs hold; of one that was taken over, what came since."""
    tally = Tally()
    for party in engine.runs.values():
        if not isinstance(party, Run):
            continue
        known = before if before is not None and before.run is party else Before()
        for index, history in enumerate(party.histories):
            tally.add(history.events, after=0 if index else known.events)
        first, *others = [history.events for history in party.histories]
        tried = _tried([first[known.events :], *others]) - known.tried
        entered = party.execution.state.entries - party.entries_adopted
        tally.transitions(entered, tried)
    return tally


def _tried(histories: list[list[Event]]) -> frozenset[Attempt]:
    """Attempts at states and their undoing that were made by activities, functions or children."""
    found: set[Attempt] = set()
    for events in histories:
        for event in events:
            if event["eventType"] in _ASKING:
                told = wire.loads(attributes(event).get("control"))
                if isinstance(told, dict):
                    found.add(Attempt(**{name: told.get(name) for name in Attempt._fields}))
    return frozenset(found)


_ASKING = (
    "ActivityTaskScheduled",
    "LambdaFunctionScheduled",
    "StartChildWorkflowExecutionInitiated",
)


def _add(total: Tally, happened: Tally, left: Tally) -> None:
    total.types = happened.types + left.types
    total.calls = happened.calls + left.calls
    total.runs = happened.runs + left.runs
    total.longest = max(happened.longest, left.longest)
    total.peaks = happened.peaks | left.peaks
    total.characters = max(happened.characters, left.characters)
    total.entered = happened.entered + left.entered
    total.begun = happened.begun
    total.ended = max(happened.ended, left.ended)
    total.run_days = happened.run_days + left.run_days


# --- the whole ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Subject:
    """What a forecast is about, and how it was taken to end."""

    definition: Definition
    workflow_id: str | None
    ends: str


def _forecast(
    subject: Subject,
    total: Tally,
    assumed: Assumed,
    *,
    happened: Tally | None = None,
    left: Tally | None = None,
) -> Forecast:
    counts = _counts(total, assumed)
    each = counts["dollars"]
    express = each["step_functions_express"]
    monthly = Dollars(
        swf=round(each["swf"] * assumed.per_month, 6),
        swf_with_decision_tasks=round(each["swf_with_decision_tasks"] * assumed.per_month, 6),
        step_functions_standard=round(each["step_functions_standard"] * assumed.per_month, 6),
        step_functions_express=None if express is None else round(express * assumed.per_month, 6),
    )
    return Forecast(
        workflow_id=subject.workflow_id,
        type=subject.definition.name,
        version=subject.definition.version,
        ends=subject.ends,
        happened=None if happened is None else _counts(happened, assumed),
        left=None if left is None else _counts(left, assumed),
        total=counts,
        limits=_limits(total, assumed),
        per_month=assumed.per_month,
        dollars_per_month=monthly,
        prices_of=str(prices.prices()["date"]),
        assumed={name: getattr(assumed, name) for name in assumed.__dataclass_fields__},
    )


def _counts(tally: Tally, assumed: Assumed) -> Counts:
    units = tally.units(assumed.retention_days)
    return Counts(
        runs=tally.runs,
        events=tally.events,
        calls=dict(sorted(tally.calls.items())),
        units=units,
        dollars=prices.dollars(units),
    )


def _limits(tally: Tally, assumed: Assumed) -> list[Limit]:
    open_at_once = max(1.0, assumed.per_month * tally.seconds / (30 * prices.DAY_SECONDS))
    open_at_once *= 1 + tally.peaks["children"]
    found = [
        ("events of the longest run", tally.longest, EVENTS_LIMIT, "continues as new from 8,000"),
        ("activities open at once", tally.peaks["activities"], OPEN_LIMIT, _QUEUED),
        ("timers open at once", tally.peaks["timers"], OPEN_LIMIT, _QUEUED),
        ("children open at once", tally.peaks["children"], OPEN_LIMIT, _QUEUED),
        ("characters of the longest text", tally.characters, wire.PAYLOAD_CHARACTERS, _STORED),
        ("executions open at once", round(open_at_once, 1), EXECUTIONS_LIMIT, "of the domain"),
        ("seconds of the longest run", tally.seconds, YEAR_SECONDS, "a year"),
    ]
    return [
        Limit(name=name, most=most, limit=limit, left=round(limit - most, 3), note=note)
        for name, most, limit, note in found
    ]


_QUEUED = "more than 900 wait in the core"
_STORED = "longer ones are kept outside, by reference"


def checked(assumed: Assumed) -> Assumed:
    """The assumptions, if they can be; `InvalidInputError` names the one that cannot."""
    bounds = {
        "retries": 100,
        "items": 100_000,
        "turns": 10_000,
        "seconds": YEAR_SECONDS,
        "characters": 1_000_000,
        "retention_days": 90,
        "per_month": 10**12,
    }
    for name, most in bounds.items():
        if not 0 <= getattr(assumed, name) <= most:
            raise InvalidInputError(f"{name.replace('_', ' ')}: from 0 to {most:,}")
    return assumed
