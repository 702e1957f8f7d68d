"""The search for business data that lies open finds it, wherever it is."""

from __future__ import annotations

import pytest

from payloads.codec import Codec
from tests.chaos import sealing


@pytest.fixture
def folder(tmp_path):
    """What a chaos leaves, all of it sealed."""
    (tmp_path / "payloads.there" / "ab").mkdir(parents=True)
    (tmp_path / "payloads.there" / "ab" / "abcd").write_bytes(
        Codec([("k1", bytes(32))]).encode("x")
    )
    sealed = b'{\\"_process_enc\\":{\\"k\\":\\"k2\\",\\"d\\":\\"...\\"}}'
    (tmp_path / "swf.sqlite").write_bytes(b"chaos-1 " + sealed)
    (tmp_path / "worker-0.log").write_text("Failed: ConnectionError")
    (tmp_path / "business.sqlite3").write_text(sealing.UNSPOKEN)
    (tmp_path / "outbox.jsonl").write_text(sealing.UNSPOKEN)
    return tmp_path


def test_what_is_sealed_is_no_problem_and_keys_are_counted(folder):
    found = sealing.searched(folder)
    assert found.problems == []
    assert found.sealed["texts under k2"] == 1


@pytest.mark.parametrize("name", ["swf.sqlite", "swf.sqlite-wal", "worker-0.log", "new/file"])
def test_business_data_in_any_file_is_told(folder, name):
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    with path.open("ab") as file:
        file.write(sealing.UNSPOKEN.encode())
    assert [name in problem for problem in sealing.searched(folder).problems] == [True]


def test_a_stored_value_that_is_not_sealed_is_told(folder):
    (folder / "payloads.there" / "ab" / "abce").write_bytes(Codec().encode("x"))
    assert "is not sealed" in sealing.searched(folder).problems[0]


def test_a_file_that_a_killed_writer_left_empty_exposes_nothing(folder):
    (folder / "payloads.there" / "ab" / ".new-abce-x").write_bytes(b"")
    assert sealing.searched(folder).problems == []


def test_a_search_that_finds_nothing_at_all_is_told(folder):
    (folder / "swf.sqlite").write_bytes(b"")
    assert "blind" in sealing.searched(folder).problems[0]
