"""The command `gc`: what it asks of the starter, and what it prints."""

from __future__ import annotations

import json

import pytest

from cli import app
from errors import PayloadStoreError
from tests.unit.cli.conftest import FakeStarter

FOUND = {
    "dry_run": False,
    "runs": 210,
    "stored": 40,
    "named": 36,
    "young": 2,
    "removed": ["a" * 64, "b" * 64],
    "bytes": 3_400_000,
}


@pytest.fixture
def starter(fake: FakeStarter) -> FakeStarter:
    fake.answers["collect_garbage"] = dict(FOUND)
    return fake


def test_it_spares_a_day_unless_told(starter: FakeStarter) -> None:
    assert app.main(["gc"]) == 0
    assert app.main(["gc", "--dry-run", "--older-than", "0.5"]) == 0
    asked = [named for name, _, named in starter.calls if name == "collect_garbage"]
    assert [(a["older_than_days"], a["dry_run"]) for a in asked] == [(1.0, False), (0.5, True)]


def test_people_see_what_went(starter: FakeStarter, capsys: pytest.CaptureFixture[str]) -> None:
    app.main(["gc"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == FOUND["removed"]
    assert lines[2] == (
        "2 of 40 values removed, 3,400,000 bytes; 36 are named by 210 runs, 2 are too young"
    )


def test_programs_see_it_as_json(starter: FakeStarter, capsys: pytest.CaptureFixture[str]) -> None:
    app.main(["gc", "--json"])
    assert json.loads(capsys.readouterr().out) == FOUND


@pytest.mark.parametrize("days", ["-1", "nan", "inf", "many"])
def test_other_ages_are_refused(
    starter: FakeStarter, capsys: pytest.CaptureFixture[str], days: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        app.main(["gc", f"--older-than={days}"])
    assert ended.value.code == 2
    assert "invalid number of days value" in capsys.readouterr().err


def test_a_store_that_is_away_is_exit_code_3(starter: FakeStarter) -> None:
    starter.answers["collect_garbage"] = PayloadStoreError("the store is away")
    assert app.main(["gc"]) == 3


# --- again and again --------------------------------------------------------------------------


class Waits:
    """Notes how long the command waits, and stops it after some rounds."""

    def __init__(self, rounds: int) -> None:
        self.seconds: list[float] = []
        self._rounds = rounds

    def set(self) -> None:
        self._rounds = 0

    def is_set(self) -> bool:
        return len(self.seconds) >= self._rounds

    def rest(self, _: object, seconds: float) -> None:
        self.seconds.append(seconds)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Waits:
    found = Waits(rounds=2)
    monkeypatch.setattr("cli.gc.threading.Event", lambda: found)
    monkeypatch.setattr("polling.rest", found.rest)
    return found


def test_it_collects_again_after_some_days(
    starter: FakeStarter, waits: Waits, capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.main(["gc", "--every", "0.5", "--json"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line) for line in lines] == [FOUND, FOUND]
    assert waits.seconds == [43_200, 43_200]


@pytest.mark.parametrize(("days", "seconds"), [("7", 3600), ("0.01", 864)])
def test_what_goes_wrong_is_told_and_tried_again(
    starter: FakeStarter,
    waits: Waits,
    capsys: pytest.CaptureFixture[str],
    days: str,
    seconds: float,
) -> None:
    starter.answers["collect_garbage"] = PayloadStoreError("the store is away")
    assert app.main(["gc", "--every", days]) == 0
    assert capsys.readouterr().err.count("the store is away") == 2
    assert waits.seconds == [seconds, seconds]


@pytest.mark.parametrize("days", ["0", "0.00001", "1e9", "nan"])
def test_no_time_between_or_too_much_is_refused(
    starter: FakeStarter, capsys: pytest.CaptureFixture[str], days: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        app.main(["gc", "--every", days])
    assert ended.value.code == 2
    assert "invalid number of days value" in capsys.readouterr().err
