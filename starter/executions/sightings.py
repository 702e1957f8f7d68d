"""What happened to each state of an execution, as pictures show it.

From two sources: the fold of its newest run, which knows every last visit of the chain, and the
events of its runs, which tell attempts, times and errors.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import wire
from pictures import Seen
from starter import clock
from wire import Json
from workflow import Execution
from workflow.graph import Child, Map, Parallel, Task, Wait
from workflow.history import Event, attributes, seconds
from workflow.state import Outcome, Phase, State, Undone, Via, Visit, Work

WAITING = (Via.SIGNAL, Via.TOKEN, Via.TIMER)
TRACED = (Task, Child, Wait)
"""States of which events tell."""

OUTCOMES = {
    Outcome.DONE: "succeeded",
    Outcome.SKIPPED: "skipped",
    Outcome.FAILED: "failed",
    Outcome.CAUGHT: "caught",
    Outcome.ABANDONED: "canceled",
}
WORST = ("retrying", "waiting", "running", "failed")
"""Which outcome stands for many items: the first of these that one of them has, else the newest."""

OPENINGS = {
    "ActivityTaskScheduled": "activityId",
    "LambdaFunctionScheduled": "id",
    "StartChildWorkflowExecutionInitiated": "workflowId",
}
"""What begins an attempt, and the member with its id."""

LINKS = ("scheduledEventId", "initiatedEventId", "startedEventId")


@dataclass
class Trace:
    """What the events tell of one visit."""

    attempts: int = 1
    begun: float | None = None
    ended: float | None = None
    error: str = ""
    """The name of its last error."""


class Traces:
    """What the events of a chain's runs tell, by the entry of the visit."""

    def __init__(self) -> None:
        self.of: defaultdict[int, Trace] = defaultdict(Trace)
        self.last = 0.0
        """The time of the newest event."""

    def take(self, events: Iterable[Event], opened: dict[int, int] | None = None) -> None:
        """Take events of one run, oldest first; runs may come in any order.

        Who takes a run in parts gives the same `opened`, empty at first, with each of them.
        """
        opened = {} if opened is None else opened
        for event in events:
            at, told = seconds(event), attributes(event)
            self.last = max(self.last, at)
            entry = _opens(event["eventType"], told)
            if entry is not None:
                opened[event["eventId"]] = entry
                self._begun(entry, at, _control(told))
            else:
                self._ended(event["eventType"], told, opened, at)

    def _begun(self, entry: int, at: float, control: dict[str, Json]) -> None:
        trace = self.of[entry]
        trace.begun = at if trace.begun is None else min(trace.begun, at)
        trace.attempts = max(trace.attempts, int(control.get("attempt", 1)))

    def _ended(self, kind: str, told: Any, opened: dict[int, int], at: float) -> None:
        if kind in _GO_ON:
            return
        entry = next((opened[told[link]] for link in LINKS if told.get(link) in opened), None)
        if entry is None:
            return
        trace = self.of[entry]
        if trace.ended is None or at >= trace.ended:
            trace.ended, trace.error = at, error_of(kind, told) or trace.error
        else:
            trace.error = trace.error or error_of(kind, told)


_GO_ON = frozenset(
    {
        "ActivityTaskStarted",
        "ChildWorkflowExecutionStarted",
        "DecisionTaskCompleted",
        "LambdaFunctionStarted",
    }
)


def _opens(kind: str, told: Any) -> int | None:
    """The entry of the visit for which an event opens something."""
    if kind == "TimerStarted":
        key = str(_control(told).get("work") or "")
        return int(key[1:]) if key[:1] == "s" and key[1:].isdecimal() else None
    if kind not in OPENINGS or _control(told).get("undo"):
        return None
    name = str(told.get(OPENINGS[kind]))
    if kind == "StartChildWorkflowExecutionInitiated":
        entry = [*name.rsplit(".", 2), "", ""][1]
    else:
        entry = name[1:].partition(".")[0] if name[:1] in ("a", "l") else ""
    return int(entry) if entry.isdecimal() else None


def _control(told: Any) -> dict[str, Json]:
    found = wire.loads(told.get("control"))
    return found if isinstance(found, dict) else {}


def error_of(kind: str, told: Any) -> str:
    """The name of the error that an event tells of; empty where it tells of none."""
    if kind.endswith("TimedOut"):
        return f"timed out: {told.get('timeoutType', '')}".removesuffix(": ")
    if not kind.endswith("Failed"):
        return ""
    details = wire.loads(told.get("details"))
    named = details.get("type") if isinstance(details, dict) else None
    return str(named or str(told.get("reason") or "").partition(":")[0])


# --- one execution ------------------------------------------------------------------------------


class Sightings:
    """The states of an execution as they are, or were when it closed."""

    def __init__(self, execution: Execution, traces: Traces, now: float) -> None:
        """Make them; `now`, in seconds since 1970, is for what is still open."""
        self._execution = execution
        self._state: State = execution.state
        self._traces = traces.of
        self._now = traces.last if self._state.closed else max(now, traces.last)
        self._spans = self._every_span()

    def seen(self) -> dict[str, Seen]:
        """What was seen, by the name of the state."""
        by_name: defaultdict[str, list[Visit]] = defaultdict(list)
        for entry in self._state.latest.values():
            visit = self._state.visits.get(entry)
            if visit is not None:
                by_name[visit.name].append(visit)
        return {name: self._of_state(visits) for name, visits in by_name.items()}

    def _of_state(self, visits: list[Visit]) -> Seen:
        outcomes = {visit.entry: self._outcome(visit) for visit in visits}
        newest = max(visits, key=lambda visit: visit.entry)
        word = next((w for w in WORST if w in outcomes.values()), outcomes[newest.entry])
        telling = max((v for v in visits if outcomes[v.entry] == word), key=lambda v: v.entry)
        spent = [end - begin for begin, end in filter(None, map(self._span, visits))]
        many = len(visits) > 1
        still, failed = self._items(newest)
        if many:
            still = sum(visit.outcome is Outcome.OPEN for visit in visits)
            failed = sum(outcome == "failed" for outcome in outcomes.values())
        return Seen(
            word,
            visits=max(visit.number for visit in visits),
            attempts=max(self._attempts(visit) for visit in visits),
            seconds=sum(spent) if spent else None,
            open=0 if self._state.closed else still,
            failed=failed,
            note=self._note(telling, word),
        )

    def _work(self, visit: Visit) -> Work | None:
        return self._state.works.get(f"s{visit.entry}")

    def _outcome(self, visit: Visit) -> str:
        if visit.outcome is not Outcome.OPEN:
            if visit.outcome is Outcome.DONE and visit.undone is not Undone.NO:
                return "undone" if visit.undone is Undone.YES else "failed"
            return OUTCOMES[visit.outcome]
        if self._state.closed:
            return "canceled"
        work = self._work(visit)
        if work is None:
            return "running"
        if work.via in WAITING:
            return "waiting"
        resting = work.phase in (Phase.BACKOFF, Phase.WAITING) and work.poll is None
        return "retrying" if resting and work.via is not Via.FRAMES else "running"

    def _attempts(self, visit: Visit) -> int:
        work = self._work(visit)
        told = self._traces[visit.entry].attempts if visit.entry in self._traces else 1
        return told if work is None else max(told, work.attempt)

    def _items(self, visit: Visit) -> tuple[int, int]:
        """Of a Map: items that are still at work, and those that failed."""
        if not isinstance(self._graph(visit), Map):
            return 0, 0
        still = visit.left if visit.outcome is Outcome.OPEN else 0
        return still, visit.missed

    def _note(self, visit: Visit, word: str) -> str:
        """The error's name, and when the next try is; or until when it waits."""
        trace = self._traces.get(visit.entry)
        error = trace.error if trace is not None else ""
        if word == "failed" and visit.undone is Undone.FAILED:
            return "could not be undone"
        if word in ("failed", "caught"):
            return error or self._told(visit)
        work = self._work(visit)
        if work is None or self._state.closed:
            return ""
        due = "" if work.due is None else clock.short(work.due, self._now)
        if word == "retrying":
            return ", ".join(part for part in (error, due and f"next try {due}") if part)
        if word == "waiting":
            what = {Via.SIGNAL: f"signal {work.activity}", Via.TOKEN: "task token"}
            return " ".join(
                part for part in (what.get(work.via, ""), due and f"until {due}") if part
            )
        return ""

    def _told(self, visit: Visit) -> str:
        """The error with which the execution, or its rollback, ends because of a visit."""
        failure, rollback = self._state.failure or {}, self._state.rollback
        said = getattr(self._graph(visit), "error", "")

        def is_here(path: Json) -> bool:
            return path == visit.path or str(path).startswith(f"{visit.path}[")

        if rollback is not None and is_here(rollback.failed):
            named = (rollback.told or {}).get("Error")
            return str(named or rollback.error.partition(":")[0])
        if failure and is_here(failure["at"]):
            named = (failure.get("told") or {}).get("Error")
            return str(named or str(failure.get("error") or failure["reason"]).partition(":")[0])
        return str(said)

    def _graph(self, visit: Visit) -> object:
        place = self._execution.definition.places.get(visit.name)
        return None if place is None else place.state

    # --- times ----------------------------------------------------------------------------------

    def _span(self, visit: Visit) -> tuple[float, float] | None:
        return self._spans.get(visit.entry)

    def _every_span(self) -> dict[int, tuple[float, float]]:
        """When each visit began and ended; of composite states from what is within, if need be."""
        found: dict[int, tuple[float, float]] = {}
        for entry in sorted(self._state.visits, reverse=True):
            visit = self._state.visits[entry]
            span = self._own_span(visit)
            if isinstance(self._graph(visit), Parallel | Map) and entry in found:
                begin, end = found[entry]
                span = span or (begin, self._now if visit.outcome is Outcome.OPEN else end)
            if span is None:
                continue
            found[entry] = span
            frame = self._state.frames.get(visit.frame)
            if frame is not None and frame.owner is not None:
                begin, end = found.get(frame.owner, span)
                found[frame.owner] = (min(begin, span[0]), max(end, span[1]))
        return found

    def _own_span(self, visit: Visit) -> tuple[float, float] | None:
        trace = self._traces.get(visit.entry) or Trace()
        begin = visit.entered or trace.begun
        if not begin:
            return None
        if visit.outcome is Outcome.OPEN:
            return begin, max(begin, self._now)
        end = visit.left_at or trace.ended
        return (begin, max(begin, end)) if end else None


def untraced(execution: Execution, traces: Traces) -> bool:
    """Whether the events read so far leave out some last visit of which events tell."""
    state, definition = execution.state, execution.definition
    for entry in state.latest.values():
        visit = state.visits.get(entry)
        place = None if visit is None else definition.places.get(visit.name)
        if place is not None and isinstance(place.state, TRACED) and entry not in traces.of:
            return True
    return False
