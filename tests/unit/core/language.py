"""Executions in States Language, run in-process: what their work does, and what people do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from asl.loading import load
from runner import Completed, Engine, Failed, Outcome, Task, TimedOut, VirtualClock
from runner.outcomes import Ended
from tests.unit.core.promises import Told, check_definition, check_replays
from workflow import Definition, Fact, Policy
from workflow.preview import Preview
from workflow.state import Outcome as How
from workflow.state import Visit

START = 1_000_000.0
ACTIVITY = "arn:aws:states:us-east-1:123456789012:activity:"
TOKEN = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
IDS = {"start_id": "run", "workflow_id": "run"}


def machine(states: Mapping[str, Any], **members: Any) -> Definition:
    """A state machine; it begins with the first of its states."""
    return load({"StartAt": next(iter(states)), "States": states, **members}, "Machine", "1")


def scope(states: Mapping[str, Any], **members: Any) -> dict[str, Any]:
    """A branch, or what is done with each item."""
    return {"StartAt": next(iter(states)), "States": states, **members}


def task(name: str, **members: Any) -> dict[str, Any]:
    """A Task of an activity; it ends its sequence unless it says what is next."""
    end = {} if "Next" in members else {"End": True}
    return {"Type": "Task", "Resource": ACTIVITY + name, **end, **members}


def asking(**members: Any) -> dict[str, Any]:
    """A Task that sends its task token away, and waits for the answer."""
    body = {"MessageBody": {"token.$": "$$.Task.Token"}}
    return task("", **{"Resource": TOKEN, "Parameters": body, **members})


Plays = Mapping[str, Any]
"""By activity, or path: an outcome, a list of them for its calls, or a function of the task."""


class Life:
    """One execution; work of which nothing is said completes with `{"did": ITS PATH}`."""

    def __init__(
        self, definition: Definition, data: Any = None, plays: Plays | None = None, **more: Any
    ) -> None:
        self.calls: list[Task] = []
        self.facts: list[Fact] = []
        self._plays = dict(plays or {})
        self._asked: dict[str, int] = {}
        children = more.pop("children", {})
        self.engine = Engine(
            self._work,
            clock=VirtualClock(START),
            definitions=lambda name, _: children.get(name),
            listener=self,
            **more.pop("engine", {}),
        )
        policy = more.pop("policy", None) or Policy(cancel_grace=10)
        data = {} if data is None else data
        self.run = self.engine.start(definition, data, policy=policy, **more)

    def event(self, run: Any, event: Any) -> None:
        """Histories are read afterwards."""

    def fact(self, run: Any, fact: Fact) -> None:
        if run is self.run:
            self.facts.append(fact)

    def _work(self, task: Task) -> Outcome | None:
        self.calls.append(task)
        names = (task.path, task.path.rpartition(".")[2])
        for key in (*(() if task.undo else names), task.activity):
            if key in self._plays:
                given = self._plays[key]
                asked = self._asked[key] = self._asked.get(key, -1) + 1
                if isinstance(given, list):
                    given = given[min(asked, len(given) - 1)]
                outcome = given(task) if callable(given) else given
                if outcome is None or isinstance(outcome, Completed | Failed | TimedOut):
                    return outcome
                return Completed(outcome)
        return None if task.child is not None else Completed({"did": task.path})

    # --- going on -------------------------------------------------------------------------------

    def go_on(self, seconds: float | None = None) -> Life:
        """Until nothing happens by itself any more; or for so long."""
        if seconds is None:
            self.engine.run(events=20_000)
            return self
        until = self.engine.clock.now() + seconds
        self.engine.after(seconds, lambda: None)
        due = self.engine._due
        while self.engine.ready or (due and due[0][0] <= until):
            if not self.engine.step():
                break
        return self

    def until(self, condition: Callable[[], Any]) -> Life:
        """Until something is so."""
        for _ in range(100_000):
            if condition():
                return self
            assert self.engine.step(), f"nothing goes on: {self.status}"
        raise AssertionError("it goes on for ever")

    def at(self, path: str) -> Life:
        """Until an activity at that place has been called, and is open."""
        return self.until(lambda: any(call.path == path for call in self.calls) and self.settled)

    @property
    def settled(self) -> bool:
        return not self.engine.ready

    def signal(self, name: str, **payload: Any) -> Life:
        """Send a signal and have it taken in."""
        self.engine.signal("run", name, {"actor": "ana", **payload})
        count = len(self.answers)
        if name == "TASK_HEARTBEAT":  # which nobody answers
            return self.go_on(0)
        return self.until(lambda: len(self.answers) > count and self.settled)

    def cancel(self) -> Life:
        self.engine.cancel("run")
        return self

    # --- looking --------------------------------------------------------------------------------

    @property
    def answers(self) -> list[dict[str, Any]]:
        """How signals were answered."""
        return [fact.fields for fact in self.facts if fact.kind == "signal"]

    @property
    def refused(self) -> str:
        """Why the last signal was refused; empty where it was not."""
        last = self.answers[-1]
        return str(last["why"]) if last["outcome"] == "refused" else ""

    @property
    def ended(self) -> Ended:
        return self.run.ended

    @property
    def status(self) -> dict[str, Any]:
        return self.run.execution.status()

    @property
    def now(self) -> float:
        return self.engine.clock.now() - START

    def token(self, path: str = "") -> str:
        """The task token that a state waits with."""
        waits = [w for w in self.status["waits_for"] if path in ("", w["path"])]
        return str(waits[0]["token"])

    def paths(self) -> list[str]:
        """Where work was called, in order; undos are marked."""
        return [f"{'undo ' if call.undo else ''}{call.path}" for call in self.calls]

    def preview(self, name: str, **payload: Any) -> Preview:
        """What a signal would do now."""
        self.run._take_in()
        return self.run.execution.preview(name, {"request_id": "q", **payload})

    def visit(self, path: str) -> Visit:
        state = self.run.execution.state
        return state.visits[state.latest[path]]

    def output(self) -> Any:
        """What it completed with; its histories are looked at besides."""
        self.go_on()
        assert self.ended.state == "COMPLETED", (self.ended, self.status)
        self.check()
        return self.ended.result

    def failure(self) -> dict[str, Any]:
        """What it failed with."""
        self.go_on()
        assert self.ended.state == "FAILED", (self.ended, self.status)
        self.check()
        return dict(self.ended.details)

    def check(self) -> None:
        """Replays are alike, and `check` finds that all fits."""
        for history in self.run.histories:
            told = Told(history.events, self.run.definition, policy=self.run.policy, **IDS)
            check_replays(told)
            check_definition(told, **IDS)
        left = [v for v in self.run.execution.state.visits.values() if v.outcome is How.OPEN]
        assert not left or self.ended.state != "COMPLETED", left
