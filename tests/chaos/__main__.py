"""`python -m tests.chaos`: thousands of executions, and everything fails that can.

A plan is drawn from a seed; the same seed gives the same plan.  Deciders, activity workers and
the embedded SWF run as processes; they are killed, frozen and told to end, the engine throttles,
fails, loses answers and does things twice, the payload store goes away, the database is locked,
the disk is full, and operators steer.  Then all is brought home, and a checker reads every
history, the business database and the outbox.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import logs
from arguments import Parser, count
from starter.runs import CLOSINGS
from tests.chaos import definitions, evidence
from tests.chaos import plan as plans
from tests.chaos.checker import Violation
from tests.chaos.ledger import Ledger
from tests.chaos.people import Clockwork, People
from tests.chaos.plan import Plan
from tests.chaos.stage import SAMPLE_SECONDS, Stage
from workflow_starter import WorkflowStarter

HOME_SECONDS = 300.0  # in which every execution has ended after the storm
SHOWN = 40  # violations that are printed


@dataclass
class Report:
    """What it came to."""

    seed: int
    seconds: dict[str, float] = field(default_factory=dict)
    """That each part took."""
    starts: int = 0
    """Acknowledged."""
    faults: Counter[str] = field(default_factory=Counter)
    """Injected by the engine, by kind."""
    blows: Counter[str] = field(default_factory=Counter)
    """To processes and what they stand on, by kind."""
    people: Counter[str] = field(default_factory=Counter)
    figures: Counter[str] = field(default_factory=Counter)
    violations: list[Violation] = field(default_factory=list)

    @property
    def executions(self) -> int:
        """Workflow ids of which there is a run, children too."""
        return sum(self.figures[f"ended {status}"] for status in [*CLOSINGS.values(), "OPEN"])

    def as_json(self) -> dict[str, Any]:
        """The same for programs."""
        return {
            "seed": self.seed,
            "seconds": {name: round(seconds, 1) for name, seconds in self.seconds.items()},
            "starts": self.starts,
            "executions": self.executions,
            "faults": dict(self.faults.most_common()),
            "faults_in_all": self.faults.total(),
            "blows": dict(self.blows.most_common()),
            "kills": self.blows[plans.KILL],
            "people": dict(sorted(self.people.items())),
            **dict(sorted(self.figures.items())),
            "violations": [str(item) for item in self.violations],
        }


def run(
    plan: Plan,
    folder: Path,
    *,
    deciders: int,
    workers: int,
    processes: int = 2,
    tell: Callable[[str], None] = lambda _: None,
) -> Report:
    """Play a plan on a folder, and check what is left."""
    report = Report(plan.seed)
    stage = Stage(folder, plan, deciders=deciders, workers=workers)
    logs.configure(replace(stage.settings, log_level="ERROR"))  # the faults are meant
    people = People(WorkflowStarter(stage.settings), Ledger())
    watch = _Stopwatch(report.seconds, tell)
    try:
        with watch("beginning"):
            stage.begin()
        with watch("storm"):
            _storm(plan, stage, people, report)
        with watch("coming home"):
            people.bring_home(HOME_SECONDS, tell)
        with watch("stopping"):
            stage.end_workers()
        with watch("checking"):
            found = evidence.checked(people, folder, processes=processes)
    finally:
        stage.stop()
    report.starts = len(people.ledger.starts)
    report.people = people.ledger.outcomes
    report.blows, report.faults = stage.blows, stage.faults
    report.seconds["slowest end of a process"] = stage.slowest_end
    report.figures = found.figures
    report.violations += found.violations
    report.violations += evidence.ledger_problems(people.ledger)
    report.violations += [Violation("process", "", problem) for problem in stage.problems]
    return report


def _storm(plan: Plan, stage: Stage, people: People, report: Report) -> None:
    over = threading.Event()
    counting = threading.Thread(target=_count, args=(stage, over))
    counting.start()
    waits = [start for start in plan.starts if start.name == definitions.WAITS.name]
    clockworks = [
        Clockwork(16, [(start.at, partial(people.start, start)) for start in plan.starts]),
        Clockwork(
            8,
            [(s.at + s.approve_after, partial(people.approve, s.workflow_id)) for s in waits],
        ),
        Clockwork(16, [(blow.at, partial(stage.strike, blow)) for blow in plan.blows]),
        Clockwork(1, [(sky.at, partial(stage.set_weather, sky.rules)) for sky in plan.weather]),
        Clockwork(8, [(act.at, partial(people.act, act)) for act in plan.acts]),
    ]
    for clockwork in clockworks:
        clockwork.join()
        report.violations += [Violation("chaos", "", error) for error in clockwork.errors]
    stage.set_weather(())
    over.set()
    counting.join()
    stage.count_faults()
    for part in stage.parts.values():
        stage.look_at(part)


def _count(stage: Stage, over: threading.Event) -> None:
    while not over.wait(SAMPLE_SECONDS):
        stage.count_faults()


class _Stopwatch:
    """Notes how long each part takes."""

    def __init__(self, seconds: dict[str, float], tell: Callable[[str], None]) -> None:
        self._seconds, self._tell, self._name, self._since = seconds, tell, "", 0.0

    def __call__(self, name: str) -> _Stopwatch:
        self._name = name
        return self

    def __enter__(self) -> None:
        self._tell(f"{self._name} ...")
        self._since = time.monotonic()

    def __exit__(self, *_: object) -> None:
        self._seconds[self._name] = time.monotonic() - self._since


def build_parser() -> Parser:
    """The options."""
    parser = Parser(
        prog="python -m tests.chaos",
        description="Thousands of executions while everything fails that can; then a checker.",
        epilog="example: python -m tests.chaos --executions 20000 --minutes 20 --seed 7\n\n"
        "Exit code: 0 nothing was broken, 1 violations, 2 wrong options",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--executions", type=count(1, 1_000_000), default=2000, metavar="N", help="default 2000")
    add("--minutes", type=float, default=1.5, help="how long the storm lasts (default 1.5)")
    add("--seed", type=int, default=1, help="of the plan (default 1)")
    add("--deciders", type=count(1, 50), default=2, metavar="N", help="processes (default 2)")
    add("--workers", type=count(1, 50), default=3, metavar="N", help="processes (default 3)")
    add(
        "--faults", type=count(0, 10**9), default=0, metavar="N", help="fewer injected are a breach"
    )
    add("--kills", type=count(0, 10**9), default=0, metavar="N", help="fewer are a breach")
    add("--keep", type=Path, metavar="FOLDER", help="put everything there and leave it")
    add("--json", action="store_true", help="print the figures as JSON")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw a plan, play it, print what it came to; gives the exit code."""
    options = build_parser().parse_args(arguments)
    plan = plans.drawn(
        options.seed,
        executions=options.executions,
        seconds=options.minutes * 60,
        deciders=options.deciders,
        workers=options.workers,
    )
    folder = options.keep or Path(tempfile.mkdtemp(prefix="chaos-"))
    folder.mkdir(parents=True, exist_ok=True)
    folder = folder.resolve()

    def tell(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    try:
        report = run(plan, folder, deciders=options.deciders, workers=options.workers, tell=tell)
    finally:
        if options.keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    _expect(report, "injected faults", report.faults.total(), options.faults)
    _expect(report, "kills", report.blows[plans.KILL], options.kills)
    print(json.dumps(report.as_json(), indent=2) if options.json else _in_words(report))
    return 1 if report.violations else 0


def _expect(report: Report, what: str, there: int, least: int) -> None:
    if there < least:
        report.violations.append(Violation("chaos", "", f"{there} {what}, wanted {least}"))


def _in_words(report: Report) -> str:
    told = report.as_json()
    broken = told.pop("violations")
    lines = [f"{name.replace('_', ' ')}: {_flat(value)}" for name, value in told.items()]
    lines.append(f"violations: {len(broken)}")
    return "\n".join([*lines, *(f"  {item}" for item in broken[:SHOWN])])


def _flat(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {number}" for name, number in value.items())
    return str(value)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that no part is left behind
    sys.exit(main())
