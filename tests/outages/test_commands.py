"""Commands while SWF cannot be reached: exit code 3, and one line that says what to do."""

from __future__ import annotations

import json
import socket
import uuid
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

import config
import setup
from cli import app
from config import Settings
from local_swf.testing import LocalSWF
from payloads import Payloads
from swf import connection
from swf_client import Patience
from tests.outages.front import Asked, Front, answer
from tests.unit.scripted_swf import unused_port
from workflow_starter import WorkflowStarter

SettingsOf = Callable[..., Settings]
ORDER = {"order_id": "O-1"}

COMMANDS: dict[str, list[str]] = {
    "start the example": [],
    "start": ["start", "--input", "ORDER"],
    "status": ["status", "W"],
    "list": ["list"],
    "history": ["history", "W"],
    "monitor": ["monitor", "W"],
    "signal": ["signal", "W", "--name", "PAUSE"],
    "resume": ["resume", "W", "--step", "ProcessData"],
    "back": ["back", "W"],
    "reprocess": ["reprocess", "W", "--step", "ProcessData"],
    "skip": ["skip", "W", "--step", "ProcessData"],
    "pause": ["pause", "W"],
    "continue": ["continue", "W"],
    "rollback": ["rollback", "W"],
    "answer": ["answer", "W", "--name", "APPROVAL"],
    "waiting": ["waiting"],
    "audit": ["audit", "W"],
    "cancel": ["cancel", "W"],
    "terminate": ["terminate", "W"],
    "batch": ["batch", "BATCH"],
    "check": ["check"],
    "forecast": ["forecast", "W"],
    "graph": ["graph", "W"],
    "gc": ["gc", "--older-than", "0"],
}
"""Each command that asks an engine."""


def test_every_command_is_here() -> None:
    offline = {"simulate", "validate", "export", "express"}
    tokens = {"send-task-success", "send-task-failure", "send-task-heartbeat"}  # need a token
    names = {command.name for command in app.COMMANDS}
    assert {
        arguments[0] for arguments in COMMANDS.values() if arguments
    } == names - offline - tokens


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., tuple[int, list[str]]]:
    """Run a command against an address; its exit code, and the lines on standard error."""
    files = {"ORDER": json.dumps(ORDER), "BATCH": f"{json.dumps(ORDER)}\n" * 30}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(app, "REFUSED_SECONDS", 0.02)
    monkeypatch.setattr(setup, "REFUSED_SECONDS", 0.02)
    monkeypatch.setattr(app, "Patience", partial(Patience, ordinary=0.05))
    monkeypatch.setattr(setup, "Patience", partial(Patience, ordinary=0.05))
    monkeypatch.setenv("LOG_LEVEL", "WARNING")
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    Payloads.of(config.load({"DATA_DIR": str(tmp_path)})).put("x")  # something for gc to look at

    def command(url: str, *arguments: str) -> tuple[int, list[str]]:
        monkeypatch.setenv("SWF_ENDPOINT", url)
        given = [str(tmp_path / text) if text in files else text for text in arguments]
        code = setup.main(given[1:]) if given[:1] == ["setup.py"] else app.main(given)
        return code, capsys.readouterr().err.splitlines()

    return command


Run = Callable[..., tuple[int, list[str]]]

AWAY = [*COMMANDS.values(), ["setup.py"]]


@pytest.mark.parametrize("arguments", AWAY, ids=lambda a: " ".join(a[:1]) or "start the example")
class TestAway:
    def test_nothing_listens(self, arguments: list[str], run: Run) -> None:
        url = f"http://127.0.0.1:{unused_port()}"
        check(run(url, *arguments), url, "start it, correct SWF_ENDPOINT")

    def test_nothing_is_answered(
        self, arguments: list[str], plain: Front, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(connection, "CALL_SECONDS", 0.05)
        plain.deaf = True
        found = run(plain.url, *arguments)
        plain.mend()
        check(found, plain.url, "Read timeout")


def check(found: tuple[int, list[str]], *says: str) -> None:
    """One line, which says all that."""
    code, lines = found
    assert code == 3, lines
    (line,) = lines
    for text in says:
        assert text in line
    assert len(line) < 500


@pytest.mark.parametrize(
    "arguments", [[], ["list"], ["status", "W"], ["batch", "BATCH"], ["setup.py"]], ids=str
)
def test_a_page_is_answered(arguments: list[str], secure: Front, run: Run) -> None:
    secure.refusal = lambda _: answer(b"<html>Sign in", 302)
    found = run(secure.url, *arguments)
    secure.mend()
    check(found, secure.url, "status 302 with a body that is not JSON: <html>Sign in")


def test_the_name_is_not_resolved(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    for url in ("http://engine.invalid:8000", "https://engine.invalid"):
        check(run(url, "list"), url, "correct SWF_ENDPOINT")


class TestRegion:
    def test_one_that_is_none(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        def resolve(*_: object, **__: object) -> None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        monkeypatch.setenv("AWS_REGION", "eu-wets-1")
        check(run("aws", "list"), "SWF has no region eu-wets-1", "did you mean eu-west-1?")

    @pytest.mark.parametrize("region", ["eu west", "x" * 70])
    def test_no_name_of_one_at_all(
        self, region: str, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_REGION", region)
        code, (line,) = run("aws", "list")
        assert code == 2
        assert f"'{region}'" in line

    @pytest.mark.parametrize(
        "arguments",
        [[], ["list"], ["status", "W"], ["signal", "W", "--name", "PAUSE"], ["batch", "BATCH"]],
        ids=str,
    )
    def test_another_than_the_domains(
        self, arguments: list[str], plain: Front, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SWF_DOMAIN", "elsewhere")
        code, lines = run(plain.url, *arguments)
        assert code == 2
        assert "the domain elsewhere is not registered in " in lines[0]
        assert "python setup.py" in lines[0]


class TestMeanwhile:
    """The engine goes away while a command works."""

    @pytest.fixture
    def starter(self, engine: LocalSWF, settings_of: SettingsOf) -> WorkflowStarter:
        return WorkflowStarter(settings_of(engine.url, SWF_TASK_LIST=uuid.uuid4().hex))

    def test_a_signal_that_was_sent_is_said_to_be(
        self, plain: Front, starter: WorkflowStarter, run: Run
    ) -> None:
        started = starter.start_workflow(ORDER)
        sent: list[str] = []

        def away_afterwards(asked: Asked) -> bytes | None:
            if sent:
                return b""
            sent.extend([asked.operation] * (asked.operation == "SignalWorkflowExecution"))
            return None

        plain.refusal = away_afterwards
        found = run(plain.url, "signal", started["workflow_id"], "--name", "PAUSE")
        plain.mend()
        check(found, "PAUSE was sent, and its answer is not known")

    def test_what_was_started_is_told_before_it_is_waited_for(
        self, plain: Front, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("LOG_LEVEL", "INFO")

        def away_afterwards(asked: Asked) -> bytes | None:
            return b"" if asked.operation == "GetWorkflowExecutionHistory" else None

        plain.refusal = away_afterwards
        code, lines = run(plain.url, "start", "--input", "ORDER", "--wait", "--json")
        plain.mend()
        assert code == 3
        assert "Started workflow: " in lines[0]
        assert "does not answer" in lines[-1]

    def test_a_batch_tells_what_was_started_and_once_why_the_rest_was_not(
        self, plain: Front, run: Run
    ) -> None:
        plain.asked.clear()

        def away_afterwards(asked: Asked) -> bytes | None:
            done = plain.operations.count("StartWorkflowExecution") > 5
            return b"" if done else None

        plain.refusal = away_afterwards
        code, lines = run(plain.url, "batch", "BATCH")
        plain.mend()
        assert code == 3
        assert len(lines) <= 8, "those under way differ; the rest is one line"
        assert lines[-1].endswith("; look before starting it again") or "does not" in lines[-1]


def test_monitor_ends_where_the_engine_goes_away(
    plain: Front, settings_of: SettingsOf, run: Run
) -> None:
    started = WorkflowStarter(settings_of(plain.url)).start_workflow(ORDER)
    plain.asked.clear()

    def away_after_a_look(_: Asked) -> bytes | None:
        return b"" if plain.operations.count("GetWorkflowExecutionHistory") > 3 else None

    plain.refusal = away_after_a_look
    code, lines = run(plain.url, "monitor", started["workflow_id"], "--interval", "0.01")
    plain.mend()
    assert code == 3
    assert "does not answer" in lines[-1]
