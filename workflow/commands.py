"""What to do next: SWF decisions read from the state, without moving it.

Everything here is derived: what the state wants and SWF does not have yet.  So a response
that never reached SWF is simply read again.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, TypeAlias

from errors import UndecidableError
from wire import PAYLOAD_CHARACTERS, Json, dumps
from workflow import children, closing, data, interrupts, markers
from workflow.graph import Settings
from workflow.language import resources
from workflow.language.view import resolved
from workflow.machine import Machine
from workflow.policy import LONGEST_TIMER, patience
from workflow.state import CORE_REVISION, ROOT, Mode, Open, Phase, Stop, Via, Work

Decision: TypeAlias = dict[str, Any]
"""One SWF decision as boto3 takes it: decisionType and xxxDecisionAttributes."""

RESPONSE_DECISIONS = 100  # SWF takes more at times, and promises none
RESPONSE_BYTES = 900_000  # SWF's limit is 1 MB with headers
OPEN_AT_ONCE = 900  # of activities, timers, children each: SWF's limit is 1,000
FUNCTION_SECONDS = 300  # SWF's limit for a Lambda task
HISTORY_SOFT_LIMIT = 8_000  # events after which a run starts nothing new and continues as new
HISTORY_HARD_LIMIT = 15_000  # events after which it does so whatever is open


def decide(machine: Machine) -> list[Decision]:
    """The decisions for the state as it is, cut to what one response holds."""
    state = machine.state
    if state.closed:
        return []
    if state.no_timers:
        raise UndecidableError(state.no_timers)
    if state.held:
        return _hold(machine)
    first = [*_run_options(machine), *_markers(machine), *_unwanted_timers(machine)]
    if state.mode is Mode.ENDING and not state.stops and not state.paused:
        return _ending(machine, first)
    if _must_continue(machine):
        return _continuing(machine, first)
    timers = [*_deadline(machine), *_watch(machine)]
    before = [*first, *timers, *_stopping(machine)]
    # Work is written out one by one, for there may be many times what one response holds.
    return _awake(machine, _fitting(machine, chain(before, _work(machine))))


def _ending(machine: Machine, first: list[Decision]) -> list[Decision]:
    """Close; a child whose parent went on tells it first, and closes when that has arrived."""
    state = machine.state
    if state.report in ("", "told"):
        return _closing(machine, first, closing.close(machine))
    if state.report == "sending":
        return _fitting(machine, first)
    told = children.report(machine, *closing.told(machine))
    return _fitting(machine, [*first, _decision("SignalExternalWorkflowExecution", **told)])


def _continuing(machine: Machine, first: list[Decision]) -> list[Decision]:
    asking = [work for work in children.open_works(machine) if not work.told]
    if asking:
        return _awake(machine, _fitting(machine, [*first, *_questions(machine, asking)]))
    block = closing.continue_as_new(machine)
    last = _decision("ContinueAsNewWorkflowExecution", **block)
    return _closing(machine, [*first, *_all_timers(machine)], last)


def _closing(machine: Machine, before: list[Decision], last: Decision) -> list[Decision]:
    """A response that closes the run, or as much of what comes before as fits."""
    fitting = _fitting(machine, before)
    return [*before, last] if fitting == before else fitting


def _fitting(machine: Machine, decisions: Iterable[Decision]) -> list[Decision]:
    """As many decisions as one response holds; a wake timer brings the rest."""
    kept: list[Decision] = []
    size = 0
    for decision in decisions:
        size += _wire_bytes(decision)
        if kept and (size > RESPONSE_BYTES or len(kept) == RESPONSE_DECISIONS - 1):
            return [*kept, _wake(machine)]
        kept.append(decision)
    return kept


def _wire_bytes(decision: Decision) -> int:
    """An upper bound of a decision's bytes: longer payloads travel as references."""
    block = decision[_block(decision["decisionType"])]
    return 1_500 + sum(_text_bytes(text) for text in block.values() if isinstance(text, str))


def _text_bytes(text: str) -> int:
    """As JSON: quotes are escaped, characters of other alphabets take six bytes."""
    each = 2 if text.isascii() else 6
    return each * min(len(text), PAYLOAD_CHARACTERS)


_WAKING = frozenset(
    {
        "ScheduleActivityTask",
        "ScheduleLambdaFunction",
        "StartTimer",
        "StartChildWorkflowExecution",
        "SignalExternalWorkflowExecution",
    }
)


def _awake(machine: Machine, decisions: list[Decision]) -> list[Decision]:
    """Never wait for something that wakes nobody (markers and timer cancels do not)."""
    state = machine.state
    if state.yielding or _paced(machine):
        last = _wake(machine)
        asked = _has_open(machine, "wake") or last in decisions
        return decisions if asked else [*decisions, last]
    if any(decision["decisionType"] in _WAKING for decision in decisions):
        return decisions
    if _stays_open(machine, decisions) or (_waits_for_signals(machine) and not _wants(machine)):
        return decisions
    if not decisions:
        raise UndecidableError("the execution waits for nothing; report this as a bug")
    return [*decisions, _wake(machine)]


def _paced(machine: Machine) -> bool:
    """Whether there are timers to be asked for that SWF may admit, and too few were."""
    state = machine.state
    waiting = len(machine.todo.get("timer", ()))
    return 0 < state.timers_pace < waiting and not state.timers_full and not state.paused


def _stays_open(machine: Machine, decisions: list[Decision]) -> bool:
    canceled = sum(decision["decisionType"] == "CancelTimer" for decision in decisions)
    return len(machine.state.open) > canceled or bool(children.open_works(machine))


def _waits_for_signals(machine: Machine) -> bool:
    """Whether only a signal brings the execution on: a pause, a failed step, a step that waits."""
    state = machine.state
    if state.paused or machine.halted:
        return True
    waiting = chain(machine.by[Via.SIGNAL].values(), machine.by[Via.TOKEN].values())
    return any(work.phase is Phase.WAITING for work in waiting)


def _wants(machine: Machine) -> bool:
    return any(machine.todo.values()) and not machine.state.paused


def _has_open(machine: Machine, kind: str) -> bool:
    return any(item.kind == kind for item in machine.special.values())


# --- markers ----------------------------------------------------------------------------------


def _run_options(machine: Machine) -> list[Decision]:
    if machine.state.options_recorded:
        return []
    return [_marker(markers.RUN_OPTIONS, machine.state.options or run_options(machine))]


def run_options(machine: Machine) -> dict[str, Json]:
    """What the run keeps for its life, as `RUN_OPTIONS` records it."""
    definition = machine.definition
    options: dict[str, Json] = {
        "definition": {
            "name": definition.name,
            "version": definition.version,
            "hash": definition.hash,
        },
        "core": CORE_REVISION,
        "policy": machine.policy.to_json(),
        "start_id": machine.state.start_id,
    }
    return options | ({"steps": definition.settings} if definition.settings else {})


def _markers(machine: Machine) -> list[Decision]:
    return [_marker(note.name, note.details) for note in machine.state.notes]


def _marker(name: str, details: dict[str, Json]) -> Decision:
    return _decision("RecordMarker", markerName=name, details=dumps(details))


# --- work -------------------------------------------------------------------------------------


def _work(machine: Machine) -> Iterator[Decision]:
    """What is to be asked of SWF, within what may be open at once; the rest waits its turn."""
    if machine.state.paused or _winding_up(machine):
        return
    for kind, keys in machine.todo.items():
        room = _room(machine, kind)
        for key in keys if room else ():
            work = machine.state.works[key]
            if _is_stopped(machine, work):
                continue
            yield _asked(machine, work)
            room -= 1
            if not room:
                break


def _room(machine: Machine, kind: str) -> int:
    """How many more of a kind may be opened."""
    if kind == "timer" and machine.state.timers_full and machine.counts[kind]:
        return 0
    room = max(0, OPEN_AT_ONCE - machine.counts[kind])
    return min(room, machine.state.timers_pace or room) if kind == "timer" else room


def _is_stopped(machine: Machine, work: Work) -> bool:
    if not machine.state.stops or work.kind != "step":
        return False
    return machine.within(machine.frame(machine.visit(work.entry)))


def _asked(machine: Machine, work: Work) -> Decision:
    if work.phase is Phase.BACKOFF:
        return _retry_timer(machine, work)
    if work.via is Via.CHILD:
        return _decision("StartChildWorkflowExecution", **children.start(machine, work))
    if work.via is Via.LAMBDA:
        return _invoke(machine, work)
    return _schedule(machine, work)


def _invoke(machine: Machine, work: Work) -> Decision:
    """A function gets exactly its event: no envelope of ours, and no reference in it."""
    called: Any = work.input
    if called is None:  # of a process whose data are no document
        called = {
            "FunctionName": work.activity,
            "Payload": data.of(machine).work_input(machine, work, {}),
        }
    limit = (work.limits or [None])[0]
    name = called["FunctionName"]
    return _decision(
        "ScheduleLambdaFunction",
        id=work.activity_id,
        name=name.partition(":function:")[2] or name,
        control=dumps({**identity(machine, work), "entry": work.entry}),
        input=dumps(resolved(called["Payload"], machine.content)),
        startToCloseTimeout=None if limit is None else str(min(limit, FUNCTION_SECONDS)),
    )


def _schedule(machine: Machine, work: Work) -> Decision:
    policy, settings = machine.policy, Settings()
    if work.kind == "step":
        settings = machine.of(machine.graph(machine.visit(work.entry)))
    own_list = {"name": settings.task_list} if settings.task_list else None
    limited, beating = _limits(machine, work)
    envelope: dict[str, Json] = {"start_id": machine.state.start_id, **identity(machine, work)}
    return _decision(
        "ScheduleActivityTask",
        activityType={"name": work.activity, "version": machine.definition.version},
        activityId=work.activity_id,
        control=dumps({**identity(machine, work), "entry": work.entry}),
        input=dumps(data.of(machine).work_input(machine, work, envelope)),
        taskList=own_list or machine.state.started.get("taskList"),
        taskPriority=None if settings.priority is None else str(settings.priority),
        startToCloseTimeout=limited or settings.start_to_close or policy.start_to_close,
        scheduleToStartTimeout=settings.schedule_to_start or policy.schedule_to_start,
        scheduleToCloseTimeout=settings.schedule_to_close or policy.schedule_to_close,
        heartbeatTimeout=beating or settings.heartbeat or policy.heartbeat,
    )


def _limits(machine: Machine, work: Work) -> tuple[str | None, str | None]:
    """What States Language says of how long an attempt may take, and be silent.

    It has no limit of its own: a state that sets none may take as long as it likes.  What only
    sends a task token out has the usual limits, for they are for the answer; the same holds for
    what is asked again until it is done.
    """
    if not machine.definition.by_document or work.kind != "step" or work.limits is None:
        return None, None
    state = machine.graph(machine.visit(work.entry))
    if getattr(state, "token", False) or work.poll is not None:
        return machine.policy.start_to_close, machine.policy.heartbeat
    limited, beating = work.limits
    if beating is None or work.activity in resources.FUNCTIONS:  # then its worker is heard of
        return str(limited or "NONE"), machine.policy.heartbeat
    return str(limited or "NONE"), str(beating)


def identity(machine: Machine, work: Work) -> dict[str, Json]:
    """By which a worker knows the visit that it works on."""
    if work.kind == "transaction":
        return {"path": work.activity, "visit": work.entry, "attempt": work.attempt}
    visit = machine.visit(work.entry)
    found: dict[str, Json] = {"path": visit.path, "visit": visit.number, "attempt": work.attempt}
    return {**found, "undo": True} if work.kind == "undo" else found


# --- timers -----------------------------------------------------------------------------------


def _retry_timer(machine: Machine, work: Work) -> Decision:
    wait = work.delay
    if work.due is not None:  # carried over from the run before, or until a moment
        wait = max(0, math.ceil(work.due - machine.state.now))
    timer_id = f"{work.activity_id}.{work.tries}" if work.tries else work.activity_id
    return _timer(timer_id, min(wait, LONGEST_TIMER), timer="retry", work=work.key)


def _wake(machine: Machine) -> Decision:
    return _timer(f"wake.{machine.state.event_id}", 0, timer="wake")


def _timer(timer_id: str, wait: int, **control: Json) -> Decision:
    return _decision(
        "StartTimer", timerId=timer_id, startToFireTimeout=str(wait), control=dumps(control)
    )


def _unwanted_timers(machine: Machine) -> list[Decision]:
    state = machine.state
    items = [state.open[event_id] for event_id in state.unwanted if event_id in state.open]
    items += [item for item in machine.special.values() if _is_over(machine, item)]
    return [_decision("CancelTimer", timerId=item.id) for item in items]


def _is_over(machine: Machine, item: Open) -> bool:
    """Whether what a timer was started for is over."""
    if item.kind == "grace":
        return int(item.work or ROOT) not in machine.state.stops
    return item.kind == "deadline" and machine.state.deadline is None


def _deadline(machine: Machine) -> list[Decision]:
    """The process's own time limit, which SWF's would not leave time to undo."""
    due = machine.state.deadline
    if due is None or not interrupts.is_limited(machine):
        return []
    if _winding_up(machine) or _has_open(machine, "deadline"):
        return []
    wait = max(0, math.ceil(due - machine.state.now))
    return [_timer("deadline", min(wait, LONGEST_TIMER), timer="deadline")]


def _stopping(machine: Machine) -> list[Decision]:
    """Ask what is in flight to stop, and start the grace after which it is abandoned."""
    stops = machine.state.stops.items()
    return [item for number, what in stops for item in _stop(machine, number, what)]


def _stop(machine: Machine, number: int, what: Stop) -> Iterator[Decision]:
    yield from _cancel_requests(machine, [machine.state.works[key] for key in what.waiting])
    if not _has_grace(machine, number):
        timer_id = f"grace.{number}" if number else "grace"
        control: dict[str, Json] = {"work": str(number)} if number else {}
        yield _timer(timer_id, machine.policy.cancel_grace, timer="grace", **control)


def _has_grace(machine: Machine, number: int) -> bool:
    items = machine.special.values()
    return any(item.kind == "grace" and int(item.work or ROOT) == number for item in items)


def _cancel_requests(machine: Machine, works: Iterable[Work]) -> list[Decision]:
    asked = [work for work in works if _can_be_asked(work)]
    return [_cancel_request(machine, work) for work in asked]


def _can_be_asked(work: Work) -> bool:
    """Whether a request to stop can be sent: functions take none."""
    return work.in_flight and not work.cancel_requested and work.via is not Via.LAMBDA


def _cancel_request(machine: Machine, work: Work) -> Decision:
    if work.via is not Via.CHILD:
        return _decision("RequestCancelActivityTask", activityId=work.activity_id)
    child_id = children.workflow_id(machine, work)
    return _decision("RequestCancelExternalWorkflowExecution", workflowId=child_id)


def _questions(machine: Machine, works: Iterable[Work]) -> list[Decision]:
    asked = {item.work for item in machine.special.values() if item.kind == "ask"}
    return [
        _decision("SignalExternalWorkflowExecution", **children.ask(machine, work))
        for work in works
        if work.key not in asked
    ]


def _watch(machine: Machine) -> list[Decision]:
    """Ask now and then whether children that the run before started are still there."""
    carried = children.carried(machine)
    if not carried or _winding_up(machine):
        return []
    questions = _questions(machine, [work for work in carried if not work.told])
    if _has_open(machine, "watch"):
        return questions
    timer_id = f"watch.{machine.state.watched}"
    return [*questions, _timer(timer_id, children.watch_seconds(machine), timer="watch")]


def _hold(machine: Machine) -> list[Decision]:
    """After a refusal that only people can mend: nothing but a wait, longer each time."""
    state = machine.state
    if _has_open(machine, "again"):
        return []
    wait = patience(state.held_times - 1, 10, 3600)
    return [_timer(f"again.{state.event_id}", wait, timer="again")]


# --- the end of a run -------------------------------------------------------------------------


def _winding_up(machine: Machine) -> bool:
    return machine.state.event_id >= HISTORY_SOFT_LIMIT


def _must_continue(machine: Machine) -> bool:
    if not _winding_up(machine) or _stops_work(machine):
        return False
    in_flight = machine.counts["activity"] or machine.counts["lambda"]
    return not in_flight or machine.state.event_id >= HISTORY_HARD_LIMIT


def _stops_work(machine: Machine) -> bool:
    """Whether a stop waits for an activity, or is made at once; for children it may take long."""
    works = machine.state.works
    return any(
        not what.waiting or any(works[key].via is not Via.CHILD for key in what.waiting)
        for what in machine.state.stops.values()
    )


def _all_timers(machine: Machine) -> list[Decision]:
    """Before continuing as new: no timer and no activity of the old run is waited for."""
    unwanted = {d["cancelTimerDecisionAttributes"]["timerId"] for d in _unwanted_timers(machine)}
    decisions = [
        _decision("CancelTimer", timerId=item.id)
        for item in machine.state.open.values()
        if item.kind not in _NO_TIMERS and item.id not in unwanted
    ]
    works = [w for w in machine.state.works.values() if w.via is Via.ACTIVITY]
    return [*decisions, *_cancel_requests(machine, works)]


_NO_TIMERS = ("activity", "lambda", "child", "ask", "report")


# --- shapes -----------------------------------------------------------------------------------


def _block(decision_type: str) -> str:
    return decision_type[0].lower() + decision_type[1:] + "DecisionAttributes"


def _decision(decision_type: str, **found: Any) -> Decision:
    block = {key: value for key, value in found.items() if value is not None}
    return {"decisionType": decision_type, _block(decision_type): block}
