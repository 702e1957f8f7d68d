"""Executions in States Language, steered on the embedded SWF by state name."""

from __future__ import annotations

import json

import pytest

import published
from errors import SignalRefusedError
from local_swf.testing import LocalSWF
from wire import pending
from workflow import commands

from .conftest import staged, until
from .machines import CHILD, FORK, FUNCTION, ORDER, ask, line, machine, scope, task

SHIP = machine(FORK)


def jump(stage, run, path, **options):
    return stage.starter.resume_workflow_from_step(**run, step_name=path, **options)


def output(stage, run):
    return stage.ends(run)["result"]


def visits(stage):
    return {call.path: call.visit for call in stage.calls}


def failing(error):
    kind = type(error, (Exception,), {})

    def function(_):
        raise kind("no disk")

    return function


# --- jumps ----------------------------------------------------------------------------------------


def test_back_with_edited_input_told_beforehand_and_audited(stage):
    stage.serve(SHIP)
    gate = stage.hold("Send")
    run = stage.start(SHIP, ORDER)
    gate.wait()
    arguments = ("resume", run["workflow_id"], "--step", "Ship", "--input", '{"city": "Recife"}')
    printed = stage.command(*arguments, "--dry-run")
    assert "Send is asked to stop" in printed
    assert 'city null becomes "Recife"' in printed
    assert "goes on at Ship (visit 2)" in printed
    stage.command(*arguments, "--actor", "ana", "--reason", "moved")
    gate.wait()
    gate.open()
    found = output(stage, run)
    assert found["city"] == found["ship"][0]["city"] == "Recife"
    [entry] = stage.audit(run)
    assert (entry["actor"], entry["reason"], entry["step"]) == ("ana", "moved", "Ship")
    assert entry["changes"][0]["after"]["city"] == "Recife"


def test_into_a_branch_and_an_item_the_others_keep_their_results(stage):
    stage.serve(SHIP)
    gate = stage.hold("Send")
    run = stage.start(SHIP, ORDER)
    gate.wait()
    stage.command("resume", run["workflow_id"], "--step", "Each[1].Label", "--input", '{"n": 9}')
    gate.wait()
    jump(stage, run, "Ship[1].Print")
    gate.wait()
    gate.open()
    found = output(stage, run)
    assert [item["n"] for item in found["each"]] == [0, 1, 2]  # entered anew, from Ship on
    assert visits(stage)["Ship[1].Print"] == 2
    assert visits(stage)["Ship[1].Bill"] == visits(stage)["Ship[0].Pack"] == 1
    labels = [visits(stage)[f"Each[{n}].Label"] for n in range(3)]
    assert labels == [2, 3, 2]


NAMES = ["v1.2", "a[0]", 'say "hi"', "two words", "Größe ✓"]


@pytest.mark.parametrize("name", NAMES)
def test_names_of_every_kind(stage, name):
    inner = {name: task("Inner", Next="Y"), "Y": task("Y")}
    fork = {"Type": "Parallel", "Branches": [scope(inner)], "Next": "Z", "ResultPath": "$.f"}
    definition = machine({"a.b": fork, "Z": task("Z", ResultPath="$.z")})
    stage.serve(definition)
    gate = stage.hold("Z")
    run = stage.start(definition, ORDER)
    gate.wait()
    path = stage.calls[0].path
    printed = stage.command("resume", run["workflow_id"], "--step", path)
    assert f"goes on at {path} (visit 2)" in printed
    gate.wait()
    stage.command("resume", run["workflow_id"], "--step", name)
    gate.wait()
    gate.open()
    stage.ends(run)
    assert [call.path for call in stage.calls].count(path) == 3


def test_go_back_run_again_and_skip(stage):
    definition = machine(line("A", "B", "C", "D"))
    stage.serve(definition)
    gate = stage.hold("C")
    run = stage.start(definition, ORDER)
    gate.wait()
    stage.starter.go_back(**run)
    gate.wait()
    stage.play("A", lambda _: "new")
    sent = stage.starter.reprocess_step(**run, step_name="A", reason="rates changed", actor="ana")
    stage.answered({**run, **sent}, "waiting")
    gate.open()
    found = output(stage, run)
    assert [call.activity for call in stage.calls] == ["A", "B", "C", "B", "C", "A", "D"]
    assert found["A"] == "new"
    assert found["B"] == {"did": "B", "visit": 2}


def test_skipped_with_a_result(stage):
    definition = machine(line("A", "B"))
    stage.serve(definition)
    gate = stage.hold("A")
    run = stage.start(definition, ORDER)
    gate.wait()
    stage.starter.skip_step(**run, step_name="A", result={"x": 1})
    assert output(stage, run)["A"] == {"x": 1}


def test_what_cannot_be_is_refused_beforehand(stage):
    states = {"P": {"Type": "Pass", "Next": "A"}, **line("A")}
    definition = machine(states)
    stage.serve(definition)
    gate = stage.hold("A")
    run = stage.start(definition, "text")
    gate.wait()
    with pytest.raises(SignalRefusedError, match="does no work"):
        stage.starter.reprocess_step(**run, step_name="P")
    with pytest.raises(SignalRefusedError, match="cannot be the result"):
        stage.starter.skip_step(**run, step_name="A", result={})
    with pytest.raises(SignalRefusedError, match="moved on"):
        jump(stage, run, "A", if_at="P:1")
    stage.starter.terminate_workflow(**run, reason="done")


def test_a_pause_within_branches_and_items(stage):
    stage.serve(SHIP)
    pick, bill = stage.hold("Pick"), stage.hold("Bill")
    run = stage.start(SHIP, ORDER)
    pick.wait()
    bill.wait()
    stage.starter.pause_workflow(**run)
    pick.open()
    bill.open()
    stage.reaches(run, state="PAUSED")
    stage.happens(run, "ActivityTaskCompleted", 2)
    assert "Ship[0].Pack" not in visits(stage)
    stage.starter.continue_workflow(**run)
    output(stage, run)


# --- undoing, ends --------------------------------------------------------------------------------


def saga(**more):
    states = line("A", "B", "C")
    states["A"] |= {"Compensation": "UndoA"}
    return machine(states, **more)


def test_roll_back(stage):
    definition = saga(Saga={"Transaction": "Record"})
    stage.serve(definition)
    gate = stage.hold("B")
    run = stage.start(definition, ORDER)
    gate.wait()
    stage.starter.roll_back_workflow(**run, reason="wrong order", actor="ana")
    found = stage.ends(run, "FAILED")
    assert found["reason"] == "Rolled back by ana"
    assert stage.done(undo=True) == ["A"]
    assert stage.calls[-1].activity == "Record"


@pytest.mark.parametrize("on_cancel", [False, True])
def test_cancel(stage, on_cancel):
    definition = saga(Saga={"OnCancel": on_cancel})
    stage.serve(definition)
    gate = stage.hold("B")
    run = stage.start(definition, ORDER)
    gate.wait()
    stage.starter.cancel_workflow(**run)
    stage.ends(run, "CANCELED")
    assert stage.done(undo=True) == (["A"] if on_cancel else [])


@pytest.mark.parametrize("on_deadline", [False, True])
def test_the_machines_time_limit(stage, on_deadline):
    states = {**saga().document["States"], "B": {"Type": "Wait", "Seconds": 5_000, "Next": "C"}}
    definition = machine(states, TimeoutSeconds=100, Saga={"OnDeadline": on_deadline})
    stage.serve(definition)
    run = stage.start(definition, ORDER)
    found = stage.ends(run, "TIMED_OUT")
    assert found["reason"] == "States.Timeout"
    assert stage.done(undo=True) == (["A"] if on_deadline else [])


@pytest.mark.parametrize("way", ["terminate", "cancel", "complete", "time out", "fail"])
def test_a_closed_execution_goes_on_from_a_state(stage, way):
    definition = machine(line("First", "Second", "Third", "Fourth"))
    stage.serve(definition)
    gate = stage.hold("Third")
    if way == "fail":
        stage.play("Third", failing("DiskError"))
    run = stage.start(definition, ORDER, timeout=60 if way == "time out" else None)
    if way == "fail":
        stage.starter.wait(**run)
    else:
        stage.closes(run, way, gate)
    stage.play("Third", lambda _: "mended")
    again = jump(stage, run, "Third", input={"city": "Recife"})
    found = output(stage, dict(again))
    assert found["Third"] == "mended"
    assert found["city"] == "Recife"
    assert found["First"] == {"did": "First", "visit": 1}


def test_a_closed_execution_goes_on_within_an_item(stage):
    stage.serve(SHIP)
    plain = stage.plays.get("Label")
    stage.play("Label", lambda data: failing("DiskError")(data) if data["n"] == 1 else "label")
    run = stage.start(SHIP, ORDER)
    stage.ends(run, "FAILED")
    stage.play("Label", plain or (lambda _: "mended"))
    found = output(stage, dict(jump(stage, run, "Each[1].Label")))
    assert found["each"][1]["Label"] == "mended"
    assert [call.path for call in stage.calls].count("Each[1].Weigh") == 1
    assert [call.path for call in stage.calls].count("Ship[0].Pick") == 1


def test_under_an_edited_version(stage):
    old = machine(line("A", "B", "C"))
    states = line("A", "B2", "C")
    states["A"]["Next"] = "B2"
    new = machine(states, version="2")
    stage.serve(old, new)
    stage.play("B", failing("DiskError"))
    run = stage.start(old, ORDER)
    stage.ends(run, "FAILED")
    stage.command("resume", run["workflow_id"], "--step", "B2", "--definition-version", "2")
    found = stage.starter.wait(run["workflow_id"])
    assert found["state"] == "COMPLETED"
    assert found["result"]["B2"] == {"did": "B2", "visit": 1}
    assert found["result"]["A"] == {"did": "A", "visit": 1}


def test_paused_at_a_failed_state(stage):
    states = line("A", "B")
    states["A"] |= {"OnFailure": "pause", "Retry": [{"ErrorEquals": ["States.ALL"]}]}
    definition = machine(states)
    stage.serve(definition)
    stage.play("A", failing("DiskError"))
    run = stage.start(definition, ORDER)
    found = stage.reaches(run, state="PAUSED")
    assert found["failed"][0]["path"] == "A"
    assert len(stage.calls) == 4
    stage.play("A", lambda _: "mended")
    stage.starter.continue_workflow(**run)
    assert output(stage, run)["A"] == "mended"


# --- task tokens ----------------------------------------------------------------------------------


def token_of(stage, run):
    waits = until(lambda: stage.status(run).get("waits_for"), "a token")
    return waits[0]["token"]


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


# --- checking -------------------------------------------------------------------------------------


def test_open_executions_under_changed_definitions(stage):
    definition = machine(line("A", "B", "C"))
    stage.serve(definition)
    gate = stage.hold("C")
    run = stage.start(definition, ORDER)
    gate.wait()

    def checked(states):
        published.write(machine(states))
        return dict(stage.starter.check_open_workflows())

    assert checked(line("A", "B", "C"))["findings"] == []
    retried = line("A", "B", "C")
    retried["B"]["Retry"] = [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 9}]
    assert checked(retried)["findings"] == []
    renamed = line("A", "B2", "C")
    renamed["B2"]["Resource"] = definition.document["States"]["B"]["Resource"]
    [found] = checked(renamed)["findings"]
    [told] = found["divergences"]
    assert (told["step"], told["expected"]) == ("B2", "activity B at B2")
    other = line("A", "B", "C")
    other["B"]["Resource"] += "Other"
    [found] = checked(other)["findings"]
    assert found["divergences"][0]["step"] == "B"
    assert found["divergences"][0]["expected"] == "activity BOther"
    published.write(definition)
    gate.open()
    stage.ends(run)


# --- forecasts ------------------------------------------------------------------------------------

LONG = {
    "A": task("A", ResultPath="$.a", Next="Choose"),
    "Choose": {
        "Type": "Choice",
        "Choices": [{"Variable": "$.a.n", "NumericEquals": 1, "Next": "Each"}],
        "Default": "Each",
    },
    "Each": {
        "Type": "Map",
        "ItemsPath": "$.items",
        "MaxConcurrency": 1,
        "ItemProcessor": scope(
            {
                "X": {
                    "Type": "Choice",
                    "Choices": [{"Variable": "$.n", "NumericEquals": 0, "Next": "Rare"}],
                    "Default": "Usual",
                },
                "Rare": task("Rare"),
                "Usual": task("Usual", Next="Usual2"),
                "Usual2": task("Usual2"),
            }
        ),
        "Next": "Ask",
    },
    "Ask": ask(ResultPath="$.r", Next="Wait"),
    "Wait": {"Type": "Wait", "SecondsPath": "$.r.seconds", "Next": "Pick"},
    "Pick": {
        "Type": "Choice",
        "Choices": [{"Variable": "$.r.x.y", "NumericEquals": 0, "Next": "Last"}],
        "Default": "Last",
    },
    "Last": task("Last"),
}


@pytest.mark.parametrize("at", ["A", "Rare", "Usual", "aws.sqs.sendMessage", "answer"])
def test_what_is_left_of_an_execution(stage, at):
    definition = machine(LONG)
    stage.serve(definition)
    stage.play("A", lambda _: {"n": 1})
    data = {**ORDER, "items": [{"n": 0}, {"n": 1}, {"n": 2}]}
    gate = None if at == "answer" else stage.hold(at)
    run = stage.start(definition, data)
    if gate is None:
        token_of(stage, run)
    else:
        gate.wait()
    found = stage.starter.forecast_workflow(**run)
    assert found["ends"] == "COMPLETED"
    tasks = found["left"]["units"]["activity_tasks"]
    expected = {"A": 22, "Rare": 6, "Usual": 5, "aws.sqs.sendMessage": 1, "answer": 1}
    assert tasks == expected[at]
    assert found["left"]["units"]["signals"] == 1
    stage.starter.terminate_workflow(**run, reason="done")
