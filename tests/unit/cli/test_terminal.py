"""Where the menu is read and written: news between the lines, and logs that grow."""

from __future__ import annotations

import io
import threading
from pathlib import Path

import pytest

from background import wait_until
from cli.following import Tail, follow
from cli.terminal import EndOfInput, Terminal


class Source:
    """Somebody who types when a test says so."""

    def __init__(self) -> None:
        self.reading, self.typed = threading.Event(), threading.Event()
        self.line: str | type[BaseException] = "typed\n"

    def readline(self) -> str:
        self.reading.set()
        assert self.typed.wait(10)
        if isinstance(self.line, str):
            return self.line
        raise self.line


@pytest.fixture
def source() -> Source:
    return Source()


def test_news_comes_while_a_question_waits_and_the_question_stands_again(source):
    sink, answers = io.StringIO(), []
    terminal = Terminal(source, sink)
    asking = threading.Thread(target=lambda: answers.append(terminal.ask("Choice: ")))
    asking.start()
    assert source.reading.wait(10)
    terminal.tell("it is back")
    source.typed.set()
    asking.join()
    assert sink.getvalue() == "Choice: \nit is back\nChoice: "
    assert answers == ["typed"]


def test_else_it_waits_until_something_is_asked_or_shown():
    sink = io.StringIO()
    terminal = Terminal(io.StringIO("1\n2\n"), sink)
    terminal.tell("one")
    terminal.write("a picture")
    terminal.ask("? ")
    terminal.tell("two")
    terminal.flush()
    terminal.flush()
    assert sink.getvalue() == "a picture\none\n? two\n"


def test_the_end_of_the_input_is_told():
    with pytest.raises(EndOfInput):
        Terminal(io.StringIO(""), io.StringIO()).ask("? ")


@pytest.mark.parametrize("ending", ["\n", KeyboardInterrupt])
def test_following_shows_what_comes_and_ends_at_enter_or_ctrl_c(source, tmp_path, ending):
    log, sink = tmp_path / "a.log", io.StringIO()
    log.write_text("first\n")
    source.line = ending
    following = threading.Thread(target=follow, args=(log, Terminal(source, sink)))
    following.start()
    assert source.reading.wait(10)
    assert sink.getvalue() == "first\n"
    with log.open("a") as file:
        file.write("second\nthi")
        file.flush()
        assert wait_until(lambda: "second" in sink.getvalue(), 10)
        file.write("rd\n")
    assert wait_until(lambda: "third\n" in sink.getvalue(), 10)
    source.typed.set()
    following.join()
    assert sink.getvalue() == "first\nsecond\nthird\n"


def test_the_end_of_the_input_ends_the_following_too(tmp_path):
    (tmp_path / "a.log").touch()
    with pytest.raises(EndOfInput):
        follow(tmp_path / "a.log", Terminal(io.StringIO(""), io.StringIO()))


class TestTail:
    @pytest.fixture
    def log(self, tmp_path) -> Path:
        return tmp_path / "a.log"

    def test_it_begins_with_the_last_lines(self, log):
        log.write_text("".join(f"{n}\n" for n in range(100)))
        tail = Tail(log, lines=2)
        assert (tail.read(), tail.read()) == (["98", "99"], [])

    def test_it_goes_on_where_the_file_is_begun_anew(self, log):
        log.write_text("old\n" * 10)
        tail = Tail(log)
        tail.read()
        log.write_text("new\n")
        assert tail.read() == ["new"]

    def test_a_file_that_is_not_there_yet_has_no_lines(self, log):
        tail = Tail(log)
        assert tail.read() == []
        log.write_bytes(b"\xff\tcame\r\n")
        assert tail.read() == ["\N{REPLACEMENT CHARACTER}\\tcame"]
