"""Saved histories in the page, and executions as one file: without any engine."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

import config
from dashboard.app import make_app
from dashboard.offline import library_of
from dashboard.options import Options
from dashboard.pages import execution_url
from errors import InvalidInputError
from tests.contract.steering.conftest import Stage, continued
from workflow import Retry, process, step
from workflow_starter import WorkflowStarter

VIEWS = ("", "data", "events", "audit", "forecast", "relations", "export.html", "history.json")


def nowhere(stage: Stage) -> WorkflowStarter:
    """A starter whose engine cannot be reached."""
    folder = str(stage.app.settings.data_dir)
    return WorkflowStarter(config.load({"SWF_ENDPOINT": "http://127.0.0.1:9", "DATA_DIR": folder}))


def failed(stage: Stage) -> dict[str, str]:
    made = process(
        "Saved",
        "1",
        [step("First", compensation="Undo"), step("Second", retry=Retry(attempts=2))],
    )

    def fails(_: Any) -> Any:
        raise OSError("the printer is on fire")

    stage.play("Second", fails)
    stage.serve(made)
    run = stage.start(made, workflow_id="saved-1")
    stage.ends(run, "FAILED")
    return run


def saved(stage: Stage, run: dict[str, str], folder: Path, *options: str) -> str:
    path = folder / "history.json"
    document = stage.json("history", run["workflow_id"], run["run_id"], *options)
    path.write_text(json.dumps(document), encoding="utf-8")
    return str(path)


def offline(stage: Stage, *files: str) -> TestClient:
    starter = nowhere(stage)
    app = make_app(starter, Options(offline=True), library_of(starter, files))
    return TestClient(app, base_url="http://127.0.0.1", follow_redirects=False)


def test_a_saved_history_tells_all_that_the_engine_did(stage: Stage, tmp_path: Path) -> None:
    run = failed(stage)
    online = TestClient(make_app(stage.starter, Options()), base_url="http://127.0.0.1")

    visitor = offline(stage, saved(stage, run, tmp_path))

    for view in VIEWS:
        answer = visitor.get(execution_url(run, view) if view else execution_url(run))
        assert answer.status_code == 200, view
        assert "/act/" not in answer.text, view
    page = visitor.get(execution_url(run, step="Second")).text
    assert "the printer is on fire" in page
    picture = re.search(r"<svg.*?</svg>", page, re.DOTALL)
    theirs = re.search(r"<svg.*?</svg>", online.get(execution_url(run)).text, re.DOTALL)
    assert picture is not None
    assert theirs is not None
    assert picture[0] == theirs[0]
    assert visitor.get(execution_url(run, "history.json")).json() == json.loads(
        (tmp_path / "history.json").read_text()
    )
    listed = visitor.get("/executions").text
    assert execution_url(run).replace("&", "&amp;") in listed
    assert "FAILED" in listed


def test_a_saved_chain_is_one_story(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, ended = continued(stage, monkeypatch)
    last = {"workflow_id": run["workflow_id"], "run_id": ended["run_id"]}

    visitor = offline(stage, saved(stage, last, tmp_path, "--chain"))

    page = visitor.get(execution_url(last)).text
    assert "9 visits" in page
    assert "Count #9" in page
    assert "First: " in page  # the bar of a step that an earlier run did


def test_nothing_else_is_asked_of_an_engine(stage: Stage, tmp_path: Path) -> None:
    visitor = offline(stage, saved(stage, failed(stage), tmp_path))
    for path in ("/executions/other/22abc", "/definitions", "/start", "/bulk", "/health"):
        answer = visitor.get(path)
        assert answer.status_code in (200, 303, 403, 404), path
        assert "cannot be reached" not in answer.text
    assert visitor.get("/executions/other").headers["location"] == "/executions"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"events": []}', '"text"', '{"a": 1}'])
def test_what_is_no_history_is_said(stage: Stage, tmp_path: Path, text: str) -> None:
    path = tmp_path / "odd.json"
    path.write_text(text)
    with pytest.raises(InvalidInputError, match=r"odd\.json"):
        library_of(nowhere(stage), [str(path)])


def test_a_file_that_is_not_there_is_said(stage: Stage) -> None:
    with pytest.raises(InvalidInputError, match="cannot be read"):
        library_of(nowhere(stage), ["/nowhere/history.json"])


def test_an_execution_as_one_file_needs_nothing_else(stage: Stage) -> None:
    run = failed(stage)
    visitor = TestClient(make_app(stage.starter, Options()), base_url="http://127.0.0.1")

    answer = visitor.get(execution_url(run, "export.html"))

    assert "saved-1.html" in answer.headers["content-disposition"]
    text = answer.text
    assert not re.search(r"(?:src|href|action)=", text)
    assert "<script" not in text
    for told in ("the printer is on fire", "ROLLBACK_INITIATED", "undone", "FAILED", "Undo"):
        assert told in text
    assert text.count("<details><summary>") >= len(stage.starter.get_workflow_history(**run))


def test_an_open_execution_that_was_saved_is_shown_as_it_was(stage: Stage, tmp_path: Path) -> None:
    run = failed(stage)
    path = saved(stage, run, tmp_path)
    document = json.loads(Path(path).read_text(encoding="utf-8"))
    del document["events"][-1]
    Path(path).write_text(json.dumps(document), encoding="utf-8")
    answer = offline(stage, path).get(execution_url(run))
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"eventType": None}, "no eventType"),
        ({"eventId": "first"}, "eventId"),
        ({"workflowExecutionStartedEventAttributes": {}}, "childPolicy"),
    ],
)
def test_what_no_event_of_swf_is_like_is_refused(
    stage: Stage, tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    path = saved(stage, failed(stage), tmp_path)
    document = json.loads(Path(path).read_text(encoding="utf-8"))
    document["events"][0].update(change)
    Path(path).write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(InvalidInputError, match=said):
        offline(stage, path)


def test_half_a_surrogate_pair_is_shown_as_its_escape(stage: Stage, tmp_path: Path) -> None:
    run = failed(stage)
    path = saved(stage, run, tmp_path)
    text = Path(path).read_text(encoding="utf-8").replace("on fire", "on \\ud800")
    Path(path).write_text(text, encoding="utf-8")
    visitor = offline(stage, path)
    for view in VIEWS:
        answer = visitor.get(execution_url(run, view) if view else execution_url(run))
        assert answer.status_code == 200, view
