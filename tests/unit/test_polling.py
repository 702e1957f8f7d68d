"""Signals reach a worker whichever of its threads the system gives them to."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import polling

ROOT = Path(__file__).resolve().parents[2]

# Linux gives a signal that comes soon after SIGCONT to any thread; this one takes it itself.
PROGRAM = """
import signal, threading, time
import polling

def hit():
    time.sleep(0.5)  # the main thread waits by then
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
    stopping.wait(60)

stopping = threading.Event()
with polling.drained_by_signals(stopping.set):
    thread = threading.Thread(target=hit)
    thread.start()
    {wait}
print("drained", flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals of threads")
@pytest.mark.parametrize("wait", ["polling._join(thread)", "polling.rest(stopping, 60)"])
def test_a_signal_that_another_thread_is_given_drains_too(wait: str) -> None:
    program = [sys.executable, "-c", PROGRAM.format(wait=wait)]
    done = subprocess.run(
        program, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.stdout, done.returncode) == ("drained\n", 0), done.stderr


def test_a_rest_lasts_as_long_as_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "WAKE_SECONDS", 0.01)
    begun = time.monotonic()
    polling.rest(threading.Event(), 0.05)
    assert time.monotonic() - begun >= 0.05
