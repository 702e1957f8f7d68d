"""Every command has `--help` with an example, `--json` with its fields, and exit codes."""

from __future__ import annotations

import contextlib
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import pytest

import activity_worker
import bootstrap
import config
import decision_worker
import demo
import setup
from cli import app, housekeeping, menu
from dashboard import __main__ as dashboard
from local_swf import cli as local_swf
from starter.batch import BatchResult
from starter.costs import forecasting
from starter.definitions import checking
from starter.executions.auditing import Entry
from starter.executions.status import STATUS_MEMBERS, Summary
from starter.garbage import Collected
from starter.runs import Started

Main = Callable[[Sequence[str]], object]

PROGRAMS: dict[str, tuple[Main, str]] = {
    **{f"workflow_starter.py {c.name}": (app.main, c.name) for c in app.COMMANDS},
    "workflow_starter.py": (app.main, ""),
    "setup.py": (setup.main, ""),
    "demo.py": (demo.main, ""),
    "decision_worker.py": (decision_worker.main, ""),
    "activity_worker.py": (activity_worker.main, ""),
    "run.sh menu": (menu.main, ""),
    "run.sh stop": (housekeeping.main, "stop"),
    "run.sh clean": (housekeeping.main, "clean"),
    "local_swf": (local_swf.main, ""),
    "local_swf stop": (local_swf.main, "stop"),
    "local_swf status": (local_swf.main, "status"),
    "dashboard": (dashboard.main, ""),
}
WITHOUT_JSON = {
    "decision_worker.py", "activity_worker.py", "dashboard", "local_swf", "run.sh menu",
}  # fmt: skip
"""What runs until it is stopped, or asks people."""


def help_of(name: str) -> str:
    main, command = PROGRAMS[name]
    sink = io.StringIO()
    with contextlib.redirect_stdout(sink), pytest.raises(SystemExit) as ending:
        main([*command.split(), "--help"])
    assert ending.value.code == 0
    return sink.getvalue()


@pytest.mark.parametrize("name", PROGRAMS)
def test_help_has_an_example(name: str) -> None:
    assert "example" in help_of(name).partition("options:")[2]


@pytest.mark.parametrize("name", PROGRAMS)
def test_json_is_everywhere_and_its_fields_are_told(name: str) -> None:
    shown = help_of(name)
    has_json = re.search(r"^  --json\b", shown, re.MULTILINE) is not None
    assert has_json is (name not in WITHOUT_JSON)
    if has_json and name != "workflow_starter.py":  # each of its commands tells its own
        assert "--json: " in shown


@pytest.mark.parametrize(
    "name", sorted(PROGRAMS.keys() - {"run.sh menu", "local_swf", "dashboard"})
)
def test_exit_codes_are_told(name: str) -> None:
    assert "Exit code" in help_of(name)


def test_every_command_of_run_sh_is_one_of_these() -> None:
    doors = {"test", "help"}  # pytest's own, and this text
    commands = {*bootstrap.SCRIPTS, *bootstrap.MODULES} - doors
    named = {name.rpartition(" ")[2].removesuffix(".py") for name in PROGRAMS}
    aliases = {"decider": "decision_worker", "worker": "activity_worker"}
    assert {aliases.get(name, name) for name in commands} <= named
    assert "examples: ./run.sh demo" in bootstrap.HELP


# --- JSON of what is no command of workflow_starter.py -----------------------------------


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def said(capsys: pytest.CaptureFixture[str]) -> object:
    return json.loads(capsys.readouterr().out)


def test_stop_and_clean_as_json(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert housekeeping.main(["stop", "--json"]) == 0
    assert said(capsys) == {"stopped": False}
    (data / "outbox.jsonl").touch()
    assert housekeeping.main(["clean", "--json"]) == 1  # nobody is asked
    assert said(capsys) == {"folder": str(data), "deleted": []}
    assert housekeeping.main(["clean", "--json", "--yes"]) == 0
    assert said(capsys) == {"folder": str(data), "deleted": ["outbox.jsonl"]}
    assert list(data.iterdir()) == []


def test_the_embedded_engines_state_as_json(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = f"--folder={data}"
    assert local_swf.main(["status", folder, "--json"]) == 1
    assert said(capsys) == {"running": False, "url": None, "pid": None}
    found = local_swf.daemon.ensure(data)
    assert local_swf.main(["status", folder, "--json"]) == 0
    assert said(capsys) == {"running": True, "url": found.url, "pid": found.pid}
    assert local_swf.main(["stop", folder, "--json"]) == 0
    assert said(capsys) == {"stopped": True}


def test_setup_as_json(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config, "_current", None)
    bars: list[list[int]] = []

    @contextlib.contextmanager
    def bar(_: str, total: int, *, as_json: bool) -> Iterator[Callable[[int], None]]:
        assert as_json
        bars.append([total])
        yield bars[-1].append

    monkeypatch.setattr(setup, "bar", bar)
    engine = local_swf.daemon.ensure(config.settings().swf_dir)
    try:
        assert setup.main(["--json"]) == 0
        told = said(capsys)
    finally:
        local_swf.daemon.stop(config.settings().swf_dir)
    assert engine.started
    assert set(told) == {"engine", "lines", "notes"}
    assert told["engine"] == config.settings().engine
    kinds = [line["kind"] for line in told["lines"]]
    assert {"domain", "activity type", "workflow type", "definition"} == set(kinds)
    assert all(set(line) == {"kind", "name", "outcome"} for line in told["lines"])
    ((total, *counted),) = bars
    assert counted == list(range(1, total + 1))


# --- fields ------------------------------------------------------------------------------

FIELDS: dict[str, Iterable[str]] = {
    "status": STATUS_MEMBERS,
    "list": Summary.__annotations__,
    "start": Started.__annotations__,
    "gc": Collected.__annotations__,
    "check": [*checking.Report.__annotations__, *checking.Finding.__annotations__],
    "batch": (BatchResult.__annotations__.keys() - {"index"}) | {"line", "started", "failed"},
    "forecast": forecasting.Forecast.__annotations__,
    "audit": Entry.__annotations__,
}
"""What commands print that is described by a type."""


@pytest.mark.parametrize("command", FIELDS)
def test_the_fields_that_are_told_are_those_that_are_printed(command: str) -> None:
    (told,) = (item.fields for item in app.COMMANDS if item.name == command)
    words = set(re.findall(r"\w+", told))
    assert [name for name in FIELDS[command] if name not in words] == []
