"""Executions in States Language that wait: for task tokens, children, jobs, functions."""

from __future__ import annotations

import json

import pytest

import published
from errors import SignalRefusedError
from local_swf.testing import LocalSWF
from wire import pending
from workflow import commands

from .conftest import staged, until
from .machines import (
    CHILD,
    FUNCTION,
    ORDER,
    ask,
    failing,
    jump,
    line,
    machine,
    output,
    task,
    token_of,
    visits,
)

# --- task tokens ----------------------------------------------------------------------------------


def answer(stage, kind, token, **members):
    sending = {
        "TASK_SUCCESS": stage.starter.send_task_success,
        "TASK_FAILURE": stage.starter.send_task_failure,
    }
    return dict(sending[kind](token, **members))


RETRY = [{"ErrorEquals": ["No"], "IntervalSeconds": 5, "MaxAttempts": 2}]
CATCH = [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Mend"}]


def test_a_token_is_answered_once(stage):
    definition = machine({"Ask": ask(ResultPath="$.answer", Next="B"), **line("B")})
    stage.serve(definition)
    gate = stage.hold("B")
    run = stage.start(definition, ORDER)
    token = token_of(stage, run)
    stage.answered(answer(stage, "TASK_SUCCESS", token, output=[1]))
    gate.wait()
    with pytest.raises(SignalRefusedError, match="no state waits for this token"):
        answer(stage, "TASK_SUCCESS", token, output=[2])
    gate.open()
    assert output(stage, run)["answer"] == [1]


def test_a_token_is_answered_while_its_message_is_sent(stage):
    definition = machine({"Ask": ask(ResultPath="$.answer")})
    stage.serve(definition)
    gate = stage.hold("aws.sqs.sendMessage")
    run = stage.start(definition, ORDER)
    gate.wait()
    token = stage.calls[0].data["MessageBody"]["token"]
    stage.answered(answer(stage, "TASK_SUCCESS", token, output=[1]))
    assert output(stage, run)["answer"] == [1]


def test_a_failed_answer_is_retried_with_a_new_token_and_then_caught(stage):
    states = {"Ask": ask(Retry=RETRY, Catch=CATCH), "Mend": task("Mend", ResultPath="$.m")}
    definition = machine(states)
    stage.serve(definition)
    run = stage.start(definition, ORDER)
    seen = set()
    for _ in range(3):
        token = until(lambda: (found := token_of(stage, run)) not in seen and found)
        seen.add(token)
        answer(stage, "TASK_FAILURE", token, error="No", cause="because")
        stage.happens(run, "MarkerRecorded", 1 + len(seen))
    assert output(stage, run)["error"] == {"Error": "No", "Cause": "because"}
    assert [call.attempt for call in stage.calls if call.path == "Ask"] == [1, 2, 3]


@pytest.mark.parametrize("limit", ["TimeoutSeconds", "HeartbeatSeconds"])
def test_a_token_that_nobody_answers(stage, limit):
    states = {"Ask": ask(Catch=CATCH, **{limit: 500}), "Mend": task("Mend", ResultPath="$.m")}
    definition = machine(states)
    stage.serve(definition)
    run = stage.start(definition, ORDER)
    assert output(stage, run)["error"] == {"Error": "States.Timeout"}


def test_a_token_outlives_its_run(stage, monkeypatch):
    monkeypatch.setattr(commands, "HISTORY_SOFT_LIMIT", 14)
    definition = machine({"Ask": ask(ResultPath="$.answer")})
    stage.serve(definition)
    run = stage.start(definition, ORDER)
    token = token_of(stage, run)
    stage.starter.pause_workflow(run["workflow_id"])
    stage.starter.continue_workflow(run["workflow_id"])
    until(lambda: stage.starter.status(run["workflow_id"])["run_id"] != run["run_id"], "a new run")
    answer(stage, "TASK_SUCCESS", token, output="late but fine")
    found = stage.starter.wait(run["workflow_id"])
    assert found["result"]["answer"] == "late but fine"


@pytest.mark.parametrize("send", ["pause_workflow", "signal_workflow"])
def test_a_run_that_continues_as_new_meanwhile_hands_the_signal_on(stage, monkeypatch, send):
    monkeypatch.setattr(commands, "HISTORY_SOFT_LIMIT", 12)
    definition = machine({"Ask": ask(ResultPath="$.answer")})
    stage.serve(definition)
    run = stage.start(definition, ORDER)
    token_of(stage, run)
    who, client = run["workflow_id"], stage.starter.swf_client
    real, asked = client.signal, []

    def late(workflow_id, name, text, run_id):
        asked.append(run_id)
        if len(asked) == 1:
            real(who, "HI", "{}")  # its events bring the run to its end
            until(lambda: stage.starter.status(who)["run_id"] != run_id, "a new run")
        real(workflow_id, name, text, run_id)

    monkeypatch.setattr(client, "signal", late)
    sent = getattr(stage.starter, send)(who, **({} if send[0] == "p" else {"signal_name": "HI"}))
    assert asked == [run["run_id"], sent["run_id"]]
    assert sent["run_id"] != run["run_id"]


# --- children, jobs, functions --------------------------------------------------------------------

SUB = machine(line("Inner"), "Sub")


def parent(how, **members):
    given = {"StateMachineArn": "Sub", "Input": {"n": 1}}
    start = task("", **{"Resource": CHILD + how, "Parameters": given, **members})
    states = {"Start": {**start, "ResultPath": "$.child"}}
    if "Catch" in members:
        states["Mend"] = task("Mend", ResultPath="$.m")
    return machine(states, "Parent")


@pytest.mark.parametrize("how", [".sync:2", ".sync", ""])
def test_a_child_succeeds(stage, how):
    definition = parent(how)
    stage.serve(SUB, definition)
    found = output(stage, stage.start(definition, ORDER))["child"]
    if how == "":
        assert set(found) == {"ExecutionArn", "StartDate"}
    else:
        value = {"n": 1, "Inner": {"did": "Inner", "visit": 1}}
        assert found["Output"] == (
            value if how == ".sync:2" else json.dumps(value).replace(" ", "")
        )
        assert found["Status"] == "SUCCEEDED"


def test_a_child_of_whichever_version_is_looked_at_and_steered(stage):
    definition = parent(".sync:2")
    stage.serve(SUB, definition)
    gate = stage.hold("Inner")
    run = stage.start(definition, ORDER)
    gate.wait()
    newer = machine(line("Inner", "More"), "Sub", "2")
    published.write(newer)
    assert stage.starter.check_open_workflows()["findings"] == []
    with pytest.raises(SignalRefusedError, match="cannot be the result"):
        stage.starter.skip_step(run["workflow_id"], step_name="Start", result="x" * 300_000)
    gate.open()
    assert output(stage, run)["child"]["Output"]["n"] == 1


def test_a_child_that_is_not_published_is_waited_for(stage):
    definition = parent(".sync:2")
    stage.serve(definition)
    run = stage.start(definition, ORDER)
    until(lambda: "setup.py" in str(stage.status(run).get("blocked")), "BLOCKED")
    stage.publish(SUB)
    stage.work(SUB)
    stage.clock.advance(4_000)
    assert output(stage, run)["child"]["Status"] == "SUCCEEDED"


def test_a_childs_failure_is_caught(stage):
    definition = parent(".sync:2", Catch=CATCH)
    stage.serve(SUB, definition)
    stage.play("Inner", failing("DiskError"))
    error = output(stage, stage.start(definition, ORDER))["error"]
    assert error["Error"] == "States.TaskFailed"
    assert json.loads(error["Cause"])["Error"] == "DiskError"


def test_a_child_takes_too_long(stage):
    slow = machine({"W": {"Type": "Wait", "Seconds": 5_000, "End": True}}, "Sub")
    definition = parent(".sync:2", Catch=CATCH, TimeoutSeconds=100)
    stage.serve(slow, definition)
    run = stage.start(definition, ORDER)
    stage.happens(run, "ChildWorkflowExecutionStarted")
    stage.clock.advance(101)
    error = output(stage, run)["error"]
    assert error["Error"] == "States.Timeout"


def test_a_canceled_parent_cancels_its_child(stage):
    definition = parent(".sync:2")
    stage.serve(SUB, definition)
    gate = stage.hold("Inner")
    run = stage.start(definition, ORDER)
    gate.wait()
    stage.starter.cancel_workflow(**run)
    stage.ends(run, "CANCELED")
    listed = stage.starter.list_workflows(limit=None)
    assert {item["state"] for item in listed} == {"CANCELED"}


def test_a_job_is_asked_for_by_whichever_worker_is_there(stage):
    definition = machine({"Job": task("Job", ResultPath="$.job", TimeoutSeconds=500)})
    worker = stage.serve(definition)
    seen = []

    def job(_):
        seen.append(1)
        return pending({"id": len(seen)}, 60) if len(seen) < 3 else "done"

    stage.play("Job", job)
    stage.clock.lock()
    run = stage.start(definition, ORDER)
    until(lambda: seen, "the first answer")
    stage.happens(run, "TimerStarted")
    worker.stop()
    stage.work(definition)
    stage.clock.unlock()
    assert output(stage, run)["job"] == "done"
    assert len(seen) == 3


def test_a_job_takes_too_long(stage):
    states = {
        "Job": task("Job", Catch=CATCH, TimeoutSeconds=100),
        "Mend": task("Mend", ResultPath="$.m"),
    }
    definition = machine(states)
    stage.serve(definition)
    stage.play("Job", lambda _: pending(1, 30))
    assert output(stage, stage.start(definition, ORDER))["error"] == {"Error": "States.Timeout"}


def test_a_jump_away_from_a_job(stage):
    definition = machine({"A": task("A", ResultPath="$.a", Next="Job"), "Job": task("Job")})
    stage.serve(definition)
    stage.play("Job", lambda _: pending(1, 3_000))
    stage.clock.lock()
    run = stage.start(definition, ORDER)
    stage.happens(run, "TimerStarted")
    stage.play("Job", lambda _: "done")
    jump(stage, run, "A")
    stage.clock.unlock()
    assert output(stage, run) == "done"
    assert visits(stage) == {"A": 2, "Job": 2}


@pytest.fixture
def lambdas(tmp_path, monkeypatch, capsys):
    """A stage on which SWF calls Lambda functions itself."""
    role = "arn:aws:iam::123456789012:role/swf-lambda"
    with LocalSWF(virtual_clock=True) as swf:
        yield from staged(swf, tmp_path, monkeypatch, capsys, LAMBDA_ROLE=role)


def offer(stage, name, function):
    """Have SWF know a function."""
    stage.app.swf.call(lambda endpoint: endpoint.engine.functions.__setitem__(name, function))


def calling(name, **members):
    states = {"Call": task("", **{"Resource": FUNCTION + name, "ResultPath": "$.r", **members})}
    if "Catch" in members:
        states["Mend"] = task("Mend", ResultPath="$.m")
    return machine(states)


def test_swf_calls_a_function(lambdas):
    definition = calling("double", Parameters={"n.$": "$.n"})
    offer(lambdas, "double", lambda event: 2 * event["n"])
    lambdas.serve(definition)
    run = lambdas.start(definition, {"n": 4})
    assert output(lambdas, run)["r"] == 8
    assert len(lambdas.events(run, "LambdaFunctionScheduled")) == 1
    again = jump(lambdas, run, "Call", input={"n": 5})
    assert output(lambdas, dict(again))["r"] == 10
    assert lambdas.calls == []


def test_a_function_fails_is_retried_and_caught(lambdas):
    calls = []

    def broken(_):
        calls.append(1)
        raise ValueError("bad input")

    offer(lambdas, "f", broken)
    retry = [{"ErrorEquals": ["ValueError"], "MaxAttempts": 1}]
    definition = calling("f", Retry=retry, Catch=CATCH)
    lambdas.serve(definition)
    error = output(lambdas, lambdas.start(definition, {}))["error"]
    assert error["Error"] == "ValueError"
    assert json.loads(error["Cause"])["errorMessage"] == "bad input"
    assert len(calls) == 2


def test_a_function_that_is_not_there(lambdas):
    definition = calling("nowhere", Catch=CATCH)
    lambdas.serve(definition)
    error = output(lambdas, lambdas.start(definition, {}))["error"]
    assert error["Error"] == "Lambda.ResourceNotFoundException"


def test_a_function_takes_too_long(lambdas):
    done = []

    def slow(_):
        until(lambda: done, "the end of the test")

    offer(lambdas, "f", slow)
    definition = calling("f", Catch=CATCH, TimeoutSeconds=20)
    lambdas.serve(definition)
    run = lambdas.start(definition, {})
    lambdas.happens(run, "LambdaFunctionStarted")
    lambdas.clock.advance(21)
    assert output(lambdas, run)["error"] == {"Error": "States.Timeout"}
    done.append(1)
