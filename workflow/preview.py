"""What a signal would do, tried on a copy of the state."""

from __future__ import annotations

from dataclasses import dataclass, field

from wire import Json, dumps
from workflow import agenda, jumps, signals, unwinding
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
    edits: list[dict[str, Json]] = field(default_factory=list)
    """Data `before` and `after`."""
    ends: str = ""
    """How the execution would close: `complete`, `fail` or `cancel`."""


def preview(machine: Machine, name: str, payload: Json) -> Preview:
    """Try a signal on a copy; the machine itself is left as it is."""
    trial = _copy(machine)
    before = {visit.entry for visit in jumps.live_visits(trial)}
    in_flight = {key: _path(trial, w) for key, w in trial.state.works.items() if w.in_flight}
    signals.handle(trial, name, dumps(payload))
    agenda.pump(trial)
    found = _answer(trial)
    if found.outcome == signals.REFUSED:
        return found
    found.stops = [in_flight[key] for what in trial.state.stops.values() for key in what.waiting]
    _let_stop(trial)
    found.edits = [fact.fields for fact in trial.facts if fact.kind == "edited"]
    rollback = trial.state.rollback
    if trial.state.mode is Mode.ROLLING_BACK and rollback is not None:
        found.undoes = [trial.visit(entry).path for entry in rollback.pending]
        found.ends = "" if rollback.ending == "jump" else rollback.ending
        if rollback.jump is not None:
            found.enters = [str(rollback.jump["target"])]
    else:
        live = [v for v in jumps.live_visits(trial) if v.entry not in before and not v.frames]
        found.enters = [f"{visit.path} (visit {visit.number})" for visit in live]
        found.ends = trial.state.ending if trial.state.mode is Mode.ENDING else ""
    return found


def _copy(machine: Machine) -> Machine:
    state = State.from_json(machine.state.to_json())
    trial = Machine(
        machine.definition, machine.policy, state, machine.contents, machine.workflow_id
    )
    trial.settings, trial.event_id = machine.settings, state.event_id + 1
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
