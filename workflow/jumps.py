"""Going on from another step: where it lies, what is unwound for it, and how it is entered.

A target is a path: names of states, each composite one with the index of a branch or item:
`Ship`, `Ship[1].Pack`, `Each[37].Inner[0].Bill`.  A name alone is enough where only one place
can be meant.
"""

from __future__ import annotations

from dataclasses import dataclass

from errors import SignalRefusedError, UnknownStepError
from wire import Json
from workflow import data, flow, markers, places, saga
from workflow.graph import Map, Parallel
from workflow.machine import Machine
from workflow.state import ROOT, Frame, Mode, Outcome, Stop, Undone, Via, Visit
from workflow.unwinding import stop


@dataclass(frozen=True)
class Target:
    """A step to go to."""

    name: str
    way: tuple[tuple[str, int], ...] = ()
    """The composite states around it, outermost first, each with a branch's or item's index."""

    @property
    def path(self) -> str:
        """As people write it."""
        path = ""
        for name, index in self.way:
            path = places.of_frame(places.join(path, name), index)
        return places.join(path, self.name)


# --- finding ----------------------------------------------------------------------------------


def find(machine: Machine, step_name: str) -> Target:
    """The step that a name or path means; `UnknownStepError` or `SignalRefusedError` if unclear."""
    if step_name in machine.definition.places:  # also one in which dots or brackets stand
        parts: tuple[tuple[str, int | None], ...] = ((step_name, None),)
    else:
        parts = places.split(step_name) or ((step_name, None),)
    name = parts[-1][0]
    machine.definition.state(name)
    way = _way(machine, step_name, parts[:-1])
    if parts[-1][1] is not None:
        raise _unknown(machine, step_name)
    wanted = _owners(machine, name)
    if tuple(owner for owner, _ in way) == tuple(owner for owner, _ in wanted):
        _check_branches(machine, step_name, way, wanted)
        return Target(name, way)
    if way:
        raise _unknown(machine, step_name)
    return Target(name, _guessed(machine, name, wanted))


def _way(
    machine: Machine, step_name: str, parts: tuple[tuple[str, int | None], ...]
) -> tuple[tuple[str, int], ...]:
    way = [(name, index) for name, index in parts if index is not None]
    if len(way) != len(parts):
        raise _unknown(machine, step_name)
    return tuple(way)


def _unknown(machine: Machine, step_name: str) -> UnknownStepError:
    return UnknownStepError(step_name, tuple(machine.definition.places))


def _owners(machine: Machine, name: str) -> list[tuple[str, int]]:
    """The composite states around a state, outermost first, with branches (0 for maps)."""
    found: list[tuple[str, int]] = []
    place = machine.definition.places[name]
    while place.owner is not None:
        found.append((place.owner, place.branch))
        place = machine.definition.places[place.owner]
    return found[::-1]


def _check_branches(
    machine: Machine,
    step_name: str,
    way: tuple[tuple[str, int], ...],
    wanted: list[tuple[str, int]],
) -> None:
    for (owner, index), (_, branch) in zip(way, wanted, strict=True):
        if isinstance(machine.definition.state(owner), Parallel) and index != branch:
            raise SignalRefusedError(f"{step_name}: that step is in branch {branch} of {owner}")


def _guessed(
    machine: Machine, name: str, wanted: list[tuple[str, int]]
) -> tuple[tuple[str, int], ...]:
    """The way to a step of which only the name was given: the one place that it can mean."""
    if not any(isinstance(machine.definition.state(owner), Map) for owner, _ in wanted):
        return tuple(wanted)
    live = [visit for visit in live_visits(machine) if visit.name == name]
    if len(live) != 1:
        example = Target(name, tuple(wanted)).path
        raise SignalRefusedError(
            f"step {name} is in progress in {len(live)} places; name one by its path, as in "
            f"{example}"
        )
    return _way(machine, live[0].path, places.split(live[0].path)[:-1])


def live_visits(machine: Machine) -> list[Visit]:
    """The visits in progress, and those at which a frame stands still, outermost first."""
    root = machine.state.frames.get(ROOT)
    if root is None:
        return []
    found = []
    for frame in [root, *machine.inside(root)]:
        visit = machine.current(frame)
        if visit is None and frame.halted:
            visit = machine.last_visit(places.join(frame.path, frame.next or ""))
        if visit is not None:
            found.append(visit)
    return found


def standing(machine: Machine) -> list[str]:
    """Names of the states at which live frames are, or that they are about to enter."""
    root = machine.state.root
    found = []
    for frame in [root, *machine.inside(root)]:
        visit = machine.current(frame)
        name = frame.next if visit is None else visit.name
        found += [name] if name else []
    return found


# --- checking ---------------------------------------------------------------------------------


def check(machine: Machine, target: Target, *, force: bool = False) -> None:
    """Refuse a jump that cannot be made: an item that never began, or a lost effect before it."""
    frame, rest = _ancestor(machine, target)
    around = frame.path
    for owner, index in rest:
        last = machine.last_visit(places.join(around, owner))
        is_map = isinstance(machine.definition.state(owner), Map)
        if is_map and (last is None or index >= len(last.frames)):
            raise SignalRefusedError(f"{target.path}: item {index} of {owner} has not begun")
        around = places.of_frame(places.join(around, owner), index)
    last = machine.last_visit(target.path)
    instead = _undone_before(machine, frame, last)
    if instead is not None and not force:
        raise SignalRefusedError(
            f"step {instead} comes before {target.path} and its effect was undone; "
            f"resume from {instead} instead"
        )


def _undone_before(machine: Machine, frame: Frame, last: Visit | None) -> str | None:
    """The earliest step before a target whose effect was undone since."""
    end = frame.trail if last is None else last.previous
    for visit in machine.trail(end):
        newest = machine.last_visit(visit.path) or visit
        if newest.undone is Undone.YES:
            return newest.path
    return None


def _ancestor(machine: Machine, target: Target) -> tuple[Frame, tuple[tuple[str, int], ...]]:
    """The innermost live frame around a target, and the way that is left from there."""
    frame, way = machine.state.root, target.way
    while way:
        owner, index = way[0]
        visit = machine.current(frame)
        if visit is None or visit.name != owner or index >= len(visit.frames):
            break
        frame, way = machine.state.frames[visit.frames[index]], way[1:]
    return frame, way


# --- jumping ----------------------------------------------------------------------------------


def jump(machine: Machine, target: Target, request: dict[str, Json]) -> None:
    """Go on from another step, once what is in flight has stopped or was abandoned."""
    frame, _ = _ancestor(machine, target)
    if machine.state.mode is Mode.ENDING:
        machine.state.mode, machine.state.ending = Mode.FORWARD, ""
    stop(machine, frame, Stop("jump", {**request, "target": target.path}))


def after_stop(machine: Machine, frame: Frame, request: dict[str, Json]) -> None:
    """Nothing is in flight any more: undo what is passed over if that was asked for, then land."""
    if request.get("compensate"):
        passed = _passed_over(machine, frame, request["target"])
        if passed:
            saga.start_for_jump(machine, passed, request)
            return
    land(machine, request)


def _passed_over(machine: Machine, frame: Frame, path: str) -> list[Visit]:
    last = machine.last_visit(path)
    if last is None:
        return []
    inside = f"{frame.path}." if frame.path else ""
    visits = [v for v in saga.undoable(machine, None) if v.path.startswith(inside)]
    return [v for v in visits if v.entry >= last.entry and not _keeps(v.path, path)]


def _keeps(path: str, target: str) -> bool:
    """Whether a visit lies in a sibling of the branch or item gone to: those keep their results.

    A composite state that is gone to as a whole begins anew, and keeps none.
    """
    for (name, index), (wanted, at) in zip(places.split(path), places.split(target), strict=False):
        if (name, index) != (wanted, at):
            return at is not None and name == wanted
    return False


def land(machine: Machine, request: dict[str, Json]) -> None:
    """Enter the step of a jump with the results of the steps before it."""
    state = machine.state
    target = find(machine, request["target"])
    frame, way = _ancestor(machine, target)
    if machine.within(frame):
        return  # what is around it failed while its steps were undone
    visit = _land(machine, frame, way, target.name, request)
    state.ending, state.blocked, state.failure = "", "", None
    state.mode = Mode.FORWARD
    _tell(machine, visit, request)


def _land(
    machine: Machine,
    frame: Frame,
    way: tuple[tuple[str, int], ...],
    name: str,
    request: dict[str, Json],
) -> Visit:
    frame.next = None
    machine.stand(frame, "")
    if not way:
        last = machine.last_visit(places.join(frame.path, name))
        _return(machine, frame, last)
        flow.edit_input(machine, frame, request)
        _reopen(machine, frame)
        return flow.enter(machine, frame, name, frame.trail if last is None else last.previous)
    owner, index = way[0]
    last = machine.last_visit(places.join(frame.path, owner))
    previous = frame.trail if last is None else last.previous
    visit = _enter_composite(machine, frame, owner, index, previous)
    if index >= len(visit.frames):
        return visit  # it could not begin: its failure goes its way
    inner = machine.state.frames[visit.frames[index]]
    return _land(machine, inner, way[1:], name, request)


def _return(machine: Machine, frame: Frame, last: Visit | None) -> None:
    """Have a frame go back to the data that a state was entered with last."""
    if last is not None:
        data.of(machine).returned(machine, frame, last)


def _reopen(machine: Machine, frame: Frame) -> None:
    """A branch or item that had come to its end is in progress again."""
    if frame.done and frame.owner is not None:
        owner = machine.visit(frame.owner)
        owner.left += 1
        if frame.error is not None:
            owner.missed, frame.error = owner.missed - 1, None
    frame.done = False


def _enter_composite(
    machine: Machine, frame: Frame, name: str, index: int, previous: int | None
) -> Visit:
    """Enter a composite state, again with what its branches or items have done."""
    last = machine.last_visit(places.join(frame.path, name))
    _return(machine, frame, last)
    _reopen(machine, frame)
    if last is None or not last.frames:
        return flow.enter(machine, frame, name, previous)
    visit = flow.new_visit(machine, frame, name, previous)
    work = machine.add_work("step", visit.entry, name, Via.FRAMES)
    visit.items, visit.rules, visit.missed = last.items, last.rules, last.missed
    branches = last.items if last.items is not None else last.frames
    visit.left = len(branches or ())
    flow.started(machine, work)
    for number in last.frames:
        _adopt(machine, visit, machine.state.frames[number], goes_on=number != last.frames[index])
    return visit


def _adopt(machine: Machine, visit: Visit, old: Frame, *, goes_on: bool) -> None:
    """A frame of an earlier visit goes on in a new one: what it has done stays done."""
    number = machine.state.frames_made
    frame = Frame(number, old.path, visit.entry, old.index, old.input, error=old.error)
    visit.frames.append(number)
    frame.trail, frame.done = old.trail, old.done
    frame.begins, frame.variables, frame.outer = old.begins, old.variables, old.outer
    if frame.done:
        visit.left -= 1
    elif goes_on:
        frame.next = _where_it_was(machine, old)
    flow.add_frame(machine, frame)


def _where_it_was(machine: Machine, old: Frame) -> str:
    """The state at which an interrupted branch or item goes on."""
    if old.next is not None:
        return old.next
    left = [
        visit
        for visit in machine.state.visits.values()
        if visit.frame == old.id and visit.outcome in (Outcome.ABANDONED, Outcome.FAILED)
    ]
    if left:
        return left[-1].name
    return flow.scope_of(machine, old).start_at


# --- running a step again ---------------------------------------------------------------------


def again(machine: Machine, target: Target, request: dict[str, Json]) -> bool:
    """Have a step run again, after the one in progress where it lies; whether it has to wait."""
    if machine.state.mode is Mode.ENDING:
        machine.state.mode, machine.state.ending = Mode.FORWARD, ""
    frame, _ = _ancestor(machine, target)
    frame.queue.append({**request, "target": target.path})
    if machine.current(frame) is not None or frame.halted:
        return True
    if frame.next is None:
        frame.next = ""
        _reopen(machine, frame)
    machine.agenda.append(frame.id)
    return False


def run_again(machine: Machine, frame: Frame, request: dict[str, Json], then: str) -> None:
    """Enter a step that ran before with what it saw then; its new result replaces the old one."""
    target = find(machine, request["target"])
    way = target.way[len(places.split(frame.path)) :]
    name = way[0][0] if way else target.name
    last = machine.last_visit(places.join(frame.path, name))
    base = kept = None
    if machine.definition.by_document:
        base, kept = frame.input, frame.variables
    if way:
        visit = _enter_composite(machine, frame, name, way[0][1], frame.trail)
        visit.base, visit.kept = base, kept
        if way[0][1] >= len(visit.frames):
            return  # it could not begin
        inner = machine.state.frames[visit.frames[way[0][1]]]
        inner.queue.append(request)
        inner.next = "" if inner.done else inner.next or _where_it_was(machine, inner)
        _reopen(machine, inner)
        machine.agenda.append(inner.id)
    else:
        _return(machine, frame, last)
        flow.edit_input(machine, frame, request)
        visit = flow.enter(machine, frame, name, frame.trail, then=then, base=base, kept=kept)
        _tell(machine, visit, request)
    visit.then = then
    if last is not None:
        visit.sees = (last.previous if last.sees is None else last.sees) or 0


def _tell(machine: Machine, visit: Visit, request: dict[str, Json]) -> None:
    names = ("request_id", "reason", "actor", "from_run_id")
    told = {key: request[key] for key in names if request.get(key) is not None}
    machine.note(markers.RESUMED, step=visit.path, visit=visit.number, **told)
