"""Every signal, from `WorkflowStarter` and from the command line, with its reason and actor."""

from __future__ import annotations

import getpass
import json

import pytest

from errors import SignalRefusedError, UnknownExecutionError, UnknownStepError
from starter import runs
from workflow import process, step

LINE = process(
    "Line",
    "1.0",
    [step("First"), step("Second", compensation="TakeBack"), step("Third"), step("Fourth")],
)
WHO = {"reason": "wrong address", "actor": "ana"}
SAID = ("--reason", "wrong address", "--actor", "ana")


@pytest.fixture
def held(stage):
    """An execution whose third step is in progress."""
    stage.serve(LINE)
    gate = stage.hold("Third")
    run = stage.start(LINE)
    gate.wait()
    return gate, run


def resume(stage, run):
    return stage.starter.resume_workflow_from_step(
        **run, step_name="First", input={"priority": "high"}, **WHO
    )


def back(stage, run):
    return stage.starter.go_back(**run, steps=2, **WHO)


def reprocess(stage, run):
    return stage.starter.reprocess_step(**run, step_name="First", input={"priority": "high"}, **WHO)


def skip(stage, run):
    return stage.starter.skip_step(**run, step_name="Third", result={"by": "hand"}, **WHO)


def pause(stage, run):
    return stage.starter.pause_workflow(**run, **WHO)


def roll_back(stage, run):
    return stage.starter.roll_back_workflow(**run, **WHO)


CASES = {
    # method, command, step in the audit, how it ends, steps that ran, what is undone
    "RESUME_FROM_STEP": (
        resume, ("resume", "--step", "First", "--input", '{"priority": "high"}'), "First",
        "COMPLETED", ["First", "Second", "Third", "First", "Second", "Third", "Fourth"], [],
    ),
    "GO_BACK": (
        back, ("back", "--steps", "2"), "First",
        "COMPLETED", ["First", "Second", "Third", "First", "Second", "Third", "Fourth"], [],
    ),
    "REPROCESS_STEP": (
        reprocess, ("reprocess", "--step", "First", "--input", '{"priority": "high"}'), "First",
        "COMPLETED", ["First", "Second", "Third", "First", "Fourth"], [],
    ),
    "SKIP_STEP": (
        skip, ("skip", "--step", "Third", "--result", '{"by": "hand"}'), "Third",
        "COMPLETED", ["First", "Second", "Third", "Fourth"], [],
    ),
    "PAUSE": (
        pause, ("pause",), None, "COMPLETED", ["First", "Second", "Third", "Fourth"], [],
    ),
    "ROLL_BACK": (
        roll_back, ("rollback",), None,
        "FAILED", ["First", "Second", "Third"], ["Second", "CompensateTransaction"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("door", ["python", "shell"])
@pytest.mark.parametrize("name", CASES)
def test_each_signal_acts_and_is_on_record(stage, held, name, door):
    gate, run = held
    method, command, where, end, ran, undone = CASES[name]
    if door == "python":
        sent = method(stage, run)
        stage.answered(sent, "waiting")
    else:
        sent = stage.json(command[0], run["workflow_id"], *command[1:], *SAID)
        assert sent["outcome"] == "waiting"
    gate.open()
    if name == "PAUSE":
        stage.reaches(run, state="PAUSED")
        assert stage.done() == ["First", "Second", "Third"]
        stage.answered(stage.starter.continue_workflow(**run, **WHO))
    stage.ends(run, end)
    assert [call.path for call in stage.calls if call.activity in LINE.steps] == ran
    assert [c.path for c in stage.calls if c.activity not in LINE.steps] == undone
    entry = stage.audit(run)[0]
    told = (entry["what"], entry["actor"], entry["reason"], entry["step"], entry["outcome"])
    assert told == (name, "ana", "wrong address", where, "waiting")
    assert entry["at"] > 0


def test_continue_is_a_command_too(stage, held):
    gate, run = held
    stage.command("pause", run["workflow_id"], "--reason", "stock count")
    gate.open()
    stage.reaches(run, state="PAUSED")
    assert "CONTINUE: done" in stage.command("continue", run["workflow_id"])
    stage.ends(run)
    assert [(e["what"], e["actor"]) for e in stage.audit(run)] == [
        ("PAUSE", getpass.getuser()), ("CONTINUE", getpass.getuser()),
    ]  # fmt: skip


# --- what changed -------------------------------------------------------------------------------


def test_edits_are_merged_and_audit_tells_before_and_after(stage, held):
    gate, run = held
    stage.starter.resume_workflow_from_step(**run, step_name="Second", input={"city": "Recife"})
    gate.open()
    stage.ends(run)
    again = [call for call in stage.calls if call.path == "Second"][1]
    assert (again.data["order_id"], again.data["city"]) == ("ORD-1", "Recife")
    [change] = stage.audit(run)[0]["changes"]
    assert change["before"] == {"order_id": "ORD-1"}
    assert change["after"] == {"order_id": "ORD-1", "city": "Recife"}
    printed = stage.command("audit", run["workflow_id"])
    assert 'city null becomes "Recife"' in printed
    assert getpass.getuser() in printed


def test_a_skipped_steps_result_is_what_was_given_and_on_record(stage, held):
    _, run = held
    stage.starter.skip_step(**run, step_name="Third", result={"sent": "by hand"})
    assert stage.results(run)["Third"] == {"sent": "by hand"}
    [change] = stage.audit(run)[0]["changes"]
    assert (change["what"], change["path"]) == ("result", "Third")
    assert change["after"] == {"sent": "by hand"}


def test_a_reprocessed_step_sees_what_it_saw_and_its_result_replaces_the_old_one(stage, held):
    gate, run = held
    stage.play("First", lambda data: {"rate": data.get("rate", 1)})
    stage.starter.reprocess_step(**run, step_name="First", input={"rate": 2})
    gate.open()
    assert stage.results(run)["First"] == {"rate": 2}
    again = [call for call in stage.calls if call.path == "First"][1]
    assert again.data["previous_results"] == {}
    fourth = next(call for call in stage.calls if call.path == "Fourth")
    assert fourth.data["previous_results"]["First"] == {"rate": 2}


def test_back_with_compensation_undoes_what_is_passed_over(stage, held):
    gate, run = held
    stage.starter.go_back(**run, steps=2, compensate=True, reason="start over")
    gate.open()
    stage.ends(run)
    assert stage.done(undo=True) == ["Second"]
    told = [(c.activity, c.visit) for c in stage.calls if c.path == "Second"]
    assert told == [("Second", 1), ("TakeBack", 1), ("Second", 2)]


# --- told beforehand ----------------------------------------------------------------------------

BEFOREHAND = [
    (("back", "--steps", "2", "--compensate"),
     ["Third is asked to stop", "Second is undone", "goes on at First"]),
    (("resume", "--step", "First", "--input", '{"city": "Recife"}', "--compensate"),
     ["Third is asked to stop", "Second is undone", 'city null becomes "Recife"',
      "goes on at First"]),
    (("reprocess", "--step", "First"), ["First runs again after the step in progress"]),
    (("skip", "--step", "Third"), ["Third is asked to stop", "goes on at Fourth"]),
    (("pause",), ["It holds after the steps in progress"]),
    (("rollback",), ["Third is asked to stop", "Second is undone", "ends: failed"]),
]  # fmt: skip


@pytest.mark.parametrize(("command", "words"), BEFOREHAND, ids=lambda case: case[0])
def test_a_dry_run_says_what_would_happen_and_does_nothing(stage, held, command, words):
    gate, run = held
    printed = stage.command(command[0], run["workflow_id"], *command[1:], "--dry-run")
    for word in words:
        assert word in printed
    assert not stage.events(run, "WorkflowExecutionSignaled")
    gate.open()
    stage.ends(run)
    assert stage.done() == list(LINE.steps)


def test_what_will_happen_is_said_before_it_is_done(stage, held):
    gate, run = held
    printed = stage.command("back", run["workflow_id"], "--compensate")
    assert "Second is undone" in printed
    assert "GO_BACK: waiting" in printed
    gate.open()
    stage.ends(run)


# --- refused ------------------------------------------------------------------------------------

REFUSED = [
    (("back", "--steps", "3"), "no step ran 3 before"),
    (("skip", "--step", "First"), "First is not in progress"),
    (("reprocess", "--step", "Fourth"), "Fourth has not run yet"),
    (("reprocess", "--step", "Nowhere"), "unknown step 'Nowhere'"),
    (("resume", "--step", "Nowhere"), "unknown step 'Nowhere'"),
    (("answer", "--name", "APPROVAL"), "unknown signal APPROVAL"),
    (("pause", "--if-at", "Second:1"), "is at Third:1, not at Second:1"),
]


@pytest.mark.parametrize(("command", "why"), REFUSED, ids=lambda case: case[0])
def test_what_would_be_refused_is_not_sent(stage, held, command, why):
    gate, run = held
    printed = stage.command(command[0], run["workflow_id"], *command[1:], code=2)
    assert why in printed
    dry = stage.command(command[0], run["workflow_id"], *command[1:], "--dry-run", code=2)
    assert why in dry
    assert not stage.events(run, "WorkflowExecutionSignaled")
    gate.open()
    stage.ends(run)


def test_refusals_are_errors_with_the_reason(stage, held):
    gate, run = held
    with pytest.raises(SignalRefusedError, match="Fourth is not in progress"):
        stage.starter.skip_step(**run, step_name="Fourth")
    with pytest.raises(UnknownStepError, match="First, Second, Third, Fourth"):
        stage.starter.resume_workflow_from_step(**run, step_name="Fifth")
    gate.open()
    stage.ends(run)
    with pytest.raises(UnknownExecutionError, match="can be resumed"):
        stage.starter.pause_workflow(**run)


def test_what_was_seen_is_acted_on_and_what_moved_on_is_not(stage, held):
    gate, run = held
    seen = stage.status(run)
    at = f"{seen['step']}:{seen['visit']}"
    stage.answered(stage.starter.go_back(**run, if_at=at), "waiting")
    gate.wait()  # Second has run again, Third is in its second visit
    with pytest.raises(SignalRefusedError, match="it is at Third:2, not at Third:1"):
        stage.starter.resume_workflow_from_step(**run, step_name="First", if_at=at)
    by_hand = stage.app.swf.client()
    by_hand.signal_workflow_execution(
        domain=stage.app.settings.swf_domain, workflowId=run["workflow_id"], signalName="GO_BACK",
        input=json.dumps({"if_at": at, "request_id": "late"}),
    )  # fmt: skip
    stage.answered({**run, "request_id": "late"}, "refused")
    gate.open()
    stage.ends(run)
    assert [entry["outcome"] for entry in stage.audit(run)] == ["waiting", "refused"]
    assert "moved on" in stage.command("audit", run["workflow_id"])


# --- sent by hand -------------------------------------------------------------------------------


def test_signals_of_any_client_work_without_a_request_id(stage, held):
    gate, run = held
    by_hand = stage.app.swf.client()
    where = {"domain": stage.app.settings.swf_domain, "workflowId": run["workflow_id"]}
    by_hand.signal_workflow_execution(**where, signalName="PAUSE")
    by_hand.signal_workflow_execution(**where, signalName="NONSENSE", input="not { JSON")
    by_hand.signal_workflow_execution(
        **where, signalName="REPROCESS_STEP", input='{"step_name": "First"}'
    )
    gate.open()
    stage.reaches(run, state="PAUSED")
    by_hand.signal_workflow_execution(**where, signalName="CONTINUE", input="{}")
    stage.ends(run)
    assert stage.done() == ["First", "Second", "Third", "First", "Fourth"]
    outcomes = {entry["what"]: entry["outcome"] for entry in stage.audit(run)}
    assert outcomes == {
        "PAUSE": "waiting", "NONSENSE": "refused", "REPROCESS_STEP": "waiting", "CONTINUE": "done",
    }  # fmt: skip


def test_a_signal_that_arrives_twice_acts_once(stage, held):
    gate, run = held
    by_hand = stage.app.swf.client()
    where = {"domain": stage.app.settings.swf_domain, "workflowId": run["workflow_id"]}
    text = json.dumps({"request_id": "one", "step_name": "First"})
    for _ in range(2):
        by_hand.signal_workflow_execution(**where, signalName="REPROCESS_STEP", input=text)
    gate.open()
    stage.ends(run)
    assert stage.done() == ["First", "Second", "Third", "First", "Fourth"]
    assert len(stage.markers(run, "SIGNAL_HANDLED")) == 1


def test_one_that_closes_while_a_request_is_tried_is_said_to_be_closed(stage, monkeypatch):
    stage.serve(LINE)
    run = stage.start(LINE)
    stage.ends(run)
    closed = next(stage.starter.swf_client.closed_executions(workflow_id=run["workflow_id"]))
    looks = iter([closed])
    monkeypatch.setattr(runs, "open_run", lambda *_: next(looks, None))
    with pytest.raises(UnknownExecutionError, match="has closed"):
        stage.starter.go_back(**run, **WHO)
