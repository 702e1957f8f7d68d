"""Executions in States Language, steered on the embedded SWF by state name."""

from __future__ import annotations

import pytest

import published
from errors import SignalRefusedError

from .machines import (
    FORK,
    ORDER,
    ask,
    failing,
    jump,
    line,
    machine,
    output,
    scope,
    task,
    token_of,
    visits,
)

SHIP = machine(FORK)


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
