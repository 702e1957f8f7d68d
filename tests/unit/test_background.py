"""Processes in the background: on record from their start, and gone with their owner."""

from __future__ import annotations

import os
import signal
import sys

import pytest

from background import Background, Interrupted, cleaned_up, interrupts_held, wait_until

WAITS = "import signal, sys; print('ready', flush=True); signal.pause()"
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + WAITS

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


@pytest.fixture
def background(tmp_path):
    made = Background(tmp_path / "logs")
    yield made
    made.stop(0)


def started(background, code):
    process = background.start("one", ["-c", code])
    assert wait_until(lambda: process.has_said("ready"), 10)
    return process


def test_output_goes_to_the_log(background):
    process = background.start("one", ["-c", "print('a'); print('é')"])
    assert wait_until(lambda: process.exit_code == 0, 10)
    assert (process.last_line(), background.ended(), background.running()) == ("é", [process], [])


def test_the_environment_is_the_one_given(background):
    process = background.start("one", ["-c", "import os; print(os.environ['A'])"], {"A": "7"})
    assert wait_until(lambda: process.exit_code == 0, 10)
    assert process.last_line() == "7"


def test_stop_ends_them_and_forgets_them(background):
    process = started(background, WAITS)
    assert background.stop() == [process]
    assert (process.exit_code, background.stop()) == (-signal.SIGTERM, [])


def test_stop_kills_what_does_not_listen(background, monkeypatch):
    monkeypatch.setattr("background.LEAVE_SECONDS", 0.05)
    process = started(background, DEAF)
    background.stop(0.05)
    assert process.exit_code == -signal.SIGKILL


def test_an_interrupted_stop_leaves_nobody(background, monkeypatch):
    process = started(background, DEAF)

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("background.wait_until", interrupt)
    with pytest.raises(KeyboardInterrupt):
        background.stop()
    assert process.exit_code == -signal.SIGKILL


def test_they_do_not_hear_the_terminals_ctrl_c(background):
    assert os.getsid(started(background, WAITS).pid) != os.getsid(0)


def test_held_interrupts_come_at_the_end_of_the_block():
    done = []

    def block():
        with interrupts_held():
            signal.raise_signal(signal.SIGINT)
            done.append("block")

    with pytest.raises(KeyboardInterrupt):
        block()
    assert done == ["block"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_block_and_cleanup_is_undisturbed(number):
    before = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    done = []

    def cleanup():
        signal.raise_signal(number)
        done.append("cleanup")

    def block():
        with cleaned_up(cleanup):
            signal.raise_signal(number)
            done.append("not reached")

    try:
        with pytest.raises(Interrupted) as caught:
            block()
    finally:
        for held, handler in before.items():
            signal.signal(held, handler)
    assert (caught.value.exit_code, str(caught.value)) == (128 + number, number.name)
    assert done == ["cleanup"]


def test_handlers_are_as_before_after_a_quiet_block():
    before = signal.getsignal(signal.SIGTERM)
    with cleaned_up(lambda: None):
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before


def test_an_error_passes_and_is_cleaned_up_after():
    done = []
    with pytest.raises(ValueError, match="x"), cleaned_up(lambda: done.append("cleanup")):
        raise ValueError("x")
    assert done == ["cleanup"]
