"""`python -m tests.upgrade`: a rolling upgrade under load, and the way back.

Two releases of the project, the newer with a step more and another compensation, are put in
each other's place process by process, in the order of docs/OPERATIONS.md, while executions
are started all the time.  Then a checker reads every history.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from arguments import Parser, count
from tests.chaos.checker import Violation
from tests.chaos.clearing import left_by_signals
from tests.chaos.report import in_words
from tests.upgrade import checker
from tests.upgrade.checker import Limits
from tests.upgrade.releases import UNDOES
from tests.upgrade.rollout import Rollout

DECISION_SECONDS = 12  # the decision timeout: longer than the first wait of what is parked


def build_parser() -> Parser:
    """The options."""
    parser = Parser(
        prog="python -m tests.upgrade",
        description="A rolling upgrade under load and the way back; then a checker.",
        epilog="example: python -m tests.upgrade --rest 10 --pace 0.05\n\n"
        "Exit code: 0 nothing was broken, 1 violations, 2 wrong options, 130 and 143 interrupted",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--seed", type=int, default=1, help="of the port (default 1)")
    add("--rest", type=float, default=2.0, help="seconds after each restart (default 2)")
    add("--pace", type=float, default=0.15, help="seconds between starts (default 0.15)")
    add("--least", type=count(0, 10**9), default=0, metavar="N", help="fewer starts are a breach")
    add("--keep", type=Path, metavar="FOLDER", help="put everything there and leave it")
    add("--json", action="store_true", help="print the figures as JSON")
    return parser


def run(folder: Path, *, seed: int, rest: float, pace: float) -> dict[str, Any]:
    """Upgrade, roll back, check; gives the report."""
    rollout = Rollout(folder, seed=seed, decision_timeout=DECISION_SECONDS, pace=pace)
    begun = time.monotonic()
    try:
        rollout.begin()
        time.sleep(rest)
        rollout.upgrade(rest)
        time.sleep(rest)
        rollout.roll_back(rest)
        rollout.bring_home()
        found = checker.checked(
            rollout.client, folder, rollout.newer,
            started=rollout.load.started, releases=rollout.releases,
            limits=Limits(DECISION_SECONDS, rollout.capable_since),
        )  # fmt: skip
    finally:
        rollout.stop()
    unseen = [
        f"no decision of {version} by release {release}"
        for version in UNDOES
        for release in UNDOES
        if not found.figures[f"decisions of {version} by release {release}"]
    ]
    told = [*rollout.problems, *unseen]
    broken = [*found.violations, *(Violation("process", "", what) for what in told)]
    return {
        "seconds": round(time.monotonic() - begun, 1),
        "starts": len(rollout.load.started),
        "longest": {kind: round(took, 1) for kind, took in sorted(found.longest.items())},
        **dict(sorted(found.figures.items())),
        "violations": [str(item) for item in broken],
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Play it, print what it came to; gives the exit code."""
    options = build_parser().parse_args(arguments)
    folder = (options.keep or Path(tempfile.mkdtemp(prefix="upgrade-"))).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with left_by_signals(folder, keep=options.keep is not None):
            told = run(folder, seed=options.seed, rest=options.rest, pace=options.pace)
    finally:
        if options.keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    if told["starts"] < options.least:
        told["violations"].append(f"{told['starts']} starts, wanted {options.least}")
    print(json.dumps(told, indent=2) if options.json else in_words(told))
    return 1 if told["violations"] else 0


if __name__ == "__main__":
    sys.exit(main())
