"""What must hold afterwards, whatever happened: each breach is a violation.

It looks at nothing but histories, the rows and lines that activities left, and what was
acknowledged to people.
"""

from __future__ import annotations

import json
import traceback
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from activities.context import KEYS
from starter import runs
from tests.contract.local_swf.history_rules import check_decision_tasks, check_links
from tests.unit.core import promises
from tests.unit.core.promises import Told
from workflow import Definition
from workflow.checking import check
from workflow.history import attributes, seconds
from workflow.machine import Contents, no_content

Event = dict[str, Any]
Effect = tuple[str, str, int]
"""Start id, path and visit of what was written."""

NOTIFYING = "NotifyCompletion"


@dataclass(frozen=True)
class Violation:
    """A promise that was not kept."""

    kind: str
    workflow_id: str
    what: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.workflow_id}: {self.what}"


@dataclass
class Run:
    """One run as SWF tells of it."""

    run_id: str
    definition: Definition
    events: Sequence[Event]

    @property
    def status(self) -> str:
        """How it closed; OPEN otherwise."""
        return runs.CLOSINGS.get(self.events[-1]["eventType"], "OPEN") if self.events else "OPEN"


@dataclass
class Life:
    """All runs of one workflow id, oldest first, and what its activities left."""

    workflow_id: str
    runs: list[Run]
    rows: Counter[tuple[str, Effect]] = field(default_factory=Counter)
    """How many, by table and effect."""
    lines: Counter[str] = field(default_factory=Counter)
    """Of the outbox, by key."""
    started: str | None = None
    """Run id that was acknowledged to whoever started it."""
    there: bool = False
    """Whether a start was refused because it was there."""
    signals: Sequence[tuple[str, str]] = ()
    """Run id and request id of each acknowledged signal."""
    resumes: Sequence[tuple[str, str]] = ()
    """The same of each resume that made a new run."""
    endings: frozenset[str] | None = None
    """How the last run may have closed; None where nobody can know."""
    contents: Contents = no_content


ROWS_EACH = {"orders": 1}
"""How many rows a visit leaves in each table; in others as many as `rows_each` says."""


def violations(life: Life, *, writing: Mapping[str, str], rows_each: int) -> list[Violation]:
    """Every breach in the life of one workflow id.

    `writing` has the table that each writing activity writes to; a visit leaves `rows_each` rows.
    """
    if not life.runs:
        lost = "a start was acknowledged, or refused for what is there, and there is no run"
        is_lost = life.started is not None or life.there
        return [Violation("lost", life.workflow_id, lost)] if is_lost else []
    found = [*_of_start(life), *_of_ending(life)]
    for number, run in enumerate(life.runs):
        found += _of_history(life, run)
        found += _of_order(life, number)
    if any(item.kind in ("stuck", "history") for item in found):
        return found  # what follows leans on whole histories
    chain = Chain(life)
    diverged = list(_of_decisions(life))
    found += diverged
    if not diverged:
        found += _of_state(life, chain)
    found += _of_saga(life, chain)
    found += _of_signals(life, chain)
    found += _of_effects(life, chain, writing, rows_each)
    found += _of_outbox(life, chain)
    return found


class Chain:
    """The runs as the promises of the core want them."""

    def __init__(self, life: Life) -> None:
        self.signals: dict[str, int] = {}
        self.runs = [_told(life, run) for run in life.runs]

    def markers(self, name: str) -> list[Any]:
        """Details of the markers of a name, in all runs."""
        return promises.markers(self, name)


def _told(life: Life, run: Run) -> Told:
    ids = {"start_id": run.run_id, "workflow_id": life.workflow_id, "contents": life.contents}
    return Told(run.events, run.definition, **ids)


def _asserted(kind: str, life: Life, claim: Callable[[], object]) -> Iterator[Violation]:
    """What an assertion says, as a violation."""
    try:
        claim()
    except (AssertionError, KeyError, IndexError) as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        yield Violation(kind, life.workflow_id, f"{str(error) or last.line} (in {last.name})")


# --- starts, endings, order ---------------------------------------------------------------------


def _of_start(life: Life) -> Iterator[Violation]:
    if life.started is not None and life.started not in {run.run_id for run in life.runs}:
        yield Violation("lost", life.workflow_id, f"run {life.started} was acknowledged")
    for run_id, request_id in life.resumes:
        if run_id not in {run.run_id for run in life.runs}:
            yield Violation("lost", life.workflow_id, f"resume {request_id} made run {run_id}")


def _of_ending(life: Life) -> Iterator[Violation]:
    last = life.runs[-1]
    for run in life.runs:
        if run.status == "OPEN":
            at = last.events[-1]["eventType"] if last.events else "no event"
            yield Violation("stuck", life.workflow_id, f"run {run.run_id} is open after {at}")
    allowed = life.endings
    if allowed is not None and last.status not in allowed | {"OPEN"}:
        wanted = " or ".join(sorted(allowed))
        yield Violation("ending", life.workflow_id, f"{last.status} instead of {wanted}")


def _of_order(life: Life, number: int) -> Iterator[Violation]:
    """All runs are of one start, and each continues the one before it."""
    run = life.runs[number]
    if not run.events or run.events[0]["eventType"] != "WorkflowExecutionStarted":
        return
    origin = runs.origin_of(run.events[0], run.run_id)
    before = life.runs[number - 1] if number else None
    if origin.previous_run_id != (before.run_id if before else None):
        what = f"run {run.run_id} continues {origin.previous_run_id}"
        yield Violation("started twice", life.workflow_id, what)
    if before and run.events[0]["eventTimestamp"] < before.events[-1]["eventTimestamp"]:
        yield Violation("history", life.workflow_id, "time goes back from one run to the next")
    if before and origin.start_id != runs.origin_of(before.events[0], before.run_id).start_id:
        yield Violation("started twice", life.workflow_id, "runs of two starts")


# --- histories ----------------------------------------------------------------------------------


def _of_history(life: Life, run: Run) -> Iterator[Violation]:
    events = run.events
    ids = [event["eventId"] for event in events]
    if ids != list(range(1, len(ids) + 1)):
        yield Violation("history", life.workflow_id, "event ids are not 1, 2, 3")
        return
    times = [event["eventTimestamp"] for event in events]
    if times != sorted(times):
        yield Violation("history", life.workflow_id, "time goes back")
    closes = [event["eventId"] for event in events if event["eventType"] in runs.CLOSINGS]
    if closes and closes != ids[-1:]:
        yield Violation("history", life.workflow_id, f"it closes at events {closes} of {len(ids)}")
    types = {event["eventId"]: event["eventType"] for event in events}
    yield from _asserted("history", life, lambda: [check_links(e, types) for e in events])
    yield from _asserted("history", life, lambda: check_decision_tasks(list(events)))
    yield from _of_tasks(life, events)
    yield from _of_times(life, events)


_ENDS = ("Completed", "Failed", "TimedOut", "Canceled")


def _of_tasks(life: Life, events: Sequence[Event]) -> Iterator[Violation]:
    """What was scheduled is started once and ends once."""
    for kinds in (
        tuple(f"ActivityTask{end}" for end in _ENDS),
        ("ActivityTaskStarted",),
        ("TimerFired", "TimerCanceled"),
        ("DecisionTaskStarted",),
    ):
        member = "startedEventId" if kinds[0].startswith("Timer") else "scheduledEventId"
        found = Counter(attributes(e)[member] for e in events if e["eventType"] in kinds)
        for number, times in found.items():
            if times > 1:
                what = f"event {number} has {times} of {' or '.join(kinds)}"
                yield Violation("history", life.workflow_id, what)


_LIMITS = {
    ("ActivityTaskTimedOut", "START_TO_CLOSE"): ("startedEventId", "startToCloseTimeout"),
    ("ActivityTaskTimedOut", "SCHEDULE_TO_START"): ("scheduledEventId", "scheduleToStartTimeout"),
    ("ActivityTaskTimedOut", "SCHEDULE_TO_CLOSE"): ("scheduledEventId", "scheduleToCloseTimeout"),
    ("DecisionTaskTimedOut", "START_TO_CLOSE"): ("startedEventId", "startToCloseTimeout"),
    ("DecisionTaskTimedOut", "SCHEDULE_TO_START"): ("scheduledEventId", "scheduleToStartTimeout"),
    ("TimerFired", None): ("startedEventId", "startToFireTimeout"),
}
"""What may not come before its time: the event that it counts from, and the limit's name."""


def _of_times(life: Life, events: Sequence[Event]) -> Iterator[Violation]:
    """No timer fires and nothing times out too early, whatever clocks do."""
    for event in events:
        told = attributes(event)
        limit = _LIMITS.get((event["eventType"], told.get("timeoutType")))
        if limit is None:
            continue
        since, name = limit
        asked = told.get("scheduledEventId", told["startedEventId"])
        wanted = attributes(events[asked - 1]).get(name, "NONE")
        took = round(seconds(event) - seconds(events[told[since] - 1]), 3)
        if wanted != "NONE" and took < float(wanted):
            what = f"{event['eventType']} {event['eventId']} came after {took} s of {wanted}"
            yield Violation("early", life.workflow_id, what)


def _of_decisions(life: Life) -> Iterator[Violation]:
    """The definition, asked anew, decides what was decided."""
    for run in life.runs:
        found = check(
            run.events, run.definition,
            start_id=run.run_id, workflow_id=life.workflow_id, contents=life.contents,
        )  # fmt: skip
        for divergence in found.divergences:
            yield Violation("decision", life.workflow_id, str(divergence))
        if found.blocked:
            yield Violation("decision", life.workflow_id, f"blocked: {found.blocked}")


# --- signals ------------------------------------------------------------------------------------


def _of_signals(life: Life, chain: Chain) -> Iterator[Violation]:
    arrived = {
        (run.run_id, request_id)
        for run, told in zip(life.runs, chain.runs, strict=True)
        for _, request_id in promises.requests_of(told)
    }
    for key in life.signals:
        if key not in arrived:
            yield Violation("signal lost", life.workflow_id, f"{key[1]} is not in run {key[0]}")
    answers = Counter(
        (number if marker["request_id"].startswith("event-") else -1, marker["request_id"])
        for number, run in enumerate(chain.runs)
        for marker in run.markers("SIGNAL_HANDLED")
    )
    for (_, request_id), times in answers.items():
        if times > 1:
            yield Violation("signal twice", life.workflow_id, f"{request_id} acted {times} times")
    answered = {request_id for _, request_id in answers}
    for _, request_id in sorted(arrived):
        if request_id not in answered:
            yield Violation("signal unanswered", life.workflow_id, request_id)


# --- the saga -----------------------------------------------------------------------------------


def _of_saga(life: Life, chain: Chain) -> Iterator[Violation]:
    undone = Counter((m["step"], m["visit"]) for m in chain.markers("STEP_COMPENSATED"))
    for (step, visit), times in undone.items():
        if times > 1:
            what = f"visit {visit} of {step} was undone {times} times"
            yield Violation("compensation", life.workflow_id, what)
    yield from _asserted("visits", life, lambda: promises.check_visits(chain))
    last = life.runs[-1]
    if last.status == "FAILED" and last.definition.document is None:
        yield from _of_failure(life, chain, last)


def _of_state(life: Life, chain: Chain) -> Iterator[Violation]:
    """What the core, asked anew, says of the end."""
    state = chain.runs[-1].execution().state
    yield from _asserted("compensation", life, lambda: promises.check_undoing(chain, state))
    yield from _asserted("visits", life, lambda: promises.check_results(state))


def _of_failure(life: Life, chain: Chain, last: Run) -> Iterator[Violation]:
    """A failed execution has undone everything, or says what is not."""
    failed = {(m["step"], m["visit"]) for m in chain.markers("COMPENSATION_FAILED")}
    undone = {(m["step"], m["visit"]) for m in chain.markers("STEP_COMPENSATED")}
    for step, visit in sorted(promises.effects(chain) - failed - undone):
        what = f"visit {visit} of {step} is neither undone nor named"
        yield Violation("compensation", life.workflow_id, what)
    details = json.loads(attributes(last.events[-1]).get("details") or "{}")
    named = {(i["step"], i["visit"]) for i in details.get("not_compensated", ())}
    for step, visit in sorted((failed - undone) - named):
        what = f"visit {visit} of {step} could not be undone, and the end does not say so"
        yield Violation("compensation", life.workflow_id, what)


# --- effects ------------------------------------------------------------------------------------


@dataclass
class _Step:
    """What histories say of the visits of one path."""

    begun: set[int] = field(default_factory=set)
    done: set[int] = field(default_factory=set)
    undone: int = 0
    doubtful: int = 0
    """The highest visit of which an undo was begun: its rows may be gone."""


def _steps(life: Life, chain: Chain, activities: frozenset[str]) -> dict[str, _Step]:
    found: dict[str, _Step] = {}
    for run in chain.runs:
        writes = {
            event["eventId"]: run.attempts[event["eventId"]]
            for event in run.events
            if event["eventType"] == "ActivityTaskScheduled"
            and attributes(event)["activityType"]["name"] in activities
        }
        for event in run.events:
            control = writes.get(attributes(event).get("scheduledEventId", 0))
            if control is None or control.get("undo"):
                continue
            step = found.setdefault(control["path"], _Step())
            if event["eventType"] == "ActivityTaskStarted":
                step.begun.add(control["visit"])
            elif event["eventType"] == "ActivityTaskCompleted":
                step.done.add(control["visit"])
        for control in run.attempts.values():
            if control.get("undo") and control["path"] in found:
                step = found[control["path"]]
                step.doubtful = max(step.doubtful, control["visit"])
    for marker in chain.markers("STEP_COMPENSATED"):
        if marker["step"] in found:
            step = found[marker["step"]]
            step.undone = max(step.undone, marker["visit"])
    return found


def _of_effects(
    life: Life, chain: Chain, writing: Mapping[str, str], rows_each: int
) -> Iterator[Violation]:
    start_id = _start_id(life)
    for table, (start, path, visit) in life.rows:
        if start != start_id:
            what = f"{table} has rows of a start {start} for visit {visit} of {path}"
            yield Violation("effect", life.workflow_id, what)
    for table in sorted(set(writing.values())):
        names = frozenset(name for name, where in writing.items() if where == table)
        steps = _steps(life, chain, names)
        for path in sorted({effect[1] for where, effect in life.rows if where == table}):
            steps.setdefault(path, _Step())
        for path, step in steps.items():
            there = {
                effect[2]: count
                for (where, effect), count in life.rows.items()
                if where == table and effect[:2] == (start_id, path)
            }
            each = ROWS_EACH.get(table, rows_each)
            for what in _wrong(path, step, there, each):
                yield Violation("effect", life.workflow_id, what)


def _wrong(path: str, step: _Step, there: Mapping[int, int], each: int) -> Iterator[str]:
    """What is wrong with the rows of a path, `there` by visit."""
    done = max(step.done, default=0)
    if not there and done > max(step.undone, step.doubtful):
        yield f"visit {done} of {path} is done, and its rows are not there"
    if len(there) > 1:
        yield f"{path} has rows of visits {sorted(there)}"
    for visit, count in there.items():
        if count != each:
            yield f"visit {visit} of {path} left {count} rows instead of {each}"
        if visit <= step.undone:
            yield f"visit {visit} of {path} was undone, and its rows are there"
        if visit not in step.begun:
            yield f"visit {visit} of {path} was never begun, and its rows are there"
        if visit < done:
            yield f"{path} has rows of visit {visit}, and visit {done} is done"


def _of_outbox(life: Life, chain: Chain) -> Iterator[Violation]:
    step = _steps(life, chain, frozenset({NOTIFYING})).get(NOTIFYING, _Step())
    start_id = _start_id(life)
    keys = {
        str(uuid.uuid5(KEYS, json.dumps([life.workflow_id, start_id, NOTIFYING, visit]))): visit
        for visit in step.begun
    }
    for key, times in life.lines.items():
        if key not in keys:
            yield Violation("outbox", life.workflow_id, f"message {key} is of no visit")
        if times > 1:
            yield Violation("outbox", life.workflow_id, f"message {key} was sent {times} times")
    for key, visit in keys.items():
        if visit in step.done and not life.lines[key]:
            yield Violation("outbox", life.workflow_id, f"visit {visit} is done without a message")


def _start_id(life: Life) -> str:
    return runs.origin_of(life.runs[0].events[0], life.runs[0].run_id).start_id


# --- figures ------------------------------------------------------------------------------------


def figures(life: Life) -> Counter[str]:
    """What happened in a life, counted."""
    found: Counter[str] = Counter()
    for run in life.runs:
        told = _told(life, run)
        types = Counter(event["eventType"] for event in run.events)
        found["runs"] += 1
        found["events"] += len(run.events)
        found["retries"] += sum(control.get("attempt", 1) > 1 for control in told.attempts.values())
        found["timeouts"] += types["ActivityTaskTimedOut"] + types["DecisionTaskTimedOut"]
        found["continued as new"] += types["WorkflowExecutionContinuedAsNew"]
        found["resumes"] += len(told.markers("RESUMED"))
        found["rollbacks"] += len(told.markers("ROLLBACK_COMPLETED"))
        found["compensations"] += len(told.markers("STEP_COMPENSATED"))
        found["signals"] += types["WorkflowExecutionSignaled"]
    found[f"ended {life.runs[-1].status}" if life.runs else "not there"] += 1
    return found
