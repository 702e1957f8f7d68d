"""An answer that does not arrive whole: the work was done, and nothing is done twice for it.

Each kind of operation, by each way to be cut or replaced, over both transports.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest

import wire
from errors import EngineUnreachableError, TaskLostError
from local_swf.testing import LocalSWF
from swf_client import SwfClient
from tests.outages.conftest import BRIEF, Connect
from tests.outages.front import SPOILERS, Front, Spoiler

NAME, VERSION = "BusinessProcess", "1.0"

ALL = pytest.mark.parametrize("spoiler", SPOILERS.values(), ids=SPOILERS.keys())
SOME = pytest.mark.parametrize(
    "spoiler",
    [SPOILERS[name] for name in ("closed within the body", "half a JSON", "a refusal by a proxy")],
    ids=["closed", "cut", "refused"],
)
"""One of each sort, where what comes after is the same for all."""
BREAKING = {name: spoiler for name, spoiler in SPOILERS.items() if name != "an empty body"}
NO_OUTPUT = pytest.mark.parametrize("spoiler", BREAKING.values(), ids=BREAKING.keys())
"""For operations whose whole answer is an empty body."""


@pytest.fixture
def name() -> str:
    """A workflow id, and a task list, of a test of its own."""
    return uuid.uuid4().hex


def start(client: SwfClient, name: str) -> str:
    return client.start_execution(
        workflow_id=name,
        name=NAME,
        version=VERSION,
        input=wire.dumps(wire.wrap_start({"order_id": "O"}, {"start_id": name})),
        start_id=name,
        task_list=name,
    )


def scheduled(client: SwfClient, name: str) -> str:
    """Bring an execution to where an activity waits to be taken; its run id."""
    run_id = start(client, name)
    task = client.poll_decision_task(name)
    assert task is not None
    attributes = {
        "activityType": {"name": "ValidateInput", "version": VERSION},
        "activityId": "1",
        "input": "{}",
        "taskList": {"name": name},
        "startToCloseTimeout": "60",
        "heartbeatTimeout": "60",
        "scheduleToStartTimeout": "600",
        "scheduleToCloseTimeout": "600",
    }
    decision = {
        "decisionType": "ScheduleActivityTask",
        "scheduleActivityTaskDecisionAttributes": attributes,
    }
    client.respond_decision_task(task["taskToken"], [decision])
    return run_id


def kinds(past: SwfClient, name: str, run_id: str) -> list[str]:
    """The event types of a history; `past` the front, the engine itself is asked."""
    return [event["eventType"] for event in past.history(name, run_id)]


# --- reading -----------------------------------------------------------------------------

READS: dict[str, tuple[str, Callable[[SwfClient, str, str], Any]]] = {
    "history": ("GetWorkflowExecutionHistory", lambda c, name, run: list(c.history(name, run))),
    "list": (
        "ListOpenWorkflowExecutions",
        lambda c, name, _: list(c.open_executions(workflow_id=name)),
    ),
}


@ALL
def test_what_only_reads_is_asked_again(
    front: Front, connect: Connect, spoiler: Spoiler, name: str
) -> None:
    client = connect(front.url)
    run_id = start(client, name)
    for operation, read in READS.values():
        whole = read(client, name, run_id)
        front.spoil(operation, spoiler, 2)
        assert read(client, name, run_id) == whole
        assert front.operations.count(operation) == 4


@SOME
def test_a_page_is_asked_for_again_alone(
    front: Front, connect: Connect, spoiler: Spoiler, name: str
) -> None:
    client = connect(front.url)
    run_id = start(client, name)
    events = list(client.history(name, run_id))
    front.spoil("GetWorkflowExecutionHistory", _whole, 1)
    front.spoil("GetWorkflowExecutionHistory", spoiler, 1)
    paged = list(client.history(name, run_id, page_size=1))
    assert paged == events
    tokens = [
        asked.body.get("nextPageToken")
        for asked in front.asked
        if asked.operation == "GetWorkflowExecutionHistory"
    ][1:]
    assert tokens[0] is None
    assert tokens[1] == tokens[2] is not None


def _whole(body: bytes) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


# --- starting and steering -----------------------------------------------------------------


@ALL
def test_a_start_is_settled_by_its_id(
    engine: LocalSWF, front: Front, connect: Connect, spoiler: Spoiler, name: str
) -> None:
    front.spoil("StartWorkflowExecution", spoiler)
    run_id = start(connect(front.url), name)
    assert front.operations.count("StartWorkflowExecution") == 1
    found = connect(engine.url).open_executions(workflow_id=name)
    assert [info["execution"]["runId"] for info in found] == [run_id]


@SOME
def test_a_start_that_cannot_be_settled_says_so(
    front: Front, connect: Connect, spoiler: Spoiler, name: str
) -> None:
    front.spoil("*", spoiler, None)
    with pytest.raises(EngineUnreachableError, match="look before starting it again") as raised:
        start(connect(front.url, BRIEF), name)
    assert front.operations.count("StartWorkflowExecution") == 1
    assert len(str(raised.value)) < 600, "a page of somebody's is not quoted whole"


@NO_OUTPUT
def test_a_signal_comes_twice_at_most_and_under_one_id(
    engine: LocalSWF, front: Front, connect: Connect, spoiler: Spoiler, name: str
) -> None:
    client = connect(front.url)
    run_id = start(client, name)
    front.spoil("SignalWorkflowExecution", spoiler)
    client.signal(name, "PAUSE", json.dumps({"request_id": "one"}), run_id)
    sent = [a.body["input"] for a in front.asked if a.operation == "SignalWorkflowExecution"]
    assert sent == [json.dumps({"request_id": "one"})] * 2
    assert kinds(connect(engine.url), name, run_id).count("WorkflowExecutionSignaled") == 2


@SOME
def test_a_termination_is_done_once(
    engine: LocalSWF, front: Front, connect: Connect, spoiler: Spoiler, name: str
) -> None:
    client = connect(front.url)
    run_id = start(client, name)
    front.spoil("TerminateWorkflowExecution", spoiler)
    client.terminate(name, run_id, reason="enough")
    assert kinds(connect(engine.url), name, run_id)[-1] == "WorkflowExecutionTerminated"


# --- tasks ---------------------------------------------------------------------------------


@NO_OUTPUT
def test_a_decision_that_was_taken_is_not_taken_twice(
    engine: LocalSWF, front: Front, connect: Connect, spoiler: Spoiler, name: str
) -> None:
    client = connect(front.url)
    run_id = start(client, name)
    task = client.poll_decision_task(name)
    assert task is not None
    front.spoil("RespondDecisionTaskCompleted", spoiler)
    marker = {"markerName": "seen"}
    with pytest.raises(TaskLostError) as raised:
        client.respond_decision_task(
            task["taskToken"],
            [{"decisionType": "RecordMarker", "recordMarkerDecisionAttributes": marker}],
        )
    assert raised.value.perhaps_done
    assert kinds(connect(engine.url), name, run_id).count("MarkerRecorded") == 1


@NO_OUTPUT
def test_a_result_that_was_taken_is_not_taken_twice(
    engine: LocalSWF, front: Front, connect: Connect, spoiler: Spoiler, name: str
) -> None:
    client = connect(front.url)
    run_id = scheduled(client, name)
    task = client.poll_activity_task(name)
    assert task is not None
    front.spoil("RespondActivityTaskCompleted", spoiler)
    with pytest.raises(TaskLostError) as raised:
        client.complete_activity_task(task["taskToken"], "{}")
    assert raised.value.perhaps_done
    assert kinds(connect(engine.url), name, run_id).count("ActivityTaskCompleted") == 1


@SOME
def test_a_heartbeat_is_sent_again(
    front: Front, connect: Connect, spoiler: Spoiler, name: str
) -> None:
    client = connect(front.url)
    scheduled(client, name)
    task = client.poll_activity_task(name)
    assert task is not None
    front.spoil("RecordActivityTaskHeartbeat", spoiler)
    assert client.heartbeat(task["taskToken"], "half") is False
    assert front.operations.count("RecordActivityTaskHeartbeat") == 2


@ALL
def test_a_task_lost_with_its_poll_comes_back_when_it_times_out(
    engine: LocalSWF, front: Front, connect: Connect, spoiler: Spoiler, name: str
) -> None:
    client = connect(front.url)
    run_id = start(client, name)
    front.spoil("PollForDecisionTask", spoiler)
    with pytest.raises(EngineUnreachableError):
        client.poll_decision_task(name)
    assert front.operations.count("PollForDecisionTask") == 1, "who repeats may take a second task"
    engine.clock.advance(31)
    task = client.poll_decision_task(name)
    assert task is not None
    assert kinds(connect(engine.url), name, run_id)[-3:] == [
        "DecisionTaskTimedOut",
        "DecisionTaskScheduled",
        "DecisionTaskStarted",
    ]


@SOME
def test_so_does_an_activity_task(
    engine: LocalSWF, front: Front, connect: Connect, spoiler: Spoiler, name: str
) -> None:
    client = connect(front.url)
    run_id = scheduled(client, name)
    front.spoil("PollForActivityTask", spoiler)
    with pytest.raises(EngineUnreachableError):
        client.poll_activity_task(name)
    assert front.operations.count("PollForActivityTask") == 1
    engine.clock.advance(61)
    assert kinds(connect(engine.url), name, run_id)[-2:] == [
        "ActivityTaskTimedOut",
        "DecisionTaskScheduled",
    ]
