"""The line that counts: for people who wait, and nobody else."""

from __future__ import annotations

import pytest

from cli import progress
from cli.output import Output


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)


def shown(capsys, **options):
    with progress.counting("checking executions", Output(as_json=False, **options)) as tell:
        tell(1)
        tell(2)
    return capsys.readouterr().err


def test_nothing_is_shown_to_no_terminal(capsys, monkeypatch):
    monkeypatch.setattr(progress, "PATIENCE_SECONDS", -1.0)
    assert shown(capsys) == ""


def test_nothing_is_shown_before_two_seconds(capsys, terminal):
    assert shown(capsys) == ""


def test_afterwards_it_counts(monkeypatch, terminal):
    told = []

    class Line:
        def __init__(self, *_arguments, **_named):
            pass

        def __enter__(self):
            told.append("shown")

        def __exit__(self, *_):
            told.append("gone")

        def update(self, text):
            told.append(text)

    monkeypatch.setattr("rich.status.Status", Line)
    monkeypatch.setattr(progress, "PATIENCE_SECONDS", -1.0)
    with progress.counting("checking", Output(as_json=False)) as tell:
        tell(1)
        tell(2)
    assert told == ["shown", "checking: 1", "checking: 2", "gone"]
    with progress.counting("checking", Output(as_json=True)) as tell:
        tell(3)
    assert len(told) == 4
