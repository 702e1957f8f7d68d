"""run.sh and run.bat: they find a Python and hand everything over."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bootstrap import Environment

HOME = Path(__file__).resolve().parent.parent.parent
SHELLS = [shell for shell in ("sh", "dash", "bash") if shutil.which(shell)]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the project, in a folder with spaces, its environment standing for ours."""
    home = tmp_path / "my check out"
    ignored = shutil.ignore_patterns(".*", "__pycache__", "tests", "docs", "bench")
    shutil.copytree(HOME, home, ignore=ignored)
    environment = Environment(home)
    environment.python.parent.mkdir(parents=True)
    environment.python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    environment.python.chmod(0o755)
    stamp = environment.folder / "requirements.txt.installed"
    stamp.write_text(environment.fingerprint("requirements.txt"))
    return home


def run(checkout: Path, *arguments: str, shell: str = "sh", **options):
    options = {"capture_output": True, "text": True, "timeout": 60, **options}
    return subprocess.run([shell, str(checkout / "run.sh"), *arguments], check=False, **options)


def without(*names: str, **others: str) -> dict[str, str]:
    return {**{n: v for n, v in os.environ.items() if n not in names}, **others}


@pytest.mark.parametrize("shell", SHELLS)
def test_it_works_from_any_folder_whatever_lies_there(checkout, tmp_path, shell):
    for name in ("config.py", "setup.py", "bootstrap.py"):
        (tmp_path / name).write_text("raise SystemExit('not ours')")
    order = tmp_path / "my order.json"
    order.write_text("[")
    done = run(checkout, "start", "--input", order.name, shell=shell, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "my order.json is not JSON" in done.stderr


@pytest.mark.parametrize("home", [None, "", "/nonexistent"])
def test_it_needs_no_home(checkout, tmp_path, home):
    environment = without("HOME") if home is None else without(HOME=home)
    done = run(checkout, "stop", cwd=tmp_path, env=environment)
    assert (done.returncode, done.stdout) == (0, "No embedded SWF was running.\n")


def test_the_menu_comes_without_a_command_and_leaves_at_the_end_of_input(checkout, tmp_path):
    environment = without("LC_ALL", "LC_MESSAGES", LANG="pt_BR.UTF-8", SWF_ENDPOINT="local")
    done = run(checkout, stdin=subprocess.DEVNULL, cwd=tmp_path, env=environment)
    assert done.returncode == 0
    assert "Executar os testes" in done.stdout


class MenuProcess:
    """The menu on pipes, as `run.sh` starts it."""

    def __init__(self, checkout: Path, data: Path) -> None:
        environment = without("LC_ALL", "LC_MESSAGES", LANG="C", SWF_ENDPOINT="local")
        self.handle = subprocess.Popen(
            ["sh", str(checkout / "run.sh")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**environment, "DATA_DIR": str(data)},
        )

    def type(self, line: str) -> None:
        self.handle.stdin.write(f"{line}\n")
        self.handle.stdin.flush()

    def says(self, pattern: str) -> int:
        """Read on until a line has the pattern; gives the number in it."""
        for line in self.handle.stdout:
            if found := re.search(pattern, line):
                return int(found[1])
        raise AssertionError(f"never said {pattern}")


def test_the_menu_brings_a_killed_worker_back_and_leaves_nobody_behind(checkout, tmp_path):
    menu = MenuProcess(checkout, tmp_path / "data")
    try:
        menu.type("2")
        decider = menu.says(r"decider-1 runs: process (\d+)")
        menu.type("3")
        worker = menu.says(r"worker-1 runs: process (\d+)")
        os.kill(worker, signal.SIGKILL)
        menu.says(r"worker-1 has ended \(SIGKILL\); it starts again in (\d+) s")
        again = menu.says(r"worker-1 runs again: process (\d+)")
        menu.handle.terminate()
        rest = menu.handle.stdout.read()
    finally:
        menu.handle.kill()
        menu.handle.wait()
        menu.handle.stdin.close()
        menu.handle.stdout.close()
    assert "Stopped: decider-1, worker-1, embedded SWF\n" in rest
    assert menu.handle.returncode == 128 + signal.SIGTERM
    assert [pid for pid in (decider, worker, again) if is_there(pid)] == []


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_clean_deletes_local_data_only_when_told_so(checkout, tmp_path):
    data = tmp_path / "data"
    (data / "payloads").mkdir(parents=True)
    (data / "business.sqlite3-wal").touch()
    (data / "mine.txt").touch()
    environment = without(DATA_DIR=str(data), SWF_ENDPOINT="local")
    asked = run(checkout, "clean", input="n\n", env=environment)
    assert (asked.returncode, len(list(data.iterdir()))) == (1, 3)
    told = run(checkout, "clean", "--yes", stdin=subprocess.DEVNULL, env=environment)
    assert told.returncode == 0
    assert [path.name for path in data.iterdir()] == ["mine.txt"]


def test_without_a_python_new_enough_there_is_one_line(checkout, tmp_path):
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in ("sh", "dirname"):
        (tools / tool).symlink_to(shutil.which(tool))
    old = tools / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    done = run(checkout, "help", env={"PATH": str(tools)})
    assert done.returncode == 2
    assert done.stderr == "run.sh: Python 3.10 or later is needed and none was found in PATH\n"


def test_run_bat_says_the_same_as_run_sh():
    batch = (HOME / "run.bat").read_bytes()
    assert batch.count(b"\n") == batch.count(b"\r\n")  # labels need Windows' line ends
    text = batch.decode("ascii")
    assert '"%~dp0bootstrap.py" %*' in text
    assert "sys.exit(sys.version_info < (3, 10))" in text
    assert "exit /b %errorlevel%" in text
