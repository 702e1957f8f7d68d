"""The same done to many executions: foreseen for some, then done to all, one outcome each.

A job runs in the background, paced so that SWF's quotas are not run dry, and can be stopped.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeAlias, TypedDict

import logs
from errors import BusinessProcessError, InvalidInputError
from starter import runs
from starter.control.operating import Operating
from starter.control.steering import REFUSED, Forecast
from starter.pace import Pace
from starter.runs import Started
from wire import Json

MOST = 1_000  # executions of one job
FORESEEN = 50  # of them that are foreseen
JOBS_KEPT = 50
AT_ONCE = 4
PER_SECOND = {"cancel": 10.0, "terminate": 20.0, "signal": 10.0, "resume": 2.0}
"""On AWS, which grants an account 30 signals and cancels a second, 60 terminations, and 6 lists
of closed runs, of which a resume needs two."""
FORESEEN_PER_SECOND = 3.0

_log = logs.get("bulk")


@dataclass(frozen=True)
class Order:
    """What is to be done."""

    kind: str
    """A key of `PER_SECOND`."""
    reason: str = ""
    actor: str = ""
    signal_name: str = ""
    step_name: str = ""
    input: Json = None
    """Of the signal, or what is merged over the step's input."""

    def check(self) -> None:
        """Raise `InvalidInputError` where something is missing."""
        if self.kind not in PER_SECOND:
            raise InvalidInputError(f"{self.kind} cannot be done to many: {', '.join(PER_SECOND)}")
        if self.kind == "signal" and not self.signal_name:
            raise InvalidInputError("the name of the signal is missing")
        if self.kind == "resume" and not self.step_name:
            raise InvalidInputError("the step to resume from is missing")


class Done(TypedDict):
    """What became of one execution."""

    workflow_id: str
    run_id: str
    """Of the run to look at: of a resumed execution maybe a new one."""
    error: str
    """Why it could not be done; empty where it was."""


Gather: TypeAlias = Callable[[Callable[[int, int], bool]], tuple[Sequence[Started], bool]]
"""Finds the executions: hears how many were scanned and found, and gives whether there are more."""


@dataclass
class Job:
    """One order to many executions."""

    id: str
    kind: str
    targets: list[Started] = field(default_factory=list)
    more: bool = False
    """There are more than may be done at once."""
    phase: str = "asked"
    """`gathering`, `asked`, `running`, `done`, `stopped` or `failed`."""
    scanned: int = 0
    outcomes: list[Done] = field(default_factory=list)
    order: Order | None = None
    """As it was carried out."""
    problem: str = ""
    """Why the executions could not be found."""
    begun: float = 0.0
    ended: float = 0.0
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def failures(self) -> int:
        """How many could not be done."""
        return sum(bool(item["error"]) for item in self.outcomes)

    @property
    def version(self) -> str:
        """Changes with what there is to tell."""
        return f"{self.phase}-{self.scanned}-{len(self.outcomes)}"


class Jobs:
    """The jobs of one process, those begun last.  Safe for many threads."""

    def __init__(self, starter: Operating, *, aws: bool) -> None:
        self._starter = starter
        self._paces = {
            kind: Pace(rate, int(rate)) if aws else None for kind, rate in PER_SECOND.items()
        }
        self._looks = Pace(FORESEEN_PER_SECOND, FORESEEN) if aws else None
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, job_id: str) -> Job | None:
        """A job by its id."""
        return self._jobs.get(job_id)

    def all(self) -> list[Job]:
        """Every job that is remembered, the newest first."""
        return list(reversed(self._jobs.values()))

    def ask(self, kind: str, targets: Iterable[Started]) -> Job:
        """A job for these executions, which waits for its order."""
        Order(kind, signal_name="-", step_name="-").check()
        chosen = list(islice(targets, MOST + 1))
        return self._keep(Job(_new_id(), kind, chosen[:MOST], len(chosen) > MOST))

    def gather(self, kind: str, gather: Gather) -> Job:
        """The same for executions that have to be found first."""
        Order(kind, signal_name="-", step_name="-").check()
        job = self._keep(Job(_new_id(), kind, phase="gathering"))
        _background(lambda: self._gathered(job, gather))
        return job

    def foresee(self, job: Job, order: Order) -> list[Forecast]:
        """What the order would do to the first of its executions."""
        order.check()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(lambda ids: self._foreseen(order, ids), job.targets[:FORESEEN]))

    def begin(self, job: Job, order: Order) -> None:
        """Carry the order out, once."""
        order.check()
        with self._lock:
            if job.phase != "asked":
                return
            job.phase, job.order, job.begun = "running", order, time.time()
        _background(lambda: self._run(job, order))

    def _keep(self, job: Job) -> Job:
        with self._lock:
            self._jobs[job.id] = job
            over = [known for known in self._jobs.values() if known.phase != "running"]
            for old in over[: max(0, len(self._jobs) - JOBS_KEPT)]:
                del self._jobs[old.id]
        return job

    def _gathered(self, job: Job, gather: Gather) -> None:
        def tell(scanned: int, _: int) -> bool:
            job.scanned = scanned
            return not job.stopping.is_set()

        try:
            found, job.more = gather(tell)
        except Exception as error:  # noqa: BLE001 - told on its page, for nobody waits here
            job.problem, job.phase = _in_words(error), "failed"
            return
        job.targets = [Started(workflow_id=i["workflow_id"], run_id=i["run_id"]) for i in found]
        job.phase = "stopped" if job.stopping.is_set() else "asked"

    def _run(self, job: Job, order: Order) -> None:
        left, lock = iter(job.targets), threading.Lock()

        def work() -> None:
            while not job.stopping.is_set():
                with lock:
                    ids = next(left, None)
                if ids is None:
                    return
                self._one(job, order, ids)

        for thread in [_background(work) for _ in range(AT_ONCE)]:
            thread.join()
        job.ended = time.time()
        job.phase = "stopped" if len(job.outcomes) < len(job.targets) else "done"
        count = len(job.outcomes)
        _log.info(
            f"Bulk {job.kind}: {count} executions, {job.failures} failed", reason=order.reason
        )

    def _one(self, job: Job, order: Order, ids: Started) -> None:
        pace = self._paces[order.kind]
        if pace is not None:
            pace.wait()
        error, run_id = "", ids["run_id"]
        try:
            run_id = perform(self._starter, order, ids)
        except Exception as refused:  # noqa: BLE001 - told; it is not to stop the others
            error = _in_words(refused)
        job.outcomes.append(Done(workflow_id=ids["workflow_id"], run_id=run_id, error=error))

    def _foreseen(self, order: Order, ids: Started) -> Forecast:
        if self._looks is not None:
            self._looks.wait()
        try:
            return foresee(self._starter, order, ids)
        except BusinessProcessError as error:
            return _told(ids, REFUSED, str(error), [f"It would be refused: {error}"])


def perform(starter: Operating, order: Order, ids: Started) -> str:
    """Do it to one execution; gives the run in which that goes on."""
    workflow_id, run_id = ids["workflow_id"], ids["run_id"]
    reason, actor = order.reason or None, order.actor or None
    if order.kind == "cancel":
        starter.cancel_workflow(workflow_id, run_id)
    elif order.kind == "terminate":
        starter.terminate_workflow(workflow_id, run_id, reason=order.reason)
    elif order.kind == "signal":
        starter.signal_workflow(
            workflow_id, order.signal_name, order.input, run_id, reason=reason, actor=actor
        )
    else:
        resumed = starter.resume_workflow_from_step(
            workflow_id, run_id, order.step_name, order.input, reason, actor=actor
        )
        return resumed["run_id"]
    return run_id


def foresee(starter: Operating, order: Order, ids: Started) -> Forecast:
    """What it would do to one execution."""
    workflow_id, run_id = ids["workflow_id"], ids["run_id"]
    if order.kind == "resume":
        return starter.foresee_resume(workflow_id, run_id, order.step_name, input=order.input)
    last = runs.last_event(starter.swf_client, workflow_id, run_id)
    if last["eventType"] in runs.CLOSINGS:
        return _told(ids, REFUSED, "it has closed", ["It has closed: nothing would be done"])
    if order.kind == "signal":
        members = order.input if isinstance(order.input, dict) else {}
        return starter.foresee(order.signal_name, workflow_id, run_id, **members)
    return _told(ids, "done", "", [_WORDS[order.kind]])


_WORDS = {
    "cancel": "Its deciders are asked to stop what is in progress and to close it as CANCELED",
    "terminate": "The execution is closed at once, as TERMINATED",
}


def _told(ids: Started, outcome: str, why: str, words: list[str]) -> Forecast:
    return Forecast(**ids, outcome=outcome, why=why, words=words)


def _in_words(error: Exception) -> str:
    known = isinstance(error, BusinessProcessError)
    return str(error) if known else f"{type(error).__name__}: {error}"


def _background(work: Callable[[], None]) -> threading.Thread:
    """Run it in a thread that ends with the program: a thread of a pool would be waited for."""
    thread = threading.Thread(target=work, name="bulk", daemon=True)
    thread.start()
    return thread


def _new_id() -> str:
    return secrets.token_urlsafe(9)
