"""What the command prints, and its exit code."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from tests.chaos import __main__ as chaos
from tests.chaos.__main__ import Report
from tests.chaos.checker import Violation


@pytest.fixture
def played(monkeypatch, tmp_path):
    """A report as if a plan had been played."""
    report = Report(1, starts=2, faults=Counter(drop=3), blows=Counter(kill=2))
    report.figures = Counter({"ended COMPLETED": 2, "retries": 1})
    monkeypatch.setattr(chaos, "run", lambda plan, folder, **options: report)
    return report


def test_without_violations_the_exit_code_is_0(played, capsys):
    assert chaos.main(["--executions", "2", "--faults", "3", "--kills", "2"]) == 0
    told = capsys.readouterr().out
    assert "executions: 2" in told
    assert "faults in all: 3" in told
    assert "violations: 0" in told


@pytest.mark.parametrize("least", [("--faults", "4"), ("--kills", "3")])
def test_fewer_faults_or_kills_than_wanted_are_a_violation(played, capsys, least):
    assert chaos.main(["--executions", "2", *least, "--json"]) == 1
    assert len(json.loads(capsys.readouterr().out)["violations"]) == 1


def test_a_violation_is_printed_and_the_exit_code_is_1(played, capsys):
    played.violations.append(Violation("effect", "chaos-7", "rows are not there"))
    assert chaos.main(["--executions", "2"]) == 1
    assert "effect: chaos-7: rows are not there" in capsys.readouterr().out
