"""What is kept outside the history or encrypted is readable in the page, where that can be."""

from __future__ import annotations

import base64
from pathlib import Path

from starlette.testclient import TestClient

import config
from dashboard.app import make_app
from dashboard.options import Options
from dashboard.pages import execution_url
from local_swf.testing import LocalSWF
from tests.application import Application, application
from workflow_starter import WorkflowStarter

KEY = base64.b64encode(b"k" * 32).decode()
LONG = "a long note " * 4_000
ORDER = {"order_id": "ORD-secret", "note": LONG, "items": ["a"]}


def finished(app: Application) -> dict[str, str]:
    app.decider()
    app.worker()
    run = dict(app.starter.start_workflow(ORDER))
    app.finish(run)
    return run


def texts(starter: WorkflowStarter, run: dict[str, str]) -> list[str]:
    visitor = TestClient(make_app(starter, Options()), base_url="http://127.0.0.1")
    paths = [execution_url(run, "data"), execution_url(run, step="ProcessData")]
    paths += [execution_url(run, "events", "1"), execution_url(run, "history.json")]
    answers = [visitor.get(path) for path in paths]
    assert [answer.status_code for answer in answers] == [200] * len(paths)
    return [answer.text for answer in answers]


def test_long_and_encrypted_values_are_shown(local_swf: LocalSWF, tmp_path: Path) -> None:
    with application(local_swf, tmp_path, PAYLOAD_KEYS=f"k1:{KEY}") as app:
        run = finished(app)
        wire = app.swf.client().get_workflow_execution_history(
            domain=app.settings.swf_domain,
            execution={"workflowId": run["workflow_id"], "runId": run["run_id"]},
        )
        assert "ORD-secret" not in str(wire)
        for text in texts(app.starter, run):
            assert "ORD-secret" in text
            assert "a long note a long note" in text
            assert "_process_ref" not in text


def test_without_the_key_the_page_says_what_there_is(local_swf: LocalSWF, tmp_path: Path) -> None:
    with application(local_swf, tmp_path, PAYLOAD_KEYS=f"k1:{KEY}") as app:
        run = finished(app)
        keyless = config.load({"SWF_ENDPOINT": local_swf.url, "DATA_DIR": str(tmp_path)})
        visitor = TestClient(
            make_app(WorkflowStarter(keyless), Options()), base_url="http://127.0.0.1"
        )
        for part in ("", "data", "events", "audit", "forecast", "relations"):
            answer = visitor.get(execution_url(run, part) if part else execution_url(run))
            assert answer.status_code == 200, part
            assert "ORD-secret" not in answer.text
        assert "COMPLETED" in visitor.get(execution_url(run)).text
