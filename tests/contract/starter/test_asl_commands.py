"""The commands for States Language, on the embedded SWF."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from asl.loading import load
from errors import InvalidInputError, SignalRefusedError, UnknownExecutionError
from pictures import Seen
from tests.contract.steering.conftest import Stage, continued, definitions, stage, until
from workflow import Definition, Retry, map_items, process, step, wait_for_signal

__all__ = ["definitions", "stage"]

SEND = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
WORKER = "aws.sqs.sendMessage"


def machine(name: str, states: dict[str, Any], **members: Any) -> Definition:
    return load({"StartAt": next(iter(states)), "States": states, **members}, name, "1")


def task(activity: str, **members: Any) -> dict[str, Any]:
    ways = {} if "Next" in members else {"End": True}
    return {"Type": "Task", "Resource": f"arn:aws:states:::activity:{activity}", **members, **ways}


ASKING = machine(
    "Asking",
    {
        "Ask": {
            "Type": "Task",
            "Resource": SEND,
            "Parameters": {"QueueUrl": "q", "MessageBody": {"token.$": "$$.Task.Token"}},
            "Catch": [{"ErrorEquals": ["Declined"], "Next": "Sorry"}],
            "Next": "Done",
        },
        "Done": {"Type": "Succeed"},
        "Sorry": {"Type": "Fail", "ErrorPath": "$.Error", "CausePath": "$.Cause"},
    },
)


def asked(stage: Stage, definition: Definition = ASKING) -> tuple[dict[str, str], str]:
    """An execution that waits for its token, and the token."""
    stage.serve(definition)
    run = stage.start(definition, {})
    status = until(lambda: stage.status(run)["waits_for"] and stage.status(run))
    return run, status["waits_for"][0]["token"]


# --- task tokens --------------------------------------------------------------------------------


@pytest.mark.parametrize("output", [{"paid": True}, [1], "yes", 5, None])
def test_a_token_is_answered_with_any_json(stage: Stage, output: Any) -> None:
    run, token = asked(stage)

    said = stage.json("send-task-success", token, "--output", json.dumps(output))

    assert (said["outcome"], said["workflow_id"]) == ("done", run["workflow_id"])
    assert stage.ends(run)["result"] == output


def test_a_failure_goes_to_the_catcher_and_status_tells_it(stage: Stage) -> None:
    run, token = asked(stage)

    stage.command(
        "send-task-failure", token, "--error", "Declined", "--cause", "no money", "--actor", "ana"
    )

    status = stage.ends(run, "FAILED")
    assert (status["error"], status["cause"]) == ("Declined", "no money")
    shown = stage.command("status", run["workflow_id"])
    assert "Error: Declined\nCause: no money\n" in shown
    assert stage.audit(run)[0]["actor"] == "ana"


def test_what_waits_for_a_token_is_shown_with_the_command_that_answers(stage: Stage) -> None:
    run, token = asked(stage)

    shown = stage.command("waiting")
    assert run["workflow_id"] in shown
    command = re.search(r"python workflow_starter.py (send-task-success .*)", shown)
    assert command is not None
    assert token in command[1]
    assert token in stage.command("status", run["workflow_id"])
    assert token in stage.json("waiting")[0]["waits_for"][0]["token"]

    stage.command(*command[1].replace("'", "").split())
    assert stage.ends(run)["result"] == {}


def test_an_answer_comes_once(stage: Stage) -> None:
    run, token = asked(stage)
    stage.command("send-task-success", token, "--dry-run")
    assert stage.status(run)["closed_at"] is None

    stage.starter.send_task_success(token, 1)
    stage.ends(run)

    with pytest.raises(UnknownExecutionError):
        stage.starter.send_task_success(token, 2)
    stage.command("send-task-success", token, code=2)


def test_an_old_token_of_an_open_execution_is_refused(stage: Stage) -> None:
    again = machine(
        "Again",
        {
            "First": {**ASKING.document["States"]["Ask"], "Catch": [], "Next": "Second"},
            "Second": {**ASKING.document["States"]["Ask"], "Catch": [], "Next": "Done"},
            "Done": {"Type": "Succeed"},
        },
    )
    _, token = asked(stage, again)
    stage.starter.send_task_success(token, {})

    with pytest.raises(SignalRefusedError, match="no state waits for this token any more"):
        stage.starter.send_task_failure(token, "Late")


@pytest.mark.parametrize("token", ["", "nonsense", "bm90IGpzb24"])
def test_nonsense_is_no_token(stage: Stage, token: str) -> None:
    with pytest.raises(InvalidInputError, match="no task token"):
        stage.starter.send_task_success(token)
    with pytest.raises(InvalidInputError):
        stage.starter.send_task_heartbeat(token)


def test_a_heartbeat_is_sent_and_not_answered(stage: Stage) -> None:
    run, token = asked(stage)

    assert stage.command("send-task-heartbeat", token) == "TASK_HEARTBEAT: sent\n"

    stage.happens(run, "WorkflowExecutionSignaled")
    stage.starter.send_task_success(token, {})
    stage.ends(run)
    assert len(stage.markers(run, "SIGNAL_HANDLED")) == 1


def test_a_forecast_takes_a_token_for_answered(stage: Stage) -> None:
    run, _ = asked(stage)
    assert stage.starter.forecast_workflow(run["workflow_id"])["ends"] == "COMPLETED"


# --- status -------------------------------------------------------------------------------------


def test_a_machine_that_timed_out_by_itself_is_shown_so(stage: Stage) -> None:
    slow = machine(
        "Slow", {"Rest": {"Type": "Wait", "Seconds": 600, "End": True}}, TimeoutSeconds=5
    )
    stage.serve(slow)
    run = stage.start(slow, {})

    status = stage.ends(run, "TIMED_OUT")

    assert status["error"] == "States.Timeout"


def test_an_output_of_null_is_shown(stage: Stage) -> None:
    nothing = machine("Nothing", {"A": {"Type": "Pass", "Result": None, "End": True}})
    stage.serve(nothing)
    run = stage.start(nothing, {})
    stage.ends(run)

    assert "Result: null\n" in stage.command("status", run["workflow_id"])


# --- graphs -------------------------------------------------------------------------------------


def seen(stage: Stage, run: dict[str, str]) -> dict[str, Seen]:
    found = stage.starter.read(run["workflow_id"], run["run_id"]).picture(time.time())
    assert found is not None
    return dict(found.seen)


def test_a_graph_tells_outcomes_attempts_and_errors(stage: Stage) -> None:
    retry = [{"ErrorEquals": ["FlakyError"], "MaxAttempts": 2}]
    catch = [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Each"}]
    odd = machine(
        "Odd",
        {
            "First": task("First", ResultPath=None, Next="Second"),
            "Second": task("Second", Retry=retry, Catch=catch, Next="Never"),
            "Never": {"Type": "Succeed"},
            "Each": {
                "Type": "Map",
                "ItemsPath": "$.items",
                "MaxConcurrency": 1,
                "ItemProcessor": {"StartAt": "Item", "States": {"Item": task("Item")}},
                "Next": "Last",
            },
            "Last": {"Type": "Fail", "Error": "Business.No"},
        },
    )

    class FlakyError(Exception):
        pass

    def flaky(_: Any) -> Any:
        raise FlakyError("again")

    def item(data: Any) -> Any:
        if data == 2:
            raise ValueError("two")
        return {}

    stage.play("Second", flaky)
    stage.play("Item", item)
    stage.serve(odd)
    run = stage.start(odd, {"items": [1, 2, 3]})
    stage.ends(run, "FAILED")

    found = seen(stage, run)
    assert found["First"].outcome == "succeeded"
    assert (found["First"].seconds or 0) >= 0
    second = found["Second"]
    assert (second.outcome, second.attempts, second.note) == ("caught", 3, "FlakyError")
    assert (second.seconds or 0) >= 3
    assert (found["Item"].outcome, found["Item"].failed, found["Item"].note) == (
        "failed", 1, "ValueError",
    )  # fmt: skip
    assert (found["Each"].outcome, found["Each"].note) == ("failed", "ValueError")
    assert "Never" not in found
    assert "Last" not in found

    drawn = stage.starter.graph(run["workflow_id"])
    assert "<svg" in drawn
    assert f"{run['workflow_id']} · Odd 1 · FAILED" in drawn
    assert stage.command("graph", run["workflow_id"], "--format", "mermaid").startswith("flowchart")


def test_a_graph_of_what_runs_tells_waits_and_retries(stage: Stage) -> None:
    made = process(
        "Open",
        "1",
        [step("First"), map_items("Each", [step("Item")]), wait_for_signal("Ok", signal="GO")],
    )
    gate = stage.hold("Item")
    stage.serve(made)
    run = stage.start(made, {"items": [1, 2]})
    gate.wait()
    gate.wait()
    stage.happens(run, "ActivityTaskStarted", 3)

    found = until(lambda: (s := seen(stage, run)) and s["Item"].open == 2 and s)
    assert (found["First"].outcome, found["Each"].outcome) == ("succeeded", "running")
    assert (found["Item"].outcome, found["Each"].open) == ("running", 2)

    gate.open()
    stage.reaches(run, step="Ok")
    found = seen(stage, run)
    assert (found["Ok"].outcome, found["Ok"].note) == ("waiting", "signal GO")
    assert found["Item"].outcome == "succeeded"
    assert (found["Each"].seconds or 0) > 0
    stage.starter.terminate_workflow(run["workflow_id"])
    assert seen(stage, run)["Ok"].outcome == "canceled"


def test_a_graph_of_a_process_that_was_rolled_back(stage: Stage) -> None:
    made = process(
        "Undone", "1", [step("Pay", compensation="Refund"), step("Ship", retry=Retry(attempts=2))]
    )

    def fails(_: Any) -> Any:
        raise OSError("no van")

    stage.play("Ship", fails)
    stage.serve(made)
    run = stage.start(made)
    stage.ends(run, "FAILED")

    found = seen(stage, run)
    assert found["Pay"].outcome == "undone"
    ship = found["Ship"]
    assert (ship.outcome, ship.attempts, ship.note) == ("failed", 2, "OSError")


def test_a_graph_counts_the_runs_before(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    run, ended = continued(stage, monkeypatch)

    newest = {"workflow_id": run["workflow_id"], "run_id": ended["run_id"]}
    found = seen(stage, newest)
    assert (found["Count"].visits, found["Count"].outcome) == (9, "succeeded")
    assert found["First"].seconds is not None
    assert seen(stage, run)["Count"].visits < 9


def test_a_graph_of_a_saved_history_and_of_definitions(stage: Stage, tmp_path: Path) -> None:
    made = process("Saved", "1", [step("First"), step("Second")])
    stage.serve(made)
    run = stage.start(made)
    stage.ends(run)
    kept = tmp_path / "kept.json"
    kept.write_text(json.dumps(stage.json("history", run["workflow_id"])))

    drawn = stage.json("graph", str(kept))["picture"]
    assert drawn.count("succeeded") >= 2
    assert 'class="state task"' in stage.command("graph", "Saved@1")
    assert "Second" in stage.command("graph", "Saved", "--format", "mermaid")
    target = tmp_path / "out.svg"
    assert stage.command("graph", run["workflow_id"], "--output", str(target))
    assert target.read_text(encoding="utf-8").startswith("<svg")
    stage.command("graph", "nobody-knows", code=2)
