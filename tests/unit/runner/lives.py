"""Random processes, how their steps go, and what people do to them; run in-process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from hypothesis import strategies as st

from runner import Completed, Engine, Failed, Outcome, Run, Task, TimedOut, VirtualClock
from runner.simulation import CANCEL, Sent
from tests.unit.core.generated import INPUT, SIGNALS, definitions
from tests.unit.core.promises import Told
from wire import dumps, wrap_start
from workflow import Definition, Fact, Policy, commands, process, step, wait
from workflow.places import name_of
from workflow.signals import HANDLERS
from workflow.state import Via

POLICY = Policy(max_attempts=2, start_to_close="40")
SUB = process("Sub", "1", [step("Inner", compensation="Undo"), wait("Rest", 1), step("After")])
ANSWERS = 80  # of people, within which every execution has ended

WHO = {"actor": "ana", "reason": "she wanted to"}


# --- what is drawn ------------------------------------------------------------------------------

SECONDS = st.sampled_from([0, 0, 0, 1, 7, 25, 60])
OUTCOMES = st.one_of(
    st.builds(Completed, st.just({"again": True}), SECONDS, st.booleans()),
    st.builds(Completed, st.just({"fine": 1}), SECONDS, st.booleans()),
    st.builds(
        Failed,
        st.sampled_from(["ValueError: no", "NonRetryableError: no", "ActivityNotRegistered: no"]),
        st.sampled_from([True, True, False]),
        SECONDS,
        st.booleans(),
    ),
    st.builds(
        TimedOut,
        st.sampled_from(["START_TO_CLOSE", "SCHEDULE_TO_START", "HEARTBEAT"]),
        st.sampled_from([None, 5]),
        st.booleans(),
    ),
)


@dataclass
class Plan:
    """A process, how its steps go, and what people do to it."""

    definition: Definition
    outcomes: dict[str, list[Outcome]] = field(default_factory=dict)
    """By step, or activity of an undo: the attempts at each place, one after the other."""
    sent: list[Sent] = field(default_factory=list)
    soft: int = 8_000
    hard: int = 15_000
    children: bool = False
    """Whether children are run by their definition."""
    policy: Policy = POLICY
    answers: list[tuple[float, str]] = field(default_factory=list)
    """When whoever holds a task token answers, and how."""


@st.composite
def plans(draw: Any, least: int = 0, made: Any = None) -> Plan:
    """At least so many steps whose outcomes are given, and so many signals."""
    definition = draw(definitions() if made is None else made)
    places = sorted(definition.places)
    undos = ["Undo", "RollbackStep", "CompensateTransaction"]
    names = st.sampled_from([*places, *places, *undos, "Inner", "After"])
    attempts = st.lists(OUTCOMES, min_size=1, max_size=3)
    outcomes = draw(st.dictionaries(names, attempts, min_size=2 * least, max_size=8))
    sent = draw(st.lists(signals(places), min_size=least, max_size=5))
    soft = draw(st.sampled_from([8_000, 20, 30, 40, 60]))
    hard = soft + draw(st.sampled_from([5, 30, 5_000]))
    plan = Plan(definition, outcomes, sent, soft, hard, draw(st.booleans()))
    if definition.by_document:
        plan.policy = draw(st.sampled_from([POLICY, replace(POLICY, lambda_tasks=True)]))
        times = st.sampled_from([0, 1, 5, 15, 19, 20, 21, 49, 50, 51, 200])
        plan.answers = draw(st.lists(st.tuples(times, st.sampled_from(ANSWERED)), max_size=4))
    return plan


ANSWERED = ("TASK_SUCCESS", "TASK_FAILURE", "TASK_HEARTBEAT", "TASK_HEARTBEAT")


@st.composite
def signals(draw: Any, places: list[str]) -> Sent:
    at = draw(st.sampled_from([0, 1, 2, 3, 5, 8, 13, 40, 61, 200]))
    name = draw(st.sampled_from([*HANDLERS, *HANDLERS, *SIGNALS, *SIGNALS, CANCEL, "DANCE"]))
    optional = {
        "request_id": st.sampled_from(["a", "b", "c"]),
        "compensate": st.booleans(),
        "input": st.sampled_from([{}, {"x": 1}, {"flag": 2}]),
        "result": st.just({"given": True}),
        "steps": st.integers(1, 3),
        "if_at": st.just("Step1:1"),
        "actor": st.just("ana"),
    }
    needed = {}
    if name not in ("GO_BACK", *SIGNALS):
        needed = {"step_name": st.sampled_from([*places, "Nowhere"])}
    return Sent(at, name, draw(st.fixed_dictionaries(needed, optional=optional)))


# --- running ------------------------------------------------------------------------------------


class Scripted:
    """Does what the plan says; what it says nothing of completes, with a token of the visit."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._asked: dict[tuple[str, str], int] = {}

    def __call__(self, task: Task) -> Outcome | None:
        if task.child is not None:
            return None
        key = task.activity if task.undo else name_of(task.path)
        place = (key, task.path)
        asked = self._asked[place] = self._asked.get(place, -1) + 1
        given = self._plan.outcomes.get(key, [])
        if asked < len(given):
            outcome = given[asked]
            if not isinstance(outcome, Completed):
                return outcome
            more = dict(outcome.result) | {"token": [task.path, task.visit, task.undo]}
            return Completed(more, outcome.after, outcome.stops)
        return Completed({"token": [task.path, task.visit, task.undo]})


class Ear:
    """What the core tells of the execution itself."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []

    def event(self, run: Any, event: Any) -> None:
        """Histories are read afterwards."""

    def fact(self, run: Any, fact: Fact) -> None:
        if run.workflow_id == "run":
            self.facts.append(fact)


class Life:
    """An execution on the in-process engine; `Chain` of the promises."""

    def __init__(self, plan: Plan, envelope: dict[str, Any] | None = None) -> None:
        """Begin it; with what its start carries, where it goes on from another one."""
        self.plan = plan
        self.signals: dict[str, int] = {}
        self.ear = Ear()
        children: dict[str, Definition] = {"Sub": SUB} if plan.children else {}
        self.engine = Engine(
            Scripted(plan),
            clock=VirtualClock(1_000_000),
            definitions=lambda name, _: children.get(name),
            listener=self.ear,
        )
        if envelope is None:
            self.run = self.engine.start(plan.definition, INPUT, policy=plan.policy)
        else:
            self.run = Run(self.engine, plan.definition, "run", plan.policy)
            self.engine.runs["run"] = self.run
            self.engine.open += 1
            self.run.begin({"input": dumps(wrap_start(INPUT, envelope))})
        for sent in plan.sent:
            self._send(sent)
        self.tokens: list[str] = []
        for at, how in plan.answers:
            self.engine.after(at, partial(self._answer_token, how))

    def _answer_token(self, how: str) -> None:
        """Answer whoever waits; or else, too late, whom there was."""
        waits = self.run.execution.status().get("waits_for", ())
        self.tokens += [item["token"] for item in waits if "token" in item]
        if self.tokens:
            told = {"output": {"answer": 1}} if how == "TASK_SUCCESS" else {}
            self._send(Sent(0, how, {"token": self.tokens[-1], **told}))

    def _send(self, sent: Sent) -> None:
        if sent.signal == CANCEL:
            self.engine.cancel("run", after=sent.at)
        else:
            self.engine.signal("run", sent.signal, sent.input, after=sent.at)

    @property
    def runs(self) -> list[Told]:
        return [
            Told(history.events, self.plan.definition, policy=self.plan.policy, **IDS)
            for history in self.run.histories
        ]

    def go_on(self) -> None:
        self.engine.run(events=30_000)

    def settle(self) -> None:
        """Have people answer until it has ended."""
        for turn in range(ANSWERS):
            self.go_on()
            if self.run.closed:
                break
            self._answer(turn)
        assert self.run.closed, f"it does not end: {self.run.execution.status()}"

    def _answer(self, turn: int) -> None:
        state = self.run.execution.state
        if state.paused or any(frame.halted for frame in state.frames.values()):
            self._send(Sent(0, "CONTINUE" if turn % 4 else "ROLL_BACK", {}))
            return
        if any(work.via is Via.TOKEN for work in state.works.values()):
            self._answer_token("TASK_SUCCESS")
            return
        waiting = [work for work in state.works.values() if work.via is Via.SIGNAL]
        assert waiting, f"it waits for nobody: {self.run.execution.status()}"
        path = state.visits[waiting[0].entry].path
        self._send(Sent(0, waiting[0].activity, {"step_name": path, "answer": 1, **WHO}))


IDS = {"start_id": "run", "workflow_id": "run"}


@contextmanager
def limits(plan: Plan) -> Iterator[None]:
    """Runs of the length that the plan says."""
    before = commands.HISTORY_SOFT_LIMIT, commands.HISTORY_HARD_LIMIT
    commands.HISTORY_SOFT_LIMIT, commands.HISTORY_HARD_LIMIT = plan.soft, plan.hard
    try:
        yield
    finally:
        commands.HISTORY_SOFT_LIMIT, commands.HISTORY_HARD_LIMIT = before
