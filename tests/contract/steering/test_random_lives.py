"""Whatever happens to random processes on the embedded SWF: faults, crashes, people, restarts.

How many there are: `RANDOM_LIVES` times as many as usual, 1 unless the environment says more;
only then they differ from time to time.
"""

from __future__ import annotations

import dataclasses
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import published
import setup
from activities.heartbeats import Heartbeats
from activity_worker import ActivityCanceled, ActivityWorker, StaleVisitError, current_task
from asl.loading import load
from decision_worker import DecisionWorker
from errors import (
    ExecutionAlreadyStartedError,
    NonRetryableError,
    SignalRefusedError,
    UnknownExecutionError,
    UnknownStepError,
)
from local_swf.faults import Faults
from local_swf.testing import LocalSWF
from run_cache import RunCache
from runner import Completed, Failed, Outcome, Task, TimedOut
from runner.simulation import CANCEL, Sent
from setup import ensure_registered
from starter import runs
from starter.executions import replays
from swf_client import Patience, SwfClient
from tests.application import settings_for
from tests.unit.core.generated import INPUT
from tests.unit.core.generated_documents import documents
from tests.unit.core.promises import (
    Told,
    check_definition,
    check_ids,
    check_promises,
    check_replays,
    check_signals,
)
from tests.unit.runner.lives import POLICY, SUB, WHO, Life, Plan, Scripted, limits, plans
from workflow import Definition
from workflow.graph import compensation_of
from workflow.language.resources import FUNCTIONS
from workflow.places import name_of
from workflow.state import Mode, Via
from workflow_starter import WorkflowStarter

MANY = 40 * int(os.environ.get("RANDOM_LIVES", "1"))
PATIENCE_SECONDS = 60.0  # in which every execution has ended
QUIET_SECONDS = 1.0  # without any news, after which time is made to pass
LOOK_SECONDS = 0.01
SLOW_SECONDS = 0.05  # of work that may be stopped
FAULTS = ("throttle", "unavailable", "reset", "twice", "drop")
CALM = frozenset({"throttle", "unavailable", "reset"})
"""Faults after which nothing is lost, so that nothing has to time out."""


METHODS = {
    "RESUME_FROM_STEP": ("resume_workflow_from_step", ("step_name", "input", "compensate")),
    "GO_BACK": ("go_back", ("steps", "compensate")),
    "REPROCESS_STEP": ("reprocess_step", ("step_name", "input")),
    "SKIP_STEP": ("skip_step", ("step_name", "result")),
    "PAUSE": ("pause_workflow", ()),
    "CONTINUE": ("continue_workflow", ()),
    "ROLL_BACK": ("roll_back_workflow", ()),
}
"""How an operator sends them, and what of the payload goes along."""


class ActivityNotRegistered(Exception):  # noqa: N818 - as the reason on the wire begins
    """What a worker without that function reports."""


# --- what is drawn ------------------------------------------------------------------------------


@dataclasses.dataclass
class Act:
    """Something that is done once so many activities have been called."""

    after: int
    what: Any
    """What somebody sends, or `replace` or `forget` (a decider), or `restart` (the endpoint)."""


@dataclasses.dataclass
class Script:
    """A plan, and what goes wrong around it."""

    plan: Plan
    acts: list[Act]
    faults: dict[str, float]
    seed: int

    @property
    def tells_the_end(self) -> bool:
        """Whether what the steps do decides alone how it ends, whatever comes first."""
        plan = self.plan
        given = [outcome for outcomes in plan.outcomes.values() for outcome in outcomes]
        fails = any(not isinstance(outcome, Completed) for outcome in given)
        nested = any(place.owner for place in plan.definition.places.values())
        timed = any(isinstance(o, TimedOut) or o.after or not o.stops for o in given)
        lost = self.faults.keys() - CALM or any(act.what != "forget" for act in self.acts)
        raced = nested and (fails or plan.outcomes.keys() & SUB.places.keys())
        return not (timed or lost or raced or plan.definition.deadline)


@st.composite
def scripts(draw: Any, made: Any = None) -> Script:
    """Every other one without people and without what takes time or is lost."""
    calm = draw(st.booleans())
    plan = draw(plans(0 if calm else 2, made))
    happens = draw(
        st.lists(st.sampled_from(["replace", "forget", "forget", "restart"]), max_size=2)
    )
    whats = ["forget"] if calm else [*plan.sent, *happens]
    acts = [Act(draw(st.integers(0, 8)), what) for what in whats]
    kinds = sorted(CALM) if calm else FAULTS
    rates = st.sampled_from([0.02, 0.05])
    faults = draw(st.dictionaries(st.sampled_from(kinds), rates, max_size=3))
    plan = dataclasses.replace(plan, sent=[], children=True, policy=POLICY, answers=[])
    if calm:
        plan = dataclasses.replace(
            plan,
            definition=_unlimited(plan.definition),
            outcomes=_timeless(plan),
        )
    return Script(plan, sorted(acts, key=lambda act: act.after), faults, draw(st.integers(0, 99)))


def _unlimited(definition: Definition) -> Definition:
    """The same without a time limit for the whole."""
    if definition.document is None:
        return dataclasses.replace(definition, deadline=None)
    document = {key: item for key, item in definition.document.items() if key != "TimeoutSeconds"}
    return load(document, definition.name, definition.version)


def _timeless(plan: Plan) -> dict[str, list[Outcome]]:
    """The outcomes of a plan that come at once; only results where steps run side by side."""
    nested = any(place.owner for place in plan.definition.places.values())
    kinds = (Completed,) if nested else (Completed, Failed)
    return {
        name: [
            dataclasses.replace(item, after=0, stops=True) for item in given if type(item) in kinds
        ]
        for name, given in plan.outcomes.items()
        if not (nested and name in SUB.places)  # children side by side would draw lots
    }


# --- what activities do -------------------------------------------------------------------------


class Effects:
    """A table with one row for each visit, and the tombstones of what was undone."""

    def __init__(self) -> None:
        self.rows: Counter[tuple[str, str, int]] = Counter()
        self._keys: dict[str, tuple[str, str, int]] = {}
        self._tombs: dict[tuple[str, str], int] = {}
        self._lock = threading.Lock()

    def write(self) -> None:
        """The effect of the visit, once; refused where it was undone."""
        task = current_task()
        row = (task.start_id, task.path, task.visit)
        with self._lock:
            if task.visit <= self._tombs.get(row[:2], 0):
                raise StaleVisitError(f"{task.path} was undone")
            if task.idempotency_key in self._keys:
                assert self._keys[task.idempotency_key] == row
                return
            self._keys[task.idempotency_key] = row
            self.rows[row] += 1

    def undo(self) -> None:
        """Take back the effect of the visit; it cannot come any more."""
        task = current_task()
        row = (task.start_id, task.path, task.visit)
        with self._lock:
            self.rows.pop(row, None)
            self._tombs[row[:2]] = max(task.visit, self._tombs.get(row[:2], 0))


class Stage:
    """An endpoint, two deciders and a worker; one execution after the other."""

    def __init__(self, folder: Path) -> None:
        self.swf = LocalSWF(folder / "swf.sqlite", virtual_clock=True)
        self.settings = settings_for(self.swf, folder)
        self.client = self._client()
        ensure_registered(self.client)
        published.write(SUB)
        ensure_registered(self.client, SUB)
        self.starter = WorkflowStarter(swf_client=self.client)
        self.number = 0
        self.news = threading.Condition()
        self.calls = 0
        self.in_work = 0
        self.disturbed = False
        self.effects = Effects()
        self.play: Scripted | None = None
        self._away = threading.RLock()
        self._threads: dict[Any, threading.Thread] = {}
        self.deciders = [self._run(self._decider()) for _ in range(2)]
        self.worker = self._worker()
        self._run(self.worker)

    def _client(self) -> SwfClient:
        return SwfClient(self.settings, patience=Patience(first_wait=0.01, longest_wait=0.2))

    def _decider(self) -> DecisionWorker:
        decider = DecisionWorker(self.settings, swf_client=self._client(), concurrency=2)
        decider.policy = POLICY
        return decider

    def _worker(self) -> ActivityWorker:
        worker = ActivityWorker(self.settings, swf_client=self._client(), concurrency=8)
        worker._heartbeats = Heartbeats(worker._send_heartbeat, 0.02)
        self._serve(worker, SUB)
        return worker

    def _serve(self, worker: ActivityWorker, definition: Any) -> None:
        for name in definition.activities:
            worker.activities[name] = partial(self._act, name)
            if name in FUNCTIONS:
                worker.functions["f"] = partial(self._act, name)

    def _run(self, made: Any) -> Any:
        thread = threading.Thread(target=made.run, daemon=True)
        thread.start()
        self._threads[made] = thread
        return made

    def _end(self, made: Any) -> None:
        made.stop()
        thread = self._threads.pop(made)
        thread.join(30)
        assert not thread.is_alive()

    def close(self) -> None:
        for made in list(self._threads):
            self._end(made)
        self.swf.stop()

    # --- activities -----------------------------------------------------------------------

    def _act(self, name: str, _: dict[str, Any]) -> dict[str, Any]:
        with self.news:
            self.calls += 1
            self.in_work += 1
            self.news.notify_all()
        try:
            return self._acted(name)
        finally:
            with self.news:
                self.in_work -= 1
                self.news.notify_all()

    def _acted(self, name: str) -> dict[str, Any]:
        task = current_task()
        token = Task(name, task.path, task.visit, task.attempt, task.undo, "", "{}")
        with self.news:
            outcome = self.play(token) if self.play is not None else None
        assert outcome is not None
        self._takes_its_time(outcome)
        if isinstance(outcome, Failed):
            if not outcome.stops:
                self._done(task.undo)
            raise _error(outcome)
        self._done(task.undo)
        return dict(outcome.result) if isinstance(outcome, Completed) else {}

    def _done(self, undo: bool) -> None:  # noqa: FBT001 - as the task says it
        if undo:
            self.effects.undo()
        else:
            self.effects.write()

    def _takes_its_time(self, outcome: Outcome) -> None:
        seconds = 45.0 if isinstance(outcome, TimedOut) else outcome.after
        if not seconds:
            return
        self.pass_time(seconds)
        asked = current_task().wait_for_cancel(SLOW_SECONDS)
        if asked and outcome.stops:
            raise ActivityCanceled

    def pass_time(self, seconds: float) -> None:
        with self._away:
            self.swf.clock.advance(seconds)

    # --- what happens to it ---------------------------------------------------------------

    def replace(self) -> None:
        """A decider dies, and another one comes."""
        self._end(self.deciders.pop(0))
        self.deciders.append(self._run(self._decider()))

    def forget(self) -> None:
        """Deciders lose what they remember."""
        for decider in self.deciders:
            decider._cache = RunCache()

    def restart(self) -> None:
        """The endpoint ends and starts again on its file."""
        with self._away:
            self.swf.restart()

    @contextmanager
    def faulty(self, script: Script) -> Iterator[None]:
        """Faults at the rates of the script."""
        faults = Faults(seed=script.seed)
        for kind, rate in script.faults.items():
            faults.add(kind, rate=rate)
        self.swf.call(lambda _: self.swf.faults.replace(faults))
        try:
            yield
        finally:
            self.swf.call(lambda _: self.swf.faults.clear())

    # --- one execution --------------------------------------------------------------------

    def live(self, script: Script) -> LifeOnSwf:
        """Let one execution live to its end."""
        self.number += 1
        plan = script.plan
        definition = dataclasses.replace(plan.definition, name=f"Random{self.number}")
        script = dataclasses.replace(script, plan=dataclasses.replace(plan, definition=definition))
        published.write(definition)
        ensure_registered(self.client, definition)
        self._serve(self.worker, definition)
        self.calls, self.effects, self.disturbed = 0, Effects(), False
        self.play = Scripted(script.plan)
        life = LifeOnSwf(self, script)
        with self.faulty(script):
            life.start()
            try:
                life.go_on()
            finally:
                life.leave()
        life.read()
        return life


def _error(outcome: Failed) -> Exception:
    name, _, message = outcome.reason.partition(": ")
    if name == "ActivityNotRegistered":
        return ActivityNotRegistered(message)
    if not outcome.retryable or name == "NonRetryableError":
        return NonRetryableError(message)
    return ValueError(message)


class LifeOnSwf:
    """One execution: what people do to it until it ends, and then its histories."""

    def __init__(self, stage: Stage, script: Script) -> None:
        self.stage, self.script = stage, script
        self.signals: dict[str, int] = {}
        self.sent: list[dict[str, Any]] = []
        self.canceled = 0
        self.runs: list[Told] = []
        self.workflow_id = f"life-{stage.number}"
        self.turns = 0

    def start(self) -> None:
        plan = self.script.plan
        self.started = self.stage.starter.start_workflow(
            INPUT, self.workflow_id, definition=plan.definition
        )

    # --- until it ends --------------------------------------------------------------------

    def go_on(self) -> None:
        stage, acts = self.stage, list(self.script.acts)
        deadline = time.monotonic() + PATIENCE_SECONDS
        seen, since = (), time.monotonic()
        while True:
            running = runs.open_run(stage.client, self.workflow_id)
            if running is None and not stage.in_work:
                return
            if running and acts and (stage.calls >= acts[0].after or stage.swf.clock.idle):
                self._happens(acts.pop(0).what)
                continue
            news = (stage.calls, stage.in_work, running and self._last(running))
            if news != seen:
                seen, since = news, time.monotonic()
            elif running and stage.swf.clock.idle and self._waits(running):
                self._answer(running)
            elif time.monotonic() > since + QUIET_SECONDS:
                stage.disturbed = True
                stage.pass_time(31)
                since = time.monotonic()
            assert time.monotonic() < deadline, f"it stalls: {self._where(running)}"
            with stage.news:
                stage.news.wait(LOOK_SECONDS)

    def _last(self, running: Any) -> int:
        event = runs.last_event(self.stage.client, self.workflow_id, runs.run_id_of(running))
        return int(event["eventId"])

    def _where(self, running: Any) -> Any:
        if running is None:
            return self.stage.in_work
        execution = self._execution(running)
        types = [(e["eventId"], e["eventType"]) for e in self._events(running)][-12:]
        return execution and execution.status(), types, execution and execution.state.open

    def _events(self, running: Any) -> list[Any]:
        run_id = runs.run_id_of(running)
        return replays.events_of(self.stage.client, self.workflow_id, run_id)

    def _execution(self, running: Any) -> Any:
        run_id = runs.run_id_of(running)
        return replays.replay(self.stage.client, self.workflow_id, run_id)

    def _waits(self, running: Any) -> bool:
        """Whether it is decided, and waits for people."""
        events = self._events(running)
        decided = [e["eventType"] for e in events if e["eventType"].startswith("DecisionTask")]
        state = self._execution(running).state
        if decided[-1] != "DecisionTaskCompleted" or state.open or state.closed:
            return False
        waiting = any(work.via in (Via.SIGNAL, Via.TOKEN) for work in state.works.values())
        halted = any(frame.halted for frame in state.frames.values())
        assert waiting or halted or state.paused, f"it waits for nobody: {self._where(running)}"
        return True

    def _answer(self, running: Any) -> None:
        execution = self._execution(running)
        state = execution.state
        if state.paused or any(frame.halted for frame in state.frames.values()):
            name = "CONTINUE" if self.turns % 4 else "ROLL_BACK"
            self._send(Sent(0, name, {}))
        elif tokens := [path for name, path in execution.waits_for if name == "TASK_SUCCESS"]:
            told = {"token": execution.token_of(tokens[-1]), "output": {"answer": 1}}
            self._send(Sent(0, "TASK_SUCCESS", told))
        else:
            work = next(work for work in state.works.values() if work.via is Via.SIGNAL)
            path = state.visits[work.entry].path
            self._send(Sent(0, work.activity, {"step_name": path, "answer": 1}))
        self.turns += 1

    def _happens(self, what: Any) -> None:
        if isinstance(what, Sent):
            self._send(what)
        else:
            getattr(self.stage, what)()

    def _send(self, sent: Sent) -> None:
        """Do as an operator does; what would be refused, or comes too late, is not sent."""
        try:
            found = self._sent(sent)
        except (SignalRefusedError, UnknownStepError, UnknownExecutionError):
            return
        except ExecutionAlreadyStartedError:
            return
        if found is None:
            self.canceled += 1
            return
        request_id = found["request_id"]
        if "previous_run_id" not in found:  # it had closed meanwhile, and a new run was started
            self.signals[request_id] = self.signals.get(request_id, 0) + 1
        self.sent.append({"what": sent.signal, "request_id": request_id})

    def _sent(self, sent: Sent) -> Any:
        starter, name = self.stage.starter, sent.signal
        if name == CANCEL:
            return starter.cancel_workflow(self.workflow_id)
        payload = dict(sent.input)
        by_hand = payload.pop("actor", None) is None or name not in METHODS
        if by_hand:
            return starter.signal_workflow(self.workflow_id, name, payload, **WHO)
        method, members = METHODS[name]
        given = {member: payload[member] for member in members if member in payload}
        return getattr(starter, method)(self.workflow_id, **given, **WHO)

    def leave(self) -> None:
        """Nothing of it is left for the next one."""
        self.stage.swf.call(lambda _: self.stage.swf.faults.clear())
        for info in list(self.stage.client.open_executions()):
            execution = info["execution"]
            with suppress(UnknownExecutionError):  # it was left to itself, and has just closed
                self.stage.starter.terminate_workflow(execution["workflowId"], execution["runId"])

    # --- afterwards -----------------------------------------------------------------------

    def read(self) -> None:
        """The whole chain of histories, and how it ended."""
        client, definition = self.stage.client, self.script.plan.definition
        found = runs.chain(client, self.workflow_id, self.started["run_id"])
        self.run_ids = found
        self.start_id = runs.origin(client, self.workflow_id, found[0]).start_id
        self.ids = [{"start_id": run, "workflow_id": self.workflow_id} for run in found]
        contents = partial(replays._content, client)
        self.runs = [
            Told(
                replays.events_of(client, self.workflow_id, ids["start_id"]),
                definition,
                policy=POLICY,
                contents=contents,
                **ids,
            )
            for ids in self.ids
        ]
        self.status = self.stage.starter.status(self.workflow_id, found[-1])

    # --- what holds -----------------------------------------------------------------------

    def check(self) -> None:
        for run, ids in zip(self.runs, self.ids, strict=True):
            check_ids(run)
            check_replays(run, singly=False)
            check_definition(run, **ids)
        check_signals(self)
        check_promises(self)
        self.check_audit()
        self.check_effects()
        self.check_end()

    def check_audit(self) -> None:
        """Who did what, why, and how it was answered."""
        entries = self.stage.starter.audit(self.workflow_id, self.run_ids[-1])
        for sent in self.sent:
            told = [e for e in entries if e["request_id"] == sent["request_id"]]
            assert told, (sent, entries)
            assert told[0]["actor"] == WHO["actor"]
            assert told[0]["reason"] == WHO["reason"]
            assert told[0]["outcome"] in ("done", "waiting", "refused")
        canceled = [entry for entry in entries if entry["what"] == "CANCEL"]
        assert len(canceled) >= bool(self.canceled)

    def check_effects(self) -> None:
        """Once for each visit that completed, and none that was undone."""
        rows = {row[1:]: n for row, n in self.stage.effects.rows.items() if row[0] == self.start_id}
        assert set(rows.values()) <= {1}
        state = self.runs[-1].execution().state
        undone = {
            (m["step"], m["visit"]) for run in self.runs for m in run.markers("STEP_COMPENSATED")
        }
        failed = {
            (m["step"], m["visit"]) for run in self.runs for m in run.markers("COMPENSATION_FAILED")
        }
        assert not undone & rows.keys(), "what was undone has no effect"
        tombs = {path: max(n for p, n in undone if p == path) for path, _ in undone}
        for row in self._completed():
            assert row in rows or row[1] <= tombs.get(row[0], 0), f"{row} had no effect"
        rollback = state.rollback
        rolled_back = state.mode is Mode.ENDING and state.ending in ("fail", "cancel")
        if rollback is None or not rolled_back or rollback.ending != state.ending or state.failure:
            return
        for path, visit in rows:
            place = self.script.plan.definition.places.get(name_of(path))
            if place is not None and compensation_of(place.state):
                assert (path, visit) in failed, f"{path}:{visit} is left and not named"

    def _completed(self) -> Iterator[tuple[str, int]]:
        record = self.script.plan.definition.rollback.transaction
        for run in self.runs:
            for event in run.events:
                if event["eventType"] != "ActivityTaskCompleted":
                    continue
                told = event["activityTaskCompletedEventAttributes"]
                control = run.attempts[told["scheduledEventId"]]
                if not control.get("undo") and control["path"] != record:
                    yield control["path"], control["visit"]

    def check_end(self) -> None:
        """It ends as it does in-process, where nothing but the steps decides that."""
        assert self.status["state"] in ("COMPLETED", "FAILED", "CANCELED", "TIMED_OUT")
        if not self.script.tells_the_end or self.stage.disturbed:
            return
        life = Life(self.script.plan)
        life.settle()
        ended = life.run.ended
        assert self.status["state"] == ended.state, (self.status, ended)
        if ended.state == "COMPLETED" and not self._tells_of_children:
            assert self.status["result"] == ended.result

    @property
    def _tells_of_children(self) -> bool:
        """Whether its output has ids and times of children in it, which are nobody else's."""
        definition = self.script.plan.definition
        return definition.by_document and bool(definition.children)


KINDS = {"process": None, "state machine": documents()}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", KINDS)
def test_whatever_happens_on_swf(kind: str, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(setup, "CALLS_AT_ONCE", 10_000)
    stage = Stage(tmp_path)

    @settings(
        max_examples=MANY,
        deadline=None,
        derandomize="RANDOM_LIVES" not in os.environ,
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(script=scripts(KINDS[kind]))
    def live(script: Script) -> None:
        with limits(script.plan):
            stage.live(script).check()

    try:
        live()
    finally:
        stage.close()
