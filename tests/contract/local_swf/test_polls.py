"""Long polls: answered the moment a task appears, fair, and never given to the dead."""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from local_swf.limits import Limits
from local_swf.testing import LocalSWF
from tests.contract.local_swf.swf_world import Raw, World, schedule


def until(condition: Callable[[], Any], seconds: float = 5.0) -> None:
    """Wait for a condition of another thread or process."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true"
        time.sleep(0.002)


def waiting(swf: LocalSWF, number: int) -> None:
    """Wait until so many polls wait."""
    until(lambda: swf.call(lambda endpoint: endpoint.engine.waiting_pollers) == number)


def hold_poll(swf: LocalSWF, operation: str = "PollForActivityTask") -> socket.socket:
    """Send a poll and leave it unanswered."""
    where = urlsplit(swf.url)
    connection = socket.create_connection((where.hostname, where.port))
    body = json.dumps({"domain": "d", "taskList": {"name": "main"}}).encode()
    connection.sendall(
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-amz-json-1.0\r\n"
        b"X-Amz-Target: SimpleWorkflowService." + operation.encode() + b"\r\n"
        b"Content-Length: %d\r\n\r\n" % len(body) + body
    )
    return connection


def test_a_waiting_poll_is_answered_when_a_task_appears(world):
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(
            world.swf.client().poll_for_decision_task, domain="d", taskList={"name": "main"}
        )
        waiting(world.swf, 1)
        run_id = world.start()
        assert answer.result(5)["workflowExecution"]["runId"] == run_id


def test_polls_are_served_in_the_order_in_which_they_came(world):
    world.start()
    task = world.decision()
    connections = []
    for number in range(3):
        connections.append(hold_poll(world.swf))
        waiting(world.swf, number + 1)
    world.respond(task, *(schedule(str(number)) for number in range(3)))
    for number, connection in enumerate(connections):
        assert f'"activityId":"{number}"'.encode() in connection.recv(65536)
        connection.close()


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("PollForDecisionTask", b'{"previousStartedEventId":0,"startedEventId":0}'),
        ("PollForActivityTask", b'{"startedEventId":0}'),
    ],
)
def test_a_poll_that_finds_nothing_leaves_the_token_out(operation, body):
    with LocalSWF(limits=Limits(poll_seconds=0.01)) as swf:
        World(swf, swf.client()).register()
        raw = Raw(swf.url)
        response = raw.send(operation, {"domain": "d", "taskList": {"name": "none"}})
        assert (response.status, response.read()) == (200, body)
        raw.connection.close()


def test_a_poller_that_hung_up_while_waiting_gets_nothing(world):
    dead = hold_poll(world.swf)
    waiting(world.swf, 1)
    dead.close()
    waiting(world.swf, 0)
    run_id = world.start()
    world.decide(schedule())
    assert world.activity()["startedEventId"] == 6
    assert world.types(run_id).count("ActivityTaskStarted") == 1


@pytest.mark.parametrize("operation", ["PollForActivityTask", "PollForDecisionTask"])
def test_a_task_whose_answer_cannot_be_written_goes_to_the_next_poller(world, operation):
    """The commit that holds the Started event is kept waiting while its client hangs up."""
    run_id = world.start()
    activity = operation == "PollForActivityTask"
    if activity:
        world.decide(schedule())
    held, go_on = threading.Event(), threading.Event()

    def hold_commits(endpoint: Any) -> None:
        commits = endpoint.engine._commits
        commit = commits.commit

        def late() -> None:
            held.set()
            go_on.wait(5)
            commits.commit = commit
            commit()

        commits.commit = late

    world.swf.call(hold_commits)
    dead = hold_poll(world.swf, operation)
    assert held.wait(5)
    dead.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    dead.close()
    go_on.set()
    task = world.activity() if activity else world.decision()
    started = "ActivityTaskStarted" if activity else "DecisionTaskStarted"
    assert world.types(run_id).count(started) == 1
    assert task["startedEventId"] == (6 if activity else 3)
    if activity:
        world.client.respond_activity_task_completed(taskToken=task["taskToken"])
    else:
        world.respond(task)


def test_the_token_of_an_unwritten_answer_is_unknown(world):
    world.start()
    world.decide(schedule())
    first = world.activity()

    def give_back(endpoint: Any) -> None:
        from local_swf.tasklists import HandOut, Task

        task = Task("activity", 1, 5)
        endpoint.engine.give_back(HandOut(b"", task, 6, 0, endpoint.engine._commits.outcome()))

    world.swf.call(give_back)
    with pytest.raises(ClientError, match="Unknown activity, scheduledEventId = 5"):
        world.client.record_activity_task_heartbeat(taskToken=first["taskToken"])
    second = world.activity()
    assert second["taskToken"] != first["taskToken"]
    assert second["startedEventId"] == first["startedEventId"]
    with pytest.raises(ClientError, match="Unknown activity"):
        world.client.respond_activity_task_completed(taskToken=first["taskToken"])
    world.client.respond_activity_task_completed(taskToken=second["taskToken"])


def ask(world: World, operation: str) -> None:
    """One request of an operation."""
    if operation == "ListDomains":
        world.client.list_domains(registrationStatus="REGISTERED")
    else:
        world.decision()


def test_clients_that_hang_up_are_not_worth_a_line_in_the_log(world, caplog):
    """Waiting as a poll, half-way through a request, and with answers still to come."""
    caplog.set_level(logging.INFO, "local_swf")
    caplog.set_level(logging.INFO, "asyncio")
    port = urlsplit(world.swf.url).port
    body = b'{"registrationStatus":"REGISTERED"}'
    request = (
        b"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: SimpleWorkflowService.ListDomains\r\n"
        b"Content-Length: %d\r\n\r\n" % len(body) + body
    )
    for sent in (request * 200, request[:60], request[:-1], request):
        with socket.create_connection(("127.0.0.1", port)) as connection:
            world.swf.call(lambda _, c=connection, s=sent: (c.sendall(s), c.close()))
    for fault in ("drop", "reset"):
        for operation in ("ListDomains", "PollForDecisionTask"):
            world.start(f"{fault} {operation}")
            world.swf.faults.add(fault, operation, count=1)
            with pytest.raises(ConnectionClosedError):
                ask(world, operation)
    held = hold_poll(world.swf)
    waiting(world.swf, 1)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    held.close()
    waiting(world.swf, 0)
    assert [(record.name, record.getMessage()) for record in caplog.records] == []


def test_an_empty_poll_can_be_told_to_show_an_empty_token():
    with LocalSWF(limits=Limits(poll_seconds=0.01), empty_task_token=True) as swf:
        World(swf, swf.client()).register()
        raw = Raw(swf.url)
        nothing = {"domain": "d", "taskList": {"name": "none"}}
        assert raw.call("PollForActivityTask", nothing) == (
            200,
            {"startedEventId": 0, "taskToken": ""},
        )
        raw.connection.close()


def test_too_many_pollers_of_a_list_are_refused():
    with LocalSWF(limits=Limits(pollers=1)) as swf:
        world = World(swf, swf.client()).register()
        held = hold_poll(swf)
        waiting(swf, 1)
        with pytest.raises(ClientError, match="Limit on maximum concurrent poll requests"):
            world.activity()
        held.close()


def test_a_poll_of_an_unknown_domain_is_refused_at_once(world):
    with pytest.raises(ClientError, match="Unknown domain: nowhere"):
        world.client.poll_for_activity_task(domain="nowhere", taskList={"name": "l"})
