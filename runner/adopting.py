"""Going on in-process with a history that SWF wrote: to see what is left of an execution."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from runner import children, decisions
from runner.attempts import Attempt, Call
from runner.history import Event
from workflow import Definition, Policy
from workflow.history import attributes, seconds

if TYPE_CHECKING:
    from runner.engine import Engine, Run

OPENINGS = (
    "ActivityTaskScheduled",
    "LambdaFunctionScheduled",
    "TimerStarted",
    "StartChildWorkflowExecutionInitiated",
)
_LINKS = ("scheduledEventId", "startedEventId", "initiatedEventId")


def adopt(
    engine: Engine,
    definition: Definition,
    events: Sequence[Event],
    *,
    workflow_id: str,
    policy: Policy | None = None,
) -> Run:
    """Take over a run; what is open in it comes to its end as the engine's worker says.

    The engine's clock should stand at the last event.  The history itself is copied.
    """
    run = engine.begin_adopted(definition, workflow_id, policy, events)
    for event in _open(events):
        _reopen(run, event)
    history = run.history
    if _decides(events):
        history.waiting = max(
            event["eventId"] for event in events if event["eventType"] == "DecisionTaskScheduled"
        )
        engine.ready.append(run)
    return run


def _decides(events: Sequence[Event]) -> bool:
    """Whether a decision task waits, or is with a decider."""
    ends = {
        attributes(event)["scheduledEventId"]
        for event in events
        if event["eventType"] in ("DecisionTaskCompleted", "DecisionTaskTimedOut")
    }
    return any(
        event["eventType"] == "DecisionTaskScheduled" and event["eventId"] not in ends
        for event in events
    )


def _open(events: Sequence[Event]) -> list[Event]:
    """What was begun and has not ended."""
    ended: set[int] = set()
    for event in events:
        kind, told = event["eventType"], attributes(event)
        if kind not in _GO_ON:
            ended.update(told[link] for link in _LINKS if told.get(link))
    return [e for e in events if e["eventType"] in OPENINGS and e["eventId"] not in ended]


_GO_ON = frozenset(
    {
        "ActivityTaskStarted",
        "LambdaFunctionStarted",
        "ChildWorkflowExecutionStarted",
        "DecisionTaskStarted",
        "DecisionTaskCompleted",
        "DecisionTaskTimedOut",
    }
)


def _reopen(run: Run, event: Event) -> None:
    block: Any = attributes(event)
    engine, history = run.engine, run.history
    if event["eventType"] in ("ActivityTaskScheduled", "LambdaFunctionScheduled"):
        kind = Attempt if event["eventType"] == "ActivityTaskScheduled" else Call
        attempt = kind(run, event["eventId"], block)
        history.activities[block[kind.key]] = attempt
        engine.after(0, attempt.begin)
    elif event["eventType"] == "TimerStarted":
        history.timers[block["timerId"]] = event["eventId"]
        left = seconds(event) + int(block["startToFireTimeout"]) - engine.clock.now()
        fire = partial(decisions.fire, run, history, block["timerId"], event["eventId"])
        engine.after(max(0.0, left), fire)
    else:
        engine.after(0, partial(children.start, run, history, event["eventId"], block))
