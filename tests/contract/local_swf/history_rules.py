"""What holds for every history: the members of its events, and what they point to."""

from __future__ import annotations

from typing import Any

from local_swf import model
from local_swf.testing import LocalSWF
from tests.contract.local_swf.swf_world import Raw, attributes
from tests.contract.local_swf.test_polls import until

DECIDED = {"decisionTaskCompletedEventId": ("DecisionTaskCompleted",)}
LINKS: dict[str, dict[str, tuple[str, ...]]] = {
    "DecisionTask": {
        "scheduledEventId": ("DecisionTaskScheduled",),
        "startedEventId": ("DecisionTaskStarted",),
    },
    "ActivityTask": {
        "scheduledEventId": ("ActivityTaskScheduled",),
        "startedEventId": ("ActivityTaskStarted",),
        "latestCancelRequestedEventId": ("ActivityTaskCancelRequested",),
        **DECIDED,
    },
    "LambdaFunction": {
        "scheduledEventId": ("LambdaFunctionScheduled",),
        "startedEventId": ("LambdaFunctionStarted",),
        **DECIDED,
    },
    "StartLambdaFunctionFailed": {"scheduledEventId": ("LambdaFunctionScheduled",)},
    "Timer": {"startedEventId": ("TimerStarted",), **DECIDED},
    "ChildWorkflowExecution": {
        "initiatedEventId": ("StartChildWorkflowExecutionInitiated",),
        "startedEventId": ("ChildWorkflowExecutionStarted",),
    },
    "StartChildWorkflowExecution": {
        "initiatedEventId": ("StartChildWorkflowExecutionInitiated",),
        **DECIDED,
    },
    "SignalExternal": {
        "initiatedEventId": ("SignalExternalWorkflowExecutionInitiated",),
        **DECIDED,
    },
    "RequestCancelExternal": {
        "initiatedEventId": ("RequestCancelExternalWorkflowExecutionInitiated",),
        **DECIDED,
    },
    "ExternalWorkflowExecutionSignaled": {
        "initiatedEventId": ("SignalExternalWorkflowExecutionInitiated",)
    },
    "ExternalWorkflowExecutionCancelRequested": {
        "initiatedEventId": ("RequestCancelExternalWorkflowExecutionInitiated",)
    },
    "": DECIDED,
}
"""By the beginning of an event's name: the members that point to an event of the same history,
and the types of what they point to. The longest beginning counts."""

ELSEWHERE = {"externalInitiatedEventId", "parentInitiatedEventId"}
"""Members that point into the history of another run, or are 0."""

ZERO = {
    ("ActivityTaskTimedOut", "startedEventId"),
    ("ActivityTaskCanceled", "startedEventId"),
    ("DecisionTaskTimedOut", "startedEventId"),
    ("StartChildWorkflowExecutionFailed", "initiatedEventId"),
    ("SignalExternalWorkflowExecutionFailed", "initiatedEventId"),
    ("RequestCancelExternalWorkflowExecutionFailed", "initiatedEventId"),
}
"""Members that are 0 when there is nothing to point to."""


def raw_history(raw: Raw, execution: dict[str, str], domain: str = "d") -> list[dict[str, Any]]:
    """All events of a run as they are sent, with no client between."""
    status, answer = raw.call(
        "GetWorkflowExecutionHistory", {"domain": domain, "execution": execution}
    )
    assert status == 200
    assert "nextPageToken" not in answer
    return answer["events"]


def check_history(events: list[dict[str, Any]]) -> None:
    """Assert everything that is true of any history."""
    assert [event["eventId"] for event in events] == list(range(1, len(events) + 1))
    times = [event["eventTimestamp"] for event in events]
    assert times == sorted(times)
    assert [event["eventType"] for event in events[:2]] == [
        "WorkflowExecutionStarted",
        "DecisionTaskScheduled",
    ]
    types = {event["eventId"]: event["eventType"] for event in events}
    for event in events:
        check_members(event)
        check_links(event, types)
    check_decision_tasks(events)


def check_members(event: dict[str, Any]) -> None:
    """The members that the model knows and no others, no null, and all that it requires."""
    kind = event["eventType"]
    member = f"{kind[0].lower()}{kind[1:]}EventAttributes"
    assert set(event) == {"eventId", "eventTimestamp", "eventType", member}
    check_shape(event[member], model.shape("HistoryEvent")["members"][member]["shape"], kind)


def check_shape(value: Any, shape_name: str, where: str) -> None:
    """A value as the model describes it."""
    shape = model.shape(shape_name)
    kind = shape["type"]
    expected = {"structure": dict, "list": list, "string": str, "boolean": bool}.get(kind, int)
    assert type(value) is expected or kind == "timestamp", (where, value)
    if kind == "structure":
        assert set(shape.get("required", ())) <= set(value) <= set(shape["members"]), (where, value)
        for name, inner in value.items():
            check_shape(inner, shape["members"][name]["shape"], f"{where}.{name}")
    elif kind == "list":
        for inner in value:
            check_shape(inner, shape["member"]["shape"], where)
    elif "enum" in shape:
        assert value in shape["enum"], (where, value)
    elif kind == "string":
        assert shape.get("min", 0) <= len(value) <= shape.get("max", len(value)), (where, value)


def check_links(event: dict[str, Any], types: dict[int, str]) -> None:
    """Every id in an event names an earlier one of the right type (or 0, where that is said)."""
    kind = event["eventType"]
    allowed = LINKS[max((start for start in LINKS if kind.startswith(start)), key=len)]
    for member, pointed in attributes(event).items():
        if not member.endswith("EventId") or member in ELSEWHERE:
            continue
        if pointed == 0 and (kind, member) in ZERO:
            continue
        assert pointed < event["eventId"], (kind, member)
        assert types[pointed] in allowed[member], (kind, member)


def check_decision_tasks(events: list[dict[str, Any]]) -> None:
    """At most one decision task runs and at most one waits; each ends once."""
    waiting: set[int] = set()
    running: dict[int, int] = {}
    for event in events:
        kind, given = event["eventType"], attributes(event)
        if kind == "DecisionTaskScheduled":
            waiting.add(event["eventId"])
        elif kind == "DecisionTaskStarted":
            waiting.remove(given["scheduledEventId"])
            running[given["scheduledEventId"]] = event["eventId"]
        elif kind in ("DecisionTaskCompleted", "DecisionTaskTimedOut"):
            if given["startedEventId"]:
                assert running.pop(given["scheduledEventId"]) == given["startedEventId"]
            else:
                waiting.remove(given["scheduledEventId"])
        assert len(waiting) <= 1
        assert len(running) <= 1


OPENED_AND_CLOSED = {
    "openActivityTasks": (
        ("ActivityTaskScheduled",),
        ("ActivityTask" + end for end in ("Completed", "Failed", "TimedOut", "Canceled")),
    ),
    "openTimers": (("TimerStarted",), ("TimerFired", "TimerCanceled")),
    "openChildWorkflowExecutions": (
        ("StartChildWorkflowExecutionInitiated",),
        (
            *("ChildWorkflowExecution" + end for end in ("Completed", "Failed", "Canceled")),
            *("ChildWorkflowExecution" + end for end in ("TimedOut", "Terminated")),
        ),
    ),
    "openLambdaFunctions": (
        ("LambdaFunctionScheduled",),
        (
            *("LambdaFunction" + end for end in ("Completed", "Failed", "TimedOut")),
            "StartLambdaFunctionFailed",
        ),
    ),
}
OPENED_AND_CLOSED = {
    count: (frozenset(opening), frozenset(closing))
    for count, (opening, closing) in OPENED_AND_CLOSED.items()
}
"""The counts of DescribeWorkflowExecution, and the events that raise and lower each."""


def check_counts(described: dict[str, Any], events: list[dict[str, Any]]) -> None:
    """The open counts are what the history says; they stay as they were when a run closes."""
    for count, (opening, closing) in OPENED_AND_CLOSED.items():
        still_open = 0
        for event in events:
            kind, given = event["eventType"], attributes(event)
            still_open += kind in opening
            still_open -= kind in closing
            still_open -= count == "openChildWorkflowExecutions" and (
                kind == "StartChildWorkflowExecutionFailed" and given["initiatedEventId"] > 0
            )
        assert described["openCounts"][count] == still_open, count
    activity = [e["eventTimestamp"] for e in events if e["eventType"].startswith("ActivityTask")]
    assert ("latestActivityTaskTimestamp" in described) == bool(activity)


def no_function_runs(endpoint: Any) -> bool:
    """Whether no Lambda task is open: one might end while its history is looked at."""
    return endpoint.engine._database.one("SELECT 1 FROM lambdas") is None


def check_all_histories(swf: LocalSWF) -> int:
    """Check every run there is, open or closed, in domain `d`; how many there were."""
    until(lambda: swf.call(no_function_runs))
    raw, since = Raw(swf.url), {"domain": "d", "startTimeFilter": {"oldestDate": 0}}
    found = []
    for state in ("Open", "Closed"):
        status, answer = raw.call(f"List{state}WorkflowExecutions", since)
        assert status == 200
        found += answer["executionInfos"]
    for info in found:
        events = raw_history(raw, info["execution"])
        check_history(events)
        given = {"domain": "d", "execution": info["execution"]}
        described = raw.call("DescribeWorkflowExecution", given)[1]
        assert described["executionInfo"] == info
        check_shape(described, "WorkflowExecutionDetail", "DescribeWorkflowExecution")
        check_counts(described, events)
    raw.connection.close()
    return len(found)
