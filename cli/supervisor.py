"""Processes that are kept running: after a crash they are started again, each wait longer.

A thread looks after them, so that it works while the menu waits for its user.  Which ends are
crashes is what systemd's `Restart=on-failure` says: any but exit code 0 and the signals that
ask a process to end.  One that says by its exit code that somebody has to mend something
first, or that never came to work, is given up.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from background import Background, Process

FIRST_WAIT_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 60.0
WELL_SECONDS = 60.0  # after so long at work a crash counts as the first one
FUTILE_STARTS = 5  # in a row, none of which came to work
LOOK_SECONDS = 0.05

MEND_FIRST = (2, 3)  # a setting, a registration, credentials: errors.py
ASKED_TO_END = frozenset(
    getattr(signal, name)
    for name in ("SIGHUP", "SIGINT", "SIGTERM", "SIGPIPE")
    if hasattr(signal, name)
)


class Phase(Enum):
    """Where a process stands."""

    STARTING = "it has not said yet that it works"
    WORKING = "it has said that it works"
    WAITING = "it crashed, and is started again in a while"
    GIVEN_UP = "it cannot work until somebody mends something"
    ENDED = "it ended because it was asked to"


OVER = (Phase.GIVEN_UP, Phase.ENDED)


@dataclass(eq=False)
class Kept:
    """One process, through all its starts."""

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str] | None
    works_when: str
    """What its log says once it works."""
    process: Process
    began: float
    """When it was started last, as the clock tells."""
    phase: Phase = Phase.STARTING
    crashes: int = 0
    """In a row."""
    starts: int = 1
    due: float = 0.0
    """While it waits: when it is started again."""

    @property
    def log(self) -> Path:
        """Its output, that of earlier starts too."""
        return self.process.log


@dataclass(frozen=True)
class News:
    """What happened to a process that its owner did not ask for."""

    kept: Kept
    phase: Phase
    exit_code: int = 0
    """Of the process that ended; minus the signal's number where a signal ended it."""
    word: str = ""
    """The last line of its log."""
    wait: float = 0.0
    """Seconds until it is started again."""


class Supervisor:
    """Keeps processes running until `stop`."""

    def __init__(
        self,
        background: Background,
        *,
        tell: Callable[[News], object] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`tell` hears of crashes and what becomes of them, from the supervisor's thread."""
        self._background = background
        self.tell = tell
        self.clock = clock
        self._kept: list[Kept] = []
        self._lock = threading.RLock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(
        self,
        name: str,
        arguments: Sequence[str],
        environment: Mapping[str, str] | None = None,
        *,
        works_when: str,
    ) -> Kept:
        """Run `python ARGUMENTS` and keep it running; its log is `NAME.log`.

        What was given up or has ended is forgotten: somebody has read that and acts.
        """
        with self._lock:
            self._kept = [kept for kept in self._kept if kept.phase not in OVER]
            process = self._background.start(name, arguments, environment)
            kept = Kept(name, arguments, environment, works_when, process, self.clock())
            self._kept.append(kept)
        self._watch()
        return kept

    def kept(self) -> list[Kept]:
        """All that were started and not stopped, those that were given up too."""
        with self._lock:
            return list(self._kept)

    def stop(self) -> list[str]:
        """Stop all and wait until they are gone; gives the names of those that ran."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        stopped = [process.name for process in self._background.stop()]
        self._kept.clear()
        return stopped

    def look(self) -> None:
        """Look after each once."""
        with self._lock:
            for kept in self._kept:
                self._look_after(kept)

    # --- one process ---------------------------------------------------------------------

    def _look_after(self, kept: Kept) -> None:
        if kept.phase is Phase.WAITING:
            if self.clock() >= kept.due:
                self._start_again(kept)
        elif kept.phase in (Phase.STARTING, Phase.WORKING):
            code = kept.process.exit_code
            if code is not None:
                self._ended(kept, code)
            elif kept.phase is Phase.STARTING and kept.process.has_said(kept.works_when):
                kept.phase = Phase.WORKING
                if kept.starts > 1:
                    self.tell(News(kept, kept.phase))

    def _ended(self, kept: Kept, code: int) -> None:
        word = kept.process.last_line()
        worked = kept.phase is Phase.WORKING or kept.process.has_said(kept.works_when)
        self._background.forget(kept.process)
        if was_asked(code):
            kept.phase = Phase.ENDED
            self.tell(News(kept, kept.phase, code, word))
            return
        if worked and self.clock() - kept.began >= WELL_SECONDS:
            kept.crashes = 0
        kept.crashes += 1
        if code in MEND_FIRST or (not worked and kept.crashes >= FUTILE_STARTS):
            kept.phase = Phase.GIVEN_UP
            self.tell(News(kept, kept.phase, code, word))
        else:
            self._wait(kept, code, word)

    def _wait(self, kept: Kept, code: int, word: str) -> None:
        seconds = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** (kept.crashes - 1))
        kept.due = self.clock() + seconds
        kept.phase = Phase.WAITING
        self.tell(News(kept, kept.phase, code, word, seconds))

    def _start_again(self, kept: Kept) -> None:
        try:
            kept.process = self._background.start(
                kept.name, kept.arguments, kept.environment, append=True
            )
        except OSError as error:  # no memory for it at this moment, say
            kept.crashes += 1
            self._wait(kept, 1, str(error))
            return
        kept.phase, kept.began = Phase.STARTING, self.clock()
        kept.starts += 1

    # --- the thread ----------------------------------------------------------------------

    def _watch(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._stopping.clear()
            self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_SECONDS):
            self.look()


def was_asked(code: int) -> bool:
    """Whether an exit code says that the process was asked to end, and did."""
    number = -code if code < 0 else code - 128  # so leaves a worker that is asked twice
    return code == 0 or number in ASKED_TO_END


def how_ended(code: int) -> str | None:
    """The name of the signal that ended a process; None for an exit code of its own."""
    try:
        return signal.Signals(-code).name if code < 0 else None
    except ValueError:
        return f"signal {-code}"
