"""What QUICKSTART and EXAMPLES show is run as it stands, and both languages show the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from activities import database
from tests.application import Application
from tests.contract.documents import Shell, blocks_of, lines_of, read, shell_in

QUICKSTART = blocks_of(read("docs/QUICKSTART.md"))


@pytest.fixture
def shell(app: Application, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """A shell in a folder as the repository is."""
    yield shell_in(app, tmp_path, monkeypatch)
    app.stop()
    database.close()


def test_the_quick_start(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    ends = {"An order that fails": 1}

    for block in QUICKSTART:
        if block.language == "text":
            printed = capsys.readouterr().out
            for line in block.text.splitlines():
                assert line in printed
        elif block.language or block.saved_as:
            if block.language != "sh":
                shell.take(block)
        else:
            for line in lines_of(block):
                waits = "--wait" in line
                assert shell.run(line) == (ends.get(block.section, 0) if waits else 0), line

    printed = capsys.readouterr().out
    assert "COMPLETED  5 of 5 steps" in printed
    assert "webhook replaced" in printed
    assert shell.workflow_id == "order-1"
