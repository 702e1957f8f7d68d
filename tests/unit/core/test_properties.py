"""What holds for every history: generated runs, random outcomes, signals, crashes, duplicates."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from wire import is_reference
from workflow import Execution, Policy, commands
from workflow.state import Mode, Outcome, State

from .history_model import FIVE, History

STEPS = list(FIVE.steps)
FAILURES = ["fail", "bad", "START_TO_CLOSE", "SCHEDULE_TO_START", "HEARTBEAT", "missing"]

signals = st.one_of(
    st.fixed_dictionaries(
        {"step_name": st.sampled_from([*STEPS, "Nowhere"])},
        optional={
            "request_id": st.sampled_from(["a", "b", "c"]),
            "input": st.one_of(
                st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
                st.lists(st.integers(), max_size=2),
            ),
            "if_at": st.sampled_from(["ProcessData:1", "SaveResults:2", None]),
        },
    ),
    st.sampled_from([None, "", "not json", [], {}, {"step_name": None}]),
)


class RandomLife(RuleBasedStateMachine):
    """A run to which anything happens in any order.  A second decider remembers incrementally."""

    def __init__(self) -> None:
        super().__init__()
        self.history = History(policy=Policy(max_attempts=2))
        self.remembered = Execution(FIVE, Policy(max_attempts=2))
        self.pending: list[dict[str, Any]] | None = None

    # --- deciding ---------------------------------------------------------------------------

    @precondition(lambda self: self.history.wants_decision)
    @rule()
    def start_decision(self) -> None:
        self.history.start_decision()
        whole = self.history.execution()
        self.remembered.apply(self.history.events)
        assert whole.state.to_json() == self.remembered.state.to_json()
        assert whole.decisions() == self.remembered.decisions()
        assert whole.decisions() == whole.decisions(), "reading decisions moves nothing"
        exists = self.history.activities.keys() | self.history.timers.keys()
        assert whole.state.open.keys() <= exists
        restored = State.from_json(json.loads(json.dumps(whole.state.to_json())))
        assert restored.to_json() == whole.state.to_json()
        self.pending = whole.decisions()

    @precondition(lambda self: self.history.task_started)
    @rule()
    def respond(self) -> None:
        assert self.pending is not None
        self.history.respond(self.pending)
        self.pending = None

    @precondition(lambda self: self.history.task_started)
    @rule()
    def decider_dies(self) -> None:
        self.history.time_out_decision()
        self.pending = None

    # --- what the world does ------------------------------------------------------------------

    @precondition(lambda self: self.history.activities and not self.history.closed)
    @rule(data=st.data(), result=st.sampled_from([{"a": 1}, {}, [1], None, "text"]))
    def activity_completes(self, data: st.DataObject, result: Any) -> None:
        self.history.complete(result, data.draw(st.sampled_from(self.history.scheduled())))

    @precondition(lambda self: self.history.activities and not self.history.closed)
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

    @precondition(lambda self: self.history.activities and not self.history.closed)
    @rule(data=st.data())
    def activity_starts(self, data: st.DataObject) -> None:
        self.history.start_activity(data.draw(st.sampled_from(self.history.scheduled())))

    @precondition(lambda self: self.history.timers and not self.history.closed)
    @rule()
    def timer_fires(self) -> None:
        self.history.fire()

    @precondition(lambda self: not self.history.closed)
    @rule(name=st.sampled_from(["RESUME_FROM_STEP"] * 3 + ["DANCE"]), payload=signals)
    def operator_signals(self, name: str, payload: Any) -> None:
        self.history.signal(name, payload)

    @precondition(lambda self: not self.history.closed)
    @rule()
    def operator_cancels(self) -> None:
        self.history.request_cancel()

    @rule(seconds=st.integers(0, 100))
    def time_passes(self, seconds: int) -> None:
        self.history.tick(seconds)

    # --- what always holds ----------------------------------------------------------------------

    @invariant()
    def it_ends_or_waits_for_something_that_exists(self) -> None:
        history = self.history
        waits = history.activities or history.timers or history.task_scheduled
        assert history.closed or history.task_started or waits

    @invariant()
    def at_most_one_activity_of_ours_is_not_abandoned(self) -> None:
        assert len(self.remembered.state.works) <= 1

    def teardown(self) -> None:
        """Left alone with working activities, every run comes to its end."""
        if self.history.task_started:
            self.history.time_out_decision()
        self.history.run()
        assert self.history.closed
        check_promises(self.history)


TestRandomLife = RandomLife.TestCase
TestRandomLife.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


def check_promises(history: History) -> None:
    """The saga's promise, and that every signal was answered once."""
    execution = history.execution()
    state = execution.state
    assert not state.notes, "every marker is recorded"
    if history.closed == "WorkflowExecutionFailed":
        for visit in state.visits.values():
            effect = visit.outcome is Outcome.DONE or visit.given_out
            if effect and FIVE.states[visit.path].compensation:
                assert visit.undone.value in ("yes", "failed")
        assert state.mode is Mode.ENDING
    undone = [(m["step"], m["visit"]) for m in history.markers("STEP_COMPENSATED")]
    assert len(undone) == len(set(undone))
    answered = [m["request_id"] for m in history.markers("SIGNAL_HANDLED")]
    assert len(answered) == len(set(answered))


outcomes = st.dictionaries(
    st.sampled_from([*STEPS, "RollbackStep", "CompensateTransaction"]),
    st.lists(st.sampled_from(["ok", *FAILURES]), max_size=5),
)


@given(outcomes, st.integers(1, 4))
@settings(max_examples=200, deadline=None)
def test_every_script_of_outcomes_ends_and_leaves_nothing_uncompensated(script, attempts):
    history = History(policy=Policy(max_attempts=attempts))
    assert history.run(script) in ("WorkflowExecutionCompleted", "WorkflowExecutionFailed")
    check_promises(history)


@given(outcomes, st.data())
@settings(max_examples=100, deadline=None)
def test_a_failed_run_can_be_resumed_anywhere_and_visits_go_on_counting(script, data):
    history = History(policy=Policy(max_attempts=1))
    history.run(script)
    step = data.draw(st.sampled_from(STEPS))
    envelope = {
        "start_id": "s",
        "previous_run_id": "r",
        "snapshot": json.loads(json.dumps(history.execution().snapshot())),
        "resume": {"step_name": step, "request_id": "q"},
    }
    before = {visit.path: visit.number for visit in history.execution().state.visits.values()}
    again = History({"order_id": "1", "_process": envelope}, now=history.now)
    assert again.run() == "WorkflowExecutionCompleted"
    numbers = [(v.path, v.number) for v in again.execution().state.visits.values()]
    assert len(numbers) == len(set(numbers))
    assert (step, before.get(step, 0) + 1) in numbers


@given(outcomes, st.integers(5, 60))
@settings(max_examples=60, deadline=None)
def test_continuing_as_new_at_any_point_changes_nothing_about_the_outcome(script, limit):
    whole = History(policy=Policy(max_attempts=2))
    wanted = whole.run(copy.deepcopy(script))
    part, soft = History(policy=Policy(max_attempts=2)), commands.HISTORY_SOFT_LIMIT
    commands.HISTORY_SOFT_LIMIT = limit
    try:
        while part.run(script) == "WorkflowExecutionContinuedAsNew":
            carried = json.loads(part.close_attributes["input"])
            part = History(carried, policy=Policy(max_attempts=2), now=part.now)
            commands.HISTORY_SOFT_LIMIT += 5
    finally:
        commands.HISTORY_SOFT_LIMIT = soft
    assert part.closed == wanted
    assert part.close_attributes == whole.close_attributes


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=10,
    )
)
@settings(max_examples=100, deadline=None)
def test_any_json_value_can_be_the_input(value):
    history = History({"_process": {"start_id": "s", "input": value}})
    assert history.run() == "WorkflowExecutionCompleted"
    result = json.loads(history.close_attributes["result"])
    if isinstance(value, dict) and not is_reference(value):
        assert {key: result[key] for key in value if key != "previous_results"} == {
            key: item for key, item in value.items() if key != "previous_results"
        }
    else:
        assert result["input"] == value
