"""Histories that are cut, out of order, changed or alien: told, blocked, never a fault."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

import cli
import config
from dashboard.app import make_app
from dashboard.offline import library_of
from dashboard.options import Options
from dashboard.pages import execution_url
from decision_worker import DecisionWorker
from errors import InvalidInputError
from payloads import Codec, DirectoryStore, Payloads
from tests.fuzz.strategies import BOUNDED, GOLDEN, alien_histories, histories, values
from workflow_starter import WorkflowStarter

saved = st.one_of(histories(), alien_histories())
STARTED = json.loads((GOLDEN[0].parent / "success.core2.json").read_text("utf-8"))
SOUND = {**STARTED, "events": STARTED["events"][:3]}
"""An execution that has just been started."""
VIEWS = ("", "data", "events", "audit", "forecast", "relations", "export.html", "history.json")


@pytest.fixture(autouse=True)
def _nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setenv("LOG_LEVEL", "ERROR")


def written(folder: Path, document: Any) -> str:
    path = folder / "history.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return str(path)


@BOUNDED
@given(document=saved | st.lists(saved, max_size=2) | values)
def test_check_tells(document: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = cli.main(["check", "--history", written(tmp_path, document), "--json"])
    told = capsys.readouterr()
    assert code in (0, 1, 2)
    assert len(told.err.splitlines()) == (code == 2), told.err
    if code != 2:
        assert json.loads(told.out)["checked"] >= 0


@BOUNDED
@given(document=saved | values, form=st.sampled_from(["svg", "mermaid"]))
def test_graph_draws_or_refuses(
    document: Any, form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = cli.main(["graph", written(tmp_path, document), "--format", form])
    told = capsys.readouterr()
    assert code in (0, 1, 2)  # 1: it does not fit its definition
    assert len(told.err.splitlines()) == (code > 0), told.err


@BOUNDED
@given(document=saved | values, view=st.sampled_from(VIEWS))
def test_the_page_shows_or_refuses(document: Any, view: str, tmp_path: Path) -> None:
    starter = WorkflowStarter(config.load())
    try:
        library = library_of(starter, [written(tmp_path, document)])
    except InvalidInputError:
        return
    visitor = TestClient(
        make_app(starter, Options(offline=True), library), base_url="http://127.0.0.1"
    )
    assert visitor.get("/executions").status_code == 200
    where = {"workflow_id": document["workflow_id"], "run_id": document["run_id"]}
    assert visitor.get(
        execution_url(where, view) if view else execution_url(where)
    ).status_code in (
        200,
        404,
        422,
    )


class Quiet:
    """A client that keeps what is answered."""

    identity = "fuzz"

    def __init__(self, folder: Path) -> None:
        self.settings = config.load()
        self.payloads = Payloads(DirectoryStore(folder), Codec())
        self.answers: list[dict[str, Any]] = []

    def respond_decision_task(self, token: str, decisions: Any, **named: Any) -> None:
        assert token == "t"
        self.answers.append({"decisions": decisions, **named})


def task_of(document: dict[str, Any], previous: int = 0, run_id: str = "r") -> dict[str, Any]:
    """The decision task that a saved history ends in."""
    events = document["events"]
    return {
        "taskToken": "t",
        "workflowExecution": {"workflowId": "w", "runId": run_id},
        "workflowType": document["type"],
        "events": events,
        "startedEventId": len(events),
        "previousStartedEventId": previous if events else 0,
    }


@BOUNDED
@given(document=saved, previous=st.integers(0, 3))
def test_the_decider_decides_or_is_blocked(
    document: dict[str, Any], previous: int, tmp_path: Path
) -> None:
    client = Quiet(tmp_path)
    worker = DecisionWorker(client.settings, swf_client=client)  # type: ignore[arg-type]
    task = task_of(document, previous)
    for _ in range(2):  # the second delivery is answered where the first was left
        worker._serve(task)
    for answer in client.answers:
        kinds = [decision["decisionType"] for decision in answer["decisions"]]
        if "FailWorkflowExecution" in kinds:
            assert "BLOCKED" not in str(answer["context"])
        json.loads(answer["context"] or "null")
    client.answers.clear()
    worker._serve(task_of(SOUND, run_id="sound"))
    (answer,) = client.answers  # it lives, and decides what can be decided
    assert "ScheduleActivityTask" in [item["decisionType"] for item in answer["decisions"]]
