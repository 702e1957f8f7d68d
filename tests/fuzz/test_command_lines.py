"""Command lines of any words, JSON of any kind, settings of any bytes: a clear error at most."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import activity_worker
import bootstrap
import cli
import config
import dashboard.__main__ as dashboard
import decision_worker
import demo
import local_swf.cli as engine
import polling
import setup
from activities import database
from cli.app import COMMANDS
from errors import BusinessProcessError, ConfigurationError
from local_swf.testing import LocalSWF, local_swf
from tests.application import Application
from tests.fuzz.strategies import BOUNDED, texts, values
from workflow_starter import WorkflowStarter

__all__ = ["local_swf"]

CODES = {0, 1, 2, 3, 130}
FEW = settings(BOUNDED, max_examples=8)
"""For each of many commands."""


def interrupted(*_: Any) -> None:
    """What somebody does who has waited long enough."""
    raise KeyboardInterrupt


@pytest.fixture
def starter(
    local_swf: LocalSWF, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[WorkflowStarter]:
    """A starter on an engine of its own, whose settings the command line has too."""
    app = Application(local_swf, tmp_path)
    for name, value in {
        "SWF_ENDPOINT": local_swf.url,
        "DATA_DIR": str(tmp_path),
        "LOG_LEVEL": "ERROR",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO()))
    monkeypatch.setattr("cli.unpolled.Lookout.look", interrupted)  # `monitor` waits there
    yield app.starter
    assert app.starter.start_workflow({"order_id": "O"})["run_id"], "the engine lives"
    app.stop()
    database.close()


def options_of(command: Any) -> list[str]:
    parser = argparse.ArgumentParser(add_help=False)
    command.add_arguments(parser)
    found = [text for action in parser._actions for text in action.option_strings]
    waits = {"--wait", "--follow", "--output", "--watch"}
    return sorted(set(found) - waits)


@st.composite
def command_lines(draw: st.DrawFn, name: str, options: list[str]) -> list[str]:
    """A command, some of its options, and words that may belong to them."""
    known = ["{}", '{"order_id": "O"}', "w", "ValidateInput", "BusinessProcess", "--json"]
    words = texts | st.sampled_from(known)
    line = draw(st.lists(words | st.sampled_from(options or ["--json"]), max_size=6))
    return [word.replace("\0", "0") for word in [name, *line]]


def ends_clearly(main: Any, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> int:
    """Run a program; its code, once what it said has been judged."""
    try:
        code = main(arguments)
    except SystemExit as ending:
        code = int(str(ending.code or 0))
    told = capsys.readouterr()
    assert code in CODES
    assert "Traceback" not in told.err + told.out
    if code == 2:
        assert told.err
    return int(code)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
@FEW
@given(data=st.data())
def test_any_command_line_ends_with_a_code_and_no_trace(
    command: Any,
    data: st.DataObject,
    starter: WorkflowStarter,
    capsys: pytest.CaptureFixture[str],
) -> None:
    line = data.draw(command_lines(command.name, options_of(command)))
    ends_clearly(cli.main, line, capsys)


PROGRAMS = {
    "setup.py": (setup.main, setup.build_parser, "setup.check_file"),
    "demo.py": (demo.main, demo.build_parser, "demo.show"),
    "decider": (
        decision_worker.main,
        lambda: polling.build_parser("", 1),
        "decision_worker.DecisionWorker",
    ),
    "worker": (
        activity_worker.main,
        lambda: polling.build_parser("", 1),
        "activity_worker.ActivityWorker",
    ),
    "page": (dashboard.main, dashboard.parser, "dashboard.__main__.WorkflowStarter"),
    "local_swf": (engine.main, engine.build_parser, "local_swf.process.run"),
    "run.sh": (bootstrap.main, None, "bootstrap.Environment.prepare"),
}
"""Programs, the parser of their options, and where their work would begin."""


@pytest.mark.parametrize("program", PROGRAMS)
@settings(BOUNDED, max_examples=25)
@given(data=st.data())
def test_so_does_that_of_any_other_program(
    program: str,
    data: st.DataObject,
    starter: WorkflowStarter,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    main, parser, begins = PROGRAMS[program]
    options = [o for a in parser()._actions for o in a.option_strings] if parser else []
    words = st.lists(texts | st.sampled_from([*options, "1", "0"]), max_size=5)
    line = [word.replace("\0", "0") for word in data.draw(words)]

    def refused(*_: Any, **__: Any) -> Any:
        raise BusinessProcessError("as far as it goes")

    with monkeypatch.context() as patch:
        patch.setattr(begins, refused)
        if program == "local_swf":
            patch.setattr(begins, lambda *_: 0)
        if program == "run.sh":
            patch.setattr(begins, lambda *_: _raise_bootstrap())
        ends_clearly(main, line, capsys)


def _raise_bootstrap() -> None:
    raise bootstrap.BootstrapError("as far as it goes")


@BOUNDED
@given(value=values | texts, words=st.tuples(texts, texts, texts))
def test_a_start_is_made_whole_or_not_at_all(
    value: Any,
    words: tuple[str, str, str],
    starter: WorkflowStarter,
    capsys: pytest.CaptureFixture[str],
) -> None:
    workflow_id, tag, timeout = words
    before = len(starter.list_workflows(limit=None))
    text = json.dumps(value)
    path = Path("input.json")
    path.write_text(text, encoding="utf-8")
    line = ["start", "--input", str(path), f"--id={workflow_id}", f"--tag={tag}", "--json"]
    if timeout.isdigit():
        line.append(f"--timeout={timeout}")
    code = cli.main(line)
    told = capsys.readouterr()
    assert code in (0, 2), told.err
    assert len(starter.list_workflows(limit=None)) - before == (code == 0)
    if code == 0:
        run = json.loads(told.out)
        events = starter.get_workflow_history(run["workflow_id"], run["run_id"])
        started = events[0]["workflowExecutionStartedEventAttributes"]
        assert json.loads(started["input"]) == value
        starter.terminate_workflow(**run)


@BOUNDED
@given(name=texts, value=values)
def test_a_signal_of_any_json_is_sent_or_refused(
    name: str, value: Any, starter: WorkflowStarter
) -> None:
    run = starter.start_workflow({"order_id": "O"})
    try:
        starter.signal_workflow(run["workflow_id"], name, value)
    except BusinessProcessError as error:
        code = error.exit_code
    else:
        code = 0
    starter.terminate_workflow(**run)
    assert code in (0, 2)


@BOUNDED
@given(content=st.binary(max_size=200) | st.text(max_size=200).map(str.encode)
    | st.lists(st.tuples(st.sampled_from(["SWF_ENDPOINT", "MAX_ATTEMPTS", "PAYLOAD_KEYS",
    "DATA_DIR", "REDACT_KEYS", "LOG_LEVEL", "DATABASE_URL", "PAYLOAD_STORE"]), texts)).map(
    lambda rows: "\n".join(f"{k}={v}" for k, v in rows).encode("utf-8", "replace")))  # fmt: skip
def test_settings_files_of_any_bytes(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "any.env"
    path.write_bytes(content)
    with contextlib.suppress(ConfigurationError):
        assert config.load({}, path).engine
        config.exposed(path)
