"""What `monitor` shows on a terminal: scenes of executions on the embedded SWF."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from asl.loading import load
from errors import PayloadKeyError
from starter.executions import watching
from starter.executions.scenes import Row, Scene
from tests.contract.steering.conftest import Stage, continued, definitions, stage, until
from workflow import Definition, Retry, map_items, process, step, wait_for_signal

__all__ = ["definitions", "stage"]


def scenes(stage: Stage, run: dict[str, str], pauses: list[int] | None = None) -> Iterator[Scene]:
    looks = [] if pauses is None else pauses
    client = stage.starter.swf_client
    return watching.scenes(
        client, run["workflow_id"], run["run_id"], lambda: looks.append(len(looks))
    )


def rows(scene: Scene) -> dict[str, Row]:
    return {row.name: row for row in scene.rows}


def now(stage: Stage, run: dict[str, str]) -> dict[str, Row]:
    return rows(next(scenes(stage, run)))


def test_steps_are_told_in_order_before_they_happen(stage: Stage) -> None:
    made = process("Plain", "1", [step("First"), step("Second")])
    gate = stage.hold("First")
    stage.serve(made)
    run = stage.start(made)
    gate.wait()

    watched = scenes(stage, run)
    begun = until(lambda: (s := next(watched)) and rows(s)["First"].outcome and s)

    assert [row.name for row in begun.rows] == ["First", "Second"]
    assert (begun.rows[0].outcome, begun.rows[0].ended) == ("running", None)
    assert begun.rows[1] == Row("Second")
    gate.open()
    *_, last = watched
    assert [row.outcome for row in last.rows] == ["succeeded", "succeeded"]
    assert last.status["state"] == "COMPLETED"
    assert last.status["result"] is not None
    assert (last.happenings[-1].subject, last.happenings[-1].words) == ("", "completed")


def test_a_scene_taken_piece_by_piece_is_that_of_the_whole(stage: Stage) -> None:
    made = process(
        "Odd",
        "1",
        [map_items("Each", [step("Item")]), step("Flaky", retry=Retry(attempts=3)), step("Last")],
    )

    def flaky(_: Any) -> Any:
        raise OSError("no")

    stage.play("Flaky", flaky)
    stage.serve(made)
    run = stage.start(made, {"items": [1, 2, 3]})
    pieces = list(scenes(stage, run))
    whole = next(scenes(stage, run))

    assert pieces[-1].rows == whole.rows
    assert pieces[-1].status == whole.status
    assert pieces[-1].happenings == whole.happenings


def test_a_retry_that_waits_and_a_rollback(stage: Stage) -> None:
    made = process(
        "Undone", "1", [step("Pay", compensation="Refund"), step("Ship", retry=Retry(attempts=2))]
    )
    undo = stage.hold("Refund")

    def fails(_: Any) -> Any:
        raise OSError("no van")

    stage.play("Ship", fails)
    stage.serve(made)
    run = stage.start(made)
    undo.wait()

    found = until(lambda: (r := now(stage, run)) and r["Pay"].outcome == "undoing" and r)
    assert (found["Ship"].outcome, found["Ship"].attempts) == ("failed", 2)
    undo.open()
    stage.ends(run, "FAILED")
    *_, last = scenes(stage, run)
    assert rows(last)["Pay"].outcome == "undone"
    assert "OSError" in rows(last)["Ship"].error
    told = [(item.subject, item.words) for item in last.happenings]
    assert ("Pay", "undo completed") in told


def test_a_retry_says_when(stage: Stage) -> None:
    made = process("Again", "1", [step("Ship", retry=Retry(attempts=2, initial_seconds=30))])

    def fails(_: Any) -> Any:
        raise OSError("no van")

    stage.clock.lock()
    stage.play("Ship", fails)
    stage.serve(made)
    run = stage.start(made)

    ship = until(lambda: (r := now(stage, run)["Ship"]).retry_at and r)

    assert (ship.outcome, ship.attempts) == ("retrying", 2)
    assert "OSError" in ship.error
    assert ship.retry_at > stage.clock.now()
    stage.clock.unlock()
    stage.ends(run, "FAILED")


def test_items_of_a_map_are_summed_up(stage: Stage) -> None:
    made = process(
        "Items", "1", [map_items("Each", [step("Item")]), wait_for_signal("Ok", signal="GO")]
    )
    gate = stage.hold("Item")
    stage.serve(made)
    run = stage.start(made, {"items": [1, 2, 3]})
    gate.wait()

    found = until(lambda: (r := now(stage, run)) and r["Item"].outcome and r)
    assert found["Each"].items == {"done": 0, "open": 3, "failed": 0}
    assert (found["Each"].depth, found["Item"].depth) == (0, 1)
    gate.open()
    stage.reaches(run, step="Ok")
    found = now(stage, run)
    assert found["Each"].items == found["Item"].items == {"done": 3, "open": 0, "failed": 0}
    assert found["Each"].begun == found["Item"].begun
    assert (found["Ok"].outcome, found["Ok"].awaits) == ("waiting", "signal GO")


def test_items_that_wait_for_an_operator_count_as_failed(stage: Stage) -> None:
    made = process("Halted", "1", [map_items("Each", [step("Item", on_failure="pause")])])

    def item(data: Any) -> Any:
        if data["item"] == 2:
            raise ValueError("two")
        return {}

    stage.play("Item", item)
    stage.serve(made)
    run = stage.start(made, {"items": [1, 2, 3]})

    counted = {"done": 2, "open": 0, "failed": 1}
    found = until(lambda: (r := now(stage, run)) and r["Each"].items == counted and r)
    assert found["Item"].items == counted
    assert "ValueError" in found["Item"].error


def test_states_in_branches_and_a_task_token(stage: Stage) -> None:
    def task(name: str, **ways: Any) -> dict[str, Any]:
        return {"Type": "Task", "Resource": f"arn:aws:states:::activity:{name}", **ways}

    ask = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {"QueueUrl": "q", "MessageBody": {"token.$": "$$.Task.Token"}},
        "TimeoutSeconds": 900,
        "End": True,
    }
    branches = [
        {"StartAt": "A", "States": {"A": task("A", Next="B"), "B": task("B", End=True)}},
        {"StartAt": "Ask", "States": {"Ask": ask}},
    ]
    machine: Definition = load(
        {
            "StartAt": "Both",
            "States": {"Both": {"Type": "Parallel", "Branches": branches, "End": True}},
        },
        "Machine",
        "1",
    )
    stage.clock.lock()
    stage.serve(machine)
    run = stage.start(machine, {})
    status = until(lambda: stage.status(run)["waits_for"] and stage.status(run))

    found = until(lambda: (r := now(stage, run)) and r["B"].outcome == "succeeded" and r)

    assert [(r.name, r.depth, r.branch) for r in found.values()] == [
        ("Both", 0, None), ("A", 1, 0), ("B", 1, 0), ("Ask", 1, 1),
    ]  # fmt: skip
    assert (found["Ask"].outcome, found["Ask"].awaits) == ("waiting", "task token")
    assert found["Ask"].until is not None
    assert found["Both"].begun is not None
    stage.starter.send_task_success(status["waits_for"][0]["token"], {})
    stage.ends(run)


def test_runs_that_continue_one_another(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    run, ended = continued(stage, monkeypatch)

    watched = list(scenes(stage, run))

    assert {scene.status["next_run_id"] for scene in watched} == {None}
    assert watched[-1].status["state"] == "COMPLETED"
    assert watched[-1].status["run_id"] == ended["run_id"]
    last = rows(watched[-1])
    assert (last["Count"].visits, last["First"].outcome) == (9, "succeeded")
    assert last["First"].ended is not None
    assert list(last) == ["First", "Count", "Again?"]
    assert watched[-1].begun < ended["started_at"]


def _unreadable(*_: Any) -> Any:
    raise PayloadKeyError("sealed under a key that is not here", "k-1")


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("published.find", lambda *_: None),
        ("starter.executions.readings.decoded_for_core", _unreadable),
        ("workflow.Execution.apply", _unreadable),
    ],
)
def test_what_cannot_be_folded_here_still_has_a_status(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, name: str, answer: Any
) -> None:
    made = process("Elsewhere", "1", [step("First")])
    stage.serve(made)
    run = stage.start(made)
    stage.ends(run)
    monkeypatch.setattr(name, answer)

    (scene,) = scenes(stage, run)

    assert scene.rows == ()
    assert scene.status["state"] == "COMPLETED"
    assert scene.happenings[-1].words == "completed"


def test_nothing_new_is_looked_for_after_a_pause_only(stage: Stage) -> None:
    made = process("Slow", "1", [step("First")])
    stage.serve(made)
    run = stage.start(made)
    pauses: list[int] = []

    watched = list(scenes(stage, run, pauses))

    assert len(watched) <= len(pauses) + 1


def test_on_a_terminal_the_picture_ends_with_the_reason(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = process("Live", "1", [step("First"), step("Second", retry=Retry(attempts=1))])

    def fails(_: Any) -> Any:
        raise OSError("no van")

    stage.play("Second", fails)
    stage.serve(made)
    run = stage.start(made)
    monkeypatch.setattr(type(sys.stdout), "isatty", lambda _: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")

    drawn = stage.command("monitor", run["workflow_id"], "--interval", "0.05", "--utc", code=1)

    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", drawn)

    assert "FAILED · after " in shown
    assert "Reason: Second failed" in shown
    assert "✓  First" in shown
    stage.command("monitor", run["workflow_id"], "--interval", "0", code=2)
