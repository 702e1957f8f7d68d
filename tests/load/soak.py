"""The same load for long: whatever grows without end shows.

Executions of the process that ships, and others that fail, wait for a signal, carry large values
and are rolled back.  The domain keeps no closed ones, which the engine takes for a minute; `gc`
removes stored values by itself; the outbox keeps its lines for seconds.
"""

from __future__ import annotations

import threading
import time
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from dashboard.pages import execution_url
from tests.load import definitions
from tests.load.figures import MIB, quarters, size
from tests.load.report import Report
from tests.load.stage import Stage, free_port, staged, until

KEPT = "NONE"
"""What the domain keeps of closed executions."""
OUTBOX_SECONDS = 15
GC = ["workflow_starter.py", "gc", "--every", "0.0002", "--older-than", "0.0003"]
"""Every 17 seconds, what was stored more than 26 ago."""
WARM_UP_SECONDS = 95.0
"""After which as much goes as comes: the minute of closed executions, and what `gc` needs."""
SAMPLES = 40
MIXED_OF = 4
"""Of so many executions one is of the mixed process."""
HOME_SECONDS = 120.0
PAGE_SECONDS = 30.0

ROOM: Mapping[str, tuple[float, float]] = {
    "MiB": (4.0, 0.04),
    "page, MiB": (40.0, 0.04),  # it remembers 20,000 runs that it has shown, 2 KiB each
    "files": (4.0, 0.0),
    "threads": (2.0, 0.0),
    "SQLite MiB": (2.0, 0.1),
    "payload store MiB": (0.5, 0.3),
    "outbox KiB": (10.0, 0.3),
    "executions open": (10.0, 0.5),
    "executions kept": (20.0, 0.2),
}
"""What may be more in the last quarter than in the second: so many, and that share more."""


@dataclass(frozen=True)
class Size:
    """How much."""

    minutes: float
    """With the warming up."""
    rate: float
    """Executions a second."""


def soak(
    size_: Size, *, keep: Path | None = None, tell: Callable[[str], None] = lambda _: None
) -> Report:
    """Load, and look again and again at what every part and every file takes."""
    report = Report("soak")
    outbox = str(OUTBOX_SECONDS)
    port = free_port()
    page, url = ["-m", "dashboard", "--port", str(port)], f"http://127.0.0.1:{port}"
    others = {"gc": GC, "page": page}
    with staged(keep, KEPT, workers=1, others=others, OUTBOX_RETENTION=outbox) as stage:
        until(lambda: _is_up(url), "the page")
        load = _Load(stage, size_.rate, url)
        load.start()
        tell(f"warming up for {WARM_UP_SECONDS:.0f} s ...")
        time.sleep(WARM_UP_SECONDS)
        seconds = max(0.0, size_.minutes * 60 - WARM_UP_SECONDS)
        found = _watched(stage, seconds, tell)
        load.stop()
        report.note("executions started", load.started)
        report.same("calls that failed", dict(load.errors), {})
        for name, samples in found.items():
            _flat(report, name, samples)
        until(lambda: stage.open_count() == 0, "the last executions", HOME_SECONDS)
        report.same("executions that did not end as they should", _odd(stage), [])
        stage.ended_well(report)
    return report


class _Load(threading.Thread):
    """Starts executions, signals those that wait for it, looks at each in the page."""

    def __init__(self, stage: Stage, rate: float, page: str) -> None:
        super().__init__(daemon=True)
        self.started = 0
        self.errors: Counter[str] = Counter()
        self._stage, self._rate, self._page = stage, rate, page
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Start no more."""
        self._stopping.set()
        self.join()

    def run(self) -> None:
        """Until told to stop."""
        begun = time.monotonic()
        while not self._stopping.wait(begun + self.started / self._rate - time.monotonic()):
            try:
                self._one(self.started)
            except Exception as error:  # noqa: BLE001 - counted, for nobody may see one
                self.errors[f"{type(error).__name__}: {error}"[:200]] += 1
            self.started += 1

    def _one(self, number: int) -> None:
        starter, name = self._stage.starter, f"soak-{number}"
        if number % MIXED_OF:
            run = starter.start_workflow(definitions.order(number), name)
        else:
            given = {"number": number // MIXED_OF}
            run = starter.start_workflow(given, name, definition=definitions.MIXED)
            starter.signal_workflow(name, definitions.SIGNAL, {"go": True})
        for path in ("/executions", "/health", execution_url(run)):
            _read(self._page + path)


def _read(url: str) -> bool:
    with urllib.request.urlopen(url, timeout=PAGE_SECONDS) as answer:
        return bool(answer.read())


def _is_up(url: str) -> bool:
    try:
        return _read(url)
    except OSError:
        return False


def _watched(stage: Stage, seconds: float, tell: Callable[[str], None]) -> dict[str, list[float]]:
    """Samples by the name of what they are of."""
    found: dict[str, list[float]] = defaultdict(list)
    begun = told = time.monotonic()
    for number in range(SAMPLES):
        for name, figure in _sample(stage).items():
            found[name].append(figure)
        if time.monotonic() > told + 60:
            told = time.monotonic()
            tell(", ".join(f"{name} {samples[-1]:.1f}" for name, samples in found.items()))
        time.sleep(max(0.0, begun + (number + 1) * seconds / SAMPLES - time.monotonic()))
    return found


def _sample(stage: Stage) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, held in stage.taken().items():
        found[f"{name}, MiB"] = held.rss / MIB
        found[f"{name}, files"] = held.files
        found[f"{name}, threads"] = held.threads
    found["SQLite MiB"] = stage.database_bytes() / MIB
    found["payload store MiB"] = size(stage.settings.payload_dir) / MIB
    outbox = stage.folder / "outbox.jsonl"
    found["outbox KiB"] = (size(outbox) + size(Path(f"{outbox}.1"))) / 1024
    found["executions open"] = stage.open_count()
    found["executions kept"] = stage.closed_count()
    return found


def _flat(report: Report, name: str, samples: list[float]) -> None:
    """What is taken at last is what was taken before, but for a little."""
    second, last = quarters(samples)
    room, share = ROOM.get(name) or ROOM[name.rpartition(", ")[2]]
    report.note(f"{name}, second quarter", median(second))
    report.most(f"{name}, last quarter", median(last), median(second) * (1 + share) + room)


def _odd(stage: Stage) -> list[str]:
    """Those of the last minute that have not ended as their input wants it."""
    found = []
    for info in stage.client.closed_executions():
        number = int(info["execution"]["workflowId"].partition("-")[2])
        refused = number % MIXED_OF == 0 and definitions.is_refused(number // MIXED_OF)
        if info["closeStatus"] != ("FAILED" if refused else "COMPLETED"):
            found.append(f"soak-{number}: {info['closeStatus']}")
    return found
