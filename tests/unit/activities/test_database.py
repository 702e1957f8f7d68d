import itertools
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from activities import database
from activities.saving import orders
from config import Settings
from errors import ConfigurationError

ROOT = Path(__file__).resolve().parents[3]

SAVE = """
import sys
import threading
sys.stdin.readline()  # all begin at once
from activities.context import TaskContext, entered
from activities.saving import save_results
number = sys.argv[1]
for start in ("shared", number):
    with entered(TaskContext("workflow-1", "run-1", start, "SaveResults", 1)):
        save_results({"order_id": number})
"""


def test_processes_that_race_make_one_schema_and_one_record(settings: Settings) -> None:
    environment = {"DATA_DIR": str(settings.data_dir), "PYTHONPATH": str(ROOT), "PATH": ""}
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", SAVE, str(number)],
            stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, text=True,
        )
        for number in range(4)
    ]  # fmt: skip
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("\n")
        racer.stdin.flush()
    for racer in racers:
        assert racer.communicate()[1] == ""
    with database.transaction(settings) as connection:
        starts = sorted(connection.execute(sa.select(orders.c.start_id)).scalars())
    assert starts == ["0", "1", "2", "3", "shared"]


def test_sqlite_keeps_a_write_ahead_log(settings: Settings) -> None:
    with database.transaction(settings) as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("nonsense", "not a SQLAlchemy URL"),
        ("mysql://localhost/x", "allowed: sqlite, postgresql"),
        ("oracle://localhost/x", "allowed: sqlite, postgresql"),
        ("strange://localhost/x", "not a SQLAlchemy URL"),
    ],
)
def test_a_wrong_url_is_named(settings: Settings, url: str, problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        database.engine(replace(settings, database_url=url))


def test_a_missing_driver_is_named(settings: Settings) -> None:
    wrong = replace(settings, database_url="postgresql+pg8000://localhost/x")
    with pytest.raises(ConfigurationError, match=r"pip install psycopg\[binary\]"):
        database.engine(wrong)


def test_a_wall_clock_that_is_set_forward_ends_nobodys_waiting(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = itertools.count(step=2 * database.BUSY_SECONDS)
    monkeypatch.setattr("sqlalchemy.util.queue._time", looks.__next__)
    outcome: list[int | None] = []

    def read() -> None:
        with database.transaction(settings) as connection:
            outcome.append(connection.execute(sa.text("SELECT 1")).scalar())

    reader = threading.Thread(target=read)
    with database.transaction(settings):
        reader.start()
        reader.join(0.2)
    reader.join()
    assert outcome == [1]
