"""Tasks that nothing takes: which are told of, when, and with what advice."""

from __future__ import annotations

from typing import Any

import pytest

from cli import app, unpolled
from cli.unpolled import Lookout, untaken
from tests.unit.cli.conftest import FakeStarter
from tests.unit.starter_samples import event, status

USUAL = "business-process-tasks"
SCHEDULED = 1_000.5  # the moment of every event of the samples


def decision(event_id: int, task_list: str = USUAL, **facts: Any) -> dict[str, Any]:
    return event("DecisionTaskScheduled", event_id, taskList={"name": task_list}, **facts)


def activity(event_id: int, task_list: str = USUAL) -> dict[str, Any]:
    kind = {"name": "ProcessData", "version": "1.0"}
    return event("ActivityTaskScheduled", event_id, taskList={"name": task_list}, activityType=kind)


def told(*events: dict[str, Any]) -> list[str]:
    return [task.line(USUAL, SCHEDULED + 12) for task in untaken(reversed(events))]


DECIDER = (
    "nothing has taken the decision task from the task list business-process-tasks for 12 s; "
    "start a decider, or another where all are busy: python decision_worker.py"
)
WORKER = (
    "nothing has taken the task of ProcessData from the task list business-process-tasks for 12 s; "
    "start an activity worker, or another where all are busy: python activity_worker.py"
)


@pytest.mark.parametrize(
    ("events", "lines"),
    [
        ([decision(2)], [DECIDER]),
        ([decision(2, scheduleToStartTimeout="NONE")], [DECIDER]),
        ([activity(5)], [WORKER]),
        ([activity(5), decision(6)], [DECIDER, WORKER]),
        (
            [activity(5, "eu")],
            [WORKER.replace(USUAL, "eu") + " --task-list eu"],
        ),
        ([decision(2), event("DecisionTaskStarted", 3, scheduledEventId=2)], []),
        ([activity(5), event("ActivityTaskStarted", 6, scheduledEventId=5)], []),
        ([activity(5), event("ActivityTaskTimedOut", 6, scheduledEventId=5)], []),
        ([decision(2, "own-list-of-a-decider", scheduleToStartTimeout="5")], []),
        ([event("TimerStarted", 5), event("WorkflowExecutionSignaled", 6)], []),
    ],
)
def test_what_waits_is_told_with_what_to_start(events: Any, lines: list[str]) -> None:
    assert told(*events) == lines


def test_it_is_told_once_and_only_after_a_while(fake: FakeStarter) -> None:
    fake.swf_client.events = [decision(2)]
    clock, lines = [SCHEDULED], []
    lookout = Lookout(fake, "w-1", lines.append, now=lambda: clock[0])
    lookout.run_id = "r-1"
    for clock[0] in (SCHEDULED + 4, SCHEDULED + 12, SCHEDULED + 20):
        lookout.look()
    assert lines == [DECIDER]
    assert lookout.lines == [DECIDER.replace("12 s", "20 s")]
    fake.swf_client.events.append(event("DecisionTaskStarted", 3, scheduledEventId=2))
    clock[0] += 10
    lookout.look()
    assert lookout.lines == []


@pytest.fixture
def stuck(fake: FakeStarter, monkeypatch: pytest.MonkeyPatch) -> FakeStarter:
    """An execution whose first decision task nothing takes."""
    fake.swf_client.events = [decision(2)]
    monkeypatch.setattr(unpolled.time, "time", lambda: SCHEDULED + 12)
    return fake


def test_status_tells_it(stuck: FakeStarter, capsys: pytest.CaptureFixture[str]) -> None:
    stuck.answers["status"] = status()
    app.main(["status", "w-1"])
    assert capsys.readouterr().err == f"{DECIDER}\n"
    app.main(["status", "w-1", "--json"])
    assert capsys.readouterr().err == ""
    stuck.answers["status"] = status(closed_at=2_000.0)
    app.main(["status", "w-1"])
    assert capsys.readouterr().err == ""


def test_start_and_wait_tells_it_beside_the_result(
    stuck: FakeStarter, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpolled, "PATIENCE_SECONDS", 0.0)
    answers = iter([status(), status(state="COMPLETED", closed_at=2_000.0)])
    stuck.wait = lambda **_: next(answers)
    assert app.main(["start", "--input", "[]", "--wait"]) == 0
    printed = capsys.readouterr()
    assert printed.err == f"{DECIDER}\n"
    assert DECIDER not in printed.out


def test_monitor_tells_it_through_a_pipe(
    stuck: FakeStarter, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpolled, "PATIENCE_SECONDS", 0.0)

    def watch(*, before_pause: Any, **_: Any) -> Any:
        yield status()
        before_pause()
        yield status(state="COMPLETED", closed_at=2_000.0)

    stuck.watch = watch
    assert app.main(["monitor", "w-1"]) == 0
    assert capsys.readouterr().err == f"{DECIDER}\n"


def test_a_signal_that_is_not_answered_tells_it(
    stuck: FakeStarter, capsys: pytest.CaptureFixture[str]
) -> None:
    stuck.answers["signal_workflow"] = {
        "workflow_id": "w-1", "run_id": "r-1", "request_id": "q-1",
    }  # fmt: skip
    assert app.main(["signal", "w-1", "--name", "PAUSE"]) == 0
    assert capsys.readouterr().err.splitlines() == [
        "no decider has answered yet; is decision_worker.py running?", DECIDER,
    ]  # fmt: skip
