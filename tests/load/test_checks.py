"""What is looked for is found where it is."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from importlib import resources

import pytest

from local_swf import jsontext
from tests.load import __main__ as command
from tests.load import definitions, soak, timers
from tests.load.figures import quarters, size
from tests.load.report import Report
from tests.load.stage import LOST

FLAT = [90.0, 95.0, *[100.0] * 6]
GROWING = [90.0, 95.0, *[100.0 + 8 * number for number in range(6)]]


@pytest.fixture
def report() -> Report:
    return Report("test")


@pytest.mark.parametrize("name", ["engine, MiB", "worker-0, threads", "outbox KiB"])
def test_what_stays_as_it_was_breaks_no_bound(report, name):
    soak._flat(report, name, FLAT)
    assert report.violations == []


@pytest.mark.parametrize("name", ["engine, MiB", "worker-0, threads", "gc, files", "SQLite MiB"])
def test_what_grows_breaks_one(report, name):
    soak._flat(report, name, GROWING)
    assert len(report.violations) == 1
    assert name in report.violations[0]


def test_the_page_may_remember_what_it_has_shown_and_no_more(report):
    soak._flat(report, "page, MiB", GROWING)
    assert report.violations == []
    soak._flat(report, "page, MiB", [*[80.0] * 4, *[125.0] * 4])
    assert len(report.violations) == 1


def test_every_sample_has_its_room():
    parts = [f"engine, {what}" for what in ("MiB", "files", "threads")]
    files = ["SQLite MiB", "payload store MiB", "outbox KiB", "executions open", "executions kept"]
    wanted = {"page, MiB", *(name.rpartition(", ")[2] for name in [*parts, *files])}
    assert wanted == soak.ROOM.keys()


def test_quarters_leave_the_first_out():
    assert quarters([1, 2, 3, 4, 5, 6, 7, 8, 9]) == ([3, 4], [8, 9])
    with pytest.raises(ValueError, match="3 samples are too few"):
        quarters([1, 2, 3])


def test_a_folder_is_as_large_as_its_files(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b").write_bytes(b"123")
    (tmp_path / "c").write_bytes(b"4")
    assert size(tmp_path) == 4
    assert size(tmp_path / "none") == 0


@pytest.mark.parametrize(
    ("kind", "timeout", "lost"),
    [
        ("DecisionTaskTimedOut", "START_TO_CLOSE", 1),
        ("DecisionTaskTimedOut", "SCHEDULE_TO_START", 0),
        ("ActivityTaskTimedOut", "HEARTBEAT", 1),
        ("ActivityTaskTimedOut", "START_TO_CLOSE", 1),
        ("WorkflowExecutionTimedOut", "START_TO_CLOSE", 0),
        ("ActivityTaskCompleted", None, 0),
    ],
)
def test_tasks_of_which_nobody_heard_again_are_counted(kind, timeout, lost):
    with contextlib.closing(sqlite3.connect(":memory:")) as file:
        file.executescript(resources.files("local_swf").joinpath("schema.sql").read_text())
        body = jsontext.event(kind, 7, 0, {"timeoutType": timeout})
        file.execute("INSERT INTO events VALUES (1, 7, ?)", (body,))
        assert file.execute(LOST).fetchone() == (lost,)


@pytest.mark.parametrize(
    ("check", "broken"),
    [
        (lambda r: r.most("a", 2, 1), True),
        (lambda r: r.most("a", 1, 1), False),
        (lambda r: r.least("a", 1, 2), True),
        (lambda r: r.least("a", 2, 2), False),
        (lambda r: r.same("a", 1, 2), True),
        (lambda r: r.same("a", [], []), False),
        (lambda r: r.note("a", 1), False),
    ],
)
def test_a_bound_that_is_broken_is_told_and_is_exit_code_1(
    report, monkeypatch, capsys, check, broken
):
    def measured(size, **options):
        check(report)
        return report

    monkeypatch.setattr(timers, "timers", measured)
    assert command.main(["timers"]) == int(broken)
    assert f"violations: {int(broken)}" in capsys.readouterr().out
    assert command.main(["timers", "--json"]) == int(broken)
    assert list(json.loads(capsys.readouterr().out)["figures"]) == ["a"]


def test_one_of_four_mixed_executions_is_refused():
    refused = [number for number in range(8) if definitions.is_refused(number)]
    assert refused == [0, 4]


def test_wrong_options_are_exit_code_2(capsys):
    with pytest.raises(SystemExit) as ended:
        command.main(["timers", "--executions", "none"])
    assert ended.value.code == 2
    assert "is not 1 to 90000" in capsys.readouterr().err


def test_help_has_an_example(capsys):
    with pytest.raises(SystemExit):
        command.main(["--help"])
    assert "example: python -m tests.load" in capsys.readouterr().out
