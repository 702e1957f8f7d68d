"""Shows the whole application at work, and checks what it shows.

    python demo.py                      # embedded SWF, whatever .env says; no AWS account
    python demo.py --endpoint aws       # on Amazon SWF, where setup.py has been run

Starts a decider and an activity worker as processes of their own, on a task list of its own,
plays every scenario side by side, checks each by its history, and stops what it started.  Exit
code 0 when every check held, 1 when one did not, 130 after Ctrl+C.  The scenarios are in
`demonstration/scenarios.py`.
"""

from __future__ import annotations

if __name__ == "__main__":
    import dependencies

    dependencies.check()

import argparse
import json
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack

from arguments import Parser, reported
from background import Interrupted, cleaned_up
from errors import BusinessProcessError

SCRIPT = "demo.py"
DECIDERS = 4  # decisions at a time, as decision_worker.py has it
BROKEN_PIPE = 141  # 128 and SIGPIPE, as a shell reports it


def show(endpoint: str, *, as_json: bool = False) -> None:
    """Run the demo once, and clean up however it ends."""
    started = ExitStack()
    with cleaned_up(started.close):
        # Imported here, for that takes a second in which Ctrl+C must end the demo as well.
        import config  # noqa: PLC0415
        from demonstration.screen import Screen  # noqa: PLC0415
        from demonstration.show import Show  # noqa: PLC0415

        if told := config.exposure():
            print(f"{SCRIPT}: {reported(told)}", file=sys.stderr)
        performance = Show(endpoint, Screen(sys.stderr if as_json else sys.stdout))
        started.callback(performance.close)
        try:
            performance.run()
        finally:
            if as_json:
                print(json.dumps(performance.told(), ensure_ascii=False, indent=2), flush=True)


def work(arguments: Sequence[str]) -> int:
    """Run the demo's activity worker, a process that the demo starts; gives the exit code."""
    import polling  # noqa: PLC0415 - as above
    from activity_worker import CONCURRENCY  # noqa: PLC0415
    from demonstration.worker import DemoWorker  # noqa: PLC0415

    return polling.serve(
        "The demo's activity worker.",
        lambda settings, options: DemoWorker(
            settings, task_list=options.task_list, concurrency=options.concurrency
        ),
        arguments,
        concurrency=CONCURRENCY,
    )


def decide(arguments: Sequence[str]) -> int:
    """Run the demo's decider, which knows the demo's own process too; gives the exit code."""
    import polling  # noqa: PLC0415 - as above
    from decision_worker import DecisionWorker  # noqa: PLC0415
    from demonstration.processes import SHIPMENT  # noqa: PLC0415

    return polling.serve(
        "The demo's decider.",
        lambda settings, options: DecisionWorker(
            settings,
            task_list=options.task_list,
            concurrency=options.concurrency,
            definitions=[SHIPMENT],
        ),
        arguments,
        concurrency=DECIDERS,
    )


ROLES = {"worker": work, "decider": decide}
"""The processes that the demo starts of itself."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The command `python demo.py`; gives the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given and given[0] in ROLES:
        return ROLES[given[0]](given[1:])
    options = build_parser().parse_args(given)
    try:
        show(options.endpoint, as_json=options.json)
    except BusinessProcessError as error:
        print(f"{SCRIPT}: {reported(error)}", file=sys.stderr)
        return error.exit_code
    except Interrupted as interrupted:
        print(f"{SCRIPT}: stopped by {interrupted}", file=sys.stderr)
        return interrupted.exit_code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except OSError as error:  # the data folder cannot be written, say
        print(f"{SCRIPT}: {reported(error)}", file=sys.stderr)
        return 2
    return 0


def build_parser() -> Parser:
    """The options of `python demo.py`."""
    parser = Parser(
        prog=SCRIPT,
        description="Show everything, and check it, on an embedded SWF.",
        epilog="example: python demo.py --endpoint aws\n\n"
        "--json: engine, task_list, logs, scenarios (name, title, state: ok, FAILED, plays or\n"
        "  waits; note, seconds, runs: workflow_id, run_id); what happens is on standard error.\n"
        "Exit code: 0 as it should be, 1 not so, 2 something to mend, 3 SWF unreachable",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="print JSON at the end")
    parser.add_argument(
        "--endpoint",
        metavar="ENGINE",
        default="local",
        help="local (default, whatever .env says), aws, or a URL",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
