"""Asking what would happen: a definition on the virtual clock, with given outcomes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from errors import InvalidInputError
from runner.clock import VirtualClock
from runner.engine import Definitions, Engine, Run
from runner.outcomes import Completed, Ended, Failed, Outcome, Task
from runner.timeline import Entry, Timeline, lines
from runner.workers import Outcomes, Registry, Script
from wire import Json, dumps
from workflow import Definition, Fact, Policy
from workflow.answers import TASK_FAILURE, TASK_HEARTBEAT, TASK_SUCCESS

MOST_EVENTS = 200_000  # of a simulation: one that goes on longer is taken for endless


@dataclass(frozen=True)
class Sent:
    """A signal that comes at a given time, or a request to cancel."""

    at: float
    """Seconds after the start."""
    signal: str
    """Its name; `CANCEL` stands for the request to cancel."""
    input: Json = None


CANCEL = "CANCEL"


ANSWERS = (TASK_SUCCESS, TASK_FAILURE, TASK_HEARTBEAT)


class Answering:
    """A worker that sends task tokens out, and answers them as the script says of their states."""

    def __init__(self, script: Script) -> None:
        self.engine: Engine | None = None
        self._script = script
        self._said: dict[str, Outcome] = {}

    def __call__(self, task: Task) -> Outcome | None:
        """How it went; of a state that sends its token out, only that it did."""
        outcome = self._script(task)
        if outcome is None or task.undo or task.is_child or not self._asks(task):
            return outcome
        if self._script.says(task):
            self._said[task.path] = outcome
        return Completed()

    def _asks(self, task: Task) -> bool:
        runs = [] if self.engine is None else self.engine.runs.values()
        named = [r for r in runs if isinstance(r, Run) and r.definition.name == task.process]
        return any(run.asks(task.path) for run in named)

    def waits(self, run: Run, path: str) -> None:
        """A state waits for its answer: give it, where one is said, and when it is due."""
        outcome = self._said.pop(path, None)
        if isinstance(outcome, Completed):
            answer(run, TASK_SUCCESS, path, {"output": outcome.result}, outcome.after)
        elif isinstance(outcome, Failed):
            name, _, message = outcome.reason.partition(": ")
            cause = outcome.cause if outcome.cause is not None else message
            told = {"error": outcome.error or name, "cause": cause or None}
            answer(run, TASK_FAILURE, path, told, outcome.after)


def answer(run: Run, name: str, path: str, told: dict[str, Json], after: float) -> None:
    """Answer the task token of the state at a path, in so many seconds."""

    def send() -> None:
        payload = {**told, "token": run.execution.token_of(path)}
        run.engine.signal(run.workflow_id, name, payload)

    run.engine.after(after, send)


class _Listening(Timeline):
    """The timeline, and somebody who answers task tokens."""

    def __init__(self, start: float, answering: Answering) -> None:
        super().__init__(start)
        self._answering = answering

    def fact(self, run: Run, fact: Fact) -> None:
        """Take what the core tells of itself."""
        super().fact(run, fact)
        if fact.kind == "waiting" and fact.fields["signal"] == TASK_SUCCESS:
            self._answering.waits(run, fact.fields["step"])


class Simulation:
    """What happened, and how it ended."""

    def __init__(self, run: Run, timeline: list[Entry], unused: Iterable[str] = ()) -> None:
        self.run = run
        self.timeline = timeline
        self.seconds = max(entry.at for entry in timeline)
        """Virtual seconds from the start to the last thing that happened."""
        self.unused = sorted(unused)
        """Steps with given outcomes that were never asked for: a name that is wrong, perhaps."""
        self._ended: Ended = run.ended

    @property
    def state(self) -> str:
        """`COMPLETED`, `FAILED`, `CANCELED`, `TIMED_OUT`; `WAITING` for somebody."""
        return self._ended.state

    @property
    def result(self) -> Json:
        """What a completed execution gives: the data as it left the last step."""
        return self._ended.result

    @property
    def reason(self) -> str:
        """Why it failed."""
        return self._ended.reason

    @property
    def details(self) -> Json:
        """The details of its end: what was compensated, say."""
        return self._ended.details

    @property
    def results(self) -> dict[str, Json]:
        """The steps' results by name, as far as it came."""
        state = self.run.execution.state
        visits = [v for v in state.visits.values() if v.frame == 0 and v.result is not None]
        return {visit.name: visit.result for visit in visits}

    @property
    def steps(self) -> list[str]:
        """Paths of the steps that completed, in that order; undos are not steps."""
        done = [e.step or "" for e in self._own() if e.what == "completed" and e.undo is None]
        record = self.run.definition.rollback.transaction
        return [path for path in done if path != record]

    @property
    def compensated(self) -> list[str]:
        """Paths of the steps that were undone, in that order."""
        return [entry.step or "" for entry in self._own() if entry.what == "undone"]

    @property
    def not_compensated(self) -> list[str]:
        """Paths of the steps whose undo failed for good."""
        return [entry.step or "" for entry in self._own() if entry.what == "not undone"]

    def attempts(self, step: str) -> int:
        """How often a step, named by path, was tried; over all its visits."""
        begun = [e for e in self._own() if e.what == "begins" and e.undo is None]
        return sum(entry.step == step for entry in begun)

    def lines(self) -> list[str]:
        """The timeline for people."""
        return lines(self.timeline, self.run.workflow_id)

    def to_json(self) -> dict[str, Json]:
        """All of it as JSON."""
        return {
            "state": self.state,
            "seconds": self.seconds,
            "result": self.result,
            "reason": self.reason,
            "details": self.details,
            "steps": self.steps,
            "compensated": self.compensated,
            "not_compensated": self.not_compensated,
            "unused": self.unused,
            "timeline": [entry.to_json() for entry in self.timeline],
        }

    def _own(self) -> list[Entry]:
        mine = self.run.workflow_id
        return [entry for entry in self.timeline if entry.workflow_id == mine]


def simulate(
    definition: Definition,
    input: Json = None,  # noqa: A002 - as everywhere in this application
    outcomes: Outcomes | None = None,
    *,
    signals: Iterable[Sent] = (),
    activities: Registry | None = None,
    definitions: Definitions = lambda _name, _version: None,
    policy: Policy | None = None,
    timeout: float | None = None,
    start: float = 0.0,
    events: int = MOST_EVENTS,
    entered: int | None = None,
) -> Simulation:
    """Run a definition on the virtual clock.

    `outcomes` says by step how its attempts go (`runner.workers.Script`): nothing said means that
    it completes with `{}`, or is done by the function of that name in `activities`.  Of a state
    that sends its task token out it says the answer; with nothing said nobody answers.  `signals`
    that answer a token may name the state (`step_name`) instead of the token.  `signals`
    come at their times.  `definitions` knows the children's definitions; `timeout` is SWF's limit
    for the execution, in seconds; `start` the moment of the start, in seconds since 1970.
    `UndecidableError` where it does not come to an end within so many `events`, or states
    `entered`.
    """
    script = Script(outcomes or {}, activities)
    answering = Answering(script)
    timeline = _Listening(start, answering)
    clock = VirtualClock(start)
    engine = Engine(answering, clock=clock, definitions=definitions, listener=timeline)
    answering.engine = engine
    run = engine.start(
        definition,
        {} if input is None else input,
        workflow_id="run",
        policy=policy,
        timeout=timeout,
    )
    for sent in signals:
        if sent.signal == CANCEL:
            engine.cancel(run.workflow_id, after=sent.at)
        elif sent.signal in ANSWERS and _names_state(sent.input):
            told = {key: item for key, item in sent.input.items() if key != "step_name"}
            answer(run, sent.signal, sent.input["step_name"], told, sent.at)
        else:
            engine.signal(run.workflow_id, sent.signal, sent.input, after=sent.at)
    engine.run(events=events, entered=entered)
    return Simulation(run, timeline.entries, script.unused)


def _names_state(value: Json) -> bool:
    named = isinstance(value, Mapping) and isinstance(value.get("step_name"), str)
    return named and "token" not in value


# --- from JSON ----------------------------------------------------------------------------------


def plan_of(document: Json) -> tuple[Outcomes, list[Sent]]:
    """Outcomes and signals from JSON: `{"steps": {STEP: OUTCOME or list}, "signals": [...]}`.

    A signal is `{"at": SECONDS, "signal": NAME, "input": ...}`; `{"at": SECONDS, "cancel": true}`
    asks for the cancellation.  `InvalidInputError` says what is wrong.
    """
    if not isinstance(document, dict) or document.keys() - {"steps", "signals"}:
        raise InvalidInputError(
            'outcomes are {"steps": {STEP: OUTCOME or list of them}, "signals": [...]}'
        )
    steps, signals = document.get("steps", {}), document.get("signals", [])
    if not isinstance(steps, dict) or not isinstance(signals, list):
        raise InvalidInputError("steps must be an object, and signals a list")
    return steps, [_sent(item, index) for index, item in enumerate(signals)]


def _sent(item: Any, index: int) -> Sent:
    at = item.get("at", 0) if isinstance(item, Mapping) else None
    named = isinstance(item, Mapping) and isinstance(item.get("signal"), str)
    canceling = isinstance(item, Mapping) and item.get("cancel") is True
    number = isinstance(at, int | float) and not isinstance(at, bool)
    if at is None or not number or at < 0 or named == canceling:
        raise InvalidInputError(
            f"signals[{index}]: {dumps(item)[:80]} is not "
            '{"at": SECONDS, "signal": NAME, "input": ...} or {"at": SECONDS, "cancel": true}'
        )
    return Sent(float(at), CANCEL if canceling else item["signal"], item.get("input"))
