"""DASHBOARD.md: its commands run and the page answers them; what it says of rates holds."""

from __future__ import annotations

import urllib.error
from collections.abc import Iterator
from pathlib import Path

import pytest

from activities import database
from dashboard import library
from dashboard.__main__ import parser
from starter.control import bulk
from starter.lists import browsing, glimpses, health
from tests.application import Application
from tests.contract.documents import Shell, blocks_of, lines_of, read, shell_in

TEXT = read("docs/DASHBOARD.md")
BLOCKS = blocks_of(TEXT)
RUN = {"Starting it", "From another machine", "Saved histories and files", "Addresses"}
ORDER = "docs/examples/order.json --id order-1 --tag web --wait"
START = f"python workflow_starter.py start --input {ORDER}"


@pytest.fixture
def shell(app: Application, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """A shell in a folder as the repository is, with a decider and a worker."""
    made = shell_in(app, tmp_path, monkeypatch, Shell)
    made.run("python decision_worker.py")
    made.run("python activity_worker.py")
    yield made
    made.close_page()
    app.stop()
    database.close()


def done(shell: Shell, section: str) -> None:
    for block in BLOCKS:
        if block.section == section and block.language != "sh":
            if block.saved_as:
                shell.take(block)
                continue
            for line in lines_of(block):
                assert shell.run(line) == 0, line


def test_every_command_is_run() -> None:
    assert {block.section for block in BLOCKS} == RUN
    assert [lines_of(b)[0].split()[0] for b in BLOCKS if b.language == "sh"] == ["ssh"]


def test_starting_it(shell: Shell) -> None:
    done(shell, "Starting it")

    assert shell.page is not None
    assert shell.page.options.read_only
    assert "read only" in shell.page.get("/executions")


def test_a_token_lets_in(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    done(shell, "From another machine")

    assert "There are no executions" in capsys.readouterr().out
    assert shell.page is not None
    assert "There are no executions" in shell.page.get("/executions"), "the cookie is enough"
    shell.page.forget()
    with pytest.raises(urllib.error.HTTPError, match="401"):
        shell.page.get("/executions")


def test_saved_histories_and_files(shell: Shell) -> None:
    done(shell, "Saved histories and files")

    assert shell.page is not None
    listed = shell.page.get("/executions")
    assert "Saved executions" in listed
    assert "order-1" in listed
    exported = (shell.folder / "order-1.html").read_text(encoding="utf-8")
    assert "NotifyCompletion" in exported
    assert "<script" not in exported


def test_each_address_shows_what_it_names(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    assert shell.run(START) == 0
    (block,) = [block for block in BLOCKS if block.section == "Addresses"]
    serve, *asked = lines_of(block)
    shell.run(serve)
    shown = [
        "No execution matches",
        "order-1",
        "Choose a step",
        'aria-label="Step SaveResults"',
        "ActivityTaskCompleted",
        "Nobody has intervened",
        "TripSaga 1.0",
        "TripSaga 1.0",
        "business-process-tasks",
    ]
    for line, words in zip(asked, shown, strict=True):
        capsys.readouterr()
        assert shell.run(line) == 0
        assert words in capsys.readouterr().out, line


def test_every_option_is_told() -> None:
    options = {option for action in parser()._actions for option in action.option_strings}
    assert all(f"`{o}" in TEXT or f" {o}" in TEXT for o in options - {"-h", "--help"})


def test_the_rates_that_are_told() -> None:
    slow = browsing.AWS
    glimpse, open_run = glimpses.READS_PER_SECOND, library.READS_PER_SECOND
    rates = [f"{bulk.PER_SECOND[kind]:g}" for kind in ("signal", "cancel", "terminate", "resume")]
    for told in [
        f"every {slow.listed:g} seconds each; together {browsing.LISTS_PER_SECOND:g} a second",
        f"every {slow.counted:g} seconds each; together {browsing.COUNTS_PER_SECOND:g} a second",
        f"every {glimpses.AWS_SECONDS:g} seconds each; together {glimpse:g} a second",
        f"every {library.AWS_SECONDS:g} seconds each; together {open_run:g} a second",
        f"every {health.AWS_SECONDS:g} seconds |",
        f"{', '.join(rates[:3])} and {rates[3]} a second",
        f"up to {bulk.MOST:,}:",
        f"the first {bulk.FORESEEN},",
    ]:
        assert told in TEXT, told
