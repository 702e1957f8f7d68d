"""`python -m tests.load overload|timers|soak`: what holds under load, and what it takes.

Engine, deciders and activity workers run as processes.  overload: ten times as many starts as
can be worked off, then the backlog, then rest.  timers: executions that wait on timers, and an
engine that is killed under them.  soak: the same load for long.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from arguments import Parser, count
from tests.load import overload, soak, timers
from tests.load.report import Report


def build_parser() -> Parser:
    """The options."""
    parser = Parser(
        prog="python -m tests.load",
        description="What holds under load, and what it takes.",
        epilog="example: python -m tests.load soak --minutes 60\n\n"
        "Exit code: 0 all bounds held, 1 one was broken, 2 wrong options",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    kinds = parser.add_subparsers(dest="kind", required=True, parser_class=Parser)
    kind = kinds.add_parser("overload", help="ten times as many starts as can be worked off")
    kind.add_argument("--seconds", type=float, default=10, help="of starts (default 10)")
    kind.add_argument(
        "--probe", type=count(1, 10**6), default=200, metavar="N",
        help="executions that measure the sustainable rate (default 200)",
    )  # fmt: skip
    kind.add_argument("--quotas", action="store_true", help="the engine throttles as SWF does")
    kind = kinds.add_parser("timers", help="many executions that wait, and a crash under them")
    kind.add_argument(
        "--executions", type=count(1, 90_000), default=5_000, metavar="N", help="default 5000"
    )
    kind.add_argument(
        "--due", type=count(1, 10_000), default=200, metavar="N",
        help="others, whose timers fall due while the engine is dead (default 200)",
    )  # fmt: skip
    kind.add_argument("--seconds", type=float, default=10, help="of watching (default 10)")
    kind = kinds.add_parser("soak", help="the same load for long")
    kind.add_argument("--minutes", type=float, default=3, help="with 95 s warming up (default 3)")
    kind.add_argument("--rate", type=float, default=5, help="executions a second (default 5)")
    for kind in kinds.choices.values():
        kind.add_argument("--keep", type=Path, metavar="FOLDER", help="put all there, leave it")
        kind.add_argument("--json", action="store_true", help="print the figures as JSON")
    return parser


def measurement(options: argparse.Namespace) -> Callable[..., Report]:
    """What the options ask for."""
    if options.kind == "overload":
        size = overload.Size(options.seconds, options.probe, quotas=options.quotas)
        return partial(overload.overload, size)
    if options.kind == "timers":
        return partial(timers.timers, timers.Size(options.executions, options.due, options.seconds))
    return partial(soak.soak, soak.Size(options.minutes, options.rate))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the figures; gives the exit code."""
    options = build_parser().parse_args(arguments)

    def tell(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    report = measurement(options)(keep=options.keep, tell=tell)
    print(json.dumps(report.as_json(), indent=2) if options.json else report.in_words())
    return 1 if report.violations else 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that no part is left behind
    sys.exit(main())
