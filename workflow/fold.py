"""The fold: each event of a history moves the state, and nothing else does.

Most closing events carry only the id of the event that opened what they close, so
`State.open` maps those ids to our work.  What is not in the map is late and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from wire import loads, unwrap_start
from workflow import (
    agenda,
    children,
    failures,
    flow,
    interrupts,
    jumps,
    markers,
    saga,
    signals,
    snapshot,
    unwinding,
)
from workflow.divergence import diverged, is_ours, is_unheard_of, unwanted
from workflow.graph import TIMEOUT
from workflow.history import Event, attributes, seconds
from workflow.machine import Failure, Machine
from workflow.policy import LONGEST_TIMER
from workflow.state import ROOT, Open, Phase, Work

Attributes = Mapping[str, Any]


def apply(machine: Machine, event: Event) -> None:
    """Move the state by one event; types that do not concern us pass."""
    machine.event_id, machine.draws = event["eventId"], 0
    handler = HANDLERS.get(event["eventType"])
    if handler is not None:
        machine.state.now = seconds(event)
        handler(machine, attributes(event))
        agenda.pump(machine)


# --- the run ----------------------------------------------------------------------------------


def _started(machine: Machine, found: Attributes) -> None:
    value, envelope = unwrap_start(loads(found.get("input")))
    now = machine.state.now
    if "snapshot" in envelope:
        restored = snapshot.restored(machine.content(envelope["snapshot"]), machine.definition)
        machine.adopt(restored)
        machine.state.now = now
        if restored.options is not None:
            machine.keep(restored.options)
    state = machine.state
    state.start_id = envelope.get("start_id") or state.start_id
    state.begun = state.begun or now
    state.parent = envelope.get("parent") or state.parent
    state.started = {key: found[key] for key in INHERITED if found.get(key) is not None}
    if "resume" in envelope:
        resumed(machine, {**envelope["resume"], "from_run_id": envelope.get("previous_run_id")})
    elif "snapshot" not in envelope:
        state.add_input(value)
        flow.begin(machine)
        _set_deadline(machine)
    else:
        flow.wake_all(machine)


INHERITED = (
    "executionStartToCloseTimeout",
    "taskStartToCloseTimeout",
    "childPolicy",
    "taskList",
    "taskPriority",
    "tagList",
    "lambdaRole",
)


def resumed(machine: Machine, request: dict[str, Any]) -> None:
    """A closed run goes on in this one: at a step, or with what could not be undone."""
    name = request["step_name"]
    request.setdefault("signal", signals.RESUME_FROM_STEP)
    told = {key: request.get(key) for key in ("actor", "reason", "step_name", "request_id")}
    machine.tell("signal", signal=request["signal"], outcome=signals.DONE, why="", **told)
    _set_deadline(machine)
    if name in signals.undo_activities(machine):
        saga.start_again(machine, saga.not_undone_visits(machine), request)
        return
    target = jumps.find(machine, name)
    jumps.after_stop(machine, machine.state.root, {**request, "target": target.path})
    flow.wake_all(machine)


def _set_deadline(machine: Machine) -> None:
    if machine.definition.deadline is not None:
        machine.state.deadline = machine.state.now + machine.definition.deadline


def _cancel_requested(machine: Machine, _: Attributes) -> None:
    interrupts.cancel(machine)


def _closed(status: str) -> Callable[[Machine, Attributes], None]:
    def handler(machine: Machine, _: Attributes) -> None:
        machine.state.closed = status

    return handler


def _close_refused(machine: Machine, found: Attributes) -> None:
    """New events came in between (UNHANDLED_DECISION): decide again; else people are needed."""
    if found["cause"] != "UNHANDLED_DECISION":
        failures.hold(machine, f"SWF refused to close the execution: {found['cause']}")


# --- activities -------------------------------------------------------------------------------


def _activity_scheduled(machine: Machine, found: Attributes) -> None:
    work = _work_of_activity(machine, found["activityId"]) or _work_by_name(machine, found)
    _check_expected(machine, work, found)
    if work is None:
        return
    machine.put(work, Phase.SCHEDULED)
    work.cancel_requested = False
    if not machine.state.held:
        machine.state.blocked = ""
    machine.opened(machine.event_id, Open("activity", found["activityId"], work.key))


def _check_expected(machine: Machine, work: Work | None, found: Attributes) -> None:
    """Replaying must ask for what the history has; else another definition made the history."""
    name = found["activityType"]["name"]
    if work is not None and work.activity != name:
        visit = machine.state.visits.get(work.entry)
        step = visit.path if visit is not None else work.activity
        raise diverged(machine, f"activity {work.activity}", f"activity {name}", step)
    if work is None and is_ours(found):
        raise unwanted(machine, f"activity {name}", found)


def _schedule_failed(machine: Machine, found: Attributes) -> None:
    work = _work_of_activity(machine, found["activityId"])
    if work is not None:
        failures.schedule_refused(machine, work, found["cause"])


def _activity_started(machine: Machine, found: Attributes) -> None:
    work = _open_work(machine, found["scheduledEventId"], closing=False)
    if work is None:
        return
    machine.put(work, Phase.STARTED)
    if work.kind == "step":
        machine.visit(work.entry).given_out = True


def _activity_completed(machine: Machine, found: Attributes) -> None:
    work = _open_work(machine, found["scheduledEventId"])
    if work is None:
        return
    machine.tell_of(work, "activity_completed")
    if work.kind != "step":
        saga.undone(machine, work)
        return
    flow.work_done(machine, work, loads(found.get("result")))
    unwinding.stopped(machine, work)


def _activity_failed(machine: Machine, found: Attributes) -> None:
    _attempt_failed(machine, found, failures.of_activity(found))


def _activity_timed_out(machine: Machine, found: Attributes) -> None:
    item = machine.state.open.get(found["scheduledEventId"])
    work = None if item is None else machine.state.works.get(item.work)
    if work is not None:
        _attempt_failed(machine, found, failures.of_timeout(machine, work, found))


def _activity_canceled(machine: Machine, found: Attributes) -> None:
    """It stopped: as asked at the end of a long history, so that it is asked for again; or not."""
    item = machine.state.open.get(found["scheduledEventId"])
    work = None if item is None else machine.state.works.get(item.work)
    if work is not None and work.cancel_requested and not unwinding.awaited(machine, work):
        machine.forget(found["scheduledEventId"])
        work.cancel_requested = False
        machine.put(work, Phase.READY)
        return
    _attempt_failed(machine, found, Failure("canceled by the activity"))


def _attempt_failed(machine: Machine, found: Attributes, failure: Failure) -> None:
    work = _open_work(machine, found["scheduledEventId"])
    if work is None:
        return
    if unwinding.awaited(machine, work):
        unwinding.leave(machine, machine.frame(machine.visit(work.entry)))
        unwinding.stopped(machine, work)
    else:
        failures.attempt_failed(machine, work, failure)


def _activity_cancel_requested(machine: Machine, found: Attributes) -> None:
    """It was asked, in vain perhaps: once is enough, for the grace ends the wait."""
    work = _work_of_activity(machine, found["activityId"])
    if work is not None:
        work.cancel_requested = True


def _work_of_activity(machine: Machine, activity_id: str) -> Work | None:
    """The work that an activity's id belongs to: `a<entry>.<attempt>`."""
    kind = "s" if activity_id[:1] == "a" else activity_id[:1]
    work = machine.state.works.get(kind + activity_id[1:].partition(".")[0])
    return work if work is not None and work.activity_id == activity_id else None


def _work_by_name(machine: Machine, found: Attributes) -> Work | None:
    """The waiting work that an activity of another make's id does: histories made by hand."""
    name = found["activityType"]["name"]
    works = machine.state.works.values()
    return next((work for work in works if not work.in_flight and work.activity == name), None)


def _open_work(machine: Machine, event_id: int, *, closing: bool = True) -> Work | None:
    found = machine.state.open.get(event_id)
    if found is None:
        return None
    work = machine.state.works.get(found.work)
    if closing:
        machine.forget(event_id)
    return work


# --- Lambda functions -------------------------------------------------------------------------


def _function_scheduled(machine: Machine, found: Attributes) -> None:
    work = _work_of_function(machine, found["id"])
    if work is None:
        return
    machine.put(work, Phase.SCHEDULED)
    if not machine.state.held:
        machine.state.blocked = ""
    machine.opened(machine.event_id, Open("lambda", found["id"], work.key))


def _function_refused(machine: Machine, found: Attributes) -> None:
    work = _work_of_function(machine, found["id"])
    if work is not None:
        failures.schedule_refused(machine, work, found["cause"])


def _function_not_started(machine: Machine, found: Attributes) -> None:
    """SWF could not assume the role by which it invokes functions."""
    why = f"{found.get('cause', '')}: {found.get('message', '')}"
    _attempt_failed(machine, found, Failure(f"States.Permissions: {why}"))


def _function_started(machine: Machine, found: Attributes) -> None:
    work = _open_work(machine, found["scheduledEventId"], closing=False)
    if work is not None:
        machine.put(work, Phase.STARTED)
        machine.visit(work.entry).given_out = True


def _function_completed(machine: Machine, found: Attributes) -> None:
    work = _open_work(machine, found["scheduledEventId"])
    if work is None:
        return
    machine.tell_of(work, "activity_completed")
    flow.work_done(machine, work, loads(found.get("result")))
    unwinding.stopped(machine, work)


def _function_failed(machine: Machine, found: Attributes) -> None:
    _attempt_failed(machine, found, failures.of_function(found))


def _function_timed_out(machine: Machine, found: Attributes) -> None:
    _attempt_failed(machine, found, Failure(TIMEOUT, name=TIMEOUT))


def _work_of_function(machine: Machine, function_id: str) -> Work | None:
    """The work that a Lambda task's id belongs to: `l<entry>.<attempt>`."""
    work = machine.state.works.get("s" + function_id[1:].partition(".")[0])
    return work if work is not None and work.activity_id == function_id else None


# --- timers -----------------------------------------------------------------------------------


def _timer_started(machine: Machine, found: Attributes) -> None:
    machine.state.no_timers, machine.state.timers_pressed = "", False
    if machine.state.timers_pace:
        machine.state.timers_pace = (machine.state.timers_pace + 1) % PACED_TIMERS
    control = loads(found.get("control"))
    if not isinstance(control, dict) or control.get("timer") not in TIMERS:
        return  # of another make, or the park timer, which the fold ignores
    key = str(control.get("work") or "")
    work = machine.state.works.get(key)
    if control["timer"] == "retry" and work is None and is_unheard_of(machine, key):
        raise unwanted(machine, f"a timer for {found['timerId']}", found)
    machine.opened(machine.event_id, Open(control["timer"], found["timerId"], key))
    if control["timer"] != "retry":
        return
    if work is not None and work.phase is Phase.BACKOFF:
        machine.put(work, Phase.WAITING)
        wait = int(found["startToFireTimeout"])
        if wait == LONGEST_TIMER and work.due is not None:
            work.delay = wait  # the wait goes on when this timer is over
        else:
            work.due = machine.state.now + wait
    else:
        machine.state.unwanted.append(machine.event_id)


PACED_TIMERS = 100  # once SWF has admitted so many in a row, as many are asked for as are wanted

TIMERS = ("retry", "grace", "wake", "again", "deadline", "watch")


def _timer_fired(machine: Machine, found: Attributes) -> None:
    waited_for = _is_current(machine, found["startedEventId"])
    timer = machine.forget(found["startedEventId"])
    if timer is None:
        return
    if timer.kind == "retry":
        work = machine.state.works.get(timer.work)
        if work is not None and waited_for and work.phase is Phase.WAITING:
            _waited(machine, work)
    elif timer.kind == "grace" and int(timer.work or ROOT) in machine.state.stops:
        unwinding.abandon(machine, int(timer.work or ROOT))
    elif timer.kind == "again":
        machine.state.held, machine.state.blocked = False, ""
    elif timer.kind == "wake":
        flow.wake_all(machine)
    elif timer.kind == "deadline":
        interrupts.deadline(machine)
    elif timer.kind == "watch":
        machine.state.watched += 1
        for work in children.open_works(machine):
            work.told = bool(work.opened)


def _waited(machine: Machine, work: Work) -> None:
    """A wait is over, unless it is longer than SWF's timers."""
    if work.delay == LONGEST_TIMER and work.due is not None and work.due > machine.state.now:
        machine.put(work, Phase.BACKOFF)
    else:
        flow.wait_is_over(machine, work)


def _is_current(machine: Machine, event_id: int) -> bool:
    """Whether a timer is the one that its work waits for, and not one of an earlier wait."""
    item = machine.state.open.get(event_id)
    work = None if item is None else machine.state.works.get(item.work)
    return work is not None and work.opened == event_id


def _timer_canceled(machine: Machine, found: Attributes) -> None:
    """Nobody waits for it any more; or the run was to go on as new, and did not come to it."""
    waited_for = _is_current(machine, found["startedEventId"])
    timer = machine.forget(found["startedEventId"])
    work = None if timer is None else machine.state.works.get(timer.work)
    if work is not None and waited_for and work.phase is Phase.WAITING and work.due is not None:
        machine.put(work, Phase.BACKOFF)


def _start_timer_failed(machine: Machine, found: Attributes) -> None:
    """Rates pass: the same timer is asked for again with the next decision; or when one closed.

    Then few are asked for at once, lest each refusal of hundreds fill the history.
    """
    why = f"SWF refused timer {found['timerId']}: {found['cause']}"
    machine.state.timers_full = found["cause"] == "OPEN_TIMERS_LIMIT_EXCEEDED"
    machine.state.timers_pace = 1
    machine.state.timers_pressed = found["cause"] == "TIMER_CREATION_RATE_EXCEEDED"
    if found["cause"] == "OPERATION_NOT_PERMITTED":
        machine.state.no_timers = why
    elif found["cause"] == "TIMER_ID_ALREADY_IN_USE":
        failures.hold(machine, why)


def _cancel_timer_failed(machine: Machine, found: Attributes) -> None:
    for event_id, item in list(machine.state.open.items()):
        if item.id == found["timerId"]:
            machine.forget(event_id)


# --- markers and signals ----------------------------------------------------------------------


def _marker_recorded(machine: Machine, found: Attributes) -> None:
    details = machine.content(loads(found.get("details")))
    if not isinstance(details, dict):
        return
    if found["markerName"] == markers.RUN_OPTIONS:
        machine.state.options, machine.state.options_recorded = details, True
        machine.keep(details)
        flow.as_kept(machine)
    _forget_note(machine, found["markerName"], details.get("n"))


def _marker_failed(machine: Machine, found: Attributes) -> None:
    failures.hold(machine, f"SWF refused marker {found['markerName']}: {found['cause']}")


def _forget_note(machine: Machine, name: str, number: object) -> None:
    notes = machine.state.notes
    machine.state.notes = [n for n in notes if (n.name, n.number) != (name, number)]


def _signaled(machine: Machine, found: Attributes) -> None:
    signals.handle(machine, found["signalName"], found.get("input"))


HANDLERS: dict[str, Callable[[Machine, Attributes], None]] = {
    "WorkflowExecutionStarted": _started,
    "WorkflowExecutionCancelRequested": _cancel_requested,
    "WorkflowExecutionSignaled": _signaled,
    "WorkflowExecutionCompleted": _closed("COMPLETED"),
    "WorkflowExecutionFailed": _closed("FAILED"),
    "WorkflowExecutionCanceled": _closed("CANCELED"),
    "WorkflowExecutionTerminated": _closed("TERMINATED"),
    "WorkflowExecutionTimedOut": _closed("TIMED_OUT"),
    "WorkflowExecutionContinuedAsNew": _closed("CONTINUED_AS_NEW"),
    "CompleteWorkflowExecutionFailed": _close_refused,
    "FailWorkflowExecutionFailed": _close_refused,
    "CancelWorkflowExecutionFailed": _close_refused,
    "ContinueAsNewWorkflowExecutionFailed": _close_refused,
    "ActivityTaskScheduled": _activity_scheduled,
    "ScheduleActivityTaskFailed": _schedule_failed,
    "ActivityTaskStarted": _activity_started,
    "ActivityTaskCompleted": _activity_completed,
    "ActivityTaskFailed": _activity_failed,
    "ActivityTaskTimedOut": _activity_timed_out,
    "ActivityTaskCanceled": _activity_canceled,
    "ActivityTaskCancelRequested": _activity_cancel_requested,
    "RequestCancelActivityTaskFailed": _activity_cancel_requested,
    "LambdaFunctionScheduled": _function_scheduled,
    "ScheduleLambdaFunctionFailed": _function_refused,
    "StartLambdaFunctionFailed": _function_not_started,
    "LambdaFunctionStarted": _function_started,
    "LambdaFunctionCompleted": _function_completed,
    "LambdaFunctionFailed": _function_failed,
    "LambdaFunctionTimedOut": _function_timed_out,
    "StartChildWorkflowExecutionInitiated": children.initiated,
    "StartChildWorkflowExecutionFailed": children.refused,
    "ChildWorkflowExecutionStarted": children.started,
    "ChildWorkflowExecutionCompleted": children.completed,
    "ChildWorkflowExecutionFailed": children.ended("it failed"),
    "ChildWorkflowExecutionTimedOut": children.ended("it timed out"),
    "ChildWorkflowExecutionCanceled": children.ended("it was canceled"),
    "ChildWorkflowExecutionTerminated": children.ended("it was terminated"),
    "SignalExternalWorkflowExecutionInitiated": children.telling,
    "ExternalWorkflowExecutionSignaled": children.told,
    "SignalExternalWorkflowExecutionFailed": children.not_told,
    "RequestCancelExternalWorkflowExecutionInitiated": children.cancel_asked,
    "RequestCancelExternalWorkflowExecutionFailed": children.cancel_refused,
    "TimerStarted": _timer_started,
    "StartTimerFailed": _start_timer_failed,
    "TimerFired": _timer_fired,
    "TimerCanceled": _timer_canceled,
    "CancelTimerFailed": _cancel_timer_failed,
    "MarkerRecorded": _marker_recorded,
    "RecordMarkerFailed": _marker_failed,
}
