"""Which files the endpoint takes for its own, and a disk that is really full."""

from __future__ import annotations

import signal
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_swf.database import SCHEMA_VERSION, Database
from local_swf.errors import StartupError
from tests.contract.local_swf.swf_world import COMPLETE, World, schedule
from tests.contract.local_swf.test_processes import client, endpoint


def change(file: Path, *statements: str) -> None:
    """Carry out SQL on a file as another program would."""
    connection = sqlite3.connect(file)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def ours(file: Path) -> None:
    Database(str(file)).close()


def newer(file: Path) -> None:
    ours(file)
    change(file, f"PRAGMA user_version = {SCHEMA_VERSION + 1}")


def older(file: Path) -> None:
    ours(file)
    change(file, "PRAGMA user_version = 0")


def with_tables(file: Path) -> None:
    change(file, "CREATE TABLE runs (id)")


def with_an_id(file: Path) -> None:
    change(file, "PRAGMA application_id = 7", "VACUUM")


def text(file: Path) -> None:
    file.write_text("Dear diary, " * 500)


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (newer, "was written by a newer version of this program"),
        (older, "which no release has written"),
        (with_tables, "is a database of another program; name another file"),
        (with_an_id, "is a database of another program; name another file"),
        (text, "file is not a database"),
        (Path.mkdir, "unable to open database file"),
    ],
)
def test_a_file_that_is_not_for_this_program_is_refused_and_left_as_it_was(tmp_path, write, words):
    file = tmp_path / "some.sqlite"
    write(file)
    before = file.read_bytes() if file.is_file() else None
    with pytest.raises(StartupError, match=words) as refused:
        Database(str(file))
    assert str(file) in str(refused.value)
    assert "\n" not in str(refused.value)
    assert [path.name for path in tmp_path.iterdir()] == ["some.sqlite"]
    assert before == (file.read_bytes() if file.is_file() else None)


def test_an_empty_file_is_taken(tmp_path):
    file = tmp_path / "swf.sqlite"
    file.touch()
    Database(str(file)).close()
    Database(str(file)).close()
    connection = sqlite3.connect(file)
    assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
    connection.close()


def test_a_disk_that_is_full_gives_500_until_there_is_room_again(tmp_path):
    """The process may write no file beyond the size that its log has now."""
    resource = pytest.importorskip("resource")
    if not hasattr(resource, "prlimit"):
        pytest.skip("only Linux limits other processes")
    file = tmp_path / "swf.sqlite"
    with endpoint("--database", str(file)) as (process, url), client(url) as swf:
        world = World(None, swf).register()
        run_id = world.start()
        world.decide(schedule())
        size = file.with_name("swf.sqlite-wal").stat().st_size
        limit = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, limit[1]))
        for call in (lambda: world.start("other", input="x" * 30_000), world.activity):
            assert status_of(call) == 500
        assert world.types(run_id)[-1] == "ActivityTaskScheduled"
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, limit)
        token = world.activity()["taskToken"]
        swf.respond_activity_task_completed(taskToken=token)
        world.start("other", input="x" * 30_000)
        world.decide(COMPLETE)
        assert world.types(run_id)[-1] == "WorkflowExecutionCompleted"
        events = world.history(run_id)
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    with endpoint("--database", str(file)) as (_, url), client(url) as swf:
        assert World(None, swf).history(run_id) == events


def status_of(call: Any) -> int:
    """The HTTP status of a call that is refused."""
    with pytest.raises(ClientError) as refused:
        call()
    return refused.value.response["ResponseMetadata"]["HTTPStatusCode"]
