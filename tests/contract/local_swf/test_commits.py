"""One commit for many requests, and what a commit that fails means for all of them."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_swf import decision_tasks, timeouts
from local_swf.deadlines import TIMER
from local_swf.errors import CommitFailedError
from local_swf.testing import LocalSWF
from tests.contract.local_swf.swf_world import (
    COMPLETE,
    WORKFLOW,
    Raw,
    World,
    decision,
    schedule,
    timer,
)
from tests.contract.local_swf.test_polls import until, waiting


def fail_next_commit(endpoint: Any) -> None:
    database = endpoint.engine._database
    execute = database.execute

    def failing(sql: str, *parameters: Any) -> Any:
        if sql == "COMMIT":
            database.execute = execute
            raise sqlite3.OperationalError("disk I/O error")
        return execute(sql, *parameters)

    database.execute = failing


def test_a_failed_commit_is_a_500_and_nothing_of_it_has_happened(world):
    world.swf.call(fail_next_commit)
    with pytest.raises(ClientError) as refused:
        world.start()
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    run_id = world.start()
    world.decide(COMPLETE)
    assert world.types(run_id)[-1] == "WorkflowExecutionCompleted"


def test_a_refusal_that_rests_on_what_could_not_be_written_is_a_500(world):
    world.swf.faults.add("twice", "StartWorkflowExecution", count=1)
    world.swf.call(fail_next_commit)
    with pytest.raises(ClientError) as refused:
        world.start()  # not 'already started': the first of the two was never written
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    world.start()


def fail_next_insert(endpoint: Any) -> None:
    database = endpoint.engine._database
    execute = database.execute

    def failing(sql: str, *parameters: Any) -> Any:
        if sql.startswith("INSERT"):
            database.execute = execute
            raise sqlite3.OperationalError("database or disk is full")
        return execute(sql, *parameters)

    database.execute = failing


def test_a_disk_that_is_full_in_the_middle_of_a_request_is_a_500_without_a_trace(world, caplog):
    world.swf.call(fail_next_insert)
    with pytest.raises(ClientError) as refused:
        world.start()
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert "database or disk is full" in caplog.text
    assert not [record for record in caplog.records if record.exc_info]
    world.start()


def test_a_task_whose_hand_out_failed_waits_for_the_next_poller(world):
    run_id = world.start()
    world.decide(schedule())
    world.swf.call(fail_next_commit)
    with pytest.raises(ClientError) as refused:
        world.activity()
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    token = world.activity()["taskToken"]
    world.client.respond_activity_task_completed(taskToken=token)
    assert world.types(run_id).count("ActivityTaskStarted") == 1


def test_a_waiting_poller_outlives_the_failed_commit_of_another(world):
    with ThreadPoolExecutor(1) as pool:
        poll = pool.submit(
            world.swf.client().poll_for_decision_task, domain="d", taskList={"name": "other"}
        )
        waiting(world.swf, 1)
        world.swf.call(fail_next_commit)
        with pytest.raises(ClientError):
            world.start("a")
        world.start("b", taskList={"name": "other"})
        assert poll.result(5)["workflowExecution"]["workflowId"] == "b"


def test_requests_that_come_together_share_a_commit(world):
    commits = []

    def count(endpoint: Any) -> None:
        database = endpoint.engine._database
        execute = database.execute

        def counting(sql: str, *parameters: Any) -> Any:
            if sql == "COMMIT":
                commits.append(1)
            return execute(sql, *parameters)

        database.execute = counting

    clients = [Raw(world.swf.url) for _ in range(8)]
    for raw in clients:  # connected, so that only the requests themselves follow
        raw.call("ListDomains", {"registrationStatus": "REGISTERED"})
    world.swf.call(count)

    def stall(_: Any) -> None:
        """Keep the loop busy while all requests arrive."""
        with ThreadPoolExecutor(len(clients)) as pool:
            for number, raw in enumerate(clients):
                pool.submit(send, raw, number)

    def send(raw: Raw, number: int) -> None:
        body = (
            f'{{"domain":"d","workflowId":"{number}",'
            '"workflowType":{"name":"order","version":"1"}}'
        )
        headers = {"X-Amz-Target": "SimpleWorkflowService.StartWorkflowExecution"}
        raw.connection.request("POST", "/", body, headers)

    world.swf.call(stall)
    for raw in clients:
        response = raw.connection.getresponse()
        assert response.status == 200
        response.read()
        raw.connection.close()
    assert len(commits) < len(clients)


def fill_disk(endpoint: Any) -> None:
    """What SQLite does when an event finds no room: the whole transaction is rolled back."""
    endpoint.engine._database.execute(
        "CREATE TEMP TRIGGER full BEFORE INSERT ON events"
        " BEGIN SELECT RAISE(ROLLBACK, 'database or disk is full'); END"
    )


def empty_disk(endpoint: Any) -> None:
    endpoint.engine._database.execute("DROP TRIGGER full")


def stop_growth(endpoint: Any) -> None:
    """No further page may be added to the file."""
    endpoint.engine._database.execute("PRAGMA max_page_count = 1")


def allow_growth(endpoint: Any) -> None:
    endpoint.engine._database.execute("PRAGMA max_page_count = 1000000")


def lock_database(endpoint: Any) -> None:
    """No transaction can be opened, as when another program holds the file."""
    database = endpoint.engine._database
    execute = database.execute

    def failing(sql: str, *parameters: Any) -> Any:
        if sql.startswith("BEGIN"):
            raise sqlite3.OperationalError("database is locked")
        return execute(sql, *parameters)

    database.execute = failing


def unlock_database(endpoint: Any) -> None:
    database = endpoint.engine._database
    database.execute = database.connection.execute


BROKEN = pytest.mark.parametrize(
    ("break_it", "mend"), [(fill_disk, empty_disk), (lock_database, unlock_database)]
)
LONG = "x" * 30_000
"""More than fits the free room of any page."""


@pytest.fixture
def filed(tmp_path):
    """A world on a file."""
    with LocalSWF(tmp_path / "swf.sqlite", virtual_clock=True, skipping=False) as swf:
        yield World(swf, swf.client()).register()


def is_500(call: Any, *arguments: Any, **options: Any) -> bool:
    with pytest.raises(ClientError) as refused:
        call(*arguments, **options)
    return refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500


@pytest.mark.parametrize(
    ("break_it", "mend"),
    [(fill_disk, empty_disk), (stop_growth, allow_growth), (lock_database, unlock_database)],
)
def test_requests_fail_while_nothing_can_be_written_and_work_again_afterwards(
    filed, break_it, mend
):
    filed.swf.call(break_it)
    for _ in range(2):
        assert is_500(filed.start, input=LONG)
    filed.swf.call(mend)
    run_id = filed.start(input=LONG)
    filed.decide(COMPLETE)
    assert filed.types(run_id)[-1] == "WorkflowExecutionCompleted"
    assert filed.client.count_open_workflow_executions(
        domain="d", startTimeFilter={"oldestDate": 0}
    )["count"] == 0  # fmt: skip


@BROKEN
def test_tasks_that_could_not_be_handed_out_are_handed_out_later(filed, break_it, mend):
    run_id = filed.start()
    filed.decide(schedule())
    filed.client.signal_workflow_execution(domain="d", workflowId="w", signalName="s")
    filed.swf.call(break_it)
    assert is_500(filed.activity)
    assert is_500(filed.decision)
    filed.swf.call(mend)
    token = filed.activity()["taskToken"]
    filed.client.respond_activity_task_completed(taskToken=token)
    filed.decide(COMPLETE)
    types = filed.types(run_id)
    assert types[-1] == "WorkflowExecutionCompleted"
    assert types.count("ActivityTaskStarted") == 1
    filed.swf.restart()
    assert filed.types(run_id) == types


@BROKEN
def test_a_timer_that_could_not_fire_fires_when_the_disk_is_back(filed, break_it, mend):
    run_id = filed.start()
    filed.decide(timer("one", 10), timer("two", 20))
    filed.swf.call(break_it)
    with contextlib.suppress(sqlite3.Error):
        filed.swf.clock.advance(30)
    until(lambda: filed.swf.call(lambda endpoint: endpoint.engine._commits.failures) >= 1)
    assert "TimerFired" not in filed.types(run_id)
    filed.swf.call(mend)
    until(lambda: filed.types(run_id).count("TimerFired") == 2)


def test_a_full_disk_fails_all_that_share_the_commit_and_nothing_of_it_stays(filed):
    """SQLite ends the whole transaction at the first statement that finds no room."""

    def two_requests(endpoint: Any) -> tuple[Any, bool]:
        engine = endpoint.engine
        given = {"domain": "d", "workflowType": WORKFLOW}
        engine.call("StartWorkflowExecution", {**given, "workflowId": "a"})
        first = engine._commits.outcome()
        stop_growth(endpoint)
        with pytest.raises(sqlite3.Error):
            engine.call("StartWorkflowExecution", {**given, "workflowId": "b", "input": LONG})
        allow_growth(endpoint)
        engine.call("StartWorkflowExecution", {**given, "workflowId": "c"})
        return first.exception(), engine._commits.outcome().done()

    error, third_is_done = filed.swf.call(two_requests)
    assert isinstance(error, CommitFailedError)
    assert not third_is_done
    started = filed.client.list_open_workflow_executions(
        domain="d", startTimeFilter={"oldestDate": 0}
    )
    assert [info["execution"]["workflowId"] for info in started["executionInfos"]] == ["c"]
    assert filed.decision()["workflowExecution"]["workflowId"] == "c"


def test_the_outcome_of_a_lambda_task_is_written_once_that_is_possible(tmp_path):
    called, go_on = threading.Event(), threading.Event()

    def function(_: Any) -> str:
        called.set()
        go_on.wait(10)
        return "done"

    with LocalSWF(functions={"f": function}) as swf:
        world = World(swf, swf.client()).register()
        run_id = world.start(lambdaRole="arn:aws:iam::1:role/r")
        world.decide(decision("ScheduleLambdaFunction", id="1", name="f"))
        assert called.wait(5)
        swf.call(fail_next_commit)
        go_on.set()
        until(lambda: swf.call(lambda endpoint: endpoint.engine._commits.failures) == 1)
        until(lambda: "LambdaFunctionCompleted" in world.types(run_id))
        assert world.types(run_id).count("LambdaFunctionCompleted") == 1


def fail_deadlines(kind: str) -> Any:
    """Timeouts of one kind raise until the function that this answers is called."""
    working = timeouts._FIRE[kind]

    def failing(*_: Any) -> None:
        raise RuntimeError("a mistake in the endpoint")

    timeouts._FIRE[kind] = failing

    def mend() -> None:
        timeouts._FIRE[kind] = working

    return mend


def test_a_deadline_that_fails_is_tried_again_less_and_less_often_and_holds_up_no_other(
    world, caplog
):
    run_id = world.start()
    world.decide(timer("fails", 10), schedule(scheduleToStartTimeout="11"))
    mend = fail_deadlines(TIMER)
    try:
        world.swf.clock.advance(11)
        assert "ActivityTaskTimedOut" in world.types(run_id)
        world.swf.clock.advance(600)
    finally:
        mend()
    tries = [record for record in caplog.records if "could not be carried out" in record.message]
    assert 10 < len(tries) < 20
    assert "TimerFired" not in world.types(run_id)
    world.swf.clock.advance(60)
    assert world.types(run_id).count("TimerFired") == 1


def test_a_deadline_that_meets_a_full_disk_is_told_without_a_trace_and_tried_again(world, caplog):
    run_id = world.start()
    world.decide(timer("wakes", 10))
    world.swf.call(fill_disk)
    world.swf.clock.advance(11)
    world.swf.call(empty_disk)
    (told,) = [item for item in caplog.records if "could not be carried out" in item.message]
    assert "database or disk is full" in told.message
    assert not told.exc_info
    until(lambda: world.swf.clock.advance(2) or "TimerFired" in world.types(run_id))


def test_a_task_whose_hand_out_fails_is_offered_again(world, monkeypatch):
    world.start()
    with monkeypatch.context() as patched:
        patched.setattr(decision_tasks, "_first_page", lambda *_: 1 / 0)
        assert is_500(world.decision)
    assert world.decision()["startedEventId"] == 3
