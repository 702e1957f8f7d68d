"""Health over HTTP: task lists, who polls, what waits, rates, and where executions failed."""

from __future__ import annotations

import html
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from dashboard.app import make_app
from dashboard.options import Options
from starter.lists import queues
from tests.contract.steering.conftest import Stage
from workflow import Retry, process, step

PATIENCE_SECONDS = 20.0
LIST = "business-process-tasks"

ONE = process("One", "1", [step("Work", retry=Retry(attempts=1)), step("Ship", task_list="dock")])


def until(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.02)


@pytest.fixture(autouse=True)
def asked_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is kept for seconds."""
    monkeypatch.setattr("starter.lists.health.NEARBY_SECONDS", 0.0)


class Visitor:
    """Somebody who looks at the page of health."""

    def __init__(self, stage: Stage, **options: Any) -> None:
        app = make_app(stage.starter, Options(**options))
        self.http = TestClient(app, base_url="http://127.0.0.1", follow_redirects=False)

    def page(self, **headers: str) -> str:
        answer = self.http.get("/health", headers=headers)
        assert answer.status_code == 200, answer.text
        return html.unescape(answer.text)

    def table(self, name: str) -> list[list[str]]:
        """The cells of a table, as they read."""
        part = self.page().partition(f'aria-label="{name}"')[2].partition("</table>")[0]
        rows = re.findall(r"<tr>(.*?)</tr>", part.partition("<tbody>")[2], re.DOTALL)
        return [
            [
                " ".join(re.sub(r"<[^>]+>", "", cell).split())
                for cell in re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, re.DOTALL)
            ]
            for row in rows
        ]


def lists(visitor: Visitor) -> dict[tuple[str, str], list[str]]:
    """Waiting, oldest and pollers by list and kind."""
    rows = visitor.table("Task lists")
    return {(row[0].split()[0], row[1]): row[2:] for row in rows}


def test_lists_of_settings_and_definitions_are_shown(stage: Stage) -> None:
    stage.publish(ONE)

    found = lists(Visitor(stage))

    assert found[LIST, "decisions"][0] == "0"
    assert found[LIST, "activities"][0] == "0"
    assert found["dock", "activities"] == ["0", "–", "none"]


def test_the_oldest_waiting_task_and_the_missing_worker_are_told(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("starter.lists.health.PATIENCE_SECONDS", 0.0)
    stage.publish(ONE)
    for number in range(2):
        stage.starter.start_workflow({}, f"w-{number}", definition=ONE)
        stage.clock.advance(1)

    page = Visitor(stage).page()

    assert lists(Visitor(stage))[LIST, "decisions"][0] == "2"
    assert "Nobody polls" in page
    assert "python decision_worker.py</code>" in page
    oldest = page.partition("Oldest waiting task")[2]
    assert oldest.index("w-0") < oldest.index("Where executions failed")


def test_the_command_names_a_list_of_its_own(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("starter.lists.health.PATIENCE_SECONDS", 0.0)
    stage.clock.lock()  # it would jump to the end of the wait
    stage.serve(ONE)
    run = stage.start(ONE)
    stage.reaches(run, step="Ship")
    visitor = Visitor(stage)

    until(lambda: "python activity_worker.py --task-list dock</code>" in visitor.page())
    assert lists(visitor)["dock", "activities"][0] == "1"


def test_who_polls_is_told(stage: Stage) -> None:
    stage.serve(ONE)
    visitor = Visitor(stage)
    identity = stage.starter.swf_client.identity.split(":")[0]

    until(lambda: "waits for" in lists(visitor)[LIST, "activities"][2])
    assert identity in lists(visitor)[LIST, "activities"][2]
    assert "Nobody polls" not in visitor.page()


def test_rates_and_where_executions_failed(stage: Stage) -> None:
    def fails(_: Any) -> Any:
        raise OSError("the printer is on fire")

    stage.play("Work", fails)
    stage.serve(ONE)
    for number in range(2):
        stage.ends(stage.start(ONE, workflow_id=f"broken-{number}"), "FAILED")
    stage.starter.start_workflow({}, "later", definition=ONE)
    stage.starter.terminate_workflow("later")
    visitor = Visitor(stage)

    until(lambda: visitor.table("Where executions failed"))
    (row,) = visitor.table("Where executions failed")
    assert row[:2] == ["Work", "2"]
    assert "broken-1" in row[2]
    assert "Work failed" in row[3]
    assert visitor.table("Rates") == [
        [window, "3", "3", "2"] for window in ("minute", "hour", "day")
    ]


def test_an_engine_that_does_not_tell_who_polls(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Amazon's counts are all there is; the oldest task is looked for in histories."""
    monkeypatch.setattr("starter.lists.health.PATIENCE_SECONDS", 0.0)
    client = stage.starter.swf_client
    monkeypatch.setattr(client, "task_lists", lambda: None)
    stage.publish(ONE)
    stage.starter.start_workflow({}, "waiting", definition=ONE)
    visitor = Visitor(stage)

    page = visitor.page()

    assert lists(visitor)[LIST, "decisions"] == ["1", "–", "SWF does not tell"]
    assert "Nobody seems to take tasks from" in page
    assert "looked at: 1." in page
    assert "waiting</a>" in page.partition("Oldest waiting task")[2]


def test_tasks_that_were_taken_do_not_wait(stage: Stage) -> None:
    stage.clock.lock()
    gate = stage.hold("Work")
    stage.serve(ONE)
    run = stage.start(ONE)
    gate.wait()

    assert list(queues.untaken_of(stage.starter.swf_client, **run)) == []
    gate.open()
    stage.reaches(run, step="Ship")
    (task,) = queues.untaken_of(stage.starter.swf_client, **run)
    assert (task["kind"], task["task_list"], task["step"]) == ("activity", "dock", "Ship")


def test_it_speaks_portuguese(stage: Stage) -> None:
    page = Visitor(stage).page(**{"accept-language": "pt-BR"})

    assert "Listas de tarefas" in page
    assert "Nenhuma tarefa espera." in page
