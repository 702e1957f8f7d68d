"""Running a definition to its end at once, as Step Functions' Express executions do.

    express(definition, {"n": 1}, {"charge": charge})
    # {"status": "SUCCEEDED", "output": ...} or {"status": "FAILED", "error": ..., "cause": ...}

Nothing is kept: an execution that this process does not finish is gone.  `output` is the last
state's; a process written in Python gives its data with `previous_results`.
"""

from __future__ import annotations

from typing import TypedDict

from errors import UndecidableError
from runner.clock import Clock, RealClock
from runner.engine import Definitions, Engine
from runner.outcomes import Ended
from runner.workers import Functions, Registry, Worker
from wire import Json
from workflow import Definition, Policy

LIMIT_SECONDS = 300.0
"""Of an Express execution (Step Functions: five minutes)."""

MOST_EVENTS = 2_000_000  # of an execution: one that goes on longer is taken for endless
MOST_STATES = 1_000_000


class Result(TypedDict, total=False):
    """How it ended."""

    status: str
    """`SUCCEEDED`, `FAILED` or `TIMED_OUT`."""
    output: Json
    """Of one that succeeded."""
    error: str
    """Of one that did not: the error's name, where it has one."""
    cause: str


def express(
    definition: Definition,
    input: Json = None,  # noqa: A002 - as everywhere in this application
    activities: Registry | Worker | None = None,
    *,
    clock: Clock | None = None,
    limit: float | None = LIMIT_SECONDS,
    definitions: Definitions = lambda _name, _version: None,
    policy: Policy | None = None,
    workflow_id: str = "express",
    threads: int = 0,
    most_states: int = MOST_STATES,
) -> Result:
    """Run a definition, on the real clock unless another is given, within `limit` seconds.

    `activities` are functions by name, those of Lambda functions by name or ARN; or a worker of
    another kind.  `definitions` knows the processes that it starts.  With `threads`, so many
    activities run at once.  `EndlessError` where it enters more than `most_states`.
    """
    worker = activities if callable(activities) else Functions(activities or {})
    engine = Engine(worker, clock=clock or RealClock(), definitions=definitions, threads=threads)
    try:
        run = engine.start(definition, input, workflow_id=workflow_id, policy=policy, timeout=limit)
        engine.run(events=MOST_EVENTS, entered=most_states)
        ended = run.ended
    finally:
        engine.stop()
    return result_of(ended, definition)


def result_of(ended: Ended, definition: Definition) -> Result:
    """How an execution ended, as Step Functions tells it."""
    if ended.state == "COMPLETED":
        return {"status": "SUCCEEDED", "output": ended.result}
    if ended.state == "WAITING":
        raise UndecidableError(
            f"{definition.name} waits for a signal or a task token that nobody sends"
        )
    if ended.state == "TIMED_OUT":
        return {"status": "TIMED_OUT", "error": "States.Timeout"}
    details = ended.details if isinstance(ended.details, dict) else {}
    timed_out = bool(details.get("TimedOut"))
    found: Result = {"status": "TIMED_OUT" if timed_out else "FAILED"}
    error, cause = details.get("Error"), details.get("Cause")
    if not definition.by_document:
        error, cause = ended.reason.partition(":")[0], ended.reason
    if error is not None:
        found["error"] = error
    if cause is not None:
        found["cause"] = cause
    return found
