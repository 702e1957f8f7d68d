"""Random processes to which anything happens in any order, and what holds for all of them."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from errors import SignalRefusedError, UnknownStepError
from workflow import Execution, Policy, commands
from workflow.state import State, Via

from .generated import INPUT, SIGNALS, definitions
from .history_model import History
from .promises import check_promises

STEERING = ["RESUME_FROM_STEP", "GO_BACK", "REPROCESS_STEP", "SKIP_STEP", "ROLL_BACK"]
MALFORMED = [None, "", "not json", [], {}, {"step_name": 3}, {"steps": 0, "step_name": "Nowhere"}]
FAILURES = ["fail", "bad", "START_TO_CLOSE", "SCHEDULE_TO_START", "HEARTBEAT", "missing"]
POLICY = Policy(max_attempts=2)
WORKS = frozenset({"ScheduleActivityTask", "StartChildWorkflowExecution"})


def kinds(decisions: list[dict[str, Any]]) -> set[str]:
    return {decision["decisionType"] for decision in decisions}


def own(state: State) -> dict[str, Any]:
    """A state without what a refused signal may move."""
    document = state.to_json()
    for name in ("counter", "handled", "notes", "event_id", "now"):
        document.pop(name, None)
    return document


class Chain:
    """The runs of one execution, what a person and the world do to it, and what was seen."""

    def __init__(self, definition: Any, policy: Policy = POLICY) -> None:
        self.runs: list[History] = [History(INPUT, definition, policy)]
        self.signals: dict[str, int] = {}  # request id -> how often it was sent
        self.answers = 0

    @property
    def now(self) -> History:
        return self.runs[-1]

    def events(self) -> list[dict[str, Any]]:
        return [event for run in self.runs for event in run.events]

    def markers(self, name: str) -> list[Any]:
        return [marker for run in self.runs for marker in run.markers(name)]

    def follow(self) -> bool:
        """Go over to the next run, if this one continued as new."""
        if self.now.closed != "WorkflowExecutionContinuedAsNew":
            return False
        self.runs.append(self.now.next_run())
        return True

    def resume(self, step_name: str, **more: Any) -> None:
        """What the starter does with a closed execution."""
        old = self.now
        envelope = {
            "start_id": old.execution().state.start_id,
            "previous_run_id": "r",
            "snapshot": json.loads(json.dumps(old.execution().snapshot())),
            "resume": {"step_name": step_name, "request_id": f"resume{len(self.runs)}", **more},
        }
        value = {**INPUT, "_process": envelope}
        self.runs.append(History(value, old.definition, old.policy, old.now + 10))

    # --- left alone -----------------------------------------------------------------------------

    def settle(self, limit: int = 600) -> None:
        """Every worker works and a person answers, until the execution is closed."""
        for _ in range(limit):
            history = self.now
            if self.follow():
                continue
            if history.closed:
                return
            history.tick()
            if history.wants_decision or history.task_started:
                history.decide()
            elif history.activities:
                self._work()
            elif history.letters:
                history.deliver()
            elif history.children:
                self._child_closes()
            elif not self._person_answers():
                assert history.timers, "it waits for nothing"
                history.fire()
        last = self.now.types()[-12:]
        raise AssertionError(f"it does not come to an end: {self.now.execution().status()} {last}")

    def _work(self) -> None:
        history = self.now
        scheduled = history.scheduled()[0]
        if scheduled in history.cancels:
            history.cancel_activity(scheduled)
        else:
            history.complete({"token": self.token(scheduled)}, scheduled)

    def token(self, scheduled: int) -> list[Any]:
        control = self.now.attempts[scheduled]
        return [control["path"], control["visit"], bool(control.get("undo"))]

    def _child_closes(self) -> None:
        child = next(iter(self.now.children.values()))
        how = "Canceled" if child.cancel_requested else "Completed"
        self.now.end_child(child, how, {"did": child.workflow_id})

    def _person_answers(self) -> bool:
        history = self.now
        execution = history.execution()
        state = execution.state
        if state.paused or any(frame.halted for frame in state.frames.values()):
            self.answers += 1  # what fails every time is given up in the end
            history.signal("CONTINUE" if self.answers % 4 else "ROLL_BACK", {})
            return True
        waiting = [
            (work.activity, state.visits[work.entry].path)
            for work in state.works.values()
            if work.via is Via.SIGNAL
        ]
        for name, path in waiting[:1]:
            history.signal(name, {"step_name": path, "answer": 1})
        return bool(waiting)


class RandomLife(RuleBasedStateMachine):
    """One execution.  A second decider remembers, and takes only what is new."""

    @initialize(definition=definitions())
    def begin(self, definition: Any) -> None:
        self.chain = Chain(definition)
        self.remembered: Execution | None = None
        self.decided: list[dict[str, Any]] | None = None
        self.paused_when_decided = False
        self.soft, self.hard = commands.HISTORY_SOFT_LIMIT, commands.HISTORY_HARD_LIMIT

    @property
    def history(self) -> History:
        return self.chain.now

    @property
    def is_open(self) -> bool:
        return not self.history.closed

    # --- deciding -------------------------------------------------------------------------------

    @precondition(lambda self: self.history.wants_decision)
    @rule()
    def decider_reads(self) -> None:
        history = self.history
        before = max(
            (e["eventId"] for e in history.events if e["eventType"] == "DecisionTaskStarted"),
            default=1,
        )
        history.start_decision()
        whole = history.execution()
        if self.remembered is None:
            self.remembered = history.execution()
        else:
            self.remembered.apply(history.events[before - 1 :])
        decisions = whole.decisions()
        assert whole.state.to_json() == self.remembered.state.to_json()
        assert decisions == self.remembered.decisions()
        assert decisions == whole.decisions(), "reading decisions moves nothing"
        restored = State.from_json(json.loads(json.dumps(whole.state.to_json())))
        assert restored.to_json() == whole.state.to_json()
        exists = (history.activities, history.timers, history.letters)
        open_ids = {event_id for kind in exists for event_id in kind}
        open_ids |= {child.initiated for child in history.children.values()}
        assert whole.state.open.keys() <= open_ids
        self.decided, self.paused_when_decided = decisions, whole.state.paused
        if whole.state.paused:
            assert not WORKS & kinds(decisions), "a pause holds"
        assert len(json.dumps(whole.status())) < 30_000
        for decision in decisions:
            if decision["decisionType"] == "RecordMarker":
                assert len(decision["recordMarkerDecisionAttributes"]["details"]) < 32_768

    @precondition(lambda self: self.history.task_started)
    @rule()
    def decider_responds(self) -> None:
        assert self.decided is not None
        self.history.respond(self.decided)
        self.decided = None

    @precondition(lambda self: self.history.task_started)
    @rule()
    def decider_dies(self) -> None:
        self.history.time_out_decision()
        self.decided = None

    @precondition(lambda self: self.remembered is not None)
    @rule()
    def decider_forgets(self) -> None:
        self.remembered = None

    # --- workers and children -------------------------------------------------------------------

    @precondition(lambda self: self.history.activities and self.is_open)
    @rule(data=st.data(), again=st.booleans())
    def activity_completes(self, data: st.DataObject, *, again: bool) -> None:
        scheduled = data.draw(st.sampled_from(self.history.scheduled()))
        self.history.complete({"token": self.chain.token(scheduled), "again": again}, scheduled)

    @precondition(lambda self: self.history.activities and self.is_open)
    @rule()
    def all_activities_complete(self) -> None:
        for scheduled in self.history.scheduled():
            self.history.complete({"token": self.chain.token(scheduled)}, scheduled)

    @precondition(lambda self: self.history.activities and self.is_open)
    @rule(data=st.data(), how=st.sampled_from(FAILURES))
    def activity_fails(self, data: st.DataObject, how: str) -> None:
        scheduled = data.draw(st.sampled_from(self.history.scheduled()))
        if how == "fail":
            self.history.fail(scheduled=scheduled)
        elif how == "bad":
            self.history.fail("NonRetryableError: no", scheduled)
        elif how == "missing":
            self.history.fail("ActivityNotRegistered: no", scheduled)
        elif how != "SCHEDULE_TO_START" or scheduled not in self.history.started:
            self.history.time_out(how, scheduled)

    @precondition(lambda self: self.history.cancels.keys() & self.history.activities.keys())
    @rule()
    def activity_stops(self) -> None:
        asked = self.history.cancels.keys() & self.history.activities.keys()
        self.history.cancel_activity(min(asked))

    @precondition(lambda self: self.history.activities and self.is_open)
    @rule(data=st.data())
    def activity_starts(self, data: st.DataObject) -> None:
        self.history.start_activity(data.draw(st.sampled_from(self.history.scheduled())))

    @precondition(lambda self: self.history.timers and self.is_open)
    @rule()
    def timer_fires(self) -> None:
        self.history.fire()

    @precondition(lambda self: self.history.children and self.is_open)
    @rule(data=st.data(), how=st.sampled_from(["Started", "Completed", "Failed", "Terminated"]))
    def child_moves(self, data: st.DataObject, how: str) -> None:
        name = data.draw(st.sampled_from(sorted(self.history.children)))
        child = self.history.children[name]
        if how == "Started":
            self.history.start_child(child)
        else:
            self.history.end_child(child, how, {"did": name})

    @precondition(lambda self: self.history.letters and self.is_open)
    @rule()
    def letter_arrives(self) -> None:
        self.history.deliver()

    # --- people ---------------------------------------------------------------------------------

    def paths(self) -> list[str]:
        state = self.history.execution().state
        return sorted({*state.latest, *self.history.definition.places, "Nowhere", "Each1[7].Step2"})

    def send(self, name: str, payload: Any) -> None:
        """Send a signal; one that is refused changes nothing."""
        history = self.history
        if isinstance(payload, dict) and payload.get("request_id"):
            sent = self.chain.signals
            sent[payload["request_id"]] = sent.get(payload["request_id"], 0) + 1
        if history.task_started:
            history.signal(name, payload)
            return
        execution = history.execution()
        before, seen = own(execution.state), len(history.events)
        notes = len(execution.state.notes)
        history.signal(name, payload)
        execution.apply(history.events[seen:])
        told = [n for n in execution.state.notes[notes:] if n.name == "SIGNAL_HANDLED"]
        if told and told[-1].details["outcome"] == "refused":
            assert own(execution.state) == before

    @precondition(lambda self: self.is_open)
    @rule(data=st.data(), name=st.sampled_from(STEERING))
    def operator_steers(self, data: st.DataObject, name: str) -> None:
        optional = {
            "request_id": st.sampled_from(["a", "b", "c", "d"]),
            "compensate": st.booleans(),
            "input": st.sampled_from([{}, {"x": 1}, {"flag": 2}]),
            "result": st.just({"given": True}),
            "steps": st.integers(1, 3),
            "if_at": st.sampled_from(["Step1:1", "Step2:2", "Nowhere:1"]),
        }
        needed = {} if name == "GO_BACK" else {"step_name": st.sampled_from(self.paths())}
        self.send(name, data.draw(st.fixed_dictionaries(needed, optional=optional)))

    @precondition(lambda self: self.is_open)
    @rule(name=st.sampled_from(["PAUSE", "CONTINUE"]))
    def operator_pauses(self, name: str) -> None:
        self.send(name, {})

    @precondition(lambda self: self.is_open)
    @rule(
        name=st.sampled_from([*STEERING, "DANCE", "PAUSE", "CHILD_CLOSED"]),
        payload=st.sampled_from(MALFORMED),
    )
    def somebody_sends_nonsense(self, name: str, payload: Any) -> None:
        if name not in ("ROLL_BACK", "GO_BACK") or payload != {}:
            self.send(name, payload)

    @precondition(lambda self: self.is_open)
    @rule(data=st.data(), name=st.sampled_from(SIGNALS))
    def somebody_answers(self, data: st.DataObject, name: str) -> None:
        paths = [path for path in self.paths() if "Await" in path]
        path = data.draw(st.sampled_from([None, *paths]))
        self.send(name, {"answer": 2} | ({"step_name": path} if path else {}))

    @precondition(lambda self: self.is_open)
    @rule()
    def operator_cancels(self) -> None:
        self.history.request_cancel()

    @precondition(lambda self: self.history.closed)
    @rule(data=st.data(), force=st.booleans())
    def operator_resumes_what_is_closed(self, data: st.DataObject, *, force: bool) -> None:
        self.remembered = None
        if self.chain.follow():
            commands.HISTORY_SOFT_LIMIT, commands.HISTORY_HARD_LIMIT = self.soft, self.hard
            return
        execution = self.history.execution()
        name = data.draw(st.sampled_from([*self.paths(), "Undo", "RollbackStep"]))
        try:
            execution.check_resume(name, force=force)
        except (UnknownStepError, SignalRefusedError):
            return
        self.chain.resume(name, compensate=data.draw(st.booleans()))

    # --- SWF ------------------------------------------------------------------------------------

    @rule(seconds=st.integers(0, 100))
    def time_passes(self, seconds: int) -> None:
        self.history.tick(seconds)

    @precondition(lambda self: self.is_open and not self.history.task_started)
    @rule(more=st.integers(0, 20), hard=st.booleans())
    def history_grows_long(self, more: int, *, hard: bool) -> None:
        commands.HISTORY_SOFT_LIMIT = len(self.history.events) + more
        commands.HISTORY_HARD_LIMIT = commands.HISTORY_SOFT_LIMIT + (5 if hard else 5_000)

    @precondition(lambda self: self.is_open and self.history.task_started)
    @rule(
        cause=st.sampled_from(
            [
                {},
                {"ScheduleActivityTask": "ACTIVITY_CREATION_RATE_EXCEEDED"},
                {"ScheduleActivityTask": "ACTIVITY_TYPE_DOES_NOT_EXIST"},
                {"StartChildWorkflowExecution": "WORKFLOW_TYPE_DOES_NOT_EXIST"},
                {"RecordMarker": "OPERATION_NOT_PERMITTED"},
                {"RequestCancelActivityTask": "OPERATION_NOT_PERMITTED"},
                {"FailWorkflowExecution": "OPERATION_NOT_PERMITTED"},
                {"SignalExternalWorkflowExecution": "OPERATION_NOT_PERMITTED"},
                {"RequestCancelExternalWorkflowExecution": "OPERATION_NOT_PERMITTED"},
            ]
        ),
        activities=st.sampled_from([1, 2, 1_000]),
        timers=st.sampled_from([2, 1_000]),
    )
    def swf_refuses(self, cause: dict[str, str], activities: int, timers: int) -> None:
        self.history.refuse = dict(cause)
        self.history.limits = {"activities": activities, "timers": timers}

    # --- what always holds ----------------------------------------------------------------------

    @invariant()
    def it_ends_or_waits_for_something_that_exists(self) -> None:
        history = getattr(self, "chain", None) and self.history
        if not history or history.closed or history.task_started or history.task_scheduled:
            return
        told = any(child.initiated for child in history.children.values())
        if history.activities or history.timers or history.letters or told:
            return
        state = history.execution().state
        works = state.works.values()
        assert (
            state.paused
            or any(frame.halted for frame in state.frames.values())
            or any(work.via is Via.SIGNAL for work in works)
        )

    def teardown(self) -> None:
        """Left alone with working activities and a person who answers, every run ends."""
        if not hasattr(self, "chain"):
            return
        try:
            self.history.refuse = {}
            self.history.limits = {"activities": 1_000, "timers": 1_000}
            if self.history.task_started:
                self.history.time_out_decision()
            commands.HISTORY_SOFT_LIMIT, commands.HISTORY_HARD_LIMIT = self.soft, self.hard
            self.chain.settle()
            check_promises(self.chain)
        finally:
            commands.HISTORY_SOFT_LIMIT, commands.HISTORY_HARD_LIMIT = self.soft, self.hard


TestRandomLife = RandomLife.TestCase
TestRandomLife.settings = settings(
    max_examples=150,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
