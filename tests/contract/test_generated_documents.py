"""The parts of documents that code knows are as the code has them: `python -m docs.generate`."""

from __future__ import annotations

import re

import pytest

from cli.app import COMMANDS
from docs import costs, generate
from starter.costs import prices
from starter.runs import CLOSINGS
from tests.contract.documents import read
from workflow import status
from workflow.state import Phase


@pytest.mark.parametrize("name", generate.DOCUMENTS)
def test_file_and_code_agree(name: str) -> None:
    assert read(f"docs/{name}") == generate.generated(name), "run python -m docs.generate"


def test_every_command_has_a_section() -> None:
    named = set(re.findall(r"^### (\S+)$", read("docs/REFERENCE.md"), re.MULTILINE))

    assert {command.name for command in COMMANDS} <= named


def states_of(heading: str) -> set[str]:
    """The names of states in the state diagram of a section."""
    section = read("docs/DIAGRAMS.md").split(f"## {heading}\n")[1].split("\n## ")[0]
    return set(re.findall(r"^  ([A-Z_]+) -->", section, re.MULTILINE))


def test_the_life_of_an_execution_has_every_state() -> None:
    told = {status.RUNNING, status.RETRYING, status.ROLLING_BACK, status.COMPENSATING}
    told |= {status.PAUSED, status.BLOCKED}

    assert states_of("The life of an execution") == told | set(CLOSINGS.values())


def test_the_life_of_an_attempt_has_every_phase() -> None:
    assert states_of("The life of an attempt") == {phase.name for phase in Phase}


@pytest.mark.parametrize(
    ("price", "written"),
    [
        (None, "too long for it"),
        (0, "$0"),
        (0.000025, "$0.000025"),
        (0.0000062104, "$0.00000621"),
        (0.4, "$0.40"),
        (75.025, "$75.03"),
        (1234.5, "$1,234.50"),
    ],
)
def test_prices_are_written_with_the_digits_that_tell(price: float | None, written: str) -> None:
    assert costs.dollars(price) == written


def test_free_quotas_are_taken_off_a_month() -> None:
    units = prices.Units(
        starts=1, activity_tasks=5, decision_tasks=6, timers=0, signals=0, markers=1,
        open_days=0.0, retained_days=30.0, transitions=5, seconds=5.0,
    )  # fmt: skip
    found = costs.free(units, 2_000)

    assert found["swf"] == pytest.approx(1_000 * 0.0001 + 2_000 * 0.000025 + 30_000 * 0.000005)
    assert found["step_functions_standard"] == pytest.approx(6_000 * 0.000025)
    assert found["step_functions_express"] == prices.dollars(units)["step_functions_express"] * 2000


def test_what_is_not_as_the_code_has_it_is_told(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setattr(generate, "DOCUMENTS", {"COSTS.md": {**costs.PARTS, "five": lambda _: ""}})

    assert generate.main(["--check"]) == 1
    assert capsys.readouterr().out == "COSTS.md differs\n"
