"""The client on the embedded SWF: what moto lacks, what faults do, and crashes."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

import config
import wire
from errors import EngineUnreachableError, TaskLostError, UnknownExecutionError
from local_swf import daemon
from local_swf.testing import LocalSWF
from swf_client import Patience, SwfClient
from tests.contract.test_swf_client import (
    LIST,
    LONG,
    as_daemon,
    decide,
    decision,
    facts,
    in_work,
    schedule,
    start,
    types,
)

QUICK = Patience(first_wait=0.001, longest_wait=0.01)


@pytest.fixture
def swf(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalSWF]:
    with LocalSWF(virtual_clock=True, skipping=False) as endpoint:
        as_daemon(endpoint, monkeypatch)
        yield endpoint


@pytest.fixture
def client(swf: LocalSWF, tmp_path: Path) -> SwfClient:
    return registered("local", tmp_path)


def registered(endpoint: str, folder: Path) -> SwfClient:
    settings = {"SWF_ENDPOINT": endpoint, "DATA_DIR": str(folder), "SWF_TASK_LIST": LIST}
    made = SwfClient(config.load(settings), patience=QUICK)
    made.register_domain(30)
    made.register_workflow_type(name="P", version="1")
    made.register_activity_type(name="A", version="1")
    return made


class TestTasks:
    def test_a_sticky_list_gets_what_is_new(self, client: SwfClient) -> None:
        start(client)
        decide(client, sticky_list="mine", sticky_timeout=5)
        client.signal("w", "S")
        task = client.poll_decision_task("mine", since_previous=True)
        assert task is not None
        assert types(task["events"])[0] == "DecisionTaskStarted"
        assert task["events"][0]["eventId"] == task["previousStartedEventId"] == 3
        client.respond_decision_task(task["taskToken"], [], sticky_list=LIST)

    def test_and_the_shared_list_when_its_decider_is_gone(
        self, client: SwfClient, swf: LocalSWF
    ) -> None:
        start(client)
        decide(client, sticky_list="mine", sticky_timeout=5)
        client.signal("w", "S")
        swf.clock.advance(6)
        task = client.poll_decision_task(LIST)
        assert task is not None
        assert task["events"][0]["eventId"] == 1

    def test_a_task_of_many_pages_has_all_events(self, client: SwfClient) -> None:
        start(client)
        marker = decision("RecordMarker", markerName="M", details="{}")
        for _ in range(11):
            client.signal("w", "S")
            decide(client, *[marker] * 100)
        client.signal("w", "S")
        task = client.poll_decision_task(LIST)
        assert task is not None
        assert len(task["events"]) > 1100
        ids = [item["eventId"] for item in task["events"]]
        assert ids == list(range(1, task["startedEventId"] + 1))
        run_id = task["workflowExecution"]["runId"]
        assert [item["eventId"] for item in client.history("w", run_id, page_size=100)] == ids

    def test_an_activity_learns_that_it_should_stop(self, client: SwfClient) -> None:
        task = in_work(client)
        client.signal("w", "S")
        decide(client, decision("RequestCancelActivityTask", activityId="a1.1"))
        assert client.heartbeat(task["taskToken"]) is True
        client.cancel_activity_task(task["taskToken"], LONG)
        canceled = next(
            item for item in decide(client)["events"] if item["eventType"] == "ActivityTaskCanceled"
        )
        assert facts(client.decode_event(canceled))["details"] == LONG

    def test_a_task_that_timed_out_is_lost(self, client: SwfClient, swf: LocalSWF) -> None:
        task = in_work(client)
        swf.clock.advance(61)
        with pytest.raises(TaskLostError):
            client.heartbeat(task["taskToken"])

    def test_a_successor_carries_a_long_value_outside(self, client: SwfClient) -> None:
        start(client)
        envelope = {"start_id": "s", "snapshot": {"a": 1}}
        text = wire.dumps(wire.wrap_start({"note": LONG}, envelope))
        successor = {
            "input": text,
            "taskList": {"name": LIST},
            "executionStartToCloseTimeout": "60",
            "taskStartToCloseTimeout": "30",
            "childPolicy": "TERMINATE",
        }
        decide(client, decision("ContinueAsNewWorkflowExecution", **successor))
        value, carried = wire.unwrap_start(wire.loads(facts(decide(client)["events"][0])["input"]))
        assert wire.is_reference(value)
        assert carried == envelope


class TestHangingUp:
    def test_a_drained_worker_leaves_at_once_and_takes_no_task_with_it(
        self, client: SwfClient, tmp_path: Path, swf: LocalSWF
    ) -> None:
        start(client)
        leaving = registered("local", tmp_path)
        results: list[Any] = []
        pollers = [
            threading.Thread(target=lambda: results.append(leaving.poll_activity_task(LIST)))
            for _ in range(8)
        ]
        for poller in pollers:
            poller.start()
        _wait_until(lambda: len(leaving._connection._transport._polling) == 8)
        leaving.stop()
        for poller in pollers:
            poller.join(10)
        assert results == [None] * 8
        decide(client, schedule())
        assert client.poll_activity_task(LIST) is not None

    def test_while_tasks_come_none_is_lost(
        self, client: SwfClient, tmp_path: Path, swf: LocalSWF
    ) -> None:
        """Whatever a poller that hangs up was handed, it or another one has it."""
        start(client)
        leaving = [registered("local", tmp_path) for _ in range(4)]
        results: list[Any] = []

        def poll(by: SwfClient) -> None:
            while (task := by.poll_activity_task(LIST)) is not None:
                results.append(task)

        pollers = [threading.Thread(target=poll, args=(by,)) for by in leaving]
        for poller in pollers:
            poller.start()
        activities = [schedule() for _ in range(40)]
        for number, activity in enumerate(activities):
            activity["scheduleActivityTaskDecisionAttributes"]["activityId"] = f"a{number}"
        decide(client, *activities)
        for by in leaving:
            by.stop()
        for poller in pollers:
            poller.join(10)
        while len({task["activityId"] for task in results}) < 40:
            task = client.poll_activity_task(LIST)
            assert task is not None
            results.append(task)


class TestFaults:
    def test_a_start_whose_answer_is_lost_happens_once(
        self, client: SwfClient, swf: LocalSWF
    ) -> None:
        swf.faults.add("drop", "StartWorkflowExecution", count=1)
        run_id = start(client)
        assert [item["execution"]["runId"] for item in client.open_executions()] == [run_id]

    def test_so_does_one_that_never_arrived_or_arrived_twice(
        self, client: SwfClient, swf: LocalSWF
    ) -> None:
        swf.faults.add("reset", "StartWorkflowExecution", count=3)
        swf.faults.add("twice", "StartWorkflowExecution", count=1)
        run_id = start(client)
        assert [item["execution"]["runId"] for item in client.open_executions()] == [run_id]

    def test_one_with_everything_going_wrong_does_too(
        self, client: SwfClient, swf: LocalSWF
    ) -> None:
        for kind in ("drop", "reset", "throttle", "unavailable"):
            swf.faults.add(kind, rate=0.2)
        swf.faults.add("twice", "StartWorkflowExecution", rate=0.5)
        for number in range(20):
            run_id = start(client, start_id=f"s{number}")
            client.terminate("w", run_id)
        swf.faults.clear()
        assert len(list(client.closed_executions(workflow_id="w"))) == 20
        assert list(client.open_executions()) == []

    def test_a_result_whose_answer_is_lost_was_taken(
        self, client: SwfClient, swf: LocalSWF
    ) -> None:
        task = in_work(client)
        swf.faults.add("drop", "RespondActivityTaskCompleted", count=1)
        with pytest.raises(TaskLostError) as raised:
            client.complete_activity_task(task["taskToken"], '{"done":true}')
        assert raised.value.perhaps_done
        assert "ActivityTaskCompleted" in types(decide(client)["events"])

    def test_a_decision_whose_answer_is_lost_was_taken_once(
        self, client: SwfClient, swf: LocalSWF
    ) -> None:
        run_id = start(client)
        swf.faults.add("drop", "RespondDecisionTaskCompleted", count=1)
        with pytest.raises(TaskLostError):
            decide(client, decision("RecordMarker", markerName="M"))
        assert types(list(client.history("w", run_id))).count("MarkerRecorded") == 1

    def test_a_poll_whose_task_is_lost_is_told_and_its_timeout_brings_it_back(
        self, client: SwfClient, swf: LocalSWF
    ) -> None:
        start(client)
        swf.faults.add("drop", "PollForDecisionTask", count=1)
        with pytest.raises(EngineUnreachableError):
            client.poll_decision_task(LIST)
        swf.clock.advance(31)
        assert "DecisionTaskTimedOut" in types(decide(client)["events"])

    def test_throttling_is_waited_out(self, client: SwfClient, swf: LocalSWF) -> None:
        swf.faults.add("throttle", count=5)
        assert client.describe_domain()["domainInfo"]["status"] == "REGISTERED"

    def test_a_signal_may_arrive_twice(self, client: SwfClient, swf: LocalSWF) -> None:
        run_id = start(client)
        swf.faults.add("drop", "SignalWorkflowExecution", count=1)
        client.signal("w", "S", '{"request_id":"one"}', run_id)
        assert types(list(client.history("w", run_id))).count("WorkflowExecutionSignaled") == 2


class TestReading:
    def test_lists_by_time_and_status(self, client: SwfClient, swf: LocalSWF) -> None:
        runs = []
        for number in range(3):
            runs.append(start(client, start_id=str(number)))
            swf.clock.advance(100)
            decide(client, decision("CompleteWorkflowExecution"))
        first, second, third = [
            client.describe("w", run)["executionInfo"]["startTimestamp"] for run in runs
        ]

        def ids(**wanted: Any) -> list[str]:
            found = client.closed_executions(**wanted)
            return [item["execution"]["runId"] for item in found]

        assert ids() == runs[::-1]
        assert ids(reverse=True) == runs
        assert ids(since=second) == [runs[2], runs[1]]
        assert ids(until=second.timestamp()) == [runs[1], runs[0]]
        assert ids(since=third, by_close_time=True) == [runs[2], runs[1]]
        assert ids(status="COMPLETED", type_name="P", until=first) == [runs[0]]
        assert ids(since=datetime(2999, 1, 1, tzinfo=timezone.utc)) == []

    def test_types_by_name_and_status(self, client: SwfClient) -> None:
        client.register_workflow_type(name="Q", version="1")
        client.client.deprecate_workflow_type(
            domain=client.domain, workflowType={"name": "P", "version": "1"}
        )

        def names(*name: str, **status: str) -> list[str]:
            found = client.list_workflow_types(*name, **status)
            return [item["workflowType"]["name"] for item in found]

        assert names() == names("Q") == ["Q"]
        assert names("P") == []
        assert names(status="DEPRECATED") == ["P"]

    def test_a_request_to_cancel_reaches_open_runs_only(self, client: SwfClient) -> None:
        run_id = start(client)
        client.request_cancel("w")
        assert types(list(client.history("w", run_id)))[-1] == "WorkflowExecutionCancelRequested"
        client.terminate("w")
        with pytest.raises(UnknownExecutionError):
            client.request_cancel("w", run_id)


@pytest.mark.skipif(os.name == "nt", reason="kills as POSIX does")
class TestCrash:
    """`SWF_ENDPOINT=local` with its real process."""

    @pytest.fixture
    def client(self, tmp_path: Path) -> Iterator[SwfClient]:
        made = registered("local", tmp_path)
        yield made
        daemon.stop(made.settings.swf_dir)

    def test_nothing_is_lost_when_the_endpoint_is_killed(self, client: SwfClient) -> None:
        task = in_work(client)
        kill_endpoint(client)
        client.complete_activity_task(task["taskToken"], "{}")
        kill_endpoint(client)
        assert "ActivityTaskCompleted" in types(decide(client)["events"])

    def test_a_poll_that_breaks_off_is_told_and_the_next_one_works(self, client: SwfClient) -> None:
        broken: list[Any] = []

        def poll() -> None:
            try:
                client.poll_activity_task(LIST)
            except EngineUnreachableError as error:
                broken.append(error)

        poller = threading.Thread(target=poll)
        poller.start()
        _wait_until(lambda: bool(client._connection._transport._polling))
        kill_endpoint(client)
        poller.join(10)
        assert len(broken) == 1
        assert in_work(client)["activityId"] == "a1.1"


def kill_endpoint(client: SwfClient) -> None:
    endpoint = daemon.status(client.settings.swf_dir)
    assert endpoint is not None
    os.kill(endpoint.pid, signal.SIGKILL)
    _wait_until(lambda: daemon.status(client.settings.swf_dir) is None)


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)
