"""Runs that are looked at: read once, shared, let go when there is no room."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from dashboard import library as libraries
from dashboard.library import Book, Library
from errors import UnknownExecutionError


class Read:
    """Stands for a reading."""

    def __init__(self, *_: Any) -> None:
        self.last_event_id, self.closed, self.refreshed = 0, False, 0
        self.gate = threading.Event()
        self.gate.set()
        self.fails = False

    def refresh(self, progress: Any = None) -> bool:
        self.gate.wait(10)
        if self.fails:
            raise UnknownExecutionError("no such run", "w", "r")
        self.refreshed += 1
        self.last_event_id += 100
        return True


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Read]:
    """The readings that a library makes."""
    found: list[Read] = []

    def make(*_: Any) -> Read:
        found.append(Read())
        return found[-1]

    monkeypatch.setattr(libraries, "Reading", make)
    return found


class Starter:
    swf_client = None

    class settings:  # noqa: N801 - as the starter has it
        swf_endpoint = "local"


def library() -> Library:
    return Library(Starter())  # type: ignore[arg-type]


def test_a_run_is_read_once_for_all_who_look(made: list[Read]) -> None:
    shelf = library()
    books = {shelf.book("w", "r") for _ in range(5)}
    assert len(books) == len(made) == 1


def test_a_long_first_read_does_not_keep_the_page_waiting(
    made: list[Read], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(libraries, "PATIENCE_SECONDS", 0.01)
    gate = threading.Event()
    monkeypatch.setattr(Read, "refresh", lambda self, progress=None: gate.wait(10))
    shelf = library()
    shelf.book("w", "r")
    assert not shelf.is_read("w", "r")
    gate.set()
    monkeypatch.setattr(libraries, "PATIENCE_SECONDS", 10)
    shelf.book("w", "r")
    assert shelf.is_read("w", "r")


def test_a_run_that_is_not_there_is_not_kept(
    made: list[Read], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(libraries, "PATIENCE_SECONDS", 10)

    def fails(*_: Any) -> bool:
        raise UnknownExecutionError("no such run", "w", "r")

    monkeypatch.setattr(Read, "refresh", fails)
    shelf = library()
    for _ in range(2):
        with pytest.raises(UnknownExecutionError):
            shelf.book("w", "r")
    assert len(made) == 2


def test_the_oldest_runs_are_let_go(made: list[Read], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libraries, "PATIENCE_SECONDS", 10)
    monkeypatch.setattr(libraries, "BOOKS", 3)
    shelf = library()
    for name in "abcd":
        shelf.book("w", name)
    shelf.book("w", "d")
    assert len(made) == 4
    shelf.book("w", "a")
    assert len(made) == 5


def test_of_a_run_that_was_let_go_nothing_is_kept(
    made: list[Read], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its first read took longer than anybody waited."""
    monkeypatch.setattr(libraries, "PATIENCE_SECONDS", 0)
    monkeypatch.setattr(libraries, "BOOKS", 1)
    gate = threading.Event()
    monkeypatch.setattr(Read, "refresh", lambda self, progress=None: gate.wait(10))
    shelf = library()
    for number in range(5):
        shelf.book("w", f"r-{number}")
    assert len(shelf._first) == 1
    gate.set()


def test_long_histories_are_let_go_sooner(
    made: list[Read], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(libraries, "PATIENCE_SECONDS", 10)
    monkeypatch.setattr(libraries, "EVENTS", 150)
    shelf = library()
    for name in "abc":
        shelf.book("w", name)
    shelf.book("w", "a")
    assert len(made) == 4


def test_what_is_told_is_made_once_for_each_version() -> None:
    reading, told = Read(), []
    book = Book(reading, 0.0)  # type: ignore[arg-type]

    def tell(_: Any) -> int:
        told.append(1)
        return len(told)

    assert [book.told("x", tell) for _ in range(3)] == [1, 1, 1]
    book.refresh()
    assert [book.told("x", tell), book.told("y", tell)] == [2, 3]
    reading.closed = True
    book.refresh()
    assert reading.refreshed == 1
    assert book.told("x", tell, every=0.000001) == 2  # a closed run does not change with time
