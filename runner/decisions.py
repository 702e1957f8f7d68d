"""What becomes of each kind of decision: the event that SWF writes, and what it sets going."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from runner import children
from runner.attempts import Attempt, Call
from runner.history import History

if TYPE_CHECKING:
    from runner.engine import Run

Block: TypeAlias = Mapping[str, Any]

CLOSES = {
    "CompleteWorkflowExecution": ("WorkflowExecutionCompleted", "COMPLETED"),
    "FailWorkflowExecution": ("WorkflowExecutionFailed", "FAILED"),
    "CancelWorkflowExecution": ("WorkflowExecutionCanceled", "CANCELED"),
    "ContinueAsNewWorkflowExecution": ("WorkflowExecutionContinuedAsNew", "CONTINUED_AS_NEW"),
}
"""Decisions that close a run: the event, and SWF's close status."""


def _marker(run: Run, block: Block) -> bool:
    run.history.decided("MarkerRecorded", block)
    return False


def _schedule(run: Run, block: Block) -> bool:
    scheduled = run.history.decided("ActivityTaskScheduled", block)
    attempt = Attempt(run, scheduled, block)
    run.history.activities[block["activityId"]] = attempt
    run.engine.after(0, attempt.begin)
    return False


def _invoke(run: Run, block: Block) -> bool:
    scheduled = run.history.decided("LambdaFunctionScheduled", block)
    attempt = Call(run, scheduled, block)
    run.history.activities[block["id"]] = attempt
    run.engine.after(0, attempt.begin)
    return False


def _cancel_activity(run: Run, block: Block) -> bool:
    attempt = run.history.activities.get(block["activityId"])
    if attempt is None:
        cause = "ACTIVITY_ID_UNKNOWN"
        run.history.decided("RequestCancelActivityTaskFailed", {**block, "cause": cause})
        return True
    run.history.decided("ActivityTaskCancelRequested", block)
    return attempt.ask_to_stop()


def _start_timer(run: Run, block: Block) -> bool:
    history = run.history
    started = history.timers[block["timerId"]] = history.decided("TimerStarted", block)
    seconds = int(block["startToFireTimeout"])
    run.engine.after(seconds, partial(fire, run, history, block["timerId"], started))
    return False


def fire(run: Run, history: History, timer_id: str, started: int) -> None:
    """Let a timer fire, unless it was canceled."""
    if not history.closed and history.timers.get(timer_id) == started:
        del history.timers[timer_id]
        run.hear("TimerFired", {"timerId": timer_id, "startedEventId": started})


def _cancel_timer(run: Run, block: Block) -> bool:
    started = run.history.timers.pop(block["timerId"], None)
    if started is None:
        run.history.decided("CancelTimerFailed", {**block, "cause": "TIMER_ID_UNKNOWN"})
        return True
    run.history.decided("TimerCanceled", {**block, "startedEventId": started})
    return False


def _start_child(run: Run, block: Block) -> bool:
    initiated = run.history.decided("StartChildWorkflowExecutionInitiated", block)
    run.engine.after(0, partial(children.start, run, run.history, initiated, block))
    return False


def _signal(run: Run, block: Block) -> bool:
    initiated = run.history.decided("SignalExternalWorkflowExecutionInitiated", block)
    told = {key: block[key] for key in ("signalName", "input") if key in block}
    names = ("Signal", "Signaled", "WorkflowExecutionSignaled")
    run.engine.after(0, Letter(run, run.history, initiated, block, names, told).deliver)
    return False


def _cancel_other(run: Run, block: Block) -> bool:
    initiated = run.history.decided("RequestCancelExternalWorkflowExecutionInitiated", block)
    names = ("RequestCancel", "CancelRequested", "WorkflowExecutionCancelRequested")
    run.engine.after(0, Letter(run, run.history, initiated, block, names, {}).deliver)
    return False


@dataclass(frozen=True)
class Letter:
    """A signal, or a request to cancel, on its way to another execution."""

    run: Run
    history: History
    initiated: int
    block: Block
    names: tuple[str, str, str]
    """How its events begin where it fails, how they end where it arrives, and what it is there."""
    told: Block

    def deliver(self) -> None:
        """Bring it, and tell the one that sent it."""
        run, block = self.run, self.block
        target = run.engine.runs.get(block["workflowId"])
        link = {"initiatedEventId": self.initiated}
        asked, done, event_type = self.names
        if target is not None and not target.closed:
            self._answer(f"ExternalWorkflowExecution{done}", link)
            target.hear(event_type, self.told)
            return
        known = {key: block[key] for key in ("workflowId", "control") if key in block}
        cause = "UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION"
        self._answer(f"{asked}ExternalWorkflowExecutionFailed", {**known, "cause": cause, **link})

    def _answer(self, event_type: str, told: Block) -> None:
        if self.run.history is self.history:
            self.run.hear(event_type, told)


CARRIERS: dict[str, Callable[[Run, Block], bool]] = {
    "RecordMarker": _marker,
    "ScheduleActivityTask": _schedule,
    "ScheduleLambdaFunction": _invoke,
    "RequestCancelActivityTask": _cancel_activity,
    "StartTimer": _start_timer,
    "CancelTimer": _cancel_timer,
    "StartChildWorkflowExecution": _start_child,
    "SignalExternalWorkflowExecution": _signal,
    "RequestCancelExternalWorkflowExecution": _cancel_other,
}
"""Each gives whether it needs a decision task at once."""
