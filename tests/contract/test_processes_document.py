"""PROCESSES.md: its programs and commands run as they stand, and what it names exists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from activities import database
from cli.app import COMMANDS
from tests.application import Application
from tests.contract.documents import Shell, blocks_of, read, shell_in

TEXT = read("docs/PROCESSES.md")
BLOCKS = blocks_of(TEXT)


@pytest.fixture
def shell(app: Application, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    yield shell_in(app, tmp_path, monkeypatch, Shell)
    app.stop()
    database.close()


def test_its_process_runs() -> None:
    names: dict[str, Any] = {}
    for block in BLOCKS:
        if block.language == "python":
            exec(compile(block.text, "PROCESSES.md", "exec"), names)

    assert names["ended"].state == "COMPLETED"


@pytest.mark.parametrize("section", ["Definitions in States Language", "Before doing it"])
def test_its_commands_run(section: str, shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    shell.run("python decision_worker.py")
    shell.run("python activity_worker.py")

    for block in BLOCKS:
        if block.section == section and block.language == "text":
            printed = capsys.readouterr().out
            assert all(line in printed for line in block.text.splitlines())
        elif block.section == section:
            shell.take(block)


def test_every_command_is_run() -> None:
    told = {block.section for block in BLOCKS if block.language != "python"}
    assert told == {"Definitions in States Language", "Before doing it"}


def test_the_commands_that_it_names_exist() -> None:
    rows = re.findall(r"^\| (`[a-z].*?) \|", TEXT, re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`([a-z-]+) ?[^`]*`", row)}

    assert len(named) > 12
    assert named <= {command.name for command in COMMANDS}
