"""The bar for people who wait longer than two seconds, and nobody else."""

from __future__ import annotations

import io
from types import SimpleNamespace

import pytest

import progress
from background import wait_until


class Terminal(io.StringIO):
    """A terminal that remembers."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def stderr(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Standard error is a terminal, standard output is none."""
    terminal = Terminal()
    streams = SimpleNamespace(stderr=terminal, stdout=io.StringIO())
    monkeypatch.setattr(progress, "sys", streams)
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "120")
    return terminal


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "PATIENCE_SECONDS", 0.0)


def waited(stderr: Terminal, total: int | None, words: str, **options: bool) -> bool:
    """Whether the bar says these words while it is shown."""
    visible = progress.can_be_shown(**options)
    with progress.bar("starting", total, **options) as tell:
        if not visible:
            tell(3)
            return False
        assert wait_until(lambda: "starting" in stderr.getvalue(), 10)
        tell(1_234)
        return wait_until(lambda: words in stderr.getvalue(), 10)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(("total", "words"), [(2_000, "1,234 of 2,000"), (None, "1,234")])
def test_it_counts_and_leaves_nothing_behind(
    stderr: Terminal, total: int | None, words: str
) -> None:
    assert waited(stderr, total, words)
    assert stderr.getvalue().endswith("\x1b[2K")  # the line is cleared


def test_nothing_is_shown_before_two_seconds(stderr: Terminal) -> None:
    with progress.bar("starting", 10) as tell:
        tell(1)
    assert stderr.getvalue() == ""


def test_what_is_over_is_not_shown_any_more(stderr: Terminal) -> None:
    late = progress._Bar("starting", 10)
    late.stop()
    late.start()
    assert stderr.getvalue() == ""


@pytest.mark.usefixtures("impatient")
def test_json_that_goes_into_a_file_is_waited_for_with_a_bar(stderr: Terminal) -> None:
    assert waited(stderr, 2_000, "1,234 of 2,000", as_json=True)


@pytest.mark.usefixtures("impatient")
def test_json_on_the_terminal_is_not_disturbed(
    stderr: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress.sys, "stdout", Terminal())
    assert not waited(stderr, 10, "", as_json=True)
    assert stderr.getvalue() == ""


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("term", ["dumb", None])
def test_nothing_is_shown_where_nobody_sees_it(
    stderr: Terminal, monkeypatch: pytest.MonkeyPatch, term: str | None
) -> None:
    if term:
        monkeypatch.setenv("TERM", term)
    else:
        monkeypatch.setattr(progress.sys, "stderr", io.StringIO())
    assert not waited(stderr, 10, "")
    assert stderr.getvalue() == ""


@pytest.mark.usefixtures("impatient")
def test_without_colour_where_that_is_wanted(
    stderr: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert waited(stderr, 2_000, "1,234")
    colours = [code for code in stderr.getvalue().split("\x1b[") if code.startswith(("3", "9"))]
    assert colours == []
