"""What containers run to ask a process how it is."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from telemetry import probe
from telemetry.port import Answer, Port


@pytest.fixture
def number() -> Iterator[str]:
    """The port of a process that is healthy and not ready."""
    routes = {
        "/healthz": lambda _: Answer(200, "ok\n"),
        "/readyz": lambda _: Answer(503, "not ok\n"),
    }
    port = Port("127.0.0.1", 0, routes)
    yield port.url.rpartition(":")[2]
    port.close()


@pytest.mark.parametrize(("path", "code"), [("healthz", 0), ("readyz", 1), ("nothing", 1)])
def test_the_exit_code_is_the_answer(number, path, code, monkeypatch):
    assert probe.main(path, number) == code
    monkeypatch.setenv("HEALTH_PORT", f"0.0.0.0:{number}")
    assert probe.main(path) == code


@pytest.mark.parametrize("port", ["1", "x", ""])
def test_nobody_there_is_not_well(port, monkeypatch, capsys):
    monkeypatch.delenv("HEALTH_PORT", raising=False)
    assert probe.main("healthz", port) == 1
    assert capsys.readouterr().out.startswith("not ok: ")


def test_as_a_file_it_needs_nothing_of_ours_and_no_proxy(number, tmp_path):
    file = Path(probe.__file__).resolve()
    environment = {"HEALTH_PORT": number, "http_proxy": "http://127.0.0.1:1", "HTTP_PROXY": "x"}
    ended = subprocess.run([sys.executable, "-I", str(file)], env=environment, cwd=tmp_path,
                           capture_output=True, text=True, check=False)  # fmt: skip
    assert (ended.returncode, ended.stdout) == (0, "ok\n")
