"""Colours are for terminals, and for those who want them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import HOME
from local_swf.testing import LocalSWF

pty = pytest.importorskip("pty", reason="needs a POSIX terminal")

COLOUR = re.compile(r"\x1b\[[0-9;]*[39][0-7][;m]")


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """An engine that knows one closed execution, `w`."""
    data = tmp_path_factory.mktemp("data")
    unwanted = ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "COLORTERM")
    kept = {name: value for name, value in os.environ.items() if name not in unwanted}
    with LocalSWF() as swf:
        made = {**kept, "SWF_ENDPOINT": swf.url, "DATA_DIR": str(data), "TERM": "xterm-256color"}
        for command in (
            ["setup.py"],
            ["workflow_starter.py", "start", "--id=w", "--input=docs/examples/order.json"],
            ["workflow_starter.py", "terminate", "w"],
        ):
            piped(made, *command)
        yield made


def piped(environment: dict[str, str], *command: str) -> str:
    done = subprocess.run(
        [sys.executable, *command],
        cwd=HOME, env=environment, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    return done.stdout + done.stderr


def on_terminal(environment: dict[str, str], *command: str) -> str:
    """What a command writes where standard output and standard error are a terminal."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=HOME, env=environment, stdin=subprocess.DEVNULL, stdout=slave, stderr=slave,
    )  # fmt: skip
    os.close(slave)
    written = b""
    try:
        while data := os.read(master, 65_536):
            written += data
    except OSError:  # Linux says so where the other end is closed
        pass
    finally:
        os.close(master)
        process.wait(60)
    return written.decode()


MONITOR = ("workflow_starter.py", "monitor", "w")


def test_the_live_view_has_colours_on_a_terminal(environment: dict[str, str]) -> None:
    shown = on_terminal(environment, *MONITOR)
    assert "TERMINATED" in shown
    assert COLOUR.search(shown)


def test_it_has_none_where_they_are_not_wanted(environment: dict[str, str]) -> None:
    shown = on_terminal({**environment, "NO_COLOR": "1"}, *MONITOR)
    assert "TERMINATED" in shown
    assert COLOUR.search(shown) is None


@pytest.mark.parametrize(
    "command",
    [
        MONITOR,
        ("workflow_starter.py", "status", "w"),
        ("workflow_starter.py", "list"),
        ("setup.py",),
    ],
    ids=str,
)
def test_through_a_pipe_there_are_plain_lines(
    environment: dict[str, str], command: tuple[str, ...]
) -> None:
    assert "\x1b" not in piped(environment, *command)


def test_json_on_a_terminal_is_json_alone(environment: dict[str, str], tmp_path: Path) -> None:
    shown = on_terminal({**environment, "LOG_LEVEL": "WARNING"}, *MONITOR, "--json")
    assert shown.startswith('{"workflow_id": "w"')
    assert "\x1b" not in shown
