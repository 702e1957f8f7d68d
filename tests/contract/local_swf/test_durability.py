"""SIGKILL under load, again and again: what was acknowledged is there, and every run ends."""

from __future__ import annotations

import http.client
import os
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.contract.local_swf.swf_world import (
    ACTIVITY,
    COMPLETE,
    LIST,
    WORKFLOW,
    Raw,
    attributes,
    decision,
    schedule,
    timer,
)

ROOT = Path(__file__).absolute().parents[3]

LIVES = int(os.environ.get("LOCAL_SWF_LIVES", "12"))
"""How often the endpoint is killed; .ci/run asks for hundreds."""

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="lives are forked"),
    pytest.mark.timeout(120 + LIVES),
]

Event = dict[str, Any]


class Lives:
    """Endpoints on one file, one after the other, from a process that has its imports done."""

    def __init__(self, file: Path) -> None:
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.contract.local_swf.forked_endpoint", "--database", file],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def begin(self) -> tuple[int, str]:
        """Start a life: its process id and its URL."""
        self._server.stdin.write("\n")
        self._server.stdin.flush()
        process = int(self._server.stdout.readline())
        ready = self._server.stdout.readline()
        assert ready.startswith("local SWF ready at "), ready
        return process, ready.split()[-1]

    @contextmanager
    def one(self) -> Iterator[tuple[int, str]]:
        """A life that is killed at the end, if it was not before."""
        process, url = self.begin()
        try:
            yield process, url
        finally:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)

    def end(self) -> None:
        self._server.communicate()


@pytest.fixture
def lives(tmp_path):
    lives = Lives(tmp_path / "swf.sqlite")
    yield lives
    lives.end()


class Ledger:
    """What the endpoint has said. The one who notes the last line of a life kills it."""

    def __init__(self) -> None:
        self.runs: set[str] = set()
        self.signals: set[tuple[str, str]] = set()
        self.decided: set[tuple[str, int]] = set()
        self.worked: set[tuple[str, int]] = set()
        self.shown: dict[tuple[str, int], list[Event]] = {}
        self._lock = threading.Lock()
        self._left = 0
        self._process = 0

    def next_life(self, process: int, lines: int) -> None:
        self._process, self._left = process, lines

    def note(self) -> None:
        with self._lock:
            self._left -= 1
            if self._left == 0:
                os.kill(self._process, signal.SIGKILL)

    def starts_and_signals(self, call: Any) -> None:
        """Start a run and signal it."""
        name = os.urandom(8).hex()
        answer = call("StartWorkflowExecution", workflowId=name, workflowType=WORKFLOW)
        self.runs.add(answer["runId"])
        self.note()
        text = os.urandom(8).hex()
        if call("SignalWorkflowExecution", workflowId=name, signalName="s", input=text) is None:
            self.signals.add((answer["runId"], text))
            self.note()

    def decides(self, call: Any) -> None:
        """Take a decision task and answer it."""
        task = call("PollForDecisionTask", taskList=LIST)
        if "taskToken" not in task:
            return
        key = task["workflowExecution"]["runId"], task["startedEventId"]
        self.shown[key] = task["events"]
        self.note()
        decisions = list(decisions_of(task["events"]))
        answer = {"taskToken": task["taskToken"], "decisions": decisions}
        if call("RespondDecisionTaskCompleted", **answer) is None:
            self.decided.add(key)
            self.note()

    def works(self, call: Any) -> None:
        """Take an activity task and complete it."""
        task = call("PollForActivityTask", taskList=LIST)
        if "taskToken" not in task:
            return
        self.note()
        if call("RespondActivityTaskCompleted", taskToken=task["taskToken"]) is None:
            self.worked.add((task["workflowExecution"]["runId"], task["startedEventId"]))
            self.note()


def decisions_of(events: list[Event]) -> Iterator[Event]:
    """An activity, again when it times out, beside a timer; then the end."""
    count = Counter(event["eventType"] for event in events)
    yield decision("RecordMarker", markerName=str(events[-1]["eventId"]))
    if count["ActivityTaskCompleted"] and count["TimerFired"]:
        yield COMPLETE
    elif count["ActivityTaskScheduled"] == count["ActivityTaskTimedOut"]:
        yield schedule()
        if not count["TimerStarted"]:
            yield timer("t", 0)


def caller(url: str) -> Any:
    """A function that sends a request; a fault is answered as text."""
    raw = Raw(url)

    def call(operation: str, **body: Any) -> Any:
        status, answer = raw.call(operation, {"domain": "d", **body})
        return answer if status == 200 else answer["__type"]

    call.close = raw.connection.close  # type: ignore[attr-defined]
    return call


def drive(url: str, action: Any, stop: threading.Event) -> None:
    """Do the same again and again until the endpoint is gone, or all is done."""
    call = caller(url)
    with suppress(OSError, http.client.HTTPException):
        while not stop.is_set():
            action(call)
    call.close()


@contextmanager
def load(url: str, *actions: Any) -> Iterator[threading.Event]:
    """Threads that each repeat one action; left when all of them have ended."""
    stop = threading.Event()
    threads = [threading.Thread(target=drive, args=(url, action, stop)) for action in actions]
    for thread in threads:
        thread.start()
    try:
        yield stop
    finally:
        for thread in threads:
            thread.join()


def register(url: str) -> None:
    call = caller(url)
    call("RegisterDomain", name="d", workflowExecutionRetentionPeriodInDays="7")
    timeouts = {"defaultTaskStartToCloseTimeout": "1", "defaultTaskList": LIST}
    call(
        "RegisterWorkflowType",
        **WORKFLOW,
        **timeouts,
        defaultExecutionStartToCloseTimeout="3600",
        defaultChildPolicy="TERMINATE",
    )
    call(
        "RegisterActivityType",
        **ACTIVITY,
        **timeouts,
        defaultTaskHeartbeatTimeout="NONE",
        defaultTaskScheduleToStartTimeout="NONE",
        defaultTaskScheduleToCloseTimeout="NONE",
    )
    call.close()


def closed_runs(call: Any) -> Iterator[tuple[str, str]]:
    """Run id and workflow id of every closed run."""
    body: dict[str, Any] = {"startTimeFilter": {"oldestDate": 0}}
    while True:
        page = call("ListClosedWorkflowExecutions", **body)
        for info in page["executionInfos"]:
            yield info["execution"]["runId"], info["execution"]["workflowId"]
        if "nextPageToken" not in page:
            return
        body["nextPageToken"] = page["nextPageToken"]


def history(call: Any, run_id: str, workflow_id: str) -> list[Event]:
    execution = {"workflowId": workflow_id, "runId": run_id}
    return call("GetWorkflowExecutionHistory", execution=execution)["events"]


REFERENCES = {
    "scheduledEventId": ("DecisionTaskScheduled", "ActivityTaskScheduled"),
    "startedEventId": ("DecisionTaskStarted", "ActivityTaskStarted", "TimerStarted"),
    "decisionTaskCompletedEventId": ("DecisionTaskCompleted",),
}


def check(events: list[Event]) -> None:
    """Ids without gaps, times in order, references to earlier events of the right type."""
    assert [event["eventId"] for event in events] == list(range(1, len(events) + 1))
    times = [event["eventTimestamp"] for event in events]
    assert times == sorted(times)
    for event in events:
        for member, kinds in REFERENCES.items():
            if number := attributes(event).get(member):
                assert number < event["eventId"]
                assert events[number - 1]["eventType"] in kinds
    count = Counter(event["eventType"] for event in events)
    assert count["DecisionTaskScheduled"] == count["DecisionTaskStarted"]
    assert count["ActivityTaskCompleted"] == 1
    assert count["TimerFired"] == 1
    assert count["WorkflowExecutionCompleted"] == 1
    assert events[-1]["eventType"] == "WorkflowExecutionCompleted"


def answered(events: list[Event], kind: str, started_id: int) -> bool:
    return any(
        event["eventType"] == kind and attributes(event)["startedEventId"] == started_id
        for event in events
    )


def test_what_was_acknowledged_is_there_and_every_run_ends(lives):
    ledger = Ledger()
    chance = random.Random(1)
    with lives.one() as (_, url):
        register(url)
    for _ in range(LIVES):
        process, url = lives.begin()
        ledger.next_life(process, chance.randrange(5, 60))
        roles = (ledger.starts_and_signals, ledger.decides, ledger.decides, ledger.works)
        with load(url, *roles):
            pass  # until whoever notes the last line has killed it
    with lives.one() as (process, url):
        ledger.next_life(process, 0)
        call = caller(url)
        with load(url, ledger.decides, ledger.decides, ledger.works) as stop:
            beginning = {"startTimeFilter": {"oldestDate": 0}}
            while call("CountOpenWorkflowExecutions", **beginning)["count"]:
                stop.wait(0.05)
            os.kill(process, signal.SIGKILL)
        call.close()
    with lives.one() as (_, url):
        call = caller(url)
        histories = {run: history(call, run, name) for run, name in closed_runs(call)}
        call.close()
    assert ledger.runs <= histories.keys()
    assert len(histories) > LIVES
    for events in histories.values():
        check(events)
    for (run, started_id), events in ledger.shown.items():
        assert histories[run][:started_id] == events
    for run, started_id in ledger.decided:
        assert answered(histories[run], "DecisionTaskCompleted", started_id)
    for run, started_id in ledger.worked:
        assert answered(histories[run], "ActivityTaskCompleted", started_id)
    signaled = {
        (run, attributes(event)["input"])
        for run, events in histories.items()
        for event in events
        if event["eventType"] == "WorkflowExecutionSignaled"
    }
    assert ledger.signals <= signaled
