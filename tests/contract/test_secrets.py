"""Secrets come into no log, error, reason of a failure or page; inputs that hold some are told."""

from __future__ import annotations

import base64
import json
import logging
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

import activity_worker
import cli
import config
import decision_worker
import demo
import logs
import redaction
import setup
from activity_worker import current_task
from cli.output import Output
from config import Settings
from dashboard.__main__ import main as dashboard_main
from dashboard.testing import served
from errors import BusinessProcessError, InvalidInputError, TaskFailedError
from local_swf.testing import LocalSWF
from swf_client import SwfClient
from tests.application import Application, application, settings_for
from workflow_starter import WorkflowStarter

ROOT = Path(__file__).resolve().parents[2]
HUSH = "hunter2-hush"
CARD = "4111111111111111"
AWS_KEY = "AKIAIOSFODNN7EXAMPLE"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
SAID = f"password={HUSH} of postgresql://ana:{HUSH}@db/x, card {CARD}, key {AWS_KEY}, {JWT}"
SECRETS = (HUSH, CARD, AWS_KEY, JWT)
ORDER = {"order_id": "ORD-1"}


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Logging and redaction as they were."""
    root, chosen = logging.getLogger(), redaction.current()
    handlers, level, hook = root.handlers[:], root.level, sys.excepthook
    quiet = {name: logging.getLogger(name).level for name in (*logs.QUIET, "swf_client")}
    yield
    root.handlers[:], sys.excepthook = handlers, hook
    root.setLevel(level)
    for name, before in quiet.items():
        logging.getLogger(name).setLevel(before)
    redaction.use(chosen)


def nothing_in(text: str) -> bool:
    """Whether no secret is in a text; one that says nothing at all shows nothing."""
    assert redaction.GONE in text
    found = [secret for secret in SECRETS if secret in text]
    assert not found, text
    return True


class TestLogs:
    @pytest.mark.parametrize("look", ["console", "json"])
    def test_texts_fields_and_traces(self, look: str, capsys: pytest.CaptureFixture[str]) -> None:
        logs.configure(config.load({"LOG_FORMAT": look, "LOG_LEVEL": "DEBUG"}))
        log = logs.get("worker")
        log.debug(f"tried {SAID}")
        log.bind(api_key=HUSH).info("a field", deep={"a": [{"password": HUSH}]}, said=SAID)
        log.warning("an object", error=ValueError(SAID), headers=[("x", SAID)])
        logging.getLogger("somebody.else").warning("theirs: %s", SAID)
        try:
            try:
                int(SAID)
            except ValueError as error:
                raise KeyError(SAID) from error
        except KeyError:
            log.exception("It broke")
            logging.getLogger("somebody.else").exception("theirs")
        err = capsys.readouterr().err
        assert nothing_in(err)
        assert err.count("Traceback") == 4
        for line in err.splitlines() if look == "json" else []:
            json.loads(line)

    def test_handlers_of_others_get_texts_and_fields_without_them(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("INFO")
        logs.get("worker").info(f"said {SAID}", token=HUSH, deep={"a": SAID})
        (record,) = caplog.records
        assert nothing_in(record.getMessage())
        assert nothing_in(str(vars(record)["fields"]))

    def test_ids_stay_by_which_lines_are_looked_for(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        logs.configure(config.load({}))
        logs.get("d").info(f"Received decision task for workflow: {CARD}", workflow_id=CARD)
        line = capsys.readouterr().err
        assert f"Received decision task for workflow: {CARD} workflow_id={CARD}\n" in line

    def test_names_are_added_and_all_can_be_switched_off(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        logs.configure(config.load({"REDACT_KEYS": "iban,tax_id"}))
        logs.get("w").info("iban=DE89", taxId="12345")
        assert "INFO iban=[redacted] taxId=[redacted]" in capsys.readouterr().err
        logs.configure(config.load({"REDACT": "off"}))
        logs.get("w").info("password=x", token="y")
        assert "INFO password=x token=y" in capsys.readouterr().err

    def test_what_nobody_catches_is_shown_without_them(self) -> None:
        program = f"""
import threading, config, logs
logs.configure(config.load({{}}))
def fails():
    raise ValueError({SAID!r})
thread = threading.Thread(target=fails)
thread.start()
thread.join()
fails()
"""
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 1
        assert done.stderr.count("ValueError") == 2
        shown = [line for line in done.stderr.splitlines() if not line.lstrip().startswith("File")]
        assert nothing_in("\n".join(shown))


class TestCommandLines:
    @pytest.mark.parametrize(
        "arguments",
        [
            ["start", "--input", f"{{'password': '{HUSH}' {SAID}"],
            ["start", "--input", "{}", "--id", f"a:b {SAID}"],
            ["start", "--input", "{}", "--timeout", SAID],
            ["status", "x", f"--password={HUSH}", SAID],
            ["list", "--since", SAID],
            ["validate", f"{SAID}.json"],
            ["--env-file", f"{SAID}.env", "list"],
        ],
    )
    def test_errors(self, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
        try:
            code = cli.main(arguments)
        except SystemExit as ending:
            code = int(str(ending.code))
        told = capsys.readouterr()
        assert code == 2
        assert not [secret for secret in SECRETS if secret in told.err], told.err

    def test_remarks(self, capsys: pytest.CaptureFixture[str]) -> None:
        Output(as_json=False).remark(f"beware of {SAID}")
        assert nothing_in(capsys.readouterr().err)

    @pytest.mark.parametrize("main", [activity_worker.main, decision_worker.main])
    def test_workers_that_cannot_begin(
        self, main: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("polling.config.load", lambda **_: _raise(SAID))
        assert main([]) == 1
        assert nothing_in(capsys.readouterr().err)


def _raise(text: str) -> Any:
    raise BusinessProcessError(text)


class TestFailures:
    def test_reasons_and_traces_have_none_and_data_stay_as_they_are(
        self, app: Application, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("DEBUG")
        seen: list[Any] = []

        def process_data(data: dict[str, Any]) -> dict[str, Any]:
            seen.append(data["login"])
            return {"token": HUSH}

        def enrich(data: dict[str, Any]) -> Any:
            seen.append(data["previous_results"]["ProcessData"])
            raise ValueError(SAID)

        app.decider()
        worker = app.worker()
        worker.activities["ProcessData"] = process_data
        worker.activities["EnrichData"] = enrich
        login = {"password": HUSH, "card": CARD}
        run = app.starter.start_workflow({**ORDER, "login": login})
        events = app.finish(run)

        assert seen[:2] == [login, {"token": HUSH}]
        started = events[0]["workflowExecutionStartedEventAttributes"]
        assert json.loads(started["input"])["login"] == login
        results = [
            event["activityTaskCompletedEventAttributes"]["result"]
            for event in events
            if event["eventType"] == "ActivityTaskCompleted"
        ]
        assert {"token": HUSH} in [json.loads(text) for text in results]
        said = [
            json.dumps(event[f"{kind[0].lower()}{kind[1:]}EventAttributes"])
            for event in events
            for kind in [event["eventType"]]
            if kind in ("ActivityTaskFailed", "WorkflowExecutionFailed")
            or "ROLLBACK_INITIATED" in str(event)
        ]
        assert len(said) >= 4
        assert nothing_in("".join(said))
        assert nothing_in(str(app.starter.status(**run)["details"]))
        ours = [record for record in caplog.records if not record.name.startswith(logs.QUIET)]
        lines = [f"{r.getMessage()} {vars(r).get('fields')} {r.exc_text}" for r in ours]
        assert nothing_in("\n".join(lines))
        assert any("Activity 'EnrichData' failed: ValueError: password=" in x for x in lines)

    def test_a_cause_that_an_activity_gives_is_data(self) -> None:
        from activities.execution import Failed

        failed = Failed.of(TaskFailedError("Payment.Declined", SAID))
        facts = json.loads(failed.details)
        assert facts["cause"] == SAID
        assert nothing_in(failed.reason)
        assert nothing_in(facts["message"] + facts["trace"].partition("Traceback")[0])

    def test_what_blocks_a_decision(self, app: Application) -> None:
        from decision_worker import DecisionWorker

        class Broken(DecisionWorker):
            def make_decisions(self, task: Any) -> list[dict[str, Any]]:
                raise ValueError(SAID)

        hasty = replace(app.settings, decision_task_timeout="1")
        run = WorkflowStarter(hasty).start_workflow(ORDER)
        app.decider(Broken(hasty))
        for event in app.starter.swf_client.follow(run["workflow_id"], run["run_id"]):
            if event["eventType"] == "TimerStarted":
                break
        assert nothing_in(str(app.starter.status(**run)["blocked"]))


class TestThePage:
    @pytest.fixture
    def settings(self, local_swf: LocalSWF, tmp_path: Path) -> Settings:
        env_file = tmp_path / "all.env"
        env_file.write_text(
            f"AWS_ACCESS_KEY_ID={AWS_KEY[:-7]}ABCDEFG\nAWS_SECRET_ACCESS_KEY={HUSH}\n"
        )
        return config.load(
            {
                "SWF_ENDPOINT": local_swf.url.replace("://", f"://ana:{HUSH}@"),
                "DATA_DIR": str(tmp_path),
                "DATABASE_URL": f"postgresql://ana:{HUSH}@db/orders",
                "PAYLOAD_KEYS": "k1:" + base64.b64encode(b"1" * 32).decode(),
            },
            env_file,
        )

    def test_it_shows_no_secret_of_the_settings(
        self, settings: Settings, local_swf: LocalSWF, tmp_path: Path
    ) -> None:
        starter = WorkflowStarter(settings, swf_client=SwfClient(settings_for(local_swf, tmp_path)))
        hidden = [HUSH, base64.b64encode(b"1" * 32).decode(), "ABCDEFG"]
        with served(starter) as address:
            for path in ("/executions", "/health", "/start", "/definitions", "/executions/x/y"):
                page = _read(address + path)
                assert settings.swf_domain in page
                assert not [secret for secret in hidden if secret in page], path

    def test_nor_one_that_an_error_names(
        self, app: Application, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for method in ("describe", "history", "history_page"):
            monkeypatch.setattr(
                app.starter.swf_client, method, lambda *_, **__: _raise(SAID), raising=False
            )
        with served(app.starter) as address:
            page = _read(f"{address}/executions/w/r")
            assert nothing_in(page)


def _read(url: str) -> str:
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return str(answer.read().decode())
    except urllib.error.HTTPError as refused:
        with refused:
            return str(refused.read().decode())


LOGIN = {**ORDER, "customer": {"card": f"x {CARD}"}, "login": {"password": HUSH}}


def warnings(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """What the starter warned of."""
    found = [record for record in caplog.records if record.name == "workflow_starter"]
    return [record for record in found if record.levelname == "WARNING"]


class TestInputs:
    def test_a_line_says_where_one_looks_like_a_secret_and_it_is_started(
        self, app: Application, caplog: pytest.LogCaptureFixture
    ) -> None:
        app.starter.start_workflow(LOGIN, workflow_id="w-1")
        (line,) = warnings(caplog)
        assert line.getMessage() == (
            "The input looks as if it held secrets, at $.customer.card (a card number), "
            "$.login.password (a password or key)"
        )
        assert vars(line)["fields"] == {"workflow_id": "w-1"}

    def test_signals_answers_and_edits_are_looked_at_too(
        self, app: Application, caplog: pytest.LogCaptureFixture
    ) -> None:
        run = app.starter.start_workflow(ORDER)
        app.starter.signal_workflow(run["workflow_id"], "Note", {"api_key": HUSH})
        app.starter.reprocess_step(run["workflow_id"], "ValidateInput", input={"pin": HUSH})
        lines = [record.getMessage() for record in warnings(caplog)]
        assert ["$.api_key" in lines[0], "$.input.pin" in lines[1], len(lines)] == [True, True, 2]

    def test_it_can_be_refused(self, local_swf: LocalSWF, tmp_path: Path) -> None:
        with application(local_swf, tmp_path, SENSITIVE_INPUT="refuse") as app:
            with pytest.raises(InvalidInputError, match=r"\$\.customer\.card") as refused:
                app.starter.start_workflow(LOGIN)
            assert CARD not in str(refused.value)
            assert HUSH not in str(refused.value)
            assert app.starter.list_workflows() == []
            assert app.starter.start_workflow(ORDER)["run_id"]

    def test_or_let_be(
        self, local_swf: LocalSWF, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        with application(local_swf, tmp_path, SENSITIVE_INPUT="off") as app:
            app.starter.start_workflow(LOGIN)
        assert not warnings(caplog)

    def test_many_places_are_one_line(
        self, app: Application, caplog: pytest.LogCaptureFixture
    ) -> None:
        app.starter.start_workflow([{"password": HUSH}] * 1000)
        (line,) = warnings(caplog)
        assert line.getMessage().endswith("$[4].password (a password or key), and more")

    def test_the_example_order_holds_none(
        self, app: Application, caplog: pytest.LogCaptureFixture
    ) -> None:
        for path in sorted((ROOT / "docs" / "examples").glob("*order*.json")):
            app.starter.start_workflow(json.loads(path.read_text("utf-8")))
        assert not warnings(caplog)


class TestSettings:
    def test_no_secret_has_a_default(self) -> None:
        secret = [item for item in fields(Settings) if item.metadata["secret"]]
        assert len(secret) >= 5
        assert not [item.name for item in secret if item.metadata["default"]]
        judged = {
            item.metadata["name"]
            for item in fields(Settings)
            if redaction.current().is_secret(item.metadata["name"])
        }
        assert judged <= {item.metadata["name"] for item in secret} | {"AWS_ACCESS_KEY_ID"}

    def test_definitions_cannot_name_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in config.SECRETS:
            monkeypatch.setenv(name, HUSH)
        assert HUSH not in str(config.environment())

    @pytest.mark.skipif(os.name == "nt", reason="Windows keeps permissions elsewhere")
    @pytest.mark.parametrize(
        ("mode", "text", "told"),
        [
            (0o644, f"AWS_SECRET_ACCESS_KEY={HUSH}\n", True),
            (0o640, f"DASHBOARD_TOKEN={HUSH}\n", True),
            (0o600, f"AWS_SECRET_ACCESS_KEY={HUSH}\n", False),
            (0o644, "SWF_DOMAIN=d\n", False),
            (0o644, "AWS_SECRET_ACCESS_KEY=your-secret\n", False),
        ],
    )
    def test_a_settings_file_with_secrets_that_others_can_read_is_told(
        self,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
        mode: int,
        text: str,
        told: bool,  # noqa: FBT001 - a case of the table
    ) -> None:
        path = tmp_path / "own.env"
        path.write_text(text)
        path.chmod(mode)
        assert cli.main(["--env-file", str(path), "start", "--input", "nowhere.json"]) == 2
        err = capsys.readouterr().err
        assert (f"can be read by others: chmod 600 {path}" in err) is told
        assert HUSH not in err

    @pytest.mark.skipif(os.name == "nt", reason="Windows keeps permissions elsewhere")
    @pytest.mark.parametrize(
        ("main", "begins"),
        [
            (cli.main, "cli.app._starter"),
            (setup.main, "setup.check_file"),
            (demo.main, "demonstration.show.Show"),
            (dashboard_main, "dashboard.__main__.WorkflowStarter"),
            (activity_worker.main, "activity_worker.ActivityWorker"),
            (decision_worker.main, "decision_worker.DecisionWorker"),
        ],
    )
    def test_every_process_tells_of_such_a_file(
        self,
        main: Any,
        begins: str,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        path = tmp_path / "own.env"
        path.write_text(f"AWS_SECRET_ACCESS_KEY={HUSH}\nSWF_ENDPOINT=http://127.0.0.1:9\n")
        path.chmod(0o644)
        monkeypatch.setenv("ENV_FILE", str(path))
        monkeypatch.setenv("DATA_DIR", str(tmp_path))
        monkeypatch.setattr(config, "_current", None)
        monkeypatch.setattr(begins, lambda *_, **__: _raise("enough"))
        main(["list"] if main is cli.main else [])
        err = capsys.readouterr().err
        assert f"can be read by others: chmod 600 {path}" in err
        assert "enough" in err
        assert HUSH not in err


# --- payload encryption ------------------------------------------------------------------


KEY = "k1:" + base64.b64encode(b"1" * 32).decode()
NEEDLES = {name: f"Needle-{name}-Zyx7" for name in (
    "input", "result", "failure", "signal", "edit", "reason", "cause", "beat", "skipped",
)}  # fmt: skip


def forms(needle: str) -> Iterator[bytes]:
    """What a needle may look like in a file."""
    yield needle.encode()
    yield needle.encode("utf-16-le")
    yield needle.encode("utf-16-be")
    yield needle.encode().hex().encode()
    for shift in range(3):  # base64 at each place within three bytes
        text = base64.b64encode(b"x" * shift + needle.encode()).decode()
        yield text[4 : len(text) - 4].encode()


def test_nothing_of_sealed_values_can_be_read_in_files_or_logs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level("DEBUG")
    data, swf_folder = tmp_path / "data", tmp_path / "data" / "swf"
    swf_folder.mkdir(parents=True)
    env = {"PAYLOAD_KEYS": KEY, "LOG_LEVEL": "DEBUG"}
    broken = {"EnrichData": True}

    def process_data(_: Any) -> dict[str, Any]:
        current_task().heartbeat(NEEDLES["beat"])
        return {"name": NEEDLES["result"], "long": NEEDLES["result"] * 4_000}

    def enrich(_: Any) -> dict[str, Any]:
        if broken["EnrichData"]:
            raise TaskFailedError("Refused", f"{NEEDLES['cause']}")
        return {"name": NEEDLES["result"]}

    with (
        LocalSWF(swf_folder / "swf.sqlite3", virtual_clock=True) as swf,
        application(swf, data, **env) as app,
    ):
        logs.configure(app.settings)
        app.decider()
        worker = app.worker()
        worker.activities.update(ProcessData=process_data, EnrichData=enrich)
        for name in ("SaveResults", "NotifyCompletion", "RollbackStep", "CompensateTransaction"):
            worker.activities[name] = lambda _: {"said": NEEDLES["result"]}
        order = {**ORDER, "note": NEEDLES["input"], "long": NEEDLES["input"] * 4_000}
        run = app.starter.start_workflow(order)
        app.starter.signal_workflow(run["workflow_id"], "Note", {"note": NEEDLES["signal"]})
        failed = app.finish(run)
        assert failed[-1]["eventType"] == "WorkflowExecutionFailed"
        assert "ROLLBACK_INITIATED" in str(failed)
        broken["EnrichData"] = False
        resumed = app.starter.resume_workflow_from_step(
            **run, step_name="EnrichData", input={"e": NEEDLES["edit"]}, reason=NEEDLES["reason"]
        )
        again = {"workflow_id": run["workflow_id"], "run_id": resumed["run_id"]}
        ended = app.finish(again)
        assert ended[-1]["eventType"] == "WorkflowExecutionCompleted"
        other = app.starter.start_workflow(order)
        app.starter.terminate_workflow(
            **other, reason=NEEDLES["failure"], details=NEEDLES["failure"]
        )
        app.finish(other)
        told = json.dumps([failed, ended, app.starter.get_workflow_history(**other)], default=str)
        for name in ("input", "result", "signal", "edit", "reason", "cause", "failure"):
            assert NEEDLES[name] in told, f"{name}: who has the key reads it"
        assert any(path.name.endswith("-wal") for path in swf_folder.iterdir())
        _search(data)
    _search(data)
    said = "\n".join(f"{record.getMessage()} {vars(record)}" for record in caplog.records)
    said += "".join(capsys.readouterr())
    assert "Executing: ProcessData" in said
    assert "Activity 'EnrichData' failed: Refused: [sealed]" in said
    assert not [needle for needle in NEEDLES.values() if needle in said]


def _search(folder: Path) -> None:
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert any("payloads" in path.parts for path in files)
    for path in files:
        content = path.read_bytes()
        for name, needle in NEEDLES.items():
            found = [form for form in forms(needle) if form in content]
            assert not found, f"{name} can be read in {path.relative_to(folder)}: {found}"
