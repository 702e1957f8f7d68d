"""One commit for many requests, and what a commit that fails means for all of them."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.contract.local_swf.swf_world import COMPLETE, Raw, schedule
from tests.contract.local_swf.test_polls import waiting


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
