"""Lambda tasks: a Python callable or a URL, and every way they end."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from local_swf.testing import LocalSWF
from tests.contract.local_swf.swf_world import World, decision, last
from tests.contract.local_swf.test_polls import until

ROLE = "arn:aws:iam::123456789012:role/r"


def fails(_):
    raise ValueError("no")


@pytest.fixture
def released() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def world(released) -> Iterator[World]:
    functions = {"double": lambda n: n * 2, "echo": lambda x: x, "fails": fails}
    functions["slow"] = lambda _: released.wait(20)
    with LocalSWF(virtual_clock=True, skipping=False, functions=functions) as swf:
        yield World(swf, swf.client()).register()


def call(name, lambda_id="1", **given):
    return decision("ScheduleLambdaFunction", id=lambda_id, name=name, **given)


def ended(world, run_id, event):
    until(lambda: event in world.types(run_id))
    return last(world.history(run_id), event)


def test_a_function_gets_its_input_and_its_answer_is_the_result(world):
    run_id = world.start(lambdaRole=ROLE)
    world.decide(call("double", input="21", control="c"))
    assert ended(world, run_id, "LambdaFunctionCompleted") == {
        "result": "42",
        "scheduledEventId": 5,
        "startedEventId": 6,
    }
    assert last(world.history(run_id), "LambdaFunctionScheduled") == {
        "control": "c",
        "decisionTaskCompletedEventId": 4,
        "id": "1",
        "input": "21",
        "name": "double",
        "startToCloseTimeout": "900",
    }
    assert world.types(run_id)[-1] == "DecisionTaskScheduled"


@pytest.mark.parametrize("prefix", ["arn:aws:lambda:us-east-1:123456789012:function:", ""])
@pytest.mark.parametrize("ending", ["", ":7"])
def test_a_function_may_be_named_by_its_arn(prefix, ending):
    with LocalSWF(functions={"add": lambda given: given["a"] + 1}) as swf:
        world = World(swf, swf.client()).register()
        run_id = world.start(lambdaRole="arn:aws:iam::1:role/r")
        name = f"{prefix}add{ending}"
        world.decide(decision("ScheduleLambdaFunction", id="1", name=name, input='{"a": 1}'))
        until(lambda: "LambdaFunctionCompleted" in world.types(run_id))
        assert last(world.history(run_id), "LambdaFunctionCompleted")["result"] == "2"


@pytest.mark.parametrize(("given", "result"), [({}, "{}"), ({"input": "not json"}, '"not json"')])
def test_input_that_is_absent_or_no_json(world, given, result):
    run_id = world.start(lambdaRole=ROLE)
    world.decide(call("echo", **given))
    assert ended(world, run_id, "LambdaFunctionCompleted")["result"] == result


@pytest.mark.parametrize(
    ("name", "reason"), [("fails", "Unhandled"), ("none", "ResourceNotFoundException")]
)
def test_a_function_that_fails_or_does_not_exist(world, name, reason):
    run_id = world.start(lambdaRole=ROLE)
    world.decide(call(name))
    assert ended(world, run_id, "LambdaFunctionFailed")["reason"] == reason


def test_a_function_that_takes_too_long_times_out_and_its_answer_is_dropped(world, released):
    run_id = world.start(lambdaRole=ROLE)
    world.decide(call("slow", startToCloseTimeout="5"), call("slow"))
    assert last(world.history(run_id), "ScheduleLambdaFunctionFailed")["cause"] == (
        "ID_ALREADY_IN_USE"
    )
    world.swf.clock.advance(5)
    assert last(world.history(run_id), "LambdaFunctionTimedOut") == {
        "scheduledEventId": 5,
        "startedEventId": 8,
        "timeoutType": "START_TO_CLOSE",
    }
    released.set()
    until(lambda: not world.swf.call(lambda endpoint: endpoint.engine._state.started))
    assert "LambdaFunctionCompleted" not in world.types(run_id)


def test_without_a_role_the_function_is_not_started(world):
    run_id = world.start()
    world.decide(call("double"))
    assert world.types(run_id)[4:] == [
        "LambdaFunctionScheduled",
        "StartLambdaFunctionFailed",
        "DecisionTaskScheduled",
    ]
    failed = last(world.history(run_id), "StartLambdaFunctionFailed")
    assert (failed["cause"], failed["scheduledEventId"]) == ("ASSUME_ROLE_FAILED", 5)
    assert world.describe(run_id)["openCounts"]["openLambdaFunctions"] == 0


class Doubler(BaseHTTPRequestHandler):
    def do_POST(self):
        number = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        body = json.dumps(number * 2).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def test_a_function_behind_a_url():
    with HTTPServer(("127.0.0.1", 0), Doubler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}/"
        with LocalSWF(functions={"remote": url}) as swf:
            world = World(swf, swf.client()).register()
            run_id = world.start(lambdaRole=ROLE)
            world.decide(call("remote", input="4"))
            assert ended(world, run_id, "LambdaFunctionCompleted")["result"] == "8"
        server.shutdown()
        thread.join()


def test_what_ran_when_the_endpoint_ended_is_called_again(tmp_path, released):
    calls = []

    def function(_):
        calls.append(1)
        return released.wait(20) if len(calls) == 1 else "again"

    with LocalSWF(tmp_path / "swf.sqlite", functions={"f": function}) as swf:
        world = World(swf, swf.client()).register()
        run_id = world.start(lambdaRole=ROLE)
        world.decide(call("f"))
        until(lambda: calls)
        swf.restart()
        assert ended(world, run_id, "LambdaFunctionCompleted")["result"] == '"again"'
        assert world.types(run_id).count("LambdaFunctionStarted") == 1
