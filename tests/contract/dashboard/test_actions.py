"""Each action of the page over HTTP: what it says beforehand, and what it then does."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from starlette.testclient import TestClient

from dashboard.app import make_app
from dashboard.options import Options
from dashboard.pages import execution_url
from tests.contract.steering.conftest import Stage
from workflow import Retry, process, step, wait_for_signal


class Operator:
    """Somebody who fills in forms of the page."""

    def __init__(self, stage: Stage) -> None:
        app = make_app(stage.starter, Options())
        self.http = TestClient(app, base_url="http://127.0.0.1", follow_redirects=False)

    def preview(self, run: dict[str, str], action: str, **fields: str) -> str:
        return self._post(run, f"{action}/preview", fields).text

    def acts(self, run: dict[str, str], action: str, **fields: str) -> str:
        """Do it; where the page leads then."""
        answer = self._post(run, action, fields)
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"])

    def _post(self, run: dict[str, str], action: str, fields: dict[str, str]) -> Any:
        name = action.partition("/")[0]
        page = self.http.get(execution_url(run, "act", name)).text
        secret = re.search(r'name="csrf" value="([^"]+)"', page)
        assert secret is not None
        url = execution_url(run, "act") + f"/{action}"
        return self.http.post(url, data={"csrf": secret[1], **fields})


@pytest.fixture
def operator(stage: Stage) -> Operator:
    return Operator(stage)


def held(stage: Stage) -> tuple[dict[str, str], Any]:
    """An execution whose second step is under way, at a gate."""
    made = process("Held", "1", [step("First", compensation="Undo"), step("Second"), step("Third")])
    gate = stage.hold("Second")
    stage.serve(made)
    run = stage.start(made)
    gate.wait()
    return run, gate


def test_pause_and_continue(stage: Stage, operator: Operator) -> None:
    run, gate = held(stage)
    assert "What will happen" in operator.preview(run, "pause")

    led = operator.acts(run, "pause", reason="lunch", actor="maria")
    assert "request=" in led
    gate.open()
    stage.reaches(run, state="PAUSED")
    page = operator.http.get(execution_url(run)).text
    assert "PAUSED" in page
    assert "/act/continue" in page
    operator.acts(run, "continue")
    stage.ends(run)
    told = [(e["what"], e["actor"], e["reason"]) for e in stage.starter.audit(**run)]
    assert told[0] == ("PAUSE", "maria", "lunch")
    assert "lunch" in operator.http.get(led).text


def test_skip_with_a_result(stage: Stage, operator: Operator) -> None:
    run, _ = held(stage)
    fields = {"step_name": "Second", "result": '{"by": "hand"}'}
    assert "Second is asked to stop" in operator.preview(run, "skip", **fields)
    operator.acts(run, "skip", **fields)
    ended = stage.ends(run)
    assert ended["result"]["previous_results"]["Second"] == {"by": "hand"}


def test_go_back(stage: Stage, operator: Operator) -> None:
    run, gate = held(stage)
    assert "goes on at First" in operator.preview(run, "back", steps="1")
    operator.acts(run, "back", steps="1")
    gate.open()
    stage.ends(run)
    assert [call.activity for call in stage.calls].count("First") == 2


def test_reprocess_with_other_data(stage: Stage, operator: Operator) -> None:
    run, gate = held(stage)
    fields = {"step_name": "First", "input": '{"colour": "red"}'}
    assert "colour" in operator.preview(run, "reprocess", **fields)
    operator.acts(run, "reprocess", **fields)
    gate.open()
    stage.ends(run)
    again = [call for call in stage.calls if call.activity == "First"][-1]
    assert again.data["colour"] == "red"
    audit = operator.http.get(execution_url(run, "audit")).text
    assert "colour" in audit


def test_roll_back(stage: Stage, operator: Operator) -> None:
    run, _ = held(stage)
    assert "First is undone" in operator.preview(run, "rollback")
    operator.acts(run, "rollback", reason="wrong customer")
    ended = stage.ends(run, "FAILED")
    assert "Undo" in [call.activity for call in stage.calls]
    assert "Rolled back" in ended["reason"]


def test_a_closed_execution_goes_on_in_a_run_that_says_since_when(
    stage: Stage, operator: Operator
) -> None:
    made = process("Closed", "1", [step("First"), step("Second")])
    stage.serve(made)
    run = stage.start(made)
    stage.ends(run)
    page = operator.http.get(operator.acts(run, "resume", step_name="Second")).text
    assert "this run since" in page
    assert "this run since" not in operator.http.get(execution_url(run)).text


def test_resume_forward_in_an_open_execution(stage: Stage, operator: Operator) -> None:
    run, _ = held(stage)
    assert "goes on at Third" in operator.preview(run, "resume", step_name="Third")
    operator.acts(run, "resume", step_name="Third", input='{"fast": true}')
    stage.ends(run)
    assert [c.data["fast"] for c in stage.calls if c.activity == "Third"] == [True]


def test_cancel(stage: Stage, operator: Operator) -> None:
    run, _ = held(stage)
    assert "CANCELED" in operator.preview(run, "cancel")
    operator.acts(run, "cancel")
    stage.ends(run, "CANCELED")


def test_a_waiting_step_is_answered(stage: Stage, operator: Operator) -> None:
    made = process("Asks", "1", [wait_for_signal("Approval", signal="APPROVE"), step("After")])
    stage.serve(made)
    run = stage.start(made)
    stage.reaches(run, step="Approval")
    page = operator.http.get(execution_url(run)).text
    assert "signal_name=APPROVE" in page
    fields = {"step_name": "Approval", "signal_name": "APPROVE", "answer": '{"ok": true}'}

    operator.acts(run, "answer", **fields, reason="checked")

    ended = stage.ends(run)
    given = ended["result"]["previous_results"]["Approval"]
    assert (given["ok"], given["reason"]) == (True, "checked")


@pytest.mark.parametrize(
    ("action", "fields", "said"),
    [
        ("resume", {"step_name": "Nowhere"}, "Nowhere"),
        ("resume", {"step_name": "First", "input": "{"}, "no JSON"),
        ("resume", {"step_name": "First", "version": "9"}, "version"),
        ("back", {"steps": "7"}, "no step ran 7"),
        ("back", {"steps": "x"}, "whole number"),
        ("skip", {"step_name": "Third"}, "not in progress"),
        ("reprocess", {"step_name": "Third"}, "has not run yet"),
    ],
)
def test_what_cannot_be_done_is_said_and_not_done(
    stage: Stage, operator: Operator, action: str, fields: dict[str, str], said: str
) -> None:
    run, gate = held(stage)

    assert said in operator.preview(run, action, **fields)
    answer = operator._post(run, action, fields)

    assert answer.status_code == 409
    assert said in answer.text
    for value in fields.values():
        assert value in answer.text or value == "{"
    gate.open()
    stage.ends(run)
    assert stage.starter.audit(**run) == []


def test_the_page_says_when_a_request_was_refused_after_all(
    stage: Stage, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, gate = held(stage)
    sent = stage.starter.signal_workflow(
        run["workflow_id"], "SKIP_STEP", {"step_name": "Third"}, run["run_id"]
    )
    stage.starter.signal_outcome(run["workflow_id"], run["run_id"], sent["request_id"])

    page = operator.http.get(execution_url(run, request=sent["request_id"])).text

    assert "Refused" in page
    assert "not in progress" in page
    gate.open()
    stage.ends(run)


def test_an_answer_that_nobody_gave_yet_is_said(stage: Stage, operator: Operator) -> None:
    made = process("Idle", "1", [step("Only")])
    stage.publish(made)
    run = stage.start(made)
    page = operator.http.get(execution_url(run, request="unheard-of")).text
    assert "no decider has answered yet" in page


def test_event_pages_are_filtered_and_grouped(stage: Stage, operator: Operator) -> None:
    made = process("Filtered", "1", [step("Alpha"), step("Beta", retry=Retry(attempts=1))])
    stage.serve(made)
    run = stage.start(made)
    stage.ends(run)

    def rows(**query: str) -> list[str]:
        text = operator.http.get(execution_url(run, "events", **query)).text
        return re.findall(r'<details id="event-(\d+)"', text)

    every = rows(decisions="1")
    assert len(every) == len(stage.starter.get_workflow_history(**run))
    assert 0 < len(rows(step="Alpha")) < len(rows()) < len(every)
    assert len(rows(text="ActivityTaskCompleted")) == 2
    grouped = operator.http.get(execution_url(run, "events", by="step")).text
    assert re.findall(r"<strong>(Alpha|Beta|The execution)</strong>", grouped) == [
        "The execution",
        "Alpha",
        "Beta",
    ]
    event = operator.http.get(execution_url(run, "events", "1")).text
    assert "WorkflowExecutionStarted" in event


def test_events_are_paged(
    stage: Stage, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.views.execution.EVENTS_A_PAGE", 5)
    run, gate = held(stage)
    gate.open()
    stage.ends(run)
    seen: list[int] = []
    path = execution_url(run, "events", decisions="1")
    while path:
        text = operator.http.get(path).text
        seen += map(int, re.findall(r'<details id="event-(\d+)"', text))
        more = re.search(r'href="([^"]+)">Next page', text)
        path = more[1].replace("&amp;", "&") if more else ""
    assert seen == [event["eventId"] for event in stage.starter.get_workflow_history(**run)]


def test_the_history_is_saved_as_the_command_line_prints_it(
    stage: Stage, operator: Operator
) -> None:
    run, gate = held(stage)
    gate.open()
    stage.ends(run)
    stage.starter.resume_workflow_from_step(**run, step_name="Third")
    answer = operator.http.get(execution_url(run, "history.json"))
    assert "attachment" in answer.headers["content-disposition"]
    saved = json.loads(answer.text)
    assert saved == stage.json("history", run["workflow_id"], run["run_id"])


def test_what_is_still_being_read_is_not_saved_by_halves(
    stage: Stage, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, gate = held(stage)
    gate.open()
    stage.ends(run)
    monkeypatch.setattr("dashboard.library.Library.is_read", lambda *_: False)
    for file in ("history.json", "export.html"):
        answer = operator.http.get(execution_url(run, file))
        assert (answer.status_code, answer.headers["location"]) == (303, execution_url(run))
    assert "Reading its history" in operator.http.get(execution_url(run)).text
