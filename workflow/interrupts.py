"""What ends an execution early: somebody's cancellation, and the process's own time limit."""

from __future__ import annotations

from workflow import jumps
from workflow.machine import Machine
from workflow.state import ROOT, Mode, Stop
from workflow.unwinding import stop

CANCELED, DEADLINE = "Canceled", "Deadline exceeded"


def cancel(machine: Machine) -> None:
    """Stop, and undo where the process says so; what ends already goes on ending.

    Where a jump is being undone for, that comes to its end first.
    """
    state = machine.state
    state.cancel = True
    if _is_ending(machine):
        return
    state.mode, state.ending, state.paused = Mode.FORWARD, "", False
    then = Stop("cancel")
    if machine.definition.rollback.on_cancel:
        then = Stop("rollback", {**_why(machine, CANCELED, ""), "ending": "cancel"})
    stop(machine, state.root, then)


def deadline(machine: Machine) -> None:
    """The process's own time is up: undo where it says so, and fail."""
    state = machine.state
    if not is_limited(machine):
        return
    state.deadline, state.paused = None, False
    then = "rollback" if machine.definition.rollback.on_deadline else "fail"
    stop(machine, state.root, Stop(then, _why(machine, DEADLINE, "States.Timeout")))


def is_limited(machine: Machine) -> bool:
    """Whether the process's own time limit would act: not on what ends already."""
    state = machine.state
    return state.mode is Mode.FORWARD and not state.cancel and not _is_ending(machine)


def _is_ending(machine: Machine) -> bool:
    """Whether the execution's end is settled, or it has told its parent so."""
    state = machine.state
    ahead = state.stops.get(ROOT)
    if ahead is not None and ahead.then in ("rollback", "fail", "cancel"):
        return True
    if state.mode is Mode.ENDING:
        return state.ending != "complete" or state.report in ("sending", "told")
    return state.mode is not Mode.FORWARD


def _why(machine: Machine, reason: str, error: str) -> dict[str, str]:
    live = jumps.live_visits(machine)
    return {"reason": reason, "error": error, "at": live[-1].path if live else ""}
