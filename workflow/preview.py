"""What a signal would do, tried on a copy of the state."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from wire import Json, dumps
from workflow import agenda, fold, jumps, signals, unwinding
from workflow.machine import Fact, Machine
from workflow.state import Mode, Phase, State, Via, Work


@dataclass
class Preview:
    """The consequences of a signal, in the order in which they would come."""

    outcome: str
    """`done`, `waiting` or `refused`."""
    why: str = ""
    """Why it would be refused."""
    stops: list[str] = field(default_factory=list)
    """Paths of the steps in progress that would be asked to stop, and left after their grace."""
    undoes: list[str] = field(default_factory=list)
    """Paths of the steps that would be undone, newest first."""
    enters: list[str] = field(default_factory=list)
    """Where the execution would be afterwards: path and visit."""
    again: list[dict[str, Json]] = field(default_factory=list)
    """Steps that would run again after those in progress: `path`, and `input`, what would be merged
    over theirs."""
    edits: list[dict[str, Json]] = field(default_factory=list)
    """Data `before` and `after`."""
    holds: bool = False
    """Whether the execution would hold after the steps in progress."""
    ends: str = ""
    """How the execution would close: `complete`, `fail` or `cancel`."""


def preview(machine: Machine, name: str, payload: Any) -> Preview:
    """Try a signal on a copy; the machine itself is left as it is.

    On a closed execution it is tried what a new run would begin with.
    """
    trial = _copy(machine)
    before = {visit.entry for visit in jumps.live_visits(trial)}
    in_flight = {key: _path(trial, w) for key, w in trial.state.works.items() if w.in_flight}
    if machine.state.closed:
        trial.state.closed = ""
        fold.resumed(trial, {**payload, "signal": name})
    else:
        signals.handle(trial, name, dumps(payload))
    agenda.pump(trial)
    found = _answer(trial)
    if found.outcome == signals.REFUSED:
        return found
    found.stops = [in_flight[key] for what in trial.state.stops.values() for key in what.waiting]
    found.holds = trial.state.paused and not machine.state.paused
    found.again = _queued(trial, str(payload.get("request_id") or ""))
    _let_stop(trial)
    rollback = trial.state.rollback
    if trial.state.mode is Mode.ROLLING_BACK and rollback is not None:
        found.undoes = [trial.visit(entry).path for entry in rollback.pending]
        found.ends = "" if rollback.ending == "jump" else rollback.ending
    if rollback is not None and rollback.jump is not None and trial.state.mode is not Mode.FORWARD:
        jumps.land(trial, rollback.jump)
        agenda.pump(trial)
    found.edits = [fact.fields for fact in trial.facts if fact.kind == "edited"]
    if not found.ends:
        live = [visit for visit in jumps.live_visits(trial) if visit.entry not in before]
        found.enters = [f"{visit.path} (visit {visit.number})" for visit in live]
        found.ends = trial.state.ending if trial.state.mode is Mode.ENDING else ""
    return found


def _queued(machine: Machine, request_id: str) -> list[dict[str, Json]]:
    """What a request left to be run again later."""
    return [
        {"path": item["target"], "input": item.get("input")}
        for frame in machine.state.frames.values()
        for item in frame.queue
        if item.get("request_id") == request_id
    ]


def _copy(machine: Machine) -> Machine:
    state = State.from_json(machine.state.to_json())
    trial = Machine(
        machine.definition, machine.policy, state, machine.contents, machine.workflow_id
    )
    trial.settings, trial.event_id = machine.settings, state.event_id + 1
    trial.versions = machine.versions
    return trial


def _path(machine: Machine, work: Work) -> str:
    return work.activity if work.kind == "transaction" else machine.visit(work.entry).path


def _let_stop(machine: Machine) -> None:
    """As if everything that was asked to stop had."""
    for number, what in list(machine.state.stops.items()):
        for key in what.waiting:
            work = machine.state.works[key]
            work.via, work.phase = Via.ACTIVITY, Phase.READY
        unwinding.abandon(machine, number)
        agenda.pump(machine)


def _answer(machine: Machine) -> Preview:
    told: list[Fact] = [fact for fact in machine.facts if fact.kind == "signal"]
    if not told:  # a request that was handled already
        return Preview(signals.DONE)
    return Preview(str(told[-1].fields["outcome"]), str(told[-1].fields["why"] or ""))
