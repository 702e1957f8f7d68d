"""A small model of how SWF writes a history, for the core's own tests.

It follows the rules that matter to a fold: at most one open decision task, events that land
while a decision is being made, refused closes, activities canceled before they start.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from workflow import Definition, Execution, Policy, process, step
from workflow.history import attributes_key

FIVE = process(
    "Order",
    "1.0",
    [
        step("ValidateInput"),
        step("ProcessData"),
        step("EnrichData"),
        step("SaveResults", compensation="RollbackStep"),
        step("NotifyCompletion"),
    ],
)

CLOSES = {
    "CompleteWorkflowExecution": "WorkflowExecutionCompleted",
    "FailWorkflowExecution": "WorkflowExecutionFailed",
    "CancelWorkflowExecution": "WorkflowExecutionCanceled",
    "ContinueAsNewWorkflowExecution": "WorkflowExecutionContinuedAsNew",
}


RESPONSE_DECISIONS = 100
INCOMPATIBLE = {"ScheduleActivityTask", "StartTimer", "SignalExternalWorkflowExecution"}
"""Decisions that SWF refuses beside one that closes the run (of the last it is not known)."""


@dataclass
class Other:
    """Another execution: a child that this run, or the run before it, started."""

    workflow_id: str
    control: Any
    initiated: int
    """Event of this run that started it; 0 where the run before did: then SWF tells nothing."""
    started: int = 0
    reports: bool = False
    """Whether it was asked to tell its parent by itself."""
    cancel_requested: bool = False


LATER = ("SignalExternalWorkflowExecution", "RequestCancelExternalWorkflowExecution")
"""Decisions whose refusal is heard of later."""


class History:
    """One run's history, and the decider that works on it."""

    def __init__(
        self,
        input: Any = None,  # noqa: A002 - as SWF calls it
        definition: Definition = FIVE,
        policy: Policy | None = None,
        now: float = 1_000_000.0,
    ) -> None:
        self.definition = definition
        self.policy = policy or Policy()
        self.events: list[dict[str, Any]] = []
        self.now = now
        self.closed = ""
        self.close_attributes: dict[str, Any] = {}
        self.activities: dict[int, dict[str, Any]] = {}  # scheduled id -> attributes
        self.started: dict[int, int] = {}  # scheduled id -> started id
        self.cancels: dict[int, int] = {}  # scheduled id -> cancel request id
        self.timers: dict[int, dict[str, Any]] = {}
        self.task_scheduled = 0  # event id of a waiting decision task
        self.task_started = 0
        self.refuse: dict[str, str] = {}  # decision type -> cause of its failure event
        self.limits = {"activities": 1_000, "timers": 1_000}
        self.children: dict[str, Other] = {}  # workflow id -> a child that is open
        self.letters: dict[int, dict[str, Any]] = {}  # initiated id -> signal or cancel request
        self.attempts: dict[int, dict[str, Any]] = {}  # scheduled id -> its control, for ever
        text = json.dumps({"order_id": "1"} if input is None else input)
        self.add(
            "WorkflowExecutionStarted",
            input=text,
            executionStartToCloseTimeout="3600",
            taskStartToCloseTimeout="30",
            childPolicy="TERMINATE",
            taskList={"name": "tasks"},
            tagList=["a"],
            workflowType={"name": definition.name, "version": definition.version},
        )
        self._wake()

    # --- writing ----------------------------------------------------------------------------

    def add(self, event_type: str, **attributes: Any) -> int:
        event_id = len(self.events) + 1
        self.events.append(
            {
                "eventId": event_id,
                "eventTimestamp": self.now,
                "eventType": event_type,
                attributes_key(event_type): attributes,
            }
        )
        return event_id

    def tick(self, seconds: float = 1.0) -> None:
        self.now += seconds

    def _wake(self) -> None:
        if not self.task_scheduled and not self.closed:
            self.task_scheduled = self.add("DecisionTaskScheduled", taskList={"name": "tasks"})

    # --- deciding ---------------------------------------------------------------------------

    @property
    def wants_decision(self) -> bool:
        return bool(self.task_scheduled) and not self.task_started and not self.closed

    def start_decision(self) -> None:
        assert self.wants_decision
        scheduled, self.task_scheduled = self.task_scheduled, 0
        self.task_started = self.add("DecisionTaskStarted", scheduledEventId=scheduled)
        self._scheduled_of_started = scheduled

    def execution(self) -> Execution:
        return Execution.from_history(self.events, self.definition, self.policy)

    def decide(self, execution: Execution | None = None) -> list[dict[str, Any]]:
        """A whole decision task: started, decided by a full replay, completed."""
        if not self.task_started:
            self.start_decision()
        decisions = (execution or self.execution()).decisions()
        self.respond(decisions)
        return decisions

    def respond(self, decisions: list[dict[str, Any]]) -> None:
        started, self.task_started = self.task_started, 0
        kinds = [decision["decisionType"] for decision in decisions]
        assert len(kinds) <= RESPONSE_DECISIONS
        assert not CLOSES.keys() & set(kinds[:-1]), "a close comes last"
        if kinds and kinds[-1] in CLOSES:
            assert not INCOMPATIBLE & set(kinds), "refused as a validation error"
        completed = self.add(
            "DecisionTaskCompleted",
            scheduledEventId=self._scheduled_of_started,
            startedEventId=started,
        )
        self._needs_task = False
        for decision in decisions:
            kind = decision["decisionType"]
            block = decision[kind[0].lower() + kind[1:] + "DecisionAttributes"]
            self._carry_out(kind, dict(block), completed)
        if self._needs_task:
            self._wake()

    def time_out_decision(self) -> None:
        started, self.task_started = self.task_started, 0
        self.add(
            "DecisionTaskTimedOut",
            timeoutType="START_TO_CLOSE",
            scheduledEventId=self._scheduled_of_started,
            startedEventId=started,
        )
        self._wake()

    def _carry_out(self, kind: str, block: dict[str, Any], completed: int) -> None:
        link = {"decisionTaskCompletedEventId": completed}
        if kind in CLOSES:
            self._close(kind, block, link)
        elif kind in self.refuse and kind not in LATER:
            name = {"ScheduleActivityTask": "ScheduleActivityTaskFailed"}.get(kind, kind + "Failed")
            initiated = {"initiatedEventId": 0} if kind.startswith("StartChild") else {}
            self.add(name, **block, cause=self.refuse[kind], **initiated, **link)
            self._needs_task = True
        else:
            getattr(self, "_" + kind)(block, link)

    def _close(self, kind: str, block: dict[str, Any], link: dict[str, int]) -> None:
        if self.task_scheduled or kind in self.refuse:
            cause = self.refuse.get(kind, "UNHANDLED_DECISION")
            self.add(kind + "Failed", cause=cause, **link)
            self._needs_task = True
            return
        self.closed, self.close_attributes = CLOSES[kind], block
        self.add(CLOSES[kind], **block, **link)

    def _RecordMarker(self, block: dict[str, Any], link: dict[str, int]) -> None:  # noqa: N802
        self.add("MarkerRecorded", **block, **link)

    def _StartTimer(self, block: dict[str, Any], link: dict[str, int]) -> None:  # noqa: N802
        assert all(block["timerId"] != timer["timerId"] for timer in self.timers.values())
        assert int(block["startToFireTimeout"]) >= 0
        if len(self.timers) >= self.limits["timers"]:
            cause = "OPEN_TIMERS_LIMIT_EXCEEDED"
            self.add("StartTimerFailed", timerId=block["timerId"], cause=cause, **link)
            self._needs_task = True
            return
        self.timers[self.add("TimerStarted", **block, **link)] = block

    def _CancelTimer(self, block: dict[str, Any], link: dict[str, int]) -> None:  # noqa: N802
        for event_id, timer in list(self.timers.items()):
            if timer["timerId"] == block["timerId"]:
                del self.timers[event_id]
                self.add("TimerCanceled", **block, startedEventId=event_id, **link)
                return
        self.add("CancelTimerFailed", **block, cause="TIMER_ID_UNKNOWN", **link)
        self._needs_task = True

    def _ScheduleActivityTask(self, block: dict[str, Any], link: dict[str, int]) -> None:  # noqa: N802
        ids = [item["activityId"] for item in self.activities.values()]
        assert block["activityId"] not in ids
        assert len(block["control"]) <= 32_768
        if len(self.activities) >= self.limits["activities"]:
            cause = "OPEN_ACTIVITIES_LIMIT_EXCEEDED"
            told = {key: block[key] for key in ("activityId", "activityType")}
            self.add("ScheduleActivityTaskFailed", **told, cause=cause, **link)
            self._needs_task = True
            return
        scheduled = self.add("ActivityTaskScheduled", **block, **link)
        self.activities[scheduled] = block
        self.attempts[scheduled] = json.loads(block["control"])

    def _RequestCancelActivityTask(  # noqa: N802
        self, block: dict[str, Any], link: dict[str, int]
    ) -> None:
        for event_id, activity in self.activities.items():
            if activity["activityId"] == block["activityId"]:
                request = self.add("ActivityTaskCancelRequested", **block, **link)
                self.cancels[event_id] = request
                if event_id not in self.started:
                    self._close_activity(event_id, "ActivityTaskCanceled", wake=False)
                    self._needs_task = True
                return
        self.add("RequestCancelActivityTaskFailed", **block, cause="ACTIVITY_ID_UNKNOWN", **link)
        self._needs_task = True

    def _StartChildWorkflowExecution(  # noqa: N802
        self, block: dict[str, Any], link: dict[str, int]
    ) -> None:
        initiated = self.add("StartChildWorkflowExecutionInitiated", **block, **link)
        child_id = block["workflowId"]
        if child_id in self.children:
            told = {key: block[key] for key in ("workflowId", "workflowType", "control")}
            cause = "WORKFLOW_ALREADY_RUNNING"
            self.add(
                "StartChildWorkflowExecutionFailed",
                **told,
                cause=cause,
                initiatedEventId=initiated,
                **link,
            )
            self._needs_task = True
            return
        self.children[child_id] = Other(child_id, json.loads(block["control"]), initiated)

    def _SignalExternalWorkflowExecution(  # noqa: N802
        self, block: dict[str, Any], link: dict[str, int]
    ) -> None:
        kind = "SignalExternalWorkflowExecution"
        self.letters[self.add(kind + "Initiated", **block, **link)] = {"kind": kind, **block}

    def _RequestCancelExternalWorkflowExecution(  # noqa: N802
        self, block: dict[str, Any], link: dict[str, int]
    ) -> None:
        kind = "RequestCancelExternalWorkflowExecution"
        self.letters[self.add(kind + "Initiated", **block, **link)] = {"kind": kind, **block}

    # --- other executions ---------------------------------------------------------------------

    def deliver(self, initiated: int | None = None, *, gone: bool = False) -> None:
        """A signal or cancel request reaches another execution, or finds it closed."""
        initiated = initiated or next(iter(self.letters))
        letter = self.letters.pop(initiated)
        kind, target = letter.pop("kind"), letter["workflowId"]
        child = self.children.get(target)
        cause = self.refuse.get(kind)
        if cause is None and (gone or (child is None and "." in target)):
            cause = "UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION"
        if cause is not None:
            known = {key: letter[key] for key in ("workflowId", "control") if key in letter}
            self.add(kind + "Failed", **known, cause=cause, initiatedEventId=initiated)
        else:
            cancel = kind.startswith("RequestCancel")
            name = "CancelRequested" if cancel else "Signaled"
            execution = {"workflowId": target, "runId": "r"}
            self.add(
                f"ExternalWorkflowExecution{name}",
                workflowExecution=execution,
                initiatedEventId=initiated,
            )
            if child is not None and cancel:
                child.cancel_requested = True
            elif child is not None:
                child.reports = True
        self._wake()

    def start_child(self, child: Other) -> None:
        if child.initiated and not child.started:
            child.started = self._child_event(child, "Started")

    def end_child(self, child: Other, how: str = "Completed", result: Any = None) -> None:
        """A child closes; one that was asked to, and can, tells its parent first."""
        self.start_child(child)
        if child.reports and how in ("Completed", "Failed", "Canceled"):
            entry = child.workflow_id.rpartition(".")[0].rpartition(".")[2]
            attempt = int(child.workflow_id.rpartition(".")[2])
            told = {"work": f"s{entry}", "attempt": attempt, "status": how.upper()}
            self.signal("CHILD_CLOSED", {**told, "result": result, "reason": how})
        del self.children[child.workflow_id]
        if child.initiated:
            more = {"result": json.dumps(result)} if how == "Completed" else {}
            self._child_event(child, how, startedEventId=child.started, **more)

    def _child_event(self, child: Other, what: str, **more: Any) -> int:
        event_id = self.add(
            f"ChildWorkflowExecution{what}",
            workflowExecution={"workflowId": child.workflow_id, "runId": "r"},
            initiatedEventId=child.initiated,
            **more,
        )
        self._wake()
        return event_id

    def next_run(self) -> History:
        """The run that continues this one; its children go on, and SWF tells it nothing of them."""
        assert self.closed == "WorkflowExecutionContinuedAsNew"
        carried = json.loads(self.close_attributes["input"])
        new = History(carried, self.definition, self.policy, self.now)
        new.limits = self.limits
        for child in self.children.values():
            child.initiated, child.started = 0, 0
            new.children[child.workflow_id] = child
        return new

    # --- what the world does ------------------------------------------------------------------

    def scheduled(self) -> list[int]:
        return list(self.activities)

    def name_of(self, scheduled: int) -> str:
        return str(self.activities[scheduled]["activityType"]["name"])

    def input_of(self, scheduled: int) -> Any:
        return json.loads(self.activities[scheduled]["input"])

    def start_activity(self, scheduled: int | None = None) -> int:
        scheduled = scheduled or self.scheduled()[0]
        if scheduled not in self.started:
            self.started[scheduled] = self.add("ActivityTaskStarted", scheduledEventId=scheduled)
        return scheduled

    def complete(self, result: Any = None, scheduled: int | None = None) -> None:
        scheduled = self.start_activity(scheduled)
        name = self.name_of(scheduled)
        value = {"did": name} if result is None else result
        self._close_activity(scheduled, "ActivityTaskCompleted", result=json.dumps(value))

    def fail(
        self, reason: str = "ValueError: no", scheduled: int | None = None, details: str = ""
    ) -> None:
        scheduled = self.start_activity(scheduled)
        self._close_activity(scheduled, "ActivityTaskFailed", reason=reason, details=details)

    def time_out(self, kind: str = "START_TO_CLOSE", scheduled: int | None = None) -> None:
        scheduled = scheduled or self.scheduled()[0]
        if kind in ("START_TO_CLOSE", "HEARTBEAT"):
            self.start_activity(scheduled)
        self._close_activity(scheduled, "ActivityTaskTimedOut", timeoutType=kind)

    def cancel_activity(self, scheduled: int | None = None) -> None:
        self._close_activity(self.start_activity(scheduled), "ActivityTaskCanceled")

    def _close_activity(
        self, scheduled: int, event_type: str, *, wake: bool = True, **attributes: Any
    ) -> None:
        started = self.started.pop(scheduled, 0)
        del self.activities[scheduled]
        self.add(event_type, scheduledEventId=scheduled, startedEventId=started, **attributes)
        if wake:
            self._wake()

    def fire(self, started: int | None = None) -> None:
        """Let a timer fire, the one that is due first unless another is named."""
        if started is None:
            started = min(self.timers, key=self._due)
        self.now = max(self.now, self._due(started))
        timer = self.timers.pop(started)
        self.add("TimerFired", timerId=timer["timerId"], startedEventId=started)
        self._wake()

    def _due(self, started: int) -> float:
        event = self.events[started - 1]
        wait = int(event["timerStartedEventAttributes"]["startToFireTimeout"])
        return float(event["eventTimestamp"]) + wait

    def signal(self, name: str, payload: Any) -> None:
        text = payload if isinstance(payload, str) or payload is None else json.dumps(payload)
        extra = {} if text is None else {"input": text}
        self.add("WorkflowExecutionSignaled", signalName=name, **extra)
        self._wake()

    def request_cancel(self) -> None:
        self.add("WorkflowExecutionCancelRequested", externalInitiatedEventId=0)
        self._wake()

    # --- reading ----------------------------------------------------------------------------

    def markers(self, name: str) -> list[Any]:
        return [
            json.loads(event["markerRecordedEventAttributes"]["details"])
            for event in self.events
            if event["eventType"] == "MarkerRecorded"
            and event["markerRecordedEventAttributes"]["markerName"] == name
        ]

    def types(self) -> list[str]:
        return [event["eventType"] for event in self.events]

    def run(self, outcomes: dict[str, list[str]] | None = None, limit: int = 400) -> str:
        """Go on until the run is closed or waits for a signal.

        `outcomes` gives, by activity, what its attempts do, in order: ok (default), fail,
        bad (not retryable), missing, or the name of a timeout.  They are used up.
        """
        script = outcomes if outcomes is not None else {}
        for _ in range(limit):
            if self.closed:
                return self.closed
            self.tick()
            if self.wants_decision or self.task_started:
                self.decide()
            elif self.activities:
                self._do_activity(script)
            elif self.letters:
                self.deliver()
            elif self.children:
                self.end_child(next(iter(self.children.values())), result={"did": "child"})
            elif self.timers:
                self.fire()
            else:
                return "waiting"
        raise AssertionError("the run does not come to an end")

    def _do_activity(self, script: dict[str, list[str]]) -> None:
        scheduled = self.scheduled()[0]
        todo = script.get(self.name_of(scheduled)) or ["ok"]
        what = todo.pop(0)
        if what == "ok":
            self.complete()
        elif what == "fail":
            self.fail(f"ValueError: {self.name_of(scheduled)} broke")
        elif what == "bad":
            self.fail("OrderError: bad order", details=json.dumps({"retryable": False}))
        elif what == "missing":
            self.fail("ActivityNotRegistered: no function")
        else:
            self.time_out(what)
