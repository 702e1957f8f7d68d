"""The fold: each event of a history moves the state, and nothing else does.

Most closing events carry only the id of the event that opened what they close, so
`State.open` maps those ids to our work.  What is not in the map is late and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from wire import loads, unwrap_start
from workflow import failures, markers, saga, signals, steps
from workflow.history import Event, attributes, seconds
from workflow.machine import Machine
from workflow.policy import Policy
from workflow.state import Mode, Open, Phase, State, Stop, Work

Attributes = Mapping[str, Any]


def apply(machine: Machine, event: Event) -> None:
    """Move the state by one event; types that do not concern us pass."""
    machine.event_id = event["eventId"]
    handler = HANDLERS.get(event["eventType"])
    if handler is not None:
        machine.state.now = seconds(event)
        handler(machine, attributes(event))


# --- the run ------------------------------------------------------------------------------


def _started(machine: Machine, found: Attributes) -> None:
    value, envelope = unwrap_start(loads(found.get("input")))
    if "snapshot" in envelope:
        machine.state = _restored(machine, envelope["snapshot"])
    machine.state.start_id = envelope.get("start_id") or machine.state.start_id
    machine.state.started = {key: found[key] for key in INHERITED if found.get(key) is not None}
    if "resume" in envelope:
        steps.land(machine, {**envelope["resume"], "from_run_id": envelope.get("previous_run_id")})
    elif "snapshot" not in envelope:
        machine.state.inputs.append(value)
        steps.begin(machine)


INHERITED = (
    "executionStartToCloseTimeout",
    "taskStartToCloseTimeout",
    "childPolicy",
    "taskList",
    "taskPriority",
    "tagList",
    "lambdaRole",
)


def _restored(machine: Machine, snapshot: Any) -> State:
    state = State.from_json(snapshot)
    state.now = machine.state.now
    if state.options is not None:
        machine.policy = Policy.from_json(state.options["policy"])
    return state


def _cancel_requested(machine: Machine, _: Attributes) -> None:
    state = machine.state
    state.cancel = True
    if state.mode is Mode.FORWARD or (state.mode is Mode.ENDING and state.ending == "complete"):
        steps.stop(machine, Stop("cancel"))


def _closed(status: str) -> Callable[[Machine, Attributes], None]:
    def handler(machine: Machine, _: Attributes) -> None:
        machine.state.closed = status

    return handler


def _close_refused(machine: Machine, found: Attributes) -> None:
    """New events came in between (UNHANDLED_DECISION): decide again; else people are needed."""
    if found["cause"] != "UNHANDLED_DECISION":
        _hold(machine, f"SWF refused to close the execution: {found['cause']}")


def _hold(machine: Machine, why: str) -> None:
    """Wait, then decide again: SWF refused what only people can mend (permissions, types)."""
    state = machine.state
    state.held, state.held_times = True, state.held_times + 1
    state.blocked = f"{why}; see the deciders' IAM role and the registered types"
    machine.tell("blocked", why=state.blocked)


# --- activities ---------------------------------------------------------------------------


def _activity_scheduled(machine: Machine, found: Attributes) -> None:
    work = _work_of_activity(machine, found["activityId"]) or _work_by_name(machine, found)
    if work is None:
        return
    work.phase, work.cancel_requested = Phase.SCHEDULED, False
    if not machine.state.held:
        machine.state.blocked = ""
    machine.state.open[machine.event_id] = Open("activity", found["activityId"], work.key)


def _schedule_failed(machine: Machine, found: Attributes) -> None:
    work = _work_of_activity(machine, found["activityId"])
    if work is not None:
        failures.schedule_refused(machine, work, found["cause"])


def _activity_started(machine: Machine, found: Attributes) -> None:
    work = _open_work(machine, found["scheduledEventId"], closing=False)
    if work is None:
        return
    work.phase = Phase.STARTED
    if work.kind == "step":
        machine.state.visit(work.entry).given_out = True


def _activity_completed(machine: Machine, found: Attributes) -> None:
    work = _open_work(machine, found["scheduledEventId"])
    if work is None:
        return
    machine.tell("activity_completed", step=work.activity, attempt=work.attempt)
    if work.kind != "step":
        saga.undone(machine, work)
        return
    del machine.state.works[work.key]
    visit = machine.state.visit(work.entry)
    steps.complete(machine, visit, loads(found.get("result")))
    if machine.state.stop is None:
        steps.go_on(machine, visit)
    else:
        steps.proceed(machine)


def _activity_failed(machine: Machine, found: Attributes) -> None:
    _attempt_failed(machine, found, failures.of_activity(found))


def _activity_timed_out(machine: Machine, found: Attributes) -> None:
    _attempt_failed(machine, found, failures.of_timeout(found))


def _activity_canceled(machine: Machine, found: Attributes) -> None:
    _attempt_failed(machine, found, failures.Failure("canceled by the activity"))


def _attempt_failed(machine: Machine, found: Attributes, failure: failures.Failure) -> None:
    work = _open_work(machine, found["scheduledEventId"])
    if work is None:
        return
    if machine.state.stop is not None:
        steps.leave(machine, work)
        steps.proceed(machine)
    else:
        failures.attempt_failed(machine, work, failure)


def _activity_cancel_requested(machine: Machine, found: Attributes) -> None:
    """It was asked, in vain perhaps: once is enough, for the grace ends the wait."""
    work = _work_of_activity(machine, found["activityId"])
    if work is not None:
        work.cancel_requested = True


def _work_of_activity(machine: Machine, activity_id: str) -> Work | None:
    works = machine.state.works.values()
    return next((work for work in works if work.activity_id == activity_id), None)


def _work_by_name(machine: Machine, found: Attributes) -> Work | None:
    """The waiting work that an activity of another make's id does: histories made by hand."""
    name = found["activityType"]["name"]
    works = machine.state.works.values()
    return next((work for work in works if not work.in_flight and work.activity == name), None)


def _open_work(machine: Machine, event_id: int, *, closing: bool = True) -> Work | None:
    opened = machine.state.open
    found = opened.pop(event_id, None) if closing else opened.get(event_id)
    return None if found is None else machine.state.works.get(found.work)


# --- timers -------------------------------------------------------------------------------


def _timer_started(machine: Machine, found: Attributes) -> None:
    machine.state.no_timers = ""
    control = loads(found.get("control"))
    if not isinstance(control, dict) or control.get("timer") not in TIMERS:
        return  # of another make, or the park timer, which the fold ignores
    key = str(control.get("work") or "")
    machine.state.open[machine.event_id] = Open(control["timer"], found["timerId"], key)
    work = machine.state.works.get(key)
    if work is not None and work.phase is Phase.BACKOFF:
        work.phase = Phase.WAITING
        work.due = machine.state.now + int(found["startToFireTimeout"])


TIMERS = ("retry", "grace", "wake", "again")


def _timer_fired(machine: Machine, found: Attributes) -> None:
    timer = machine.state.open.pop(found["startedEventId"], None)
    if timer is None:
        return
    work = machine.state.works.get(timer.work)
    if timer.kind == "retry" and work is not None and work.phase is Phase.WAITING:
        steps.retry_due(work)
    elif timer.kind == "grace" and machine.state.stop is not None:
        steps.abandon(machine)
    elif timer.kind == "again":
        machine.state.held, machine.state.blocked = False, ""


def _timer_canceled(machine: Machine, found: Attributes) -> None:
    machine.state.open.pop(found["startedEventId"], None)


def _start_timer_failed(machine: Machine, found: Attributes) -> None:
    """Limits and rates pass: the same timer is asked for again with the next decision."""
    why = f"SWF refused timer {found['timerId']}: {found['cause']}"
    if found["cause"] == "OPERATION_NOT_PERMITTED":
        machine.state.no_timers = why
    elif found["cause"] == "TIMER_ID_ALREADY_IN_USE":
        _hold(machine, why)


def _cancel_timer_failed(machine: Machine, found: Attributes) -> None:
    for event_id, item in list(machine.state.open.items()):
        if item.id == found["timerId"]:
            del machine.state.open[event_id]


# --- markers and signals --------------------------------------------------------------------


def _marker_recorded(machine: Machine, found: Attributes) -> None:
    details = loads(found.get("details"))
    if not isinstance(details, dict):
        return
    if found["markerName"] == markers.RUN_OPTIONS:
        machine.state.options, machine.state.options_recorded = details, True
        machine.policy = Policy.from_json(details["policy"])
    _forget_note(machine, found["markerName"], details.get("n"))


def _marker_failed(machine: Machine, found: Attributes) -> None:
    _hold(machine, f"SWF refused marker {found['markerName']}: {found['cause']}")


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
    "TimerStarted": _timer_started,
    "StartTimerFailed": _start_timer_failed,
    "TimerFired": _timer_fired,
    "TimerCanceled": _timer_canceled,
    "CancelTimerFailed": _cancel_timer_failed,
    "MarkerRecorded": _marker_recorded,
    "RecordMarkerFailed": _marker_failed,
}
