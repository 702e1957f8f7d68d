"""Stopping what is in progress: asked to stop, then left behind after a grace.

A stop unwinds what one frame is doing, with all branches and items inside it; its siblings
run on.  What the stop was for is done (`workflow.agenda`) when nothing is in flight any more.
Children are never left behind: they close by their own rules, and are waited for.
"""

from __future__ import annotations

from workflow.flow import close
from workflow.machine import Machine
from workflow.state import Frame, Outcome, Stop, Via, Work


def stop(machine: Machine, frame: Frame, what: Stop) -> None:
    """Ask what is in progress in a frame to stop; then do what comes after it."""
    inner = [frame, *machine.inside(frame)]
    what.waiting = _taken_over(machine, inner)
    machine.state.stops[frame.id] = what
    for item in reversed(inner):
        machine.stand(item, "")
        item.queue = []
        _stop_frame(machine, item, what)
    frame.next = None
    settle(machine, frame.id)


def _taken_over(machine: Machine, frames: list[Frame]) -> list[str]:
    """What earlier stops of those frames wait for: this one takes their place."""
    earlier = [machine.state.stops.pop(frame.id, None) for frame in frames]
    return [key for what in earlier if what is not None for key in what.waiting]


def _stop_frame(machine: Machine, frame: Frame, what: Stop) -> None:
    visit = machine.current(frame)
    if visit is None or (what.then == "composite" and frame.id in machine.state.stops):
        return  # the composite state whose branch failed is not over yet
    work = machine.state.works.get(f"s{visit.entry}")
    if work is not None and work.in_flight:
        if work.key not in what.waiting:
            what.waiting.append(work.key)
    else:
        leave(machine, frame)


def leave(machine: Machine, frame: Frame) -> None:
    """Give up what a frame is doing: whatever it still brings is late."""
    visit = machine.current(frame)
    if visit is None:
        return
    if visit.outcome is Outcome.OPEN:
        visit.outcome = Outcome.ABANDONED
    if visit.base is not None and visit.kept is not None:  # what was in force is so again
        frame.input, frame.variables = visit.base, visit.kept
    close(machine, visit)


def stopped(machine: Machine, work: Work) -> bool:
    """Take note that a piece of work is over, if a stop waited for it.

    Work of which only a part is done (a message is out, a job is begun) is left as it is.
    """
    for number, what in machine.state.stops.items():
        if work.key in what.waiting:
            what.waiting.remove(work.key)
            if machine.state.works.get(work.key) is work:
                leave(machine, machine.frame(machine.visit(work.entry)))
            settle(machine, number)
            return True
    return False


def awaited(machine: Machine, work: Work) -> bool:
    """Whether a stop waits for this piece of work."""
    return any(work.key in what.waiting for what in machine.state.stops.values())


def abandon(machine: Machine, frame_id: int) -> None:
    """The grace is over: what did not stop is left behind, but for children."""
    what = machine.state.stops[frame_id]
    for key in list(what.waiting):
        work = machine.state.works[key]
        if work.via is not Via.CHILD:
            what.waiting.remove(key)
            visit = machine.visit(work.entry)
            visit.given_out = True  # a worker may have it, or get it yet
            leave(machine, machine.frame(visit))
    settle(machine, frame_id)


def settle(machine: Machine, frame_id: int) -> None:
    """Go on with what a stop was for, if nothing is in flight any more."""
    if not machine.state.stops[frame_id].waiting:
        machine.unwound.append(frame_id)
