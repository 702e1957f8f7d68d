"""The processes that the menu starts: kept running, followed, told of, stopped."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from arguments import safe
from background import wait_until
from bootstrap import RUN_MODULE
from cli.supervisor import Kept, News, Phase, Supervisor, how_ended
from config import HOME

SETTLE_SECONDS = 5.0  # how long a new process is watched before it counts as running
PROVE_SECONDS = 1.0  # how long it is watched after that: its first poll may show what is wrong
STARTED = " started "  # what deciders and workers log before they poll
SERVES = "The page is at "  # what the page prints once it can be opened, before its address
ADDRESS = rf"(?<={SERVES})\S+"
PAGE = "page"
SHOWN_LOGS = 20

SCRIPTS: Mapping[str, str] = {"decider": "decision_worker.py", "worker": "activity_worker.py"}

Text = Callable[..., str]
"""Gives a text of the menu in its language: its key, then its facts."""

NEWS: Mapping[Phase, str] = {
    Phase.WAITING: "crashed",
    Phase.WORKING: "runs_again",
    Phase.GIVEN_UP: "given_up",
    Phase.ENDED: "left",
}
STATES: Mapping[Phase, str] = {
    Phase.STARTING: "is_starting",
    Phase.WORKING: "is_running",
    Phase.WAITING: "is_waiting",
    Phase.GIVEN_UP: "is_given_up",
}
"""The text for each phase that the menu shows; what ended in peace is not shown."""


class Processes:
    """Starts processes under names of their own and says how they are."""

    def __init__(
        self,
        supervisor: Supervisor,
        logs: Path,
        environment: Mapping[str, str] | None,
        *further_logs: Path,
    ) -> None:
        """`environment` is what they get (ours unless given); `further_logs` are of others."""
        self._supervisor = supervisor
        self._logs = logs
        self._further_logs = further_logs
        self._environment = environment
        self._numbers = dict.fromkeys(SCRIPTS, 0)

    def start(self, kind: str) -> Kept:
        """Start a decider or a worker; gives it once it works or has ended."""
        self._numbers[kind] += 1
        name = f"{kind}-{self._numbers[kind]}"
        return self._settled(name, [str(HOME / SCRIPTS[kind])], STARTED)

    def start_page(self) -> Kept:
        """Start the page, unless it runs."""
        for kept in self._supervisor.kept():
            if kept.name == PAGE and kept.phase in (Phase.STARTING, Phase.WORKING):
                return kept
        return self._settled(PAGE, ["-c", RUN_MODULE, str(HOME), "dashboard"], SERVES)

    def _settled(self, name: str, arguments: Sequence[str], works_when: str) -> Kept:
        kept = self._supervisor.start(name, arguments, self._environment, works_when=works_when)
        wait_until(lambda: kept.phase is not Phase.STARTING, SETTLE_SECONDS)
        wait_until(lambda: kept.phase is not Phase.WORKING, PROVE_SECONDS)
        return kept

    def stop(self) -> list[str]:
        """Stop all; gives the names of those that ran."""
        return self._supervisor.stop()

    def running(self) -> list[int]:
        """The process ids of those that run."""
        phases = (Phase.STARTING, Phase.WORKING)
        return [kept.process.pid for kept in self._supervisor.kept() if kept.phase in phases]

    def logs(self) -> list[Path]:
        """The logs, those that were written to last first."""
        files = [*self._logs.glob("*.log"), *self._further_logs]
        found = [path for path in files if path.is_file()]
        return sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)[:SHOWN_LOGS]

    def state(self, text: Text) -> list[str]:
        """A line for each that runs, waits or was given up."""
        shown = [kept for kept in self._supervisor.kept() if kept.phase in STATES]
        return [self._state(kept, text) for kept in shown]

    def _state(self, kept: Kept, text: Text) -> str:
        left = max(0.0, kept.due - self._supervisor.clock())
        state = text(STATES[kept.phase], pid=kept.process.pid, seconds=f"{left:.0f}")
        times = text("times", count=kept.starts - 1) if kept.starts > 1 else ""
        address = kept.process.found(ADDRESS) if kept.name == PAGE else None
        where = address if address and kept.phase is Phase.WORKING else kept.log
        return f"{kept.name}: {state}{times} ({where})"


def address(kept: Kept) -> str | None:
    """Where the page can be opened, once it has said so."""
    return kept.process.found(ADDRESS)


def told(news: News, text: Text) -> str:
    """What happened to a process, in a line."""
    word = safe(news.word) if news.exit_code > 0 and news.word else ""
    return text(
        NEWS[news.phase],
        name=news.kept.name,
        pid=news.kept.process.pid,
        how=how_ended(news.exit_code) or text("code", code=news.exit_code),
        word=f": {word}" if word else "",
        seconds=f"{news.wait:.0f}",
        log=news.kept.log,
    )
