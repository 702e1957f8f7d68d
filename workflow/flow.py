"""Walking the graph: entering states, leaving them, and the ends of sequences.

Nothing here recurses from one state into the next: a frame whose turn has come is put on the
machine's agenda, and `workflow.agenda` takes them one after the other.
"""

from __future__ import annotations

from expressions.errors import ExpressionError
from wire import Json, is_reference, pending_of
from workflow import data, places
from workflow.graph import (
    HEARTBEAT_TIMEOUT,
    TIMEOUT,
    Await,
    Child,
    Choice,
    Fail,
    Map,
    Parallel,
    Pass,
    Scope,
    Succeed,
    Task,
    Wait,
    scopes_of,
)
from workflow.language import resources
from workflow.machine import Failure, Machine
from workflow.policy import LONGEST_TIMER
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


def enter(
    machine: Machine,
    frame: Frame,
    name: str,
    previous: int | None,
    *,
    then: str | None = None,
    base: int | None = None,
    kept: int | None = None,
) -> Visit:
    """Make a new visit of a state, behind the visit `previous`, and have its work done.

    `then`, `base` and `kept` are of a step that is run again: see `Visit`.
    """
    visit = new_visit(machine, frame, name, previous)
    visit.then, visit.base, visit.kept = then, base, kept
    state = machine.graph(visit)
    if isinstance(state, Await):
        _await(machine, visit, state)
    elif isinstance(state, Task | Child | Parallel | Map):
        via, activity = _done_by(machine, state)
        work = machine.add_work("step", visit.entry, activity, via)
        if via is not Via.FRAMES:
            machine.tell("scheduling", step=visit.path, visit=visit.number)
        attempt(machine, visit, work)
    else:
        _pass_through(machine, visit, state)
    return visit


def _done_by(machine: Machine, state: Task | Child | Parallel | Map) -> tuple[Via, str]:
    """By what a state's work is done, and the name of that."""
    if isinstance(state, Child):
        return Via.CHILD, f"{state.process}@{state.version}"
    if not isinstance(state, Task):
        return Via.FRAMES, state.name
    if machine.policy.lambda_tasks and resources.is_function(state.activity):
        return Via.LAMBDA, state.activity
    return Via.ACTIVITY, state.activity


def as_kept(machine: Machine) -> None:
    """What was to be done before the run's own policy was read is done as that says."""
    for work in list(machine.leaves.values()):
        state = machine.graph(machine.visit(work.entry)) if work.kind == "step" else None
        if isinstance(state, Task) and work.phase is Phase.READY:
            via, _ = _done_by(machine, state)
            machine.turn(work, via)


def new_visit(machine: Machine, frame: Frame, name: str, previous: int | None) -> Visit:
    """Put a new visit on record as the one in progress in its frame."""
    state = machine.state
    path = places.join(frame.path, name)
    before = machine.last_visit(path)
    number = 1 if before is None else before.number + 1
    if before is not None and before.outcome is Outcome.DONE and _leaves_no_trace(machine, before):
        del state.visits[before.entry]
    state.entries += 1
    visit = Visit(state.entries, frame.id, path, number, previous, frame.input)
    state.visits[visit.entry] = visit
    state.latest[path] = visit.entry
    frame.current, frame.trail, frame.done = visit.entry, previous, False
    data.of(machine).entered(machine, visit)
    return visit


def _leaves_no_trace(machine: Machine, visit: Visit) -> bool:
    return isinstance(machine.graph(visit), Choice | Pass | Wait | Succeed | Fail)


def _pass_through(
    machine: Machine, visit: Visit, state: Choice | Pass | Wait | Succeed | Fail
) -> None:
    """States that are over at once; and waits, that do no work."""
    flow = data.of(machine)
    try:
        if isinstance(state, Fail):
            machine.fail(visit, flow.failure(machine, visit, state))
        elif isinstance(state, Wait):
            _wait(machine, visit, *flow.wait(machine, visit, state))
        elif isinstance(state, Choice):
            pass_on(machine, visit, flow.chosen(machine, visit, state))
        else:
            leave(machine, visit)
    except ExpressionError as error:
        machine.fail(visit, unreadable(machine, error))


def unreadable(machine: Machine, error: ExpressionError) -> Failure:
    """The failure of a state whose data do not fit what it says of them.

    In a process in Python trying again cannot mend it; States Language has its own rules.
    """
    reason, retryable = f"{error.error}: {error}", machine.definition.by_document
    return Failure(reason, retryable=retryable, name=error.error, cause=str(error))


def leave(machine: Machine, visit: Visit) -> None:
    """Leave a state that only passes data on."""
    data.of(machine).passed(machine, visit)
    pass_on(machine, visit, machine.graph(visit).next)


def pass_on(machine: Machine, visit: Visit, target: str | None) -> None:
    """Leave a state that gives no result."""
    frame = machine.frame(visit)
    visit.outcome = Outcome.DONE
    close(machine, visit)
    if machine.definition.by_document:
        machine.tell("passed", step=visit.path, target=target)
    frame.next = target or ""
    machine.agenda.append(frame.id)


def finish(machine: Machine, visit: Visit, result: Json, outcome: Outcome = Outcome.DONE) -> None:
    """Take a visit's result and go on behind it, unless its frame is being unwound."""
    frame = machine.frame(visit)
    try:
        data.of(machine).took(machine, visit, result, outcome)
    except ExpressionError as error:
        _missed(machine, visit, unreadable(machine, error))
        return
    visit.outcome = outcome
    close(machine, visit)
    frame.trail = visit.entry
    go_on(machine, frame, visit)


def _missed(machine: Machine, visit: Visit, failure: Failure) -> None:
    """The attempt at hand has failed; where there is none, the visit has."""
    work = machine.state.works.get(f"s{visit.entry}")
    if work is None:
        machine.fail(visit, failure)
    else:
        machine.missed.append((work, failure))


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


# --- attempts ---------------------------------------------------------------------------------


def attempt(machine: Machine, visit: Visit, work: Work) -> None:
    """Have an attempt at a state's work made; it has failed where what it gets cannot be told."""
    flow, state = data.of(machine), machine.graph(visit)
    try:
        flow.attempt(machine, visit, work)
        if isinstance(state, Parallel | Map):
            _begin_composite(machine, visit, work, state)
        else:
            via, _ = _done_by(machine, state) if isinstance(state, Task) else (work.via, "")
            machine.turn(work, via)
            machine.put(work, Phase.READY)
    except ExpressionError as error:
        machine.missed.append((work, unreadable(machine, error)))


def work_done(machine: Machine, work: Work, result: Json) -> None:
    """An activity or function of a step gave its result: mostly that of the step."""
    visit = machine.visit(work.entry)
    state = machine.graph(visit)
    again = pending_of(result)
    if again is not None:
        ask_again(machine, work, *again)
    elif isinstance(state, Map):
        _went_on(machine, visit, work, result, state)
    elif isinstance(state, Task) and state.token:
        await_answer(machine, work)
    else:
        finish(machine, visit, data.of(machine).of_work(machine, work, result))


def ask_again(machine: Machine, work: Work, poll: Json, seconds: int) -> None:
    """What an activity began is not done: ask for it again in a while, within the time limit."""
    work.poll, work.tries = {"state": poll}, 0
    now = machine.state.now
    work.due = now + seconds if work.until is None else min(now + seconds, work.until)
    machine.put(work, Phase.BACKOFF)


def await_answer(machine: Machine, work: Work) -> None:
    """The message with the task token is out: wait for the answer, as long as the state says."""
    machine.turn(work, Via.TOKEN)
    machine.tell("waiting", step=machine.visit(work.entry).path, signal=ANSWER)
    heard_of(machine, work)
    rest(machine, work)


ANSWER = "TASK_SUCCESS"
"""The signal that answers a task token."""


def heard_of(machine: Machine, work: Work) -> None:
    """Whoever holds the token lives; it must be heard of again within its heartbeat."""
    beat = (work.limits or [None, None])[1]
    work.beat = None if beat is None else machine.state.now + beat


def rest(machine: Machine, work: Work) -> None:
    """Wait for an answer until whichever limit comes first."""
    limits = [limit for limit in (work.until, work.beat) if limit is not None]
    work.due = min(limits, default=None)
    machine.put(work, Phase.WAITING if work.due is None else Phase.BACKOFF)


# --- waits ------------------------------------------------------------------------------------


def _wait(machine: Machine, visit: Visit, seconds: int | None, until: float | None) -> None:
    if machine.definition.by_document and (seconds == 0 or _is_past(machine, until)):
        leave(machine, visit)
        return
    work = machine.add_work("step", visit.entry, visit.name, Via.TIMER)
    if seconds is not None and seconds > LONGEST_TIMER:
        until = machine.state.now + seconds
    work.delay, work.due = seconds or 0, until
    machine.put(work, Phase.BACKOFF)


def _is_past(machine: Machine, until: float | None) -> bool:
    return until is not None and until <= machine.state.now


def _await(machine: Machine, visit: Visit, state: Await) -> None:
    """Wait for a signal, unless it came before its step did."""
    work = machine.add_work("step", visit.entry, state.signal, Via.SIGNAL)
    _listen(machine, visit, state, work)


def _listen(machine: Machine, visit: Visit, state: Await, work: Work) -> None:
    machine.tell("waiting", step=visit.path, signal=state.signal)
    for arrived in list(machine.state.arrived):
        if arrived["signal"] == state.signal and arrived.get("step_name") in (None, visit.path):
            machine.state.arrived.remove(arrived)
            finish(machine, visit, arrived["payload"])
            return
    try:
        seconds = data.of(machine).limit(machine, visit, state)
    except ExpressionError as error:
        machine.fail(visit, unreadable(machine, error))
        return
    if seconds is None:
        machine.put(work, Phase.WAITING)
    else:
        work.delay = seconds
        machine.put(work, Phase.BACKOFF)


def wait_is_over(machine: Machine, work: Work) -> None:
    """A work's timer fired: try again, go on, or take what was meant for this case."""
    work.delay, work.due = 0, None
    visit = machine.state.visits.get(work.entry)
    if visit is None or work.kind != "step":
        machine.put(work, Phase.READY)
    elif work.via is Via.TIMER:
        _waited(machine, visit)
    elif work.via is Via.SIGNAL:
        _no_signal(machine, visit, work)
    elif work.via is Via.TOKEN:
        _no_answer(machine, work)
    elif work.poll is not None:
        _poll(machine, work)
    elif work.tries and machine.definition.by_document:  # the same attempt, with what it gets
        machine.put(work, Phase.READY)
    else:
        _try_again(machine, visit, work)


def _try_again(machine: Machine, visit: Visit, work: Work) -> None:
    state = machine.graph(visit)
    if isinstance(state, Await):
        machine.turn(work, Via.SIGNAL)
        _listen(machine, visit, state, work)
    else:
        attempt(machine, visit, work)


def _waited(machine: Machine, visit: Visit) -> None:
    try:
        leave(machine, visit)
    except ExpressionError as error:
        machine.fail(visit, unreadable(machine, error))


def _no_signal(machine: Machine, visit: Visit, work: Work) -> None:
    state = machine.graph(visit)
    failure = Failure(f"States.Timeout: no signal {work.activity} came in time")
    if isinstance(state, Await) and state.has_default:
        finish(machine, visit, state.default)
    elif machine.definition.by_document:
        machine.missed.append((work, failure))
    else:
        machine.fail(visit, failure)


def _no_answer(machine: Machine, work: Work) -> None:
    now = machine.state.now
    if work.until is not None and work.until <= now:
        machine.missed.append((work, _timed_out(TIMEOUT)))
    elif work.beat is not None and work.beat <= now:
        machine.missed.append((work, _timed_out(HEARTBEAT_TIMEOUT)))
    else:  # there was a heartbeat meanwhile
        rest(machine, work)


def _poll(machine: Machine, work: Work) -> None:
    if work.until is not None and work.until <= machine.state.now:
        machine.missed.append((work, _timed_out(TIMEOUT)))
    else:
        machine.put(work, Phase.READY)


def _timed_out(error: str) -> Failure:
    return Failure(error, name=error)


# --- branches and items -----------------------------------------------------------------------


def _begin_composite(machine: Machine, visit: Visit, work: Work, state: Parallel | Map) -> None:
    """Begin every branch, or as many items as may be worked on at once."""
    visit.frames, visit.missed = [], 0
    if isinstance(state, Map):
        asked = data.of(machine).reads(machine, visit, state)
        if asked is None:
            _start_items(machine, visit, work, state)
        else:
            _ask(machine, work, resources.READ_ITEMS, asked)
        return
    started(machine, work)
    visit.left = len(state.branches)
    for index in range(visit.left):
        start_frame(machine, visit, index)


def _ask(machine: Machine, work: Work, activity: str, given: Json) -> None:
    """Have an activity read a map's items, or write its results."""
    work.activity, work.input = activity, given
    machine.turn(work, Via.ACTIVITY)
    machine.put(work, Phase.READY)


def _went_on(machine: Machine, visit: Visit, work: Work, result: Json, state: Map) -> None:
    """The items of a map are read, or its results are written."""
    if work.activity == resources.WRITE_RESULTS:
        finish(machine, visit, result)
        return
    try:
        _start_items(machine, visit, work, state, result)
    except ExpressionError as error:
        machine.missed.append((work, unreadable(machine, error)))


def _start_items(machine: Machine, visit: Visit, work: Work, state: Map, read: Json = None) -> None:
    flow = data.of(machine)
    work.activity = state.name
    machine.turn(work, Via.FRAMES)
    started(machine, work)
    items = flow.items(machine, visit, state, read)
    visit.items, visit.left = items, len(items)
    for index in range(min(len(items), flow.concurrency(visit, state) or len(items))):
        start_frame(machine, visit, index)
    if not items:
        _all_done(machine, visit)


def started(machine: Machine, work: Work) -> None:
    """The branches or items of a composite state are in progress."""
    machine.put(work, Phase.STARTED)


def start_frame(machine: Machine, visit: Visit, index: int) -> Frame:
    """Begin one branch or item."""
    number = machine.state.frames_made
    path = places.of_frame(visit.path, index)
    frame = Frame(number, path, visit.entry, index, visit.input)
    frame.next = _scope(machine, visit, index).start_at
    data.of(machine).begin_frame(machine, visit, frame)
    visit.frames.append(number)
    return add_frame(machine, frame)


def edit_input(machine: Machine, frame: Frame, request: dict[str, Json]) -> None:
    """Merge an operator's edit over a frame's input; the edition before it stays on record."""
    edit = request.get("input")
    if edit is None:
        return
    before = machine.state.inputs[frame.input]
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
        _all_done(machine, visit)
    elif isinstance(state, Map) and _has_room(machine, visit, state):
        try:
            start_frame(machine, visit, len(visit.frames))
        except ExpressionError as error:
            _missed(machine, visit, unreadable(machine, error))


def _has_room(machine: Machine, visit: Visit, state: Map) -> bool:
    """Whether another item of a map may begin."""
    waiting = len(visit.items or ()) - len(visit.frames)
    in_progress = visit.left - waiting
    most = data.of(machine).concurrency(visit, state)
    return waiting > 0 and in_progress < (most or waiting + in_progress)


def _all_done(machine: Machine, visit: Visit) -> None:
    """Every branch or item has come to its end: take their results, or have them written."""
    flow, work = data.of(machine), machine.state.works.get(f"s{visit.entry}")
    try:
        asked = None if work is None else flow.writes(machine, visit)
    except ExpressionError as error:
        _missed(machine, visit, unreadable(machine, error))
        return
    if work is None or asked is None:
        finish(machine, visit, flow.composite_result(machine, visit))
    else:
        _ask(machine, work, resources.WRITE_RESULTS, asked)


def end(machine: Machine, how: str) -> None:
    """Close the execution with the next response: `complete`, `fail` or `cancel`."""
    machine.state.mode, machine.state.ending = Mode.ENDING, how
