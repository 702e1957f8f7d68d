"""The activity worker on the embedded SWF: activities scheduled by hand, no decider of ours."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

import config
from activities import database, heartbeats
from activity_worker import ActivityCanceled, ActivityWorker, current_task
from config import Settings
from errors import DomainNotRegisteredError
from local_swf.testing import LocalSWF
from swf_client import SwfClient
from tests import recording

PATIENCE = 30.0  # seconds that a test waits for what must come
DOMAIN, LIST = "contract", "tasks"
START_TO_CLOSE, HEARTBEAT = 600, 60  # seconds

SLEEPER = """
import sys
from activity_worker import ActivityWorker, main
def wait(data):
    print("begun", flush=True)
    sys.stdin.readline()
    return {"finished": True}
ActivityWorker.validate_input = lambda self, data: wait(data)
"""
COMMAND = "sys.exit(main([]))"
SCRIPT = "import logs; logs.configure(ActivityWorker().settings); ActivityWorker().run()"


class Hand:
    """Schedules activities of one execution, and reads what became of them."""

    def __init__(self, swf: LocalSWF) -> None:
        self.swf = swf
        self.client = cast("Any", swf.client())
        self.count = 0
        kind = {"domain": DOMAIN, "version": "1.0"}
        self.client.register_domain(name=DOMAIN, workflowExecutionRetentionPeriodInDays="1")
        self.client.register_workflow_type(name="process", **kind)
        for name in ("ValidateInput", "Work", "Unheard"):
            self.client.register_activity_type(name=name, **kind)
        self.run_id = self.client.start_workflow_execution(
            domain=DOMAIN,
            workflowId="workflow-1",
            workflowType={"name": "process", "version": "1.0"},
            taskList={"name": LIST},
            childPolicy="TERMINATE",
            executionStartToCloseTimeout="86400",
            taskStartToCloseTimeout="NONE",
        )["runId"]

    def decide(self, kind: str, **attributes: Any) -> None:
        name = f"{kind[0].lower()}{kind[1:]}DecisionAttributes"
        task = self.client.poll_for_decision_task(domain=DOMAIN, taskList={"name": LIST})
        self.client.respond_decision_task_completed(
            taskToken=task["taskToken"], decisions=[{"decisionType": kind, name: attributes}]
        )

    def schedule(self, name: str = "Work", data: Any = None) -> str:
        self.count += 1
        self.decide(
            "ScheduleActivityTask",
            activityType={"name": name, "version": "1.0"},
            activityId=f"a{self.count}.1",
            taskList={"name": LIST},
            input=json.dumps({"order_id": "ORD-1"} if data is None else data),
            scheduleToStartTimeout="NONE",
            scheduleToCloseTimeout="NONE",
            startToCloseTimeout=str(START_TO_CLOSE),
            heartbeatTimeout=str(HEARTBEAT),
        )
        return f"a{self.count}.1"

    def ask_to_stop(self, activity_id: str) -> None:
        """Request the cancellation; a signal brings the decision task for it."""
        self.client.signal_workflow_execution(
            domain=DOMAIN, workflowId="workflow-1", signalName="stop"
        )
        self.decide("RequestCancelActivityTask", activityId=activity_id)

    def history(self) -> list[Any]:
        execution = {"workflowId": "workflow-1", "runId": self.run_id}
        answer = self.client.get_workflow_execution_history(domain=DOMAIN, execution=execution)
        return list(answer["events"])

    def closing(self) -> tuple[str, dict[str, Any]]:
        """The event that closes the activity in work, waited for by its decision task."""
        task = self.client.poll_for_decision_task(domain=DOMAIN, taskList={"name": LIST})
        self.client.respond_decision_task_completed(taskToken=task["taskToken"], decisions=[])
        event = [e for e in task["events"] if e["eventType"].startswith("ActivityTask")][-1]
        kind = event["eventType"]
        return kind, event[f"{kind[0].lower()}{kind[1:]}EventAttributes"]


@pytest.fixture
def swf() -> Iterator[LocalSWF]:
    """An endpoint whose clock moves at wall speed and by `advance`."""
    with LocalSWF(virtual_clock=True, skipping=False) as endpoint:
        yield endpoint


@pytest.fixture
def hand(swf: LocalSWF) -> Hand:
    return Hand(swf)


@pytest.fixture
def settings(swf: LocalSWF, tmp_path: Path) -> Iterator[Settings]:
    nothing = tmp_path / "empty.env"
    nothing.touch()
    yield config.load(
        {
            "DATA_DIR": str(tmp_path),
            "SWF_ENDPOINT": swf.url,
            "SWF_DOMAIN": DOMAIN,
            "SWF_TASK_LIST": LIST,
        },
        nothing,
    )
    database.close()


Run = Callable[..., ActivityWorker]


@pytest.fixture
def run(settings: Settings) -> Iterator[Run]:
    """Runs a worker, whose `Work` is the function given, until the test ends."""
    started: list[tuple[ActivityWorker, threading.Thread]] = []

    def make(function: Callable[[dict[str, Any]], Any] | None = None) -> ActivityWorker:
        worker = ActivityWorker(settings, concurrency=2)
        if function:
            worker.activities["Work"] = function
        started.append((worker, threading.Thread(target=worker.run)))
        started[-1][1].start()
        return worker

    yield make
    for worker, thread in started:
        worker.stop()
        thread.join(PATIENCE)
        assert not thread.is_alive()


# --- outcomes -------------------------------------------------------------------------------


def test_a_result_stands_in_history_as_json(hand: Hand, run: Run) -> None:
    run()
    hand.schedule("ValidateInput", {"order_id": "ORD-ção-✨"})
    kind, attributes = hand.closing()
    assert kind == "ActivityTaskCompleted"
    assert json.loads(attributes["result"])["order_id"] == "ORD-ção-✨"


def test_a_failure_stands_in_history_with_reason_and_details(hand: Hand, run: Run) -> None:
    def fail(_: dict[str, Any]) -> dict[str, Any]:
        raise OSError("no disk " + "x" * 400)

    run(fail)
    hand.schedule()
    kind, attributes = hand.closing()
    assert kind == "ActivityTaskFailed"
    assert attributes["reason"].startswith("OSError: no disk xxx")
    assert len(attributes["reason"]) == 256
    assert json.loads(attributes["details"])["retryable"] is True


def test_bad_input_is_marked_as_not_to_be_retried(hand: Hand, run: Run) -> None:
    run()
    hand.schedule("ValidateInput", {"items": "none"})
    kind, attributes = hand.closing()
    assert kind == "ActivityTaskFailed"
    assert attributes["reason"].startswith("NonRetryableError: ")
    assert json.loads(attributes["details"])["retryable"] is False


def test_a_missing_function_is_named(hand: Hand, run: Run) -> None:
    run()
    hand.schedule("Unheard")
    kind, attributes = hand.closing()
    assert kind == "ActivityTaskFailed"
    assert attributes["reason"].startswith("ActivityNotRegistered: ")


def test_large_values_travel_by_reference(hand: Hand, run: Run, settings: Settings) -> None:
    large = "ção" * 20_000
    reference = SwfClient(settings).payloads.put(json.dumps({"text": large}))
    run(lambda data: {"got": data})
    hand.schedule(data={"_process": {"path": "Work", "input": reference}, "previous_results": {}})
    kind, attributes = hand.closing()
    assert kind == "ActivityTaskCompleted"
    result = SwfClient(settings).payloads.get(json.loads(attributes["result"]))
    assert json.loads(result) == {"got": {"text": large, "previous_results": {}}}


# --- heartbeats and cancellation ------------------------------------------------------------


@pytest.mark.parametrize("asks", [True, False], ids=["activity beats", "background beats"])
def test_a_request_to_stop_arrives_with_a_heartbeat(
    hand: Hand, run: Run, monkeypatch: pytest.MonkeyPatch, *, asks: bool
) -> None:
    begun, requested = threading.Event(), threading.Event()

    def work(_: dict[str, Any]) -> dict[str, Any]:
        task = current_task()
        begun.set()
        if asks:
            requested.wait(PATIENCE)
            task.heartbeat("half way")
        else:
            task.wait_for_cancel(PATIENCE)
        assert task.cancel_requested
        raise ActivityCanceled("cleaned up")

    if not asks:
        monkeypatch.setattr(heartbeats.Heartbeats, "_a_while", lambda _: 0.01)
    run(work)
    activity_id = hand.schedule()
    assert begun.wait(PATIENCE)
    hand.ask_to_stop(activity_id)
    requested.set()
    kind, attributes = hand.closing()
    assert kind == "ActivityTaskCanceled"
    assert attributes["details"] == "cleaned up"
    assert attributes["latestCancelRequestedEventId"] > 0


def test_an_activity_may_finish_in_spite_of_the_request(hand: Hand, run: Run) -> None:
    begun, requested = threading.Event(), threading.Event()

    def work(_: dict[str, Any]) -> dict[str, Any]:
        begun.set()
        requested.wait(PATIENCE)
        return {}

    run(work)
    activity_id = hand.schedule()
    assert begun.wait(PATIENCE)
    hand.ask_to_stop(activity_id)
    requested.set()
    assert hand.closing()[0] == "ActivityTaskCompleted"


def test_a_task_that_timed_out_is_lost_and_its_result_not_taken(
    hand: Hand, run: Run, swf: LocalSWF
) -> None:
    begun, late, told = threading.Event(), threading.Event(), threading.Event()

    def work(data: dict[str, Any]) -> dict[str, Any]:
        if data:
            return {}
        task = current_task()
        task.heartbeat("the last words")
        begun.set()
        late.wait(PATIENCE)
        while not task.cancel_requested:
            task.heartbeat()
            task.wait_for_cancel(heartbeats.SHORTEST_SECONDS)
        if task.lost:
            told.set()
        return {"too": "late"}

    run(work)
    hand.schedule(data={})
    assert begun.wait(PATIENCE)
    swf.clock.advance(HEARTBEAT + 1)
    kind, attributes = hand.closing()
    assert (kind, attributes["timeoutType"]) == ("ActivityTaskTimedOut", "HEARTBEAT")
    assert attributes["details"] == "the last words"
    late.set()
    assert told.wait(PATIENCE)
    hand.client.signal_workflow_execution(
        domain=DOMAIN, workflowId="workflow-1", signalName="again"
    )
    hand.schedule()
    assert hand.closing()[0] == "ActivityTaskCompleted"
    closings = [e for e in hand.history() if e["eventType"] == "ActivityTaskCompleted"]
    assert len(closings) == 1


# --- the process ----------------------------------------------------------------------------


class Process:
    """A worker's process, with a ValidateInput that lasts until told."""

    def __init__(self, settings: Settings, last_line: str) -> None:
        environment = {
            "DATA_DIR": str(settings.data_dir),
            "SWF_ENDPOINT": settings.swf_endpoint,
            "SWF_DOMAIN": DOMAIN,
            "SWF_TASK_LIST": LIST,
            "ENV_FILE": str(settings.data_dir / "empty.env"),
            **recording.environment(),
            "PATH": os.environ["PATH"],
        }
        self.process = cast(
            "Any",
            subprocess.Popen(
                [sys.executable, "-c", SLEEPER + last_line],
                env=environment,
                text=True,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            ),
        )

    def line(self) -> str:
        return str(self.process.stdout.readline())

    def read_until(self, text: str) -> None:
        while text not in (line := self.process.stderr.readline()):
            assert line, f"the worker ended without saying {text!r}"

    def finish(self) -> None:
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def ended(self) -> int:
        self.process.communicate(timeout=PATIENCE)
        return int(self.process.returncode)


@pytest.fixture
def process(request: pytest.FixtureRequest, settings: Settings, hand: Hand) -> Iterator[Process]:
    """The command `python activity_worker.py`, or what a test asks for instead."""
    made = Process(settings, getattr(request, "param", COMMAND))
    yield made
    made.process.kill()
    with made.process:  # closes its pipes and waits for it
        pass


@pytest.mark.parametrize(
    ("process", "number"),
    [
        (COMMAND, signal.SIGTERM),
        (COMMAND, signal.SIGINT),
        (SCRIPT, signal.SIGTERM),
        (SCRIPT, signal.SIGINT),
    ],
    indirect=["process"],
    ids=["command-SIGTERM", "command-SIGINT", "script-SIGTERM", "script-SIGINT"],
)
def test_a_signal_drains_the_worker(hand: Hand, process: Process, number: signal.Signals) -> None:
    hand.schedule("ValidateInput")
    assert process.line() == "begun\n"
    process.process.send_signal(number)
    process.read_until("takes no more tasks")
    process.finish()
    assert process.ended() == 0
    kind, attributes = hand.closing()
    assert (kind, attributes["result"]) == ("ActivityTaskCompleted", '{"finished":true}')


def test_an_idle_worker_hangs_up_at_once(hand: Hand, process: Process) -> None:
    process.read_until("Activity worker started")
    process.process.terminate()
    assert process.ended() == 0


@pytest.mark.parametrize("process", [COMMAND, SCRIPT], indirect=True, ids=["command", "script"])
def test_a_second_ctrl_c_leaves_at_once(hand: Hand, process: Process) -> None:
    hand.schedule("ValidateInput")
    assert process.line() == "begun\n"
    process.process.send_signal(signal.SIGINT)
    process.read_until("takes no more tasks")
    process.process.send_signal(signal.SIGINT)
    assert process.ended() in (130, -signal.SIGINT)


def test_a_crash_is_a_timeout(hand: Hand, process: Process, swf: LocalSWF) -> None:
    hand.schedule("ValidateInput")
    assert process.line() == "begun\n"
    process.process.kill()
    assert process.ended() == -signal.SIGKILL
    swf.clock.advance(HEARTBEAT + 1)
    kind, attributes = hand.closing()
    assert (kind, attributes["timeoutType"]) == ("ActivityTaskTimedOut", "HEARTBEAT")


def test_a_missing_domain_ends_the_worker_at_its_start(settings: Settings) -> None:
    with pytest.raises(DomainNotRegisteredError, match="setup"):
        ActivityWorker(settings).run()
