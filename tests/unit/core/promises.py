"""What holds for every execution that is closed, by its histories: the saga's promise above all."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from workflow import Definition, Execution
from workflow.checking import check
from workflow.graph import compensation_of
from workflow.history import attributes
from workflow.places import name_of
from workflow.state import Mode, Outcome, State, Undone

COMPARED = 12  # decisions of a run at most, at which the whole history is read

BETWEEN = frozenset({"CHILD_CLOSED", "REPORT_TO_PARENT", "TASK_HEARTBEAT"})
"""Signals of other executions, and of those who hold task tokens, which nobody answers."""


class Run(Protocol):
    """One run of the chain."""

    events: list[dict[str, Any]]
    definition: Definition
    attempts: Mapping[int, dict[str, Any]]
    """What was scheduled, by event id: its control."""

    def execution(self) -> Execution:
        """The whole history, folded."""

    def markers(self, name: str) -> list[Any]:
        """Details of the markers of a name."""

    def types(self) -> list[str]:
        """Types of the events, in order."""


class Chain(Protocol):
    """The runs of one execution."""

    signals: Mapping[str, int]
    """How often each request id was sent."""

    @property
    def runs(self) -> Sequence[Run]:
        """Oldest first."""


class Told:
    """A run of which only the history is there."""

    def __init__(self, events: Sequence[Any], definition: Definition, **more: Any) -> None:
        self.events = list(events)
        self.definition = definition
        self.attempts = {
            event["eventId"]: json.loads(attributes(event)["control"])
            for event in self.events
            if event["eventType"] == "ActivityTaskScheduled"
        }
        self._more = more

    def begun(self) -> Execution:
        return Execution(self.definition, **self._more)

    def execution(self) -> Execution:
        execution = self.begun()
        execution.apply(self.events)
        return execution

    def markers(self, name: str) -> list[Any]:
        found = [attributes(e) for e in self.events if e["eventType"] == "MarkerRecorded"]
        return [json.loads(item["details"]) for item in found if item["markerName"] == name]

    def types(self) -> list[str]:
        return [event["eventType"] for event in self.events]


def markers(chain: Chain, name: str) -> list[Any]:
    return [marker for run in chain.runs for marker in run.markers(name)]


def check_promises(chain: Chain) -> None:
    """What holds for every execution that is closed."""
    state = chain.runs[-1].execution().state
    refused = any("RecordMarkerFailed" in run.types() for run in chain.runs)
    assert refused or not state.notes, "every marker is recorded"
    answered = [
        (number if marker["request_id"].startswith("event-") else 0, marker["request_id"])
        for number, run in enumerate(chain.runs)
        for marker in run.markers("SIGNAL_HANDLED")
    ]
    assert len(answered) == len(set(answered)), "each signal is answered once"
    assert refused or set(chain.signals) <= {request_id for _, request_id in answered}
    resumed = [marker["visit"] for marker in markers(chain, "RESUMED")]
    assert all(number >= 1 for number in resumed)
    check_visits(chain)
    check_undoing(chain, state)
    check_results(state)


def check_visits(chain: Chain) -> None:
    """Visits count upwards per path, an attempt of each is scheduled in order."""
    seen: dict[str, tuple[int, int]] = {}
    for run in chain.runs:
        last_run: dict[str, tuple[int, int]] = {}
        for control in run.attempts.values():
            if control.get("undo"):
                continue
            at = (control["visit"], control["attempt"])
            assert at >= seen.get(control["path"], (0, 0)), "visits and attempts count upwards"
            last_run[control["path"]] = seen[control["path"]] = at


def check_results(state: State) -> None:
    """A result in force is that of its own visit, never a late one of another."""
    for visit in state.visits.values():
        if visit.outcome is Outcome.DONE and isinstance(visit.result, dict):
            token = visit.result.get("token")
            assert token is None or token == [visit.path, visit.number, False]


def check_undoing(chain: Chain, state: State) -> None:
    """Nothing is undone twice; after a rollback nothing is left that is not named."""
    undone = [(m["step"], m["visit"]) for m in markers(chain, "STEP_COMPENSATED")]
    assert len(undone) == len(set(undone)), "undone once"
    rollback = state.rollback
    if rollback is None or rollback.ending == "jump" or state.failure is not None:
        return
    if state.mode is not Mode.ENDING or state.ending == "complete":
        return
    if state.ending == "cancel" and rollback.ending != "cancel":
        return
    failed = {(m["step"], m["visit"]) for m in markers(chain, "COMPENSATION_FAILED")}
    for path, number in effects(chain):
        assert (path, number) in {*undone, *failed}, f"{path}:{number} is neither undone nor named"
    closed = {(v.path, v.number): v.closed for v in state.visits.values()}
    named = [(i["step"], i["visit"]) for i in [*rollback.compensated, *rollback.not_compensated]]
    for item in named:
        place = chain.runs[-1].definition.places.get(name_of(item[0]))
        assert place is None or item not in closed or closed[item]
    for visit in state.visits.values():
        declared = compensation_of(chain.runs[-1].definition.state(visit.name))
        if declared and (visit.outcome is Outcome.DONE or visit.given_out):
            assert visit.undone is not Undone.NO


def effects(chain: Chain) -> set[tuple[str, int]]:
    """Visits of steps with a compensation that a worker or child had, by the histories alone."""
    found = set()
    for run in chain.runs:
        begun = {
            event["activityTaskStartedEventAttributes"]["scheduledEventId"]
            for event in run.events
            if event["eventType"] == "ActivityTaskStarted"
        }
        for scheduled, control in run.attempts.items():
            place = run.definition.places.get(name_of(control["path"]))
            if scheduled not in begun or control.get("undo") or place is None:
                continue
            if compensation_of(place.state):
                found.add((control["path"], control["visit"]))
    return found


# --- by the histories alone -----------------------------------------------------------------------


def check_replays(run: Told, *, singly: bool = True) -> None:
    """In pieces as deciders take them, whole, or event by event: the same state and decisions.

    Not `singly` where events landed while decisions were made: those count after the decisions.
    """
    single, pieces = run.begun(), run.begun()
    starts = [e["eventId"] for e in run.events if e["eventType"] == "DecisionTaskStarted"]
    compared = {*starts[:: max(1, len(starts) // COMPARED)], *starts[-2:]}
    known = 0
    for at in starts:
        pieces.apply(run.events[max(0, known - 1) : at])
        if singly:
            for event in run.events[known:at]:
                single.apply([event])
        known = at
        if at not in compared:
            continue
        whole = run.begun()
        whole.apply(run.events[:at])
        kept = json.loads(json.dumps(whole.state.to_json()))
        assert State.from_json(kept).to_json() == kept
        for other in [pieces, single] if singly else [pieces]:
            assert other.state.to_json() == whole.state.to_json()
            assert other.decisions() == whole.decisions()


def check_definition(run: Told, **ids: Any) -> None:
    """`check` finds that the definition decides as it did."""
    found = check(run.events, run.definition, **ids)
    assert found.fits, found


def check_ids(run: Told) -> None:
    """Event ids have no gaps."""
    assert [event["eventId"] for event in run.events] == list(range(1, len(run.events) + 1))


def requests_of(run: Told) -> list[tuple[str, str]]:
    """Name and request id of the signals that people sent to a run."""
    found = []
    for event in run.events:
        told = attributes(event)
        if event["eventType"] != "WorkflowExecutionSignaled" or told["signalName"] in BETWEEN:
            continue
        payload = _object(told.get("input"))
        request_id = payload.get("request_id") or f"event-{event['eventId']}"
        found.append((told["signalName"], request_id))
    return found


def _object(text: Any) -> Mapping[str, Any]:
    value = json.loads(text) if text else {}
    return value if isinstance(value, dict) else {}


def check_signals(life: Chain) -> None:
    """Every signal in the histories is answered once, however often it came."""
    sent: list[tuple[int, str]] = []
    for number, run in enumerate(life.runs):
        for _, request_id in requests_of(run):
            at = number if request_id.startswith("event-") else -1
            if (at, request_id) not in sent:
                sent.append((at, request_id))
    answered = [
        (number if marker["request_id"].startswith("event-") else -1, marker["request_id"])
        for number, run in enumerate(life.runs)
        for marker in run.markers("SIGNAL_HANDLED")
    ]
    assert sorted(answered) == sorted(sent)
