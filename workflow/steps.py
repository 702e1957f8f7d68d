"""Entering steps, leaving them, jumping between them."""

from __future__ import annotations

from wire import Json, is_reference
from workflow import markers
from workflow.machine import Machine
from workflow.state import Mode, Outcome, Phase, Stop, Visit, Work


def begin(machine: Machine) -> None:
    """Enter the first step."""
    enter(machine, machine.definition.start_at, previous=None)


def enter(machine: Machine, name: str, previous: int | None) -> Visit:
    """Make a new visit of a step, behind the visit `previous`, and have its activity done."""
    state = machine.state
    task = machine.definition.state(name)
    before = last_visit(machine, name)
    number = 1 if before is None else before.number + 1
    visit = Visit(len(state.visits) + 1, name, number, previous, state.input)
    state.visits.append(visit)
    state.latest[name] = visit.entry
    state.current, state.trail, state.mode = visit.entry, previous, Mode.FORWARD
    machine.add_work("step", visit.entry, task.activity)
    machine.tell("scheduling", step=name, visit=number)
    return visit


def last_visit(machine: Machine, name: str) -> Visit | None:
    """The latest visit of a step, if there was one."""
    entry = machine.state.latest.get(name)
    return None if entry is None else machine.state.visit(entry)


def complete(machine: Machine, visit: Visit, result: Json) -> None:
    """Take a visit's result."""
    visit.outcome, visit.result = Outcome.DONE, result
    close(machine, visit)
    machine.state.trail = visit.entry


def close(machine: Machine, visit: Visit) -> None:
    """Put a visit on record as over."""
    visit.closed = machine.state.count()
    if machine.state.current == visit.entry:
        machine.state.current = None


def go_on(machine: Machine, visit: Visit) -> None:
    """Enter the step after a completed visit, or end."""
    following = machine.task(visit).next
    if following is None:
        end(machine, "complete")
    else:
        enter(machine, following, previous=visit.entry)


def end(machine: Machine, how: str) -> None:
    """Close the execution with the next response: `complete`, `fail` or `cancel`."""
    machine.state.mode, machine.state.ending = Mode.ENDING, how


def results(machine: Machine, visit: Visit) -> dict[str, Json]:
    """`previous_results` of a visit: all that its trail holds, or those that its step names."""
    found = {item.path: item.result for item in machine.trail(visit.previous)}
    needs = machine.task(visit).needs
    return found if needs is None else {name: found[name] for name in needs if name in found}


def jump(machine: Machine, request: dict[str, Json]) -> None:
    """Go on from another step, once what is in flight has stopped or was abandoned."""
    stop(machine, Stop("jump", request))


def stop(machine: Machine, what: Stop) -> None:
    """Ask the work in flight to stop, then do what comes after it."""
    machine.state.stop = what
    for work in list(machine.state.works.values()):
        if not work.in_flight:
            leave(machine, work)
    proceed(machine)


def leave(machine: Machine, work: Work) -> None:
    """Give a piece of work up: whatever it still brings is late."""
    state = machine.state
    state.works.pop(work.key, None)
    for event_id, item in list(state.open.items()):
        if item.work == work.key and item.kind == "activity":
            del state.open[event_id]
    if work.kind == "step":
        visit = state.visit(work.entry)
        if visit.outcome is Outcome.OPEN:
            visit.outcome = Outcome.ABANDONED
            close(machine, visit)


def abandon(machine: Machine) -> None:
    """The grace is over: what did not stop is left behind."""
    for work in list(machine.state.works.values()):
        leave(machine, work)
    proceed(machine)


def proceed(machine: Machine) -> None:
    """Do what a stop was for, if nothing is in flight any more."""
    state = machine.state
    if state.stop is None or state.works:
        return
    then, state.stop = state.stop, None
    if then.then == "jump" and then.jump is not None:
        land(machine, then.jump)
    else:
        end(machine, "cancel")


def land(machine: Machine, request: dict[str, Json]) -> None:
    """Enter the step of a jump with the results of the steps before it."""
    state = machine.state
    name = request["step_name"]
    last = last_visit(machine, name)
    if last is not None:
        state.input = last.input
    _edit_input(machine, request.get("input"))
    visit = enter(machine, name, previous=state.trail if last is None else last.previous)
    state.ending, state.blocked = "", ""
    names = ("request_id", "reason", "actor", "from_run_id")
    told = {key: request[key] for key in names if request.get(key) is not None}
    machine.note(markers.RESUMED, step=name, visit=visit.number, **told)


def _edit_input(machine: Machine, edit: Json) -> None:
    """Merge an operator's edit over the input; the edition before it stays on record."""
    state = machine.state
    if edit is None:
        return
    before = state.inputs[state.input]
    both = isinstance(before, dict) and isinstance(edit, dict) and not is_reference(before)
    state.inputs.append({**before, **edit} if both else edit)
    state.input = len(state.inputs) - 1


def retry_due(work: Work) -> None:
    """A wait is over: schedule the work again."""
    work.phase, work.delay, work.due = Phase.READY, 0, None
