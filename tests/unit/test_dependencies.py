"""A Python without packages gets one line from every script, and no traceback."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

import pytest

import dependencies

HOME = Path(__file__).resolve().parent.parent.parent
SCRIPTS = (
    "demo.py", "setup.py", "decision_worker.py", "activity_worker.py", "workflow_starter.py",
)  # fmt: skip
ONLY_FOR_TESTS = {"pytest", "moto"}


def bare(*arguments: str, cwd: Path = HOME) -> subprocess.CompletedProcess[str]:
    """Run Python without its packages."""
    command = [sys.executable, "-S", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize(
    "command", [*([script] for script in SCRIPTS), ["-m", "bench"], ["-m", "cli.menu"]], ids=str
)
def test_a_bare_python_gets_one_line(command: list[str]) -> None:
    done = bare(*command)
    name = "" if command[-1] == "cli.menu" else f"{command[-1]}: "
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"{name}boto3, botocore, cryptography and 10 more are missing in {sys.executable}; "
        "run: pip install -r requirements.txt; ./run.sh does that by itself\n"
    )


def test_so_does_the_embedded_engine() -> None:
    done = bare("-m", "local_swf")
    assert (done.returncode, done.stderr) == (
        2, "local_swf: httptools is missing; run: pip install -r requirements.txt\n",
    )  # fmt: skip


def test_from_another_folder_the_file_is_named_as_seen_from_there(tmp_path: Path) -> None:
    done = bare(str(HOME / "demo.py"), cwd=tmp_path)
    named = re.search(r"pip install -r (\S+);", done.stderr)
    assert named is not None
    assert (tmp_path / named[1]).resolve() == HOME / "requirements.txt"


def test_one_package_is_named(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.chdir(HOME)
    monkeypatch.setattr("sys.argv", ["/x/demo.py"])
    with pytest.raises(SystemExit) as ending:
        dependencies.check("nowhere_to_be_found")
    assert ending.value.code == 2
    assert capsys.readouterr().err == (
        f"demo.py: nowhere_to_be_found is missing in {sys.executable}; "
        "run: pip install -r requirements.txt; ./run.sh does that by itself\n"
    )


def test_where_nothing_is_missing_nothing_happens() -> None:
    dependencies.check(*dependencies.PAGE)


def test_what_is_looked_for_is_what_requirements_txt_installs() -> None:
    lines = (HOME / "requirements.txt").read_text().splitlines()
    wanted = {line.partition("==")[0].lower() for line in lines if "==" in line}
    modules = {*dependencies.NEEDED, *dependencies.PAGE}
    found = {  # importlib's own list is shorter on Python 3.10
        package.metadata["Name"].lower()
        for package in distributions()
        for file in package.files or ()
        if file.parts[0].partition(".")[0] in modules and file.suffix in (".py", ".so", ".pyd")
    }
    others = {name for name in found if name.startswith("opentelemetry-")} - {"opentelemetry-api"}
    found -= others  # the SDK and exporters share the API's namespace
    assert found == wanted - ONLY_FOR_TESTS
