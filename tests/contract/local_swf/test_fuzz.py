"""Nothing a client can send gives a 500, a hang, a leaked task or a broken file."""

from __future__ import annotations

import json
import random
import socket
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local_swf import model
from local_swf.limits import Limits
from local_swf.tasklists import ListKey
from local_swf.testing import LocalSWF
from tests.contract.local_swf.history_rules import check_all_histories
from tests.contract.local_swf.swf_world import Raw, World, schedule

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


def likely(shape_name: str) -> st.SearchStrategy[Any]:
    """Values that mostly fit a shape of the model, and sometimes do not."""
    shape = model.shape(shape_name)
    kind = shape["type"]
    if kind == "structure":
        members = {name: likely(member["shape"]) for name, member in shape["members"].items()}
        required = {name: members.pop(name) for name in shape.get("required", ())}
        return st.fixed_dictionaries(required, optional=members) | JSON
    if kind == "list":
        return st.lists(likely(shape["member"]["shape"]), max_size=3)
    if kind == "string" and "enum" in shape:
        return st.sampled_from(shape["enum"])
    if kind == "string":
        return st.sampled_from(["d", "w", "main", "1", "0", "NONE", "order", "step", "a", ""]) | (
            st.text(max_size=300)
        )
    return {
        "integer": st.integers(-2, 2000),
        "boolean": st.booleans(),
        "timestamp": st.integers(0, 2**33) | st.floats(allow_nan=False, allow_infinity=False),
    }[kind]


REQUESTS = st.sampled_from(sorted(model.operations())).flatmap(
    lambda name: st.tuples(st.just(name), likely(model.input_shape(name)))
)


@contextmanager
def quick_endpoint() -> Iterator[tuple[LocalSWF, Any, Raw]]:
    """An endpoint that holds no poll, with a registered world."""
    with LocalSWF(limits=Limits(poll_seconds=0.001)) as swf:
        client = swf.client()
        World(swf, client).register().start()
        raw = Raw(swf.url)
        yield swf, client, raw
        raw.connection.close()


@pytest.fixture(scope="module")
def fuzzed():
    with quick_endpoint() as parts:
        yield parts


@pytest.fixture(scope="module")
def decided():
    with quick_endpoint() as parts:
        yield parts


def check_file(swf: LocalSWF) -> None:
    def checked(endpoint: Any) -> Any:
        database = endpoint.engine._database
        gaps = database.one(
            "SELECT count(*) FROM runs WHERE last_event <>"
            " (SELECT count(*) FROM events WHERE events.run = runs.id)"
        )
        return database.one("PRAGMA integrity_check")[0], gaps[0]

    assert swf.call(checked) == ("ok", 0)


@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(request=REQUESTS)
def test_any_request_gets_a_proper_answer(fuzzed, request):
    _, _, raw = fuzzed
    operation, body = request
    response = raw.send(operation, json.dumps(body).encode())
    answer = response.read()
    assert response.status in (200, 400), (response.status, answer)
    if response.status == 400:
        assert json.loads(answer)["__type"]


def test_the_file_is_whole_after_all_that(fuzzed):
    check_file(fuzzed[0])


def respond(swf: LocalSWF, client: Any, raw: Raw, decisions: Any) -> int:
    """Answer a decision task of a fresh run; the status, whatever the decisions were."""
    world = World(swf, client)
    name = uuid.uuid4().hex
    world.start(name, taskList={"name": name})
    token = world.decision(name)["taskToken"]
    body = {"taskToken": token, "decisions": decisions}
    response = raw.send("RespondDecisionTaskCompleted", body)
    answer = response.read()
    if response.status == 400:  # refused as a whole: the task is still with its decider
        assert raw.call("RespondDecisionTaskCompleted", {"taskToken": token})[0] == 200, answer
    return response.status


@settings(max_examples=100, deadline=None)
@given(decisions=st.lists(likely("Decision"), max_size=4))
def test_any_decisions_are_carried_out_or_refused_as_a_whole(decided, decisions):
    assert respond(*decided, decisions) in (200, 400)


def test_the_histories_are_sound_after_all_that(decided):
    assert check_all_histories(decided[0]) > 50
    check_file(decided[0])


def mutated(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        position = chance.randrange(len(changed))
        kind = chance.randrange(3)
        if kind == 0:
            changed[position] = chance.randrange(256)
        elif kind == 1:
            del changed[position : position + chance.randint(1, 9)]
        else:
            changed[position:position] = chance.randbytes(chance.randint(1, 9))
        if not changed:
            return b"x"
    return bytes(changed)


def exchange(swf: LocalSWF, data: bytes) -> bytes:
    """Send bytes and read what comes back, if the endpoint takes them for a whole request."""
    where = urlsplit(swf.url)
    with socket.create_connection((where.hostname, where.port), timeout=0.05) as connection:
        connection.sendall(data)
        try:
            return connection.recv(65536)
        except (ConnectionResetError, TimeoutError):
            return b""


def test_mutated_bytes_never_give_a_500_or_a_hang(fuzzed):
    swf, _, _ = fuzzed
    body = json.dumps({"domain": "d", "workflowId": "w", "signalName": "s"}).encode()
    whole = (
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-amz-json-1.0\r\n"
        b"X-Amz-Target: SimpleWorkflowService.SignalWorkflowExecution\r\n"
        b"Content-Length: %d\r\n\r\n" % len(body) + body
    )
    chance = random.Random(7)
    statuses = set()
    for _ in range(150):
        statuses.add(exchange(swf, mutated(whole, chance))[9:12])
    assert statuses <= {b"", b"200", b"400", b"404", b"413"}
    assert b"400" in statuses
    check_file(swf)


def test_a_connection_that_stops_half_way_disturbs_nobody(world):
    where = urlsplit(world.swf.url)
    halves = []
    for sent in (b"POST / HT", b"POST / HTTP/1.1\r\nContent-Length: 50\r\n\r\n{", b""):
        connection = socket.create_connection((where.hostname, where.port))
        connection.sendall(sent)
        halves.append(connection)
    run_id = world.start()
    for connection in halves:
        connection.close()
    world.decide(schedule())
    assert world.types(run_id)[-1] == "ActivityTaskScheduled"


def test_a_broken_compression_and_a_wrong_length_are_refused(raw, world):
    response = raw.send("ListDomains", b"no gzip", {"Content-Encoding": "gzip"})
    assert response.status == 400
    response.read()
    answer = exchange(world.swf, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n")
    assert b" 400 " in answer.split(b"\r\n")[0]


RUDE = {"domain": "d", "taskList": {"name": "main"}}


def poll_and_hang_up(url: str, operation: str, chance: random.Random) -> None:
    """Poll, and reset the connection some moments later, whatever has come."""
    where = urlsplit(url)
    body = json.dumps(RUDE).encode()
    with socket.create_connection((where.hostname, where.port)) as connection:
        connection.sendall(
            b"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: SimpleWorkflowService."
            + operation.encode()
            + b"\r\nContent-Length: %d\r\n\r\n" % len(body)
            + body
        )
        time.sleep(chance.random() * 0.003)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def test_pollers_that_hang_up_at_any_moment_leak_no_task():
    """What reached a dead socket is lost until its timeout; nothing else is, and all runs end."""
    with LocalSWF(limits=Limits(poll_seconds=0.05)) as swf:
        client = swf.client()
        world = World(swf, client).register()
        for number in range(20):
            world.start(str(number), taskStartToCloseTimeout="1")
        chance = random.Random(3)
        for _ in range(20):
            for operation in ("PollForDecisionTask", "PollForActivityTask"):
                poll_and_hang_up(swf.url, operation, chance)
        deadline = time.monotonic() + 20
        since = {"domain": "d", "startTimeFilter": {"oldestDate": 0}}
        while client.count_open_workflow_executions(**since)["count"]:
            assert time.monotonic() < deadline
            task = world.decision()
            if task.get("taskToken"):
                world.respond(task, {"decisionType": "CompleteWorkflowExecution"})
        left = swf.call(lambda endpoint: endpoint.engine._state)
        assert not left.started
        assert left.tasks.waiting_tasks(ListKey("decision", 1, "main")) == 0
        check_file(swf)
