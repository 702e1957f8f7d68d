"""Walking the graph: entering states, leaving them, and the ends of sequences.

Nothing here recurses from one state into the next: a frame whose turn has come is put on the
machine's agenda, and `workflow.agenda` takes them one after the other.
"""

from __future__ import annotations

from errors import DataError
from wire import Json, is_reference
from workflow import dataflow
from workflow.conditions import holds, moment
from workflow.graph import (
    Await,
    Child,
    Choice,
    Fail,
    Map,
    Parallel,
    Pass,
    Scope,
    Task,
    Wait,
    scopes_of,
)
from workflow.machine import Failure, Machine
from workflow.state import ROOT, Frame, Mode, Outcome, Phase, Via, Visit, Work


def begin(machine: Machine) -> None:
    """Make the outermost frame; its turn has come."""
    start_at = machine.definition.start_at
    add_frame(machine, Frame(ROOT, "", None, 0, 0, next=start_at))


def add_frame(machine: Machine, frame: Frame) -> Frame:
    """Put a new frame on record; where it has a next step its turn has come."""
    state = machine.state
    state.frames[frame.id], state.frames_made = frame, state.frames_made + 1
    if frame.next is not None:
        machine.agenda.append(frame.id)
    return frame


def wake_all(machine: Machine) -> None:
    """Put every live frame that has a next step on the agenda: a pause or a stop is over."""
    machine.state.yielding = False
    root = machine.state.root
    frames = [root, *machine.inside(root)]
    machine.agenda.extend(frame.id for frame in frames if frame.next is not None)


# --- visits -----------------------------------------------------------------------------------


def enter(machine: Machine, frame: Frame, name: str, previous: int | None) -> Visit:
    """Make a new visit of a state, behind the visit `previous`, and have its work done."""
    visit = new_visit(machine, frame, name, previous)
    state = machine.graph(visit)
    if isinstance(state, Task):
        machine.add_work("step", visit.entry, state.activity)
        machine.tell("scheduling", step=visit.path, visit=visit.number)
    elif isinstance(state, Child):
        kind = f"{state.process}@{state.version}"
        machine.add_work("step", visit.entry, kind, Via.CHILD)
        machine.tell("scheduling", step=visit.path, visit=visit.number)
    elif isinstance(state, Await):
        _await(machine, visit, state)
    elif isinstance(state, Parallel | Map):
        work = machine.add_work("step", visit.entry, name, Via.FRAMES)
        start_frames(machine, visit, work)
    else:
        _pass_through(machine, frame, visit)
    return visit


def new_visit(machine: Machine, frame: Frame, name: str, previous: int | None) -> Visit:
    """Put a new visit on record as the one in progress in its frame."""
    state = machine.state
    path = f"{frame.path}.{name}" if frame.path else name
    before = machine.last_visit(path)
    number = 1 if before is None else before.number + 1
    if before is not None and before.outcome is Outcome.DONE and _leaves_no_trace(machine, before):
        del state.visits[before.entry]
    state.entries += 1
    visit = Visit(state.entries, frame.id, path, number, previous, frame.input)
    state.visits[visit.entry] = visit
    state.latest[path] = visit.entry
    frame.current, frame.trail, frame.done = visit.entry, previous, False
    return visit


def _leaves_no_trace(machine: Machine, visit: Visit) -> bool:
    return isinstance(machine.graph(visit), Choice | Pass | Wait | Fail)


def _pass_through(machine: Machine, frame: Frame, visit: Visit) -> None:
    """States that are over at once; and waits, that do no work."""
    state = machine.graph(visit)
    if isinstance(state, Fail):
        reason = ": ".join(text for text in (state.error, state.cause) if text)
        machine.fail(visit, Failure(reason or f"{state.name} fails", retryable=False))
        return
    try:
        if isinstance(state, Wait):
            _wait(machine, visit, state)
            return
        target = _chosen(machine, frame, state) if isinstance(state, Choice) else state.next
    except DataError as error:
        machine.fail(visit, Failure(str(error), retryable=False))
        return
    pass_on(machine, visit, target)


def pass_on(machine: Machine, visit: Visit, target: str | None) -> None:
    """Leave a state that gives no result."""
    frame = machine.frame(visit)
    visit.outcome = Outcome.DONE
    close(machine, visit)
    frame.next = target or ""
    machine.agenda.append(frame.id)


def _chosen(machine: Machine, frame: Frame, state: Choice) -> str:
    def read(path: str) -> Json:
        return dataflow.read(machine, frame, path)

    for condition, target in state.rules:
        if holds(condition, read):
            return target
    if state.default is None:
        raise DataError(f"States.NoChoiceMatched: no rule of {state.name} holds")
    return state.default


def finish(machine: Machine, visit: Visit, result: Json, outcome: Outcome = Outcome.DONE) -> None:
    """Take a visit's result and go on behind it, unless its frame is being unwound."""
    frame = machine.frame(visit)
    visit.outcome, visit.result = outcome, result
    close(machine, visit)
    frame.trail = visit.entry
    go_on(machine, frame, visit)


def close(machine: Machine, visit: Visit) -> None:
    """Put a visit on record as over."""
    visit.closed = machine.state.count()
    work = machine.state.works.get(f"s{visit.entry}")
    if work is not None:
        machine.drop_work(work)
    frame = machine.frame(visit)
    if frame.current == visit.entry:
        frame.current = None


def go_on(machine: Machine, frame: Frame, visit: Visit) -> None:
    """What comes after a completed visit: a step to be run again, the next state, or the end."""
    target = visit.then if visit.then is not None else (machine.graph(visit).next or "")
    frame.next = target
    machine.agenda.append(frame.id)


# --- waits ------------------------------------------------------------------------------------


def _wait(machine: Machine, visit: Visit, state: Wait) -> None:
    work = machine.add_work("step", visit.entry, state.name, Via.TIMER)
    frame = machine.frame(visit)
    until = state.timestamp
    seconds: Json = state.seconds
    if state.seconds_path is not None:
        seconds = _seconds(state.seconds_path, dataflow.read(machine, frame, state.seconds_path))
    if state.timestamp_path is not None:
        until = dataflow.read(machine, frame, state.timestamp_path)
    if until is not None:
        work.due = _until(until)
    else:
        work.delay = int(seconds)
    machine.put(work, Phase.BACKOFF)


def _seconds(path: str, value: Json) -> int:
    whole = isinstance(value, int | float) and not isinstance(value, bool) and value == int(value)
    if not whole or not 0 <= value <= 99_999_999:
        raise DataError(f"States.Runtime: {path} must be whole seconds, not {value!r}")
    return int(value)


def _until(value: Json) -> float:
    found = moment(value)
    if found is None:
        raise DataError(f"States.Runtime: {value!r} is no time such as 2030-01-31T08:00:00Z")
    return found.timestamp()


def _await(machine: Machine, visit: Visit, state: Await) -> None:
    """Wait for a signal, unless it came before its step did."""
    work = machine.add_work("step", visit.entry, state.signal, Via.SIGNAL)
    machine.tell("waiting", step=visit.path, signal=state.signal)
    for arrived in list(machine.state.arrived):
        if arrived["signal"] == state.signal and arrived.get("step_name") in (None, visit.path):
            machine.state.arrived.remove(arrived)
            finish(machine, visit, arrived["payload"])
            return
    if state.seconds is None:
        machine.put(work, Phase.WAITING)
    else:
        work.delay = state.seconds
        machine.put(work, Phase.BACKOFF)


def wait_is_over(machine: Machine, work: Work) -> None:
    """A work's timer fired: try again, go on, or take what was meant for this case."""
    work.delay, work.due = 0, None
    visit = machine.state.visits.get(work.entry)
    if work.via is Via.TIMER and visit is not None:
        pass_on(machine, visit, machine.graph(visit).next)
    elif work.via is Via.SIGNAL and visit is not None:
        state = machine.graph(visit)
        if isinstance(state, Await) and state.has_default:
            finish(machine, visit, state.default)
        else:
            machine.fail(visit, Failure(f"States.Timeout: no signal {work.activity} came in time"))
    elif work.via is Via.FRAMES and visit is not None:
        start_frames(machine, visit, work)
    else:
        machine.put(work, Phase.READY)


# --- branches and items -----------------------------------------------------------------------


def start_frames(machine: Machine, visit: Visit, work: Work) -> None:
    """Begin every branch, or as many items as may be worked on at once."""
    started(machine, work)
    visit.frames = []
    state = machine.graph(visit)
    if isinstance(state, Map):
        _start_items(machine, visit, state)
        return
    visit.left = len(scopes_of(state))
    for index in range(visit.left):
        start_frame(machine, visit, index)


def _start_items(machine: Machine, visit: Visit, state: Map) -> None:
    items = dataflow.read(machine, machine.frame(visit), state.items_path)
    if not isinstance(items, list):
        why = f"States.Runtime: there is no list at {state.items_path}"
        machine.fail(visit, Failure(why, retryable=False))
        return
    visit.items, visit.left = items, len(items)
    for index in range(min(len(items), state.concurrency or len(items))):
        start_frame(machine, visit, index)
    if not items:
        finish(machine, visit, [])


def started(machine: Machine, work: Work) -> None:
    """The branches or items of a composite state are in progress."""
    machine.put(work, Phase.STARTED)


def start_frame(machine: Machine, visit: Visit, index: int) -> Frame:
    """Begin one branch or item."""
    number = machine.state.frames_made
    visit.frames.append(number)
    frame = Frame(number, f"{visit.path}[{index}]", visit.entry, index, visit.input)
    frame.next = _scope(machine, visit, index).start_at
    return add_frame(machine, frame)


def edit_input(machine: Machine, frame: Frame, key: int, request: dict[str, Json]) -> None:
    """Merge an operator's edit over an input; the edition before it stays on record."""
    frame.input = key
    edit = request.get("input")
    if edit is None:
        return
    before = machine.state.inputs[key]
    both = isinstance(before, dict) and isinstance(edit, dict) and not is_reference(before)
    after = {**before, **edit} if both else edit
    frame.input = machine.state.add_input(after)
    told = {"request_id": request.get("request_id"), "what": "input"}
    machine.tell("edited", **told, path=frame.path, before=before, after=after)


def _scope(machine: Machine, visit: Visit, index: int) -> Scope:
    scopes = scopes_of(machine.graph(visit))
    return scopes[index] if len(scopes) > 1 else scopes[0]


def scope_of(machine: Machine, frame: Frame) -> Scope:
    """The part of the graph that a frame walks."""
    if frame.owner is None:
        return machine.definition.root
    return _scope(machine, machine.visit(frame.owner), frame.index)


def close_frame(machine: Machine, frame: Frame) -> None:
    """A sequence has come to its end."""
    frame.done, frame.current = True, None
    if frame.id == ROOT:
        end(machine, "complete")
        return
    visit = machine.visit(frame.owner or 0)
    state = machine.graph(visit)
    visit.left -= 1
    if visit.left == 0:
        finish(machine, visit, composite_result(machine, visit))
    elif isinstance(state, Map) and _has_room(visit, state):
        start_frame(machine, visit, len(visit.frames))


def _has_room(visit: Visit, state: Map) -> bool:
    """Whether another item of a map may begin."""
    waiting = len(visit.items or ()) - len(visit.frames)
    in_progress = visit.left - waiting
    return waiting > 0 and in_progress < (state.concurrency or waiting + in_progress)


def composite_result(machine: Machine, visit: Visit) -> list[Json]:
    """Per branch or item, its steps' results by name."""
    frames = [machine.state.frames[number] for number in visit.frames]
    return [dataflow.own_results(machine, frame) for frame in frames]


def end(machine: Machine, how: str) -> None:
    """Close the execution with the next response: `complete`, `fail` or `cancel`."""
    machine.state.mode, machine.state.ending = Mode.ENDING, how
