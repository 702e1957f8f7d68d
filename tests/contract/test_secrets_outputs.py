"""An activity fails with secrets in its exception: none of them comes out anywhere.

The walk through every output: logs, commands, the page and what is saved from it, alerts, health,
telemetry, and the engine's own file.  The input holds none: business data is shown as it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

import cli
import config
import logs
import redaction
from cli import alert
from dashboard.app import make_app
from dashboard.offline import library_of
from dashboard.options import Options
from dashboard.pages import execution_url
from local_swf.testing import LocalSWF
from telemetry import pulse, switch
from tests.application import Application, application
from tests.contract.test_secrets import ORDER, SAID, SECRETS, _as_before
from tests.telemetry_in_memory import InMemory, in_memory

__all__ = ["_as_before"]

RUN = ("WORKFLOW_ID", "RUN_ID")
COMMANDS = {
    "status": (0, "status", *RUN),
    "status as JSON": (1, "status", *RUN, "--json"),
    "history": (1, "history", *RUN),
    "history as JSON": (1, "history", *RUN, "--json"),
    "history of the chain": (1, "history", "WORKFLOW_ID", "--chain"),
    "audit": (0, "audit", "WORKFLOW_ID"),
    "audit as JSON": (0, "audit", "WORKFLOW_ID", "--json"),
    "list": (0, "list"),
    "list as JSON": (0, "list", "--json"),
    "waiting": (0, "waiting"),
    "forecast": (0, "forecast", "WORKFLOW_ID"),
    "check": (0, "check"),
    "graph": (0, "graph", "WORKFLOW_ID", "--format", "svg"),
    "monitor": (0, "monitor", "WORKFLOW_ID"),
    "monitor as JSON": (1, "monitor", "WORKFLOW_ID", "--json"),
    "resume --dry-run": (0, "resume", "WORKFLOW_ID", "--step", "SaveResults", "--dry-run"),
}
"""Commands, and whether what they print of a failed execution has the redacted reason in it."""

VIEWS = (
    *("", "?step=SaveResults", "data", "events", "events/13", "audit", "forecast", "relations"),
    *("export.html", "history.json"),
)
TELLING = {"", "?step=SaveResults", "data", "events", "export.html", "history.json"}
"""Pages of the execution, and those that tell of its failure."""


def clean(text: str, *, told: bool = False) -> None:
    """No secret is in a text; where it tells of the failure, something stands in their place."""
    assert not [secret for secret in SECRETS if secret in text], text
    assert redaction.GONE in text or not told, text


@pytest.fixture
def memory() -> Iterator[InMemory]:
    with in_memory() as found:
        yield found


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[LocalSWF]:
    """An engine with a file."""
    with LocalSWF(tmp_path / "swf.sqlite3", virtual_clock=True) as swf:
        yield swf


@pytest.fixture
def failed(
    engine: LocalSWF,
    tmp_path: Path,
    memory: InMemory,
    capsys: pytest.CaptureFixture[str],  # which the log is written to
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Application]:
    """An application in which an order has failed and was rolled back."""
    for name, value in {"SWF_ENDPOINT": engine.url, "DATA_DIR": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LOG_LEVEL", "DEBUG")
    monkeypatch.setattr(config, "_current", None)

    def fails(_: Any) -> Any:
        raise ValueError(SAID)

    with application(engine, tmp_path, LOG_LEVEL="DEBUG") as app:
        logs.configure(app.settings)
        app.decider()
        worker = app.worker()
        worker.activities.update(SaveResults=fails, RollbackStep=fails)
        app.finish(app.starter.start_workflow(ORDER))
        app.stop()
        yield app


def test_no_output_has_any(
    failed: Application, memory: InMemory, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (found,) = failed.starter.list_workflows()
    run = {"workflow_id": found["workflow_id"], "run_id": found["run_id"]}
    log = capsys.readouterr()
    assert log.out == ""
    clean(log.err, told=True)
    assert "Activity 'SaveResults' failed: ValueError: password=" in log.err

    for name, (tells, *words) in COMMANDS.items():
        ids = {"WORKFLOW_ID": run["workflow_id"], "RUN_ID": run["run_id"]}
        code = cli.main([ids.get(str(word), str(word)) for word in words])
        told = capsys.readouterr()
        assert code in (0, 1), (name, told.err)
        clean(told.out + told.err, told=bool(tells))

    saved = tmp_path / "saved.json"
    saved.write_text(json.dumps(_saved(run, capsys)))
    for app in (
        make_app(failed.starter, Options()),
        make_app(failed.starter, Options(offline=True), library_of(failed.starter, [str(saved)])),
    ):
        visitor = TestClient(app, base_url="http://127.0.0.1")
        for view in VIEWS:
            path, _, query = view.partition("?")
            address = execution_url(run, *path.split("/")) if path else execution_url(run)
            answer = visitor.get(f"{address}?{query}" if query else address)
            assert answer.status_code == 200, view
            clean(answer.text, told=view in TELLING)
        for path in ("/executions", "/health"):
            clean(visitor.get(path).text)

    status: Any = failed.starter.status(**run)
    clean(json.dumps(alert.message(status)))
    clean(json.dumps(alert.message({**status, "reason": SAID})), told=True)
    clean("".join(span.to_json() for span in memory.spans()))
    metrics = memory._reader.get_metrics_data()
    assert metrics is not None
    clean(metrics.to_json())
    assert memory.spans()
    for trusted in (True, False):
        for route in (switch._healthz, switch._readyz):
            clean(route(trusted).text)
    assert pulse.health() is not None

    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.name.startswith("swf.sqlite3") for path in files)
    for path in files:
        content = path.read_bytes()
        assert not [secret for secret in SECRETS if secret.encode() in content], path


def _saved(run: dict[str, str], capsys: pytest.CaptureFixture[str]) -> Any:
    assert cli.main(["history", run["workflow_id"], run["run_id"], "--json"]) == 0
    return json.loads(capsys.readouterr().out)
