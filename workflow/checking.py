"""Whether a history fits a definition: each decision that was made beside the one it asks for.

At each DecisionTaskCompleted the core is asked what it would decide, and its answer is compared
with the events of the decisions that were made.  What differs for reasons that lie outside of the
definition is passed over: refusals, parked tasks, responses cut at another place, words of markers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from errors import BusinessProcessError, DivergedError, UndecidableError
from wire import Json, is_reference, loads
from workflow import markers
from workflow.children import UNPUBLISHED
from workflow.definition import Definition
from workflow.execution import Execution
from workflow.history import DECISION_COMPLETED, DECISION_STARTED, Event, attributes
from workflow.language import resources
from workflow.machine import Contents, no_content
from workflow.parking import PREFIX
from workflow.policy import Policy
from workflow.status import BLOCKED


@dataclass(frozen=True)
class Divergence:
    """One thing that was decided otherwise."""

    event_id: int
    """The event that the definition would not make, or the DecisionTaskCompleted without it."""
    step: str
    """Path of the step; empty where it is about the execution as a whole."""
    expected: str
    """What the definition asks for there."""
    actual: str
    """What the history has."""
    version: str
    """Name and version of the definition."""

    def __str__(self) -> str:
        where = f"step {self.step}" if self.step else "the execution"
        return (
            f"event {self.event_id}, {where}: {self.version} asks for {self.expected}, "
            f"the history has {self.actual}"
        )


@dataclass
class Checked:
    """What a check found."""

    decisions: int = 0
    """How many decisions were compared."""
    divergences: list[Divergence] = field(default_factory=list)
    """Those of the first decision that differs; what comes after it means nothing."""
    blocked: str = ""
    """Why deciders would not decide, though what was decided so far fits."""

    @property
    def fits(self) -> bool:
        """Whether a decider with this definition would take the execution on."""
        return not self.divergences and not self.blocked


def check(
    events: Sequence[Event],
    definition: Definition,
    *,
    start_id: str = "",
    workflow_id: str = "",
    contents: Contents = no_content,
) -> Checked:
    """Walk one run's history, from its first event on, under a definition.

    `start_id` is the run's id, for one that was started by hand; `contents` as `Execution` has it:
    what it raises comes through.
    """
    execution = Execution(
        definition,
        _policy(events, contents),
        start_id=start_id,
        workflow_id=workflow_id,
        contents=contents,
    )
    found = Checked()
    made = _made_by_decision(events)
    try:
        for batch, completed in _decisions(events):
            execution.apply(batch)
            if completed is not None:
                _compare(execution, found, completed, made.get(completed["eventId"], []))
                if found.divergences:
                    return found
        if not execution.state.closed:
            execution.decisions()
    except Exception as error:
        if isinstance(error, BusinessProcessError) and not isinstance(error, UndecidableError):
            raise  # no matter of the definition: the store of large values is away, say
        _failed(execution, found, error)
    return found


def _policy(events: Sequence[Event], contents: Contents) -> Policy | None:
    """What the run keeps for its life, which its first decision had before it was recorded."""
    for event in events:
        told = attributes(event)
        if event["eventType"] == "MarkerRecorded" and told["markerName"] == markers.RUN_OPTIONS:
            details = loads(told.get("details"))
            options = contents(details) if is_reference(details) else details
            return Policy.from_json(options["policy"])
    return None


def advice(found: Checked, definition: Definition) -> str:
    """What to do about an execution that does not fit; empty for one that does."""
    if found.fits:
        return ""
    kind = f"{definition.name}@{definition.version}"
    if found.blocked and not found.divergences:
        return (
            f"what it did so far fits, but deciders refuse another shape under {kind}: keep the "
            "published file, and publish the change as a new version (setup.py names the line)"
        )
    return (
        f"keep the definition that it began under as {kind}, and publish the change as a new "
        "version (setup.py names the line); to take it over, let it close or terminate it, and "
        "resume it with --definition-version"
    )


# --- walking ------------------------------------------------------------------------------------


def _decisions(
    events: Sequence[Event],
) -> Iterator[tuple[Sequence[Event], Event | None]]:
    """The history in pieces: each up to a DecisionTaskStarted, with what completed that task.

    A piece begins with the DecisionTaskStarted before it, as a decider's does that remembers.
    """
    closing: dict[int, Event] = {
        attributes(event)["startedEventId"]: event
        for event in events
        if event["eventType"] == DECISION_COMPLETED
    }
    begin = 0
    for index, event in enumerate(events):
        if event["eventType"] == DECISION_STARTED:
            yield events[begin : index + 1], closing.get(event["eventId"])
            begin = index
    if events:
        yield events[begin:], None


def _made_by_decision(events: Sequence[Event]) -> dict[int, list[Event]]:
    """The events that decisions made at once, by DecisionTaskCompleted."""
    found: dict[int, list[Event]] = {}
    for event in events:
        told = attributes(event)
        completed = told.get("decisionTaskCompletedEventId")
        late = told.get("initiatedEventId") and event["eventType"].endswith("Failed")
        if completed and not late and event["eventType"] in _MADE:
            found.setdefault(completed, []).append(event)
    return found


def _failed(execution: Execution, found: Checked, error: Exception) -> None:
    """The fold itself says that it does not fit, or that it cannot be decided."""
    version = _version(execution)
    if isinstance(error, DivergedError):
        told = (error.event_id, error.step, error.expected, error.actual)
        found.divergences.append(Divergence(*told, version))
    elif isinstance(error, UndecidableError):
        found.blocked = str(error)
    else:
        what = f"something that cannot be replayed under it ({type(error).__name__}: {error})"
        place = (execution.event_id + 1, "", "nothing that is known")
        found.divergences.append(Divergence(*place, what, version))


def _version(execution: Execution) -> str:
    return f"{execution.definition.name} {execution.definition.version}"


# --- comparing ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Item:
    """A decision, wanted or made, as far as it is compared."""

    kind: str
    """Type of the decision."""
    id: str
    what: str
    """For people, and what must be the same of two decisions of one id; empty where unknown."""
    step: str = ""
    event_id: int = 0


def _compare(
    execution: Execution, found: Checked, completed: Event, events: Sequence[Event]
) -> None:
    if _is_parked(completed, events):
        return
    made = [item for item in map(_made, events) if item is not None]
    wanted = _wanted(execution)
    found.decisions += 1
    kinds = {item.kind for item in (*made, *wanted)}
    if "ContinueAsNewWorkflowExecution" in kinds:
        return  # when a run is too long is no matter of the definition
    if any(_is_foreign(item) for item in made):
        found.divergences += _strangers(execution, made, completed)
        return
    cut = any(_is_wake(event) for event in events) or len(wanted) >= _CUT
    found.divergences += _differences(execution, wanted, made, completed, cut=cut)


_CUT = 90  # decisions, from which on a response may have been cut elsewhere


def _wanted(execution: Execution) -> list[Item]:
    decisions = execution.decisions(any_shape=True)
    return [item for item in map(_asked, decisions) if item is not None]


def _differences(
    execution: Execution,
    wanted: Sequence[Item],
    made: Sequence[Item],
    completed: Event,
    *,
    cut: bool,
) -> Iterator[Divergence]:
    """What is in one list and not in the other, or differs; the first of each in pairs."""
    asked, had = _by_id(wanted), _by_id(made)
    for item in made:
        if item.kind == "RecordMarker" and (item.kind, item.id) not in asked:
            _pass_over_unread(asked, had, item)
    for key in [key for key in asked if key in had]:
        if asked[key].what and had[key].what and asked[key].what != had[key].what:
            yield _divergence(execution, asked[key], had[key], completed)
        elif asked[key].step and had[key].step and asked[key].step != had[key].step:
            wanted_at, made_at = (
                replace(item, what=f"{_told(item)} at {item.step}")
                for item in (asked[key], had[key])
            )
            yield _divergence(execution, wanted_at, made_at, completed)
    if cut:
        return
    missing = [item for key, item in asked.items() if key not in had]
    surplus = [item for key, item in had.items() if key not in asked]
    for index in range(max(len(missing), len(surplus))):
        lacks = missing[index] if index < len(missing) else None
        has = surplus[index] if index < len(surplus) else None
        yield _divergence(execution, lacks, has, completed)


def _by_id(items: Sequence[Item]) -> dict[tuple[str, str], Item]:
    return {(item.kind, item.id): item for item in items}


def _pass_over_unread(
    asked: dict[tuple[str, str], Item], had: dict[tuple[str, str], Item], made: Item
) -> None:
    """A marker that was refused, or whose details are kept outside, is known by its name alone."""
    for key in asked:
        if key[0] == made.kind and key[1].startswith(f"{made.id} "):
            del asked[key], had[made.kind, made.id]
            return


def _divergence(
    execution: Execution, wanted: Item | None, made: Item | None, completed: Event
) -> Divergence:
    step = (wanted.step if wanted is not None else "") or (made.step if made is not None else "")
    return Divergence(
        made.event_id if made is not None else completed["eventId"],
        step,
        _told(wanted),
        _told(made),
        _version(execution),
    )


def _told(item: Item | None) -> str:
    return "nothing" if item is None else (item.what or f"{item.kind} {item.id}").strip()


def _strangers(
    execution: Execution, made: Sequence[Item], completed: Event
) -> Iterator[Divergence]:
    """Decisions of another make: the activities must be ones that the state has a use for."""
    works = {f"activity {work.activity}" for work in execution.state.works.values()}
    for item in made:
        if _is_foreign(item) and item.what not in works:
            yield _divergence(execution, None, item, completed)


def _is_foreign(item: Item) -> bool:
    return item.kind == "ScheduleActivityTask" and not _OURS.fullmatch(item.id)


_OURS = re.compile(r"[aut]\d+\.\d+")

_PASSED_OVER = ("wake.", PREFIX, "again.", "watch.")
"""Timers that no definition asks for."""


def _is_wake(event: Event) -> bool:
    return str(attributes(event).get("timerId", "")).startswith("wake.")


def _is_parked(completed: Event, events: Sequence[Event]) -> bool:
    """Whether that task was answered by a decider that could not decide it."""
    if events:
        ids = [str(attributes(event).get("timerId", "")) for event in events]
        return all(timer_id.startswith(PREFIX) for timer_id in ids)
    context = loads(attributes(completed).get("executionContext"))
    return isinstance(context, dict) and context.get("state") == BLOCKED


# --- decisions and the events they make ---------------------------------------------------------


def _asked(decision: Mapping[str, Any]) -> Item | None:
    kind = decision["decisionType"]
    block = decision[kind[0].lower() + kind[1:] + "DecisionAttributes"]
    return _item(kind, block, 0)


def _made(event: Event) -> Item | None:
    return _item(_MADE[event["eventType"]], attributes(event), event["eventId"])


def _item(kind: str, block: Mapping[str, Any], event_id: int) -> Item | None:
    control = loads(block.get("control"))
    if kind == "RecordMarker":
        return _marker(block, event_id)
    if kind in ("StartTimer", "CancelTimer"):
        return _timer(kind, block, control, event_id)
    if kind in _CLOSINGS:
        return Item(kind, "", _CLOSINGS[kind], "", event_id)
    known = _work(kind, block)
    step = str(control.get("path", "")) if isinstance(control, dict) else ""
    return None if known is None else Item(kind, *known, step, event_id)


def _work(kind: str, block: Mapping[str, Any]) -> tuple[str, str] | None:
    """Id of what is asked of others, and what it is for people."""
    if kind in ("ScheduleActivityTask", "RequestCancelActivityTask"):
        return block["activityId"], _activity(block)
    if kind == "ScheduleLambdaFunction":
        return block["id"], f"function {block['name']}" if "name" in block else ""
    if kind == "StartChildWorkflowExecution":
        return block["workflowId"], _child(block["workflowType"])
    return (block["workflowId"], "") if "workflowId" in block and kind in _TO_OTHERS else None


def _activity(block: Mapping[str, Any]) -> str:
    """The activity that is asked for, and the function that it calls."""
    name = block.get("activityType", {}).get("name")
    if name in resources.FUNCTIONS:
        called = loads(block.get("input"))
        function = called.get("FunctionName") if isinstance(called, dict) else None
        return f"activity {name} of {function}" if function else ""
    return f"activity {name}" if name else ""


def _child(kind: Mapping[str, str]) -> str:
    """The process that is started; which version is the highest is no matter of the definition."""
    unknown = kind["version"] == UNPUBLISHED
    return "" if unknown else f"child {kind['name']}@{kind['version']}"


def _marker(block: Mapping[str, Any], event_id: int) -> Item | None:
    name, details = block["markerName"], loads(block.get("details"))
    if name == markers.RUN_OPTIONS:
        return Item("RecordMarker", name, "", "", event_id)
    if name not in _MARKERS:
        return None  # of another make
    number = details.get("n") if isinstance(details, dict) else None
    known = name if number is None else f"{name} {number}"
    return Item("RecordMarker", known, "", "", event_id)


_MARKERS = frozenset(
    {
        markers.SIGNAL_HANDLED,
        markers.ROLLBACK_INITIATED,
        markers.STEP_COMPENSATED,
        markers.COMPENSATION_FAILED,
        markers.ROLLBACK_COMPLETED,
        markers.RESUMED,
    }
)


def _timer(kind: str, block: Mapping[str, Any], control: Json, event_id: int) -> Item | None:
    timer_id = block["timerId"]
    ours = isinstance(control, dict) and "timer" in control
    if timer_id.startswith(_PASSED_OVER) or (kind == "StartTimer" and control and not ours):
        return None
    seconds = block.get("startToFireTimeout")
    what = f"a timer of {seconds} s ({timer_id})" if seconds is not None else ""
    return Item(kind, timer_id, what, "", event_id)


_CLOSINGS = {
    "CompleteWorkflowExecution": "the end: completed",
    "FailWorkflowExecution": "the end: failed",
    "CancelWorkflowExecution": "the end: canceled",
    "ContinueAsNewWorkflowExecution": "a new run",
}

_TO_OTHERS = ("SignalExternalWorkflowExecution", "RequestCancelExternalWorkflowExecution")

_MADE: dict[str, str] = {
    "ActivityTaskScheduled": "ScheduleActivityTask",
    "ActivityTaskCancelRequested": "RequestCancelActivityTask",
    "LambdaFunctionScheduled": "ScheduleLambdaFunction",
    "TimerStarted": "StartTimer",
    "TimerCanceled": "CancelTimer",
    "MarkerRecorded": "RecordMarker",
    "StartChildWorkflowExecutionInitiated": "StartChildWorkflowExecution",
    **{f"{kind}Initiated": kind for kind in _TO_OTHERS},
    "WorkflowExecutionCompleted": "CompleteWorkflowExecution",
    "WorkflowExecutionFailed": "FailWorkflowExecution",
    "WorkflowExecutionCanceled": "CancelWorkflowExecution",
    "WorkflowExecutionContinuedAsNew": "ContinueAsNewWorkflowExecution",
    **{
        f"{kind}Failed": kind
        for kind in (
            "ScheduleActivityTask",
            "ScheduleLambdaFunction",
            "RequestCancelActivityTask",
            "StartTimer",
            "CancelTimer",
            "RecordMarker",
            "StartChildWorkflowExecution",
            *_TO_OTHERS,
            *_CLOSINGS,
        )
    },
}
"""The events that a decision makes, done or refused, and the decision."""
