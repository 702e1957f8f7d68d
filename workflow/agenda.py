"""What is to be done within one event, one thing after the other, until all waits for SWF."""

from __future__ import annotations

from wire import Json
from workflow import failures, flow, interrupts, jumps, saga
from workflow.machine import Failure, Machine
from workflow.state import Frame, Mode, Outcome, Stop

TRANSITIONS = 2_000  # of frames at one event; the rest waits for a 0-second timer


def pump(machine: Machine) -> None:
    """Deal with failures, then with stops that are over, then with frames whose turn has come."""
    transitions = 0
    while True:
        if machine.failed:
            failures.visit_failed(machine, *machine.failed.popleft())
        elif machine.missed:
            failures.missed(machine, *machine.missed.popleft())
        elif machine.unwound:
            _unwound(machine, machine.unwound.popleft())
        elif machine.landing is not None:
            request, machine.landing = machine.landing, None
            _land(machine, request)
        elif machine.agenda and transitions < TRANSITIONS:
            transitions += 1
            _advance(machine, machine.state.frames[machine.agenda.popleft()])
        else:
            break
    machine.state.yielding = machine.state.yielding or bool(machine.agenda)
    machine.agenda.clear()


def _advance(machine: Machine, frame: Frame) -> None:
    """Take a frame's next step, unless something holds it."""
    held = frame.halted or machine.state.paused or machine.state.mode is not Mode.FORWARD
    if frame.next is None or held or machine.within(frame) or not machine.is_live(frame):
        return
    name, frame.next = frame.next, None
    if frame.queue:
        jumps.run_again(machine, frame, frame.queue.pop(0), name)
    elif name:
        flow.enter(machine, frame, name, previous=frame.trail)
    else:
        flow.close_frame(machine, frame)


def _land(machine: Machine, request: dict[str, Json]) -> None:
    """Make a jump whose undoing is done, unless the execution came to its end meanwhile."""
    if machine.state.cancel:
        interrupts.cancel(machine)
    else:
        jumps.land(machine, request)
        flow.wake_all(machine)


def _unwound(machine: Machine, frame_id: int) -> None:
    what = machine.state.stops.get(frame_id)
    if what is None or what.waiting:
        return
    del machine.state.stops[frame_id]
    _after(machine, machine.state.frames[frame_id], what)


def _after(machine: Machine, frame: Frame, what: Stop) -> None:
    """Do what a stop was for."""
    if what.then == "jump":
        jumps.after_stop(machine, frame, what.what)
    elif what.then == "skip":
        visit = machine.visit(what.what["entry"])
        flow.finish(machine, visit, what.what["result"], Outcome.SKIPPED)
    elif what.then == "composite":
        failures.composite_failed(machine, frame, Failure(**what.what["failure"]))
    elif what.then == "rollback":
        saga.start_or_fail(machine, **what.what)
    elif what.then == "fail":
        machine.state.failure = what.what
        flow.end(machine, "fail")
    else:
        flow.end(machine, "cancel")
    if machine.state.mode is Mode.FORWARD:
        flow.wake_all(machine)
