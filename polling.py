"""What both workers do around their tasks: poll, outlast outages, stop when told.

A poll that fails never ends a worker: it waits, longer each time, says so once per outage and
once when it is over.  A setting that cannot work, a missing domain or missing credentials at
the start do end it, with one line and the exit code of the error.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any, Protocol

import config
import logs
from config import Settings
from errors import BusinessProcessError, CredentialsError, DomainNotRegisteredError
from swf_client import SwfClient

FIRST_WAIT_SECONDS = 0.2
LONGEST_WAIT_SECONDS = 30.0

_log = logs.get("polling")


class Worker(Protocol):
    """What `serve` runs."""

    settings: Settings

    def run(self) -> None:
        """Work until stopped."""

    def stop(self) -> None:
        """Finish what runs and let `run` return."""


class Polls:
    """The threads that poll.  Each runs one turn after another until `stop`."""

    def __init__(self, name: str, client: SwfClient) -> None:
        self._name = name
        self._client = client
        self._stopping = threading.Event()
        self._fatal: BaseException | None = None

    @property
    def stopping(self) -> bool:
        """Whether no new task is to be taken."""
        return self._stopping.is_set()

    def stop(self) -> None:
        """Let every loop end after its turn; running polls are hung up where that is safe."""
        self._stopping.set()
        self._client.stop()

    def run(self, turns: Sequence[Callable[[], None]]) -> None:
        """Run each turn in a loop on a thread of its own; returns when all have ended."""
        threads = [
            threading.Thread(target=self._loop, args=(turn,), name=f"{self._name}-{number}")
            for number, turn in enumerate(turns, 1)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self._fatal is not None:
            raise self._fatal

    def _loop(self, turn: Callable[[], None]) -> None:
        outage = Outage(self._stopping)
        while not self._stopping.is_set():
            try:
                turn()
                outage.over()
            except (CredentialsError, DomainNotRegisteredError) as error:
                if not outage.worked:
                    self._give_up(error)
                outage.wait(error)
            except Exception as error:  # noqa: BLE001 - a worker outlives every failed poll
                outage.wait(error)

    def _give_up(self, error: BusinessProcessError) -> None:
        self._fatal = error
        self.stop()


class Outage:
    """The time in which polls fail: waits that grow, one line at its start, one at its end."""

    def __init__(self, stopping: threading.Event) -> None:
        self._stopping = stopping
        self._failures = 0
        self.worked = False
        """Whether a poll has ever succeeded."""

    def wait(self, error: Exception) -> None:
        """Wait before the next try; ends early when the worker stops."""
        if self._stopping.is_set():
            return
        if self._failures == 0:
            ours = isinstance(error, BusinessProcessError)
            _log.warning(f"Polling fails: {error}", exc_info=None if ours else error)
        longest = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** min(self._failures, 16))
        self._failures += 1
        self._stopping.wait(random.uniform(longest / 2, longest))  # noqa: S311 - not a secret

    def over(self) -> None:
        """A poll succeeded."""
        self.worked = True
        if self._failures:
            _log.info("Polling works again", failures=self._failures)
        self._failures = 0


def prepare(client: SwfClient) -> None:
    """Register what is missing where that is ours to do: on the embedded engine."""
    if client.settings.swf_endpoint == "local":
        from setup import ensure_registered  # noqa: PLC0415 - only this engine needs it

        ensure_registered(client)


def serve(
    description: str,
    make: Callable[[Settings, argparse.Namespace], Worker],
    arguments: Sequence[str] | None,
    *,
    concurrency: int,
) -> int:
    """Run a worker as a process: options, log, signals; gives the exit code."""
    options = _parser(description, concurrency).parse_args(arguments)
    try:
        settings = config.use(config.load(env_file=options.env_file))
        logs.configure(settings)
        worker = make(settings, options)
        with _stopped_by_signals(worker):
            worker.run()
    except BusinessProcessError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def _parser(description: str, concurrency: int) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument(
        "--concurrency", type=_positive, default=concurrency, metavar="N",
        help=f"tasks served at once (default {concurrency})",
    )  # fmt: skip
    parser.add_argument("--task-list", metavar="LIST", help="default: the setting SWF_TASK_LIST")
    parser.add_argument("--env-file", metavar="FILE", help="settings file instead of .env")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 1000:
        raise argparse.ArgumentTypeError("a whole number from 1 to 1000")
    return number


@contextmanager
def _stopped_by_signals(worker: Worker) -> Iterator[None]:
    """The first SIGTERM or Ctrl+C drains the worker, the second leaves at once."""
    asked = threading.Event()

    def handler(number: int, _: FrameType | None) -> None:
        if asked.is_set():
            os._exit(128 + number)
        asked.set()
        threading.Thread(target=worker.stop, name="stop", daemon=True).start()

    with _handlers(handler):
        yield


@contextmanager
def _handlers(handler: Callable[[int, FrameType | None], Any]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)
