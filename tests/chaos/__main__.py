"""`python -m tests.chaos`: thousands of executions, and everything fails that can.

A plan is drawn from a seed; the same seed gives the same plan.  Deciders, activity workers and
the embedded SWF run as processes; they are killed, frozen and told to end, their clocks jump,
the engine throttles, fails, loses answers and does things twice, the payload store goes away,
the database is locked, the disk is full, keys are rotated, who starts executions is killed, and
operators steer.  Then all is brought home, and a checker reads every history, the business
database and the outbox, and looks for business data that lies open.

A smaller plan follows in which the processes share their engine (`SWF_ENDPOINT=local`), which
is killed again and again.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from arguments import Parser, count
from tests.chaos import plan as plans
from tests.chaos.clearing import left_by_signals
from tests.chaos.plan import Plan
from tests.chaos.play import Chaos
from tests.chaos.report import Report, in_words

SHARED_SHARE = 0.15  # of the executions and of the time, for the shared engine
SHARED_LEAST = 20, 4.0  # executions, seconds


def build_parser() -> Parser:
    """The options."""
    parser = Parser(
        prog="python -m tests.chaos",
        description="Thousands of executions while everything fails that can; then a checker.",
        epilog="example: python -m tests.chaos --executions 20000 --minutes 20 --seed 7\n\n"
        "Exit code: 0 nothing was broken, 1 violations, 2 wrong options, 130 and 143 interrupted",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--executions", type=count(1, 1_000_000), default=2000, metavar="N", help="default 2000")
    add("--minutes", type=float, default=1.5, help="how long the storm lasts (default 1.5)")
    add("--seed", type=int, default=1, help="of the plan (default 1)")
    add("--deciders", type=count(1, 50), default=2, metavar="N", help="processes (default 2)")
    add("--workers", type=count(1, 50), default=3, metavar="N", help="processes (default 3)")
    add("--only", choices=("storm", "shared"), help="one of the two plans")
    add(
        "--faults", type=count(0, 10**9), default=0, metavar="N", help="fewer injected are a breach"
    )
    add("--kills", type=count(0, 10**9), default=0, metavar="N", help="fewer are a breach")
    add("--keep", type=Path, metavar="FOLDER", help="put everything there and leave it")
    add("--json", action="store_true", help="print the figures as JSON")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw plans, play them, print what they came to; gives the exit code."""
    options = build_parser().parse_args(arguments)
    folder = options.keep or Path(tempfile.mkdtemp(prefix="chaos-"))
    folder.mkdir(parents=True, exist_ok=True)
    folder = folder.resolve()
    try:
        with left_by_signals(folder, keep=options.keep is not None):
            reports = _played(options, folder)
    finally:
        if options.keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    told = _together(reports)
    print(json.dumps(told, indent=2) if options.json else in_words(told))
    return 1 if told["violations"] else 0


def _played(options: argparse.Namespace, folder: Path) -> dict[str, Report]:
    size = {"deciders": options.deciders, "workers": options.workers}
    reports = {}
    if options.only != "shared":
        plan = plans.drawn(
            options.seed, executions=options.executions, seconds=options.minutes * 60, **size
        )
        storm = reports["storm"] = run(plan, folder / "storm", **size)
        storm.expect("injected faults", storm.faults.total(), options.faults)
        storm.expect("kills", storm.blows[plans.KILL], options.kills)
    if options.only != "storm":
        executions, seconds = SHARED_LEAST
        plan = plans.drawn_shared(
            options.seed,
            executions=max(executions, round(options.executions * SHARED_SHARE)),
            seconds=max(seconds, options.minutes * 60 * SHARED_SHARE),
            **size,
        )
        reports["shared engine"] = shared = run(plan, folder / "shared", **size)
        shared.expect("lives of the engine", shared.engines, 2)
    return reports


def run(plan: Plan, folder: Path, *, deciders: int, workers: int) -> Report:
    """Play a plan."""
    return Chaos(plan, folder, deciders=deciders, workers=workers, tell=_tell).run()


def _together(reports: dict[str, Report]) -> dict[str, Any]:
    told = {name: report.as_json() for name, report in reports.items()}
    broken = [item for report in told.values() for item in report["violations"]]
    return {**told, "violations": broken}


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
