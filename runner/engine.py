"""The engine: one loop that lets what is due happen, and asks the core what comes next."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count
from queue import SimpleQueue
from typing import Any, Protocol

from errors import EndlessError, ExecutionAlreadyStartedError
from runner.children import Played
from runner.clock import Clock, Inbox, RealClock, VirtualClock
from runner.decisions import CARRIERS, CLOSES
from runner.history import Event, History
from runner.outcomes import Ended
from runner.workers import Functions, Registry, Worker
from wire import Json, dumps, loads, wrap_start
from workflow import Definition, Execution, Fact, Policy
from workflow.history import attributes
from workflow.machine import Contents, no_content
from workflow.places import name_of

Definitions = Callable[[str, str], "Definition | None"]
"""Gives the definition of a child, by name and version (empty: the highest); None for none."""


class Listener(Protocol):
    """Hears what happens, as it happens."""

    def event(self, run: Run, event: Event) -> None:
        """An event was written."""

    def fact(self, run: Run, fact: Fact) -> None:
        """The core tells something about events that it has taken in."""


class Run:
    """One execution: its history, or several where it continued as new."""

    def __init__(
        self,
        engine: Engine,
        definition: Definition,
        workflow_id: str,
        policy: Policy | None,
        parent: tuple[Run, int] | None = None,
    ) -> None:
        """Make a run; `parent` of a child is who started it, and by which event."""
        self.engine = engine
        self.definition = definition
        self.workflow_id = workflow_id
        self.policy = policy
        self.histories: list[History] = []
        self.execution = Execution(definition)
        self.entries_adopted = 0
        """States entered before this engine took the run over."""
        self._parent = parent
        self._parents_history = None if parent is None else parent[0].history
        self._taken = 0

    @property
    def history(self) -> History:
        """The history of the newest run."""
        return self.histories[-1]

    @property
    def closed(self) -> str:
        """SWF's close status; empty while the execution is open."""
        return self.history.closed

    @property
    def ended(self) -> Ended:
        """How it ended, or `WAITING`."""
        if not self.closed:
            return Ended("WAITING")
        told = attributes(self.history.events[-1])
        result, details = loads(told.get("result")), loads(told.get("details"))
        return Ended(self.closed, result, told.get("reason", ""), details)

    def asks(self, path: str) -> bool:
        """Whether the state at a path waits for the answer to its task token."""
        place = self.definition.places.get(name_of(path))
        return place is not None and bool(getattr(place.state, "token", False))

    def begin(self, told: Mapping[str, Json]) -> None:
        """Write the first events of a run."""
        engine, definition = self.engine, self.definition
        self.histories.append(History(engine.clock.now, engine.heard(self)))
        self.execution = self._new_execution()
        self._taken = 0
        kind = {"name": definition.name, "version": definition.version}
        self.history.add("WorkflowExecutionStarted", {"workflowType": kind, **told})
        self.wake()

    def resume(self, events: Sequence[Event]) -> None:
        """Take over events that were written elsewhere; nobody hears of them."""
        engine = self.engine
        history = History(engine.clock.now, engine.heard(self))
        history.events = list(events)
        self.histories.append(history)
        self.execution = self._new_execution()
        self.execution.apply(history.events)
        self.execution.facts()
        self.entries_adopted = self.execution.state.entries
        self._taken = len(history.events)

    def _new_execution(self) -> Execution:
        return Execution(
            self.definition,
            self.policy,
            start_id=self.workflow_id,
            workflow_id=self.workflow_id,
            contents=self.engine.contents,
            versions=self.engine.highest,
        )

    def hear(self, event_type: str, told: Mapping[str, Json]) -> None:
        """Something happens to the execution, unless it has closed."""
        if not self.closed:
            self.history.add(event_type, told)
            self.wake()

    def wake(self) -> None:
        """Have it decided."""
        if self.history.wake():
            self.engine.ready.append(self)

    def decide(self) -> None:
        """Take in what is new, and carry out what the core asks for."""
        history = self.history
        if history.closed:
            return
        started = history.begin_decision()
        self._take_in()
        decisions = self.execution.decisions()
        history.end_decision(started)
        again = False
        for decision in decisions:
            kind = decision["decisionType"]
            block = decision[kind[0].lower() + kind[1:] + "DecisionAttributes"]
            if kind in CLOSES:
                self._close(kind, block)
            else:
                again = CARRIERS[kind](self, block) or again
        if again:
            self.wake()

    def _take_in(self) -> None:
        events = self.history.events
        self.execution.apply(events[self._taken :])
        self._taken = len(events)
        self.engine.tell(self, self.execution.facts())

    def _close(self, kind: str, block: Mapping[str, Any]) -> None:
        event_type, status = CLOSES[kind]
        self.history.decided(event_type, block)
        if status == "CONTINUED_AS_NEW":
            self.history.closed = status
            self.begin({**block, "continuedExecutionRunId": f"run{len(self.histories)}"})
        else:
            self.close(status)

    def close(self, status: str) -> None:
        """The closing event is written: nothing happens to it any more, and its parent hears."""
        self.history.closed = status
        self.engine.open -= 1
        self._take_in()
        if self._parent is None:
            return
        parent, initiated = self._parent
        if parent.history is self._parents_history:
            closing = self.history.events[-1]
            kind = closing["eventType"].replace("Workflow", "ChildWorkflow", 1)
            parent.hear(kind, {**attributes(closing), "initiatedEventId": initiated})

    def time_out(self) -> None:
        """SWF's limit for the whole execution is over."""
        if not self.closed:
            self.history.add("WorkflowExecutionTimedOut", {"timeoutType": "START_TO_CLOSE"})
            self.close("TIMED_OUT")


class Engine:
    """Runs executions side by side, in the thread that calls `run`."""

    def __init__(
        self,
        worker: Worker,
        *,
        clock: Clock | None = None,
        definitions: Definitions = lambda _name, _version: None,
        threads: int = 0,
        listener: Listener | None = None,
        contents: Contents = no_content,
    ) -> None:
        """Make an engine, on a virtual clock unless another is given.

        `worker` does the activities; `definitions` knows the children's; `threads` is how many
        activities run at once, on a real clock only; 0: each is called in its turn; `contents`
        gives what references stand for, as `Execution` wants it.
        """
        self.worker = worker
        self.contents = contents
        self.clock: Clock = clock or VirtualClock()
        self.definitions = definitions
        self.listener = listener
        self.runs: dict[str, Run | Played] = {}
        """By workflow id, the newest of each."""
        self.ready: deque[Run] = deque()
        """Runs that wait for a decision."""
        self.inbox: Inbox = SimpleQueue()
        self.pool = ThreadPoolExecutor(threads) if threads else None
        self.in_threads = 0
        self.open = 0
        """Executions that are open."""
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._turns = count()

    def start(
        self,
        definition: Definition,
        input: Json = None,  # noqa: A002 - as everywhere in this application
        *,
        workflow_id: str = "run",
        policy: Policy | None = None,
        timeout: float | None = None,
    ) -> Run:
        """Start an execution; `timeout` is SWF's limit for the whole, in seconds."""
        there = self.runs.get(workflow_id)
        if there is not None and not there.closed:
            raise ExecutionAlreadyStartedError(workflow_id)
        run = self.runs[workflow_id] = Run(self, definition, workflow_id, policy)
        self.open += 1
        run.begin({"input": dumps(wrap_start(input, {"start_id": workflow_id}))})
        if timeout is not None:
            self.after(timeout, run.time_out)
        return run

    def signal(
        self, workflow_id: str, name: str, payload: Json = None, *, after: float = 0
    ) -> None:
        """Send a signal so many seconds from now; from the thread that runs the engine."""
        text = {} if payload is None else {"input": dumps(payload)}
        told = {"signalName": name, **text}
        self.after(after, partial(self._hear, workflow_id, "WorkflowExecutionSignaled", told))

    def cancel(self, workflow_id: str, *, after: float = 0) -> None:
        """Ask an execution to cancel itself."""
        self.after(after, partial(self._hear, workflow_id, "WorkflowExecutionCancelRequested", {}))

    def run(self, *, events: int | None = None, entered: int | None = None) -> None:
        """Go on until nothing happens by itself any more.

        `EndlessError` where that takes more than so many `events`, or states `entered`.
        """
        turns = 0
        while self.step():
            turns += 1
            if events is not None and turns % 64 == 0 and self.events > events:
                raise EndlessError(f"this does not come to an end within {events:,} events")
            if entered is not None and turns % 8 == 0 and self.entered > entered:
                raise EndlessError(f"this does not come to an end within {entered:,} states")

    def step(self) -> bool:
        """Let one thing happen; False when nothing is left to."""
        if self.ready:
            self.ready.popleft().decide()
            return True
        until = self._due[0][0] if self._due else None
        if not self.open or (until is None and not self.in_threads):
            return False
        if until is None or self.in_threads or until > self.clock.now():
            found = self.clock.wait(until, self.inbox)
            if found is not None:
                found()
                return True
        if self._due and self._due[0][0] <= self.clock.now():
            heapq.heappop(self._due)[2]()
        return True

    @property
    def events(self) -> int:
        """Events written so far, by all runs."""
        return sum(len(h.events) for run in self.runs.values() for h in run.histories)

    @property
    def entered(self) -> int:
        """States entered so far, by all runs."""
        return sum(
            run.execution.state.entries for run in self.runs.values() if isinstance(run, Run)
        )

    def stop(self) -> None:
        """Let go of the threads."""
        if self.pool is not None:
            self.pool.shutdown(wait=False, cancel_futures=True)

    # --- for runs ---------------------------------------------------------------------------------

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Have something done so many seconds from now."""
        heapq.heappush(self._due, (self.clock.now() + seconds, next(self._turns), action))

    def begin_child(
        self, parent: Run, initiated: int, definition: Definition, block: Mapping[str, Any]
    ) -> None:
        """Start a child that is run by its definition."""
        child_id = block["workflowId"]
        child = Run(self, definition, child_id, parent.policy, (parent, initiated))
        self.runs[child_id] = child
        self.open += 1
        parent_is = {"workflowId": parent.workflow_id, "runId": f"run{len(parent.histories)}"}
        child.begin({"input": block["input"], "parentWorkflowExecution": parent_is})

    def highest(self, name: str) -> str | None:
        """The highest version of a process that a step starts by its name alone."""
        found = self.definitions(name, "")
        return None if found is None else found.version

    def begin_adopted(
        self,
        definition: Definition,
        workflow_id: str,
        policy: Policy | None,
        events: Sequence[Event],
    ) -> Run:
        """Make a run of a history that was written elsewhere; see `runner.adopting`."""
        run = self.runs[workflow_id] = Run(self, definition, workflow_id, policy)
        self.open += 1
        run.resume(events)
        return run

    def heard(self, run: Run) -> Callable[[Event], None] | None:
        """What a history calls with each event."""
        return None if self.listener is None else partial(self.listener.event, run)

    def tell(self, run: Run, facts: list[Fact]) -> None:
        """Pass on what the core tells."""
        if self.listener is not None:
            for fact in facts:
                self.listener.fact(run, fact)

    def _hear(self, workflow_id: str, event_type: str, told: Mapping[str, Json]) -> None:
        run = self.runs.get(workflow_id)
        if run is not None:
            run.hear(event_type, told)


def execute(
    definition: Definition,
    input: Json = None,  # noqa: A002 - as everywhere in this application
    activities: Registry | None = None,
    *,
    policy: Policy | None = None,
    threads: int = 0,
    clock: Clock | None = None,
) -> Ended:
    """Run a definition to its end, on the real clock unless another is given.

    `activities` are functions by name.  `ActivityNotRegisteredError` where one is missing.
    """
    engine = Engine(Functions(activities or {}), clock=clock or RealClock(), threads=threads)
    try:
        run = engine.start(definition, input, policy=policy)
        engine.run()
    finally:
        engine.stop()
    return run.ended
