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
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any, Protocol, TypeVar

import config
import logs
import telemetry
from arguments import Parser, address, count, reported
from config import Settings
from errors import (
    BusinessProcessError,
    ConfigurationError,
    CredentialsError,
    DomainNotRegisteredError,
    PermissionDeniedError,
    PublishedDefinitionError,
    RequestRefusedError,
)
from swf_client import SwfClient

FIRST_WAIT_SECONDS = 0.2
LONGEST_WAIT_SECONDS = 30.0
CALM_SECONDS = 300.0  # after an outage, within which another one is told only
LASTING_SECONDS = 30.0  # when it has lasted so long
MOST_CONCURRENCY = 1_000
WAKE_SECONDS = 1.0
"""How often a main thread that waits for others wakes: only then Python runs handlers of signals
that another thread was given (Linux, soon after SIGCONT), and of Ctrl+C on Windows."""

HOPELESS = (
    ConfigurationError,
    CredentialsError,
    DomainNotRegisteredError,
    PermissionDeniedError,
    PublishedDefinitionError,
    RequestRefusedError,
)
"""Errors of the first poll that end a worker: somebody has to mend something first."""

UNHEEDED: dict[int, Any] = {
    signal.SIGINT: signal.default_int_handler,
    signal.SIGTERM: signal.SIG_DFL,
}
"""The handlers that signals have before anybody sets one."""

T = TypeVar("T")

_log = logs.get("polling")


class Worker(Protocol):
    """What `serve` runs."""

    def run(self) -> None:
        """Work until stopped."""


class Polls:
    """The polls of one worker, on threads of their own, until `stop`."""

    def __init__(self, name: str, client: SwfClient) -> None:
        self._name = name
        self._client = client
        self._outage = Outage(stopping := threading.Event())
        self._pulse = telemetry.Pulse(name)
        self._stopping = stopping
        self._registration = threading.Lock()
        self._registered = False
        self._fatal: BusinessProcessError | None = None

    @property
    def stopping(self) -> bool:
        """Whether no new task is to be taken."""
        return self._stopping.is_set()

    @property
    def hopeless(self) -> bool:
        """Whether the worker ends because nothing can work."""
        return self._fatal is not None

    def stop(self) -> None:
        """Let every loop end after its turn; running polls are hung up where that is safe."""
        self._pulse.stopping = True
        self._stopping.set()
        self._client.stop()

    def run(self, turns: Sequence[Callable[[], None]]) -> None:
        """Repeat each turn on a thread of its own until `stop`.

        Returns when all threads have ended; raises the error of `HOPELESS` that ended them.
        """
        threads = [
            threading.Thread(
                target=self._loop, args=(turn,), name=f"{self._name}-{number}", daemon=True
            )
            for number, turn in enumerate(turns, 1)
        ]
        for thread in threads:
            thread.start()
        self._pulse.watch(threads)
        for thread in threads:
            _join(thread)
        if self._fatal is not None:
            raise self._fatal

    def task(self, poll: Callable[[], T | None]) -> T | None:
        """Poll once; None when there was no task, or after the wait that a fault calls for."""
        self._pulse.polls()
        try:
            self._register_missing()
            found = poll()
        except Exception as error:  # noqa: BLE001 - a worker outlives every failed poll
            self._pulse.polled(failed=True)
            self._after_fault(error)
            return None
        self._pulse.polled(failed=False, busy=found is not None)
        if not self.stopping:
            self._outage.over()
        return found

    def _loop(self, turn: Callable[[], None]) -> None:
        while not self.stopping:
            with outlasted():
                turn()
            self._pulse.rests()

    def _after_fault(self, error: Exception) -> None:
        if isinstance(error, HOPELESS) and not self._outage.worked:
            self._fatal = error
            self.stop()
            return
        if isinstance(error, DomainNotRegisteredError):
            self._registered = False
        self._outage.wait(error)

    def _register_missing(self) -> None:
        """On the embedded engine a process brings along what it needs, whoever starts first."""
        if self._registered:
            return
        with self._registration:
            if not (self._registered or self.stopping):
                prepare(self._client, anew=self._outage.worked)
                self._registered = True


@contextmanager
def outlasted() -> Iterator[None]:
    """No fault of a task ends the thread that serves it."""
    try:
        yield
    except Exception:  # noqa: BLE001 - nor does a task end a worker
        _log.exception("A task could not be served")


class Outage:
    """The time in which polls fail: waits that grow, a line at its start, one at its end.

    Each kind of error is told once an outage; what comes back soon after its end is told only
    when it lasts, for polls that fail now and then must not fill the log.
    """

    def __init__(
        self, stopping: threading.Event, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stopping = stopping
        self._clock = clock
        self._since: float | None = None
        self._told: set[type[Exception]] = set()
        self._ended = float("-inf")  # when the last one was over that was told
        self._lock = threading.Lock()
        self.worked = False
        """Whether a poll has ever succeeded."""

    def wait(self, error: Exception) -> None:
        """Wait before the next try, half as long as polls have failed; ends when stopped."""
        if self._stopping.is_set():
            return
        longest = max(FIRST_WAIT_SECONDS, min(LONGEST_WAIT_SECONDS, self._lasted(error) / 2))
        self._stopping.wait(random.uniform(longest / 2, longest))  # noqa: S311 - not a secret

    def over(self) -> None:
        """A poll succeeded."""
        self.worked = True
        if self._since is None:
            return
        with self._lock:
            since, self._since = self._since, None
            told, self._told = self._told, set()
            now = self._clock()
            if since is None or not told:
                return
            self._ended = now
        _log.info("Polling works again", seconds=round(now - since, 1))

    def _lasted(self, error: Exception) -> float:
        """Seconds since the first failure, which is told."""
        with self._lock:
            now = self._clock()
            if self._since is None:
                self._since = now
            lasted = now - self._since
            again = now - self._ended < CALM_SECONDS and lasted < LASTING_SECONDS
            if again or type(error) in self._told:
                return lasted
            self._told.add(type(error))
        ours = isinstance(error, BusinessProcessError)
        _log.warning(f"Polling fails: {error}", exc_info=None if ours else error)
        return lasted


def prepare(client: SwfClient, *, anew: bool = False) -> None:
    """Register what is missing where that is ours to do: on the embedded engine."""
    if client.settings.swf_endpoint == "local":
        from setup import ensure_registered  # noqa: PLC0415 - only this engine needs it

        ensure_registered(client, anew=anew)


def serve(
    description: str,
    make: Callable[[Settings, argparse.Namespace], Worker],
    arguments: Sequence[str] | None,
    *,
    concurrency: int,
    role: str = "worker",
) -> int:
    """Run a worker as a process: options, log, telemetry, signals; gives the exit code.

    `role` is what telemetry calls it.
    """
    options = build_parser(description, concurrency).parse_args(arguments)
    try:
        settings = config.use(config.load(env_file=options.env_file))
        logs.configure(settings)
        logs.warn_of_exposure(options.env_file)
        with telemetry.serving(settings, role, options.health_port):
            make(settings, options).run()
    except BusinessProcessError as error:
        print(reported(error), file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130  # before it ran
    return 0


def build_parser(description: str, concurrency: int) -> Parser:
    """The options of both workers."""
    parser = Parser(
        description=description,
        epilog="example: python %(prog)s --concurrency 20 --task-list eu\n\n"
        "Its log, on standard error, is JSON with LOG_FORMAT=json.\n"
        "Exit code: 0 stopped, 2 something to mend, 3 SWF unreachable or refusing",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--concurrency",
        type=count(1, MOST_CONCURRENCY),
        default=concurrency,
        metavar="N",
        help=f"tasks served at once (default {concurrency})",
    )
    parser.add_argument("--task-list", metavar="LIST", help="default: the setting SWF_TASK_LIST")
    parser.add_argument(
        "--health-port",
        metavar="PORT",
        type=address(config.port),
        help="serve /healthz and /readyz there: PORT or HOST:PORT (default: HEALTH_PORT)",
    )
    parser.add_argument("--env-file", metavar="FILE", help="settings file instead of .env")
    return parser


@contextmanager
def drained_by_signals(stop: Callable[[], None]) -> Iterator[None]:
    """The first SIGTERM or Ctrl+C drains, the second leaves at once.

    What ran then is lost to this worker, times out and is retried.  Handlers that somebody
    has set stay; off the main thread there is nothing to set.
    """
    asked = threading.Event()

    def drain(number: int, _: FrameType | None) -> None:
        if asked.is_set():
            os._exit(128 + number)
        asked.set()
        # In a thread, for the one that is interrupted here may hold any lock.
        threading.Thread(target=stop, name="stop", daemon=True).start()

    main = threading.current_thread() is threading.main_thread()
    before = {n: h for n, h in UNHEEDED.items() if main and signal.getsignal(n) is h}
    for number in before:
        signal.signal(number, drain)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _join(thread: threading.Thread) -> None:
    """Wait for a thread, and let signals in meanwhile."""
    while thread.is_alive():
        thread.join(WAKE_SECONDS)


def rest(stopping: threading.Event, seconds: float) -> None:
    """Wait so long, or until stopped, and let signals in meanwhile."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        if stopping.wait(min(left, WAKE_SECONDS)):
            return
