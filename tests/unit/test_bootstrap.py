"""The door for people: what is set up when, and to whom it hands over."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import bootstrap
from bootstrap import BootstrapError, Environment

HOME = Path(__file__).resolve().parent.parent.parent
SCRIPT = HOME / "bootstrap.py"

posix = pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands for Python")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project folder whose name has spaces."""
    home = tmp_path / "a project"
    home.mkdir()
    (home / "requirements.txt").write_text("one==1\n")
    (home / "requirements-dev.txt").write_text("# tools\n-r requirements.txt\ntwo==2\n")
    return home


class Recorder(Environment):
    """An environment that makes and installs nothing, but says what it would."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self.done: list[str] = []

    def _create(self) -> None:
        self.python.parent.mkdir(parents=True, exist_ok=True)
        self.python.touch()
        self.done.append("create")

    def _run(self, command, failure) -> None:
        self.done.append(Path(command[-1]).name)


def fake_python(home: Path, pip: str) -> Environment:
    """An environment whose Python is a shell script that runs `pip` for every pip command."""
    environment = Environment(home)
    environment.python.parent.mkdir(parents=True)
    environment.python.write_text(f'#!/bin/sh\ncase "$*" in *"-m pip"*) {pip};; esac\n')
    environment.python.chmod(0o755)
    return environment


def test_the_first_run_creates_and_installs_and_later_runs_do_nothing(project):
    first, later = Recorder(project), Recorder(project)
    first.prepare("requirements.txt")
    later.prepare("requirements.txt")
    assert (first.done, later.done) == (["create", "requirements.txt"], [])


def test_installing_the_tools_serves_later_runs_without_them(project):
    Recorder(project).prepare("requirements-dev.txt")
    assert Environment(project).is_current("requirements.txt")


def test_installing_what_running_needs_does_not_serve_the_tests(project):
    Recorder(project).prepare("requirements.txt")
    assert not Environment(project).is_current("requirements-dev.txt")


@pytest.mark.parametrize("changed", ["requirements.txt", "requirements-dev.txt"])
def test_a_changed_file_is_installed_again(project, changed):
    Recorder(project).prepare("requirements-dev.txt")
    (project / changed).write_text("-r requirements.txt\nother==3\n" if "dev" in changed else "")
    assert not Environment(project).is_current("requirements-dev.txt")


def test_an_environment_whose_python_is_gone_is_made_again(project):
    Recorder(project).prepare("requirements.txt")
    Environment(project).python.unlink()
    again = Recorder(project)
    again.prepare("requirements.txt")
    assert again.done == ["create", "requirements.txt"]


@posix
def test_an_environment_whose_python_changed_is_installed_again(project, tmp_path):
    for number in (1, 2):
        (tmp_path / f"python{number}").touch()
    environment = Recorder(project)
    environment.python.parent.mkdir(parents=True)
    environment.python.symlink_to(tmp_path / "python1")
    environment.prepare("requirements.txt")
    environment.python.unlink()
    environment.python.symlink_to(tmp_path / "python2")
    assert not environment.is_current("requirements.txt")


@posix
def test_a_failing_pip_is_one_line_and_leaves_no_stamp(project):
    environment = fake_python(project, "echo 'ERROR: no network'; exit 1")
    with pytest.raises(BootstrapError, match=r"requirements.txt .*no network.*bootstrap\.log"):
        environment.prepare("requirements.txt")
    assert not environment.is_current("requirements.txt")


@posix
def test_two_first_runs_at_once_install_once(project):
    environment = fake_python(project, f"echo x >> '{project}/installs'; sleep 0.2")
    runs = [
        threading.Thread(target=Environment(project).prepare, args=["requirements.txt"])
        for _ in range(2)
    ]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert (project / "installs").read_text() == "x\n"
    assert environment.is_current("requirements.txt")


@pytest.mark.parametrize("missing", ["venv", "ensurepip"])
def test_a_python_that_cannot_make_environments_says_what_to_install(project, missing, monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda n: None if n == missing else found(n))
    with pytest.raises(BootstrapError, match=rf"no module {missing}; install it .*python3-venv"):
        Environment(project).prepare("requirements.txt")


@pytest.mark.parametrize(
    ("command", "wanted"),
    [
        ("demo", ["demo.py"]),
        ("setup", ["setup.py"]),
        ("decider", ["decision_worker.py"]),
        ("worker", ["activity_worker.py"]),
        ("start", ["workflow_starter.py", "start"]),
        ("terminate", ["workflow_starter.py", "terminate"]),
    ],
)
def test_commands_are_scripts_of_the_project(project, command, wanted):
    environment = Environment(project)
    script, *first = wanted
    line = bootstrap.command_line(environment, command, ["a b"])
    assert line == [str(environment.python), str(project / script), *first, "a b"]


def test_every_script_and_command_is_there():
    from cli.app import COMMANDS

    scripts = {script for script, *_ in bootstrap.SCRIPTS.values()}
    assert [name for name in scripts if not (HOME / name).is_file()] == []
    modules = {module for module, *_ in bootstrap.MODULES.values()}
    assert [name for name in modules if importlib.util.find_spec(name) is None] == []
    assert {command.name for command in COMMANDS} == set(bootstrap.STARTER_COMMANDS)


def test_every_command_is_in_the_help():
    modules = [name for name in bootstrap.MODULES if name != "menu"]
    names = [*bootstrap.SCRIPTS, *modules, "test", "help"]
    assert [name for name in names if name not in bootstrap.HELP] == []


def test_modules_are_ours_whatever_lies_in_the_current_folder(tmp_path):
    (tmp_path / "config.py").write_text("raise SystemExit('not ours')")
    environment = Environment(HOME)
    environment.python = Path(sys.executable)
    command = bootstrap.command_line(environment, "stop", [])
    data = {"DATA_DIR": str(tmp_path / "data"), "SWF_ENDPOINT": "local"}
    done = subprocess.run(
        command, cwd=tmp_path, env=data, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "No embedded SWF was running.\n")


def test_an_unknown_command_is_one_line_and_sets_nothing_up(capsys, monkeypatch):
    monkeypatch.setattr(bootstrap, "Environment", None)
    assert bootstrap.main(["dmeo"]) == 2
    assert capsys.readouterr().err == "run: unknown command 'dmeo'; ./run.sh help lists them\n"


@pytest.mark.parametrize("word", ["help", "--help", "-h"])
def test_help_sets_nothing_up(capsys, monkeypatch, word):
    monkeypatch.setattr(bootstrap, "Environment", None)
    assert bootstrap.main([word]) == 0
    assert "usage: ./run.sh" in capsys.readouterr().out


def test_an_empty_home_is_not_handed_to_pip(monkeypatch):
    monkeypatch.setenv("HOME", "")
    assert "HOME" not in bootstrap.environment_for_tools()


def test_older_pythons_can_read_the_file():
    tree = ast.parse(SCRIPT.read_text(encoding="utf-8"), feature_version=(3, 7))
    newer = (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr)  # of 3.6, 3.6 and 3.8
    assert [node.lineno for node in ast.walk(tree) if isinstance(node, newer)] == []
    names = [n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)]
    assert "__future__" not in names


def test_an_older_python_gets_one_line():
    code = (
        "import runpy, sys; sys.version_info = (3, 9, 18, 'final', 0); sys.version = '3.9.18 x';"
        f"runpy.run_path({str(SCRIPT)!r}, run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "bootstrap.py: Python 3.10 or later is needed; this is 3.9.18\n"
