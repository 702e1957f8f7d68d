"""What the command prints, and its exit code."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from tests.chaos import __main__ as chaos
from tests.chaos.checker import Violation
from tests.chaos.report import Report


@pytest.fixture
def played(monkeypatch, tmp_path):
    """Reports as if both plans had been played; the first is given."""
    report = Report(1, starts=2, faults=Counter(drop=3), blows=Counter(kill=2), engines=1)
    report.figures = Counter({"ended COMPLETED": 2, "retries": 1})
    shared = Report(1, engines=2)
    monkeypatch.setattr(
        chaos, "run", lambda plan, folder, **options: shared if plan.shared else report
    )
    return report


def test_without_violations_the_exit_code_is_0(played, capsys):
    assert chaos.main(["--executions", "2", "--faults", "3", "--kills", "2"]) == 0
    told = capsys.readouterr().out
    assert "storm:" in told
    assert "shared engine:" in told
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


def test_one_of_the_two_plans_may_be_played_alone(played, capsys):
    assert chaos.main(["--executions", "2", "--only", "storm", "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)) == {"storm", "violations"}


def test_a_shared_engine_that_was_never_killed_is_a_violation(played, monkeypatch, capsys):
    monkeypatch.setattr(chaos, "run", lambda plan, folder, **options: played)
    assert chaos.main(["--executions", "2", "--only", "shared"]) == 1
    assert "1 lives of the engine, wanted 2" in capsys.readouterr().out
