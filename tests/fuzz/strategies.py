"""What nobody means well: JSON of every kind, texts of every kind, histories that were spoiled."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

GOLDEN = sorted((Path(__file__).resolve().parents[1] / "golden").glob("*.json"))

BOUNDED = settings(
    deadline=None,
    max_examples=150,
    phases=(Phase.explicit, Phase.generate),  # without making small what fails: time is bounded
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
"""The same examples each time, and few of them: the folder takes about a minute."""

odd_texts = st.sampled_from(
    [
        *("", " ", "-", "--", "{}", "[]", "null", "NaN", "-1", "0", "1e999", "9" * 5000, "\0"),
        *(
            "é☕\U0001f600",
            "\ud800",
            "a:b/c|d",
            "arn",
            "../../etc/passwd",
            "%s%n",
            "{{7*7}}",
            "²",
            "s²",
            "a²",
        ),
        *(
            "$(id)",
            "; id",
            "\n\x1b[31m",
            "x" * 300,
            "[" * 3000,
            '{"a":' * 3000,
            "@file",
            "/dev/null",
        ),
        *("_process", '{"_process":{}}', '{"_process_ref":{"sha256":"x","size":-1}}', "None"),
    ]
)
texts = odd_texts | st.text(max_size=20)

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | texts.filter(lambda text: text.isprintable())
)  # fmt: skip
names = st.sampled_from(
    [
        *("_process", "_process_ref", "_process_enc", "order_id", "items", "total", "step_name"),
        *(
            "request_id",
            "if_at",
            "steps",
            "input",
            "result",
            "compensate",
            "token",
            "poll",
            "after",
        ),
        *("customer", "payment", "shipping", "sha256", "size", "k", "d", "snapshot", "start_id"),
    ]
) | st.text(max_size=5)
values: st.SearchStrategy[Any] = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3)
)
"""JSON values, with the names that mean something to us."""


@st.composite
def histories(draw: st.DrawFn) -> dict[str, Any]:
    """A saved history of ours: cut, out of order, with events twice, missing, changed or alien."""
    told = json.loads(draw(st.sampled_from(GOLDEN)).read_text("utf-8"))
    document = {name: told[name] for name in ("workflow_id", "run_id", "type", "events")}
    events: list[Any] = document["events"]
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, max(len(events) - 1, 0)))
        how = draw(st.sampled_from(["cut", "drop", "twice", "swap", "change", "alien", "tail"]))
        if not events:
            break
        if how == "cut":
            del events[at + 1 :]
        elif how == "tail":
            del events[:at]
        elif how == "drop":
            del events[at]
        elif how == "twice":
            events.insert(at, copy.deepcopy(events[at]))
        elif how == "swap":
            other = draw(st.integers(0, len(events) - 1))
            events[at], events[other] = events[other], events[at]
        elif how == "alien":
            events.insert(at, draw(alien_events()))
        else:
            _change(draw, events[at])
    return document


def _change(draw: st.DrawFn, event: Any) -> None:
    """One member of an event, or of its attributes, becomes anything."""
    block = next((item for item in event.values() if isinstance(item, dict)), event)
    holder = block if block and draw(st.booleans()) else event
    holder[draw(st.sampled_from(sorted(holder)))] = draw(values)


KINDS = (
    "ActivityTaskCompleted", "ActivityTaskFailed", "ActivityTaskScheduled", "ActivityTaskStarted",
    "ActivityTaskTimedOut", "ChildWorkflowExecutionCompleted", "DecisionTaskCompleted",
    "DecisionTaskScheduled", "DecisionTaskStarted", "LambdaFunctionCompleted", "MarkerRecorded",
    "StartTimerFailed", "TimerFired", "TimerStarted", "WorkflowExecutionCancelRequested",
    "WorkflowExecutionContinuedAsNew", "WorkflowExecutionSignaled", "WorkflowExecutionStarted",
    "WorkflowExecutionTerminated", "SomethingOfNextYear",
)  # fmt: skip


FOREIGN = st.sampled_from(
    [
        '["[Ljava.lang.Object;",[["java.lang.Integer",1],"x"]]',  # AWS Flow Framework for Java
        '["java.lang.RuntimeException",{"cause":null,"stackTrace":[],"message":"m"}]',
        '{"args": [1, "x"], "kwargs": {"y": null}, "meta": {"simpleflow": "0.34"}}',  # simpleflow
        '{"__obj": ["botoflow.data_converter:x", {"__tuple": [1]}]}',  # botoflow
        "--- !ruby/array:AWS::Flow\n- 1\n- :symbol\n...\n",  # AWS Flow Framework for Ruby
        "gAN9cQBYAQAAAHhxAUsBcy4=",  # a pickle, as workers of boto's layer 2 may send
        "AKztAAVzcgARamF2YS5sYW5nLkludGVnZXI=",  # serialised Java
        '{"workflow_id": "theirs", "data": {"$ref": "s3://bucket/key"}}',
        "plain words: not JSON at all",
    ]
)
"""Inputs, results and details as other libraries of SWF write them."""


@st.composite
def alien_events(draw: st.DrawFn, event_id: int | None = None) -> dict[str, Any]:
    """An event as another library's workflow has it: without any envelope of ours."""
    kind = draw(st.sampled_from(KINDS))
    block: dict[str, Any] = {
        "input": draw(FOREIGN | texts),
        "result": draw(FOREIGN | texts),
        "details": draw(FOREIGN | texts),
        "control": draw(FOREIGN | texts),
        "reason": draw(texts),
        "signalName": draw(st.sampled_from(["RESUME_FROM_STEP", "PAUSE", "x"])),
        "markerName": draw(st.sampled_from(["RUN_OPTIONS", "ROLLBACK_INITIATED", "x"])),
        "scheduledEventId": draw(st.integers(0, 9)),
        "startedEventId": draw(st.integers(0, 9)),
        "activityId": "a",
        "timerId": draw(texts),
        "activityType": {"name": "Theirs", "version": "1"},
        "workflowType": {"name": "BusinessProcess", "version": "1.0"},
        "taskList": {"name": "theirs"},
    }
    kept = {name: block[name] for name in draw(st.sets(st.sampled_from(sorted(block))))}
    return {
        "eventId": draw(st.integers(0, 30)) if event_id is None else event_id,
        "eventType": kind,
        "eventTimestamp": draw(st.sampled_from([1.0, 1_764_000_000.5])),
        f"{kind[0].lower()}{kind[1:]}EventAttributes": kept,
    }


@st.composite
def alien_histories(draw: st.DrawFn) -> dict[str, Any]:
    """A whole history of somebody else's workflow."""
    first = {
        "eventId": 1,
        "eventType": "WorkflowExecutionStarted",
        "eventTimestamp": 1.0,
        "workflowExecutionStartedEventAttributes": {
            "input": draw(FOREIGN | texts | values.map(json.dumps)),
            "workflowType": {
                "name": draw(st.sampled_from(["BusinessProcess", "Theirs"])),
                "version": draw(st.sampled_from(["1.0", "9"])),
            },
            "taskList": {"name": "theirs"},
            "childPolicy": "TERMINATE",
        },
    }
    count = draw(st.integers(0, 12))
    events = [first, *(draw(alien_events(number)) for number in range(2, count + 2))]
    kind = first["workflowExecutionStartedEventAttributes"]["workflowType"]  # type: ignore[index]
    return {"workflow_id": "theirs", "run_id": "r", "type": kind, "events": events}
