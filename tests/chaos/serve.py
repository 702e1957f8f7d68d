"""One process of the chaos: `python -m tests.chaos.serve ROLE ...`, with a clock that jumps.

ROLE is `engine`, `decider`, `worker`, or `starter`, which takes a command of
`workflow_starter.py`.  `CHAOS_CLOCK` names the file of its clock.
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

from tests.chaos import clocks


def main() -> int:
    """Take the clock, then import what looks at it."""
    clocks.follow(Path(os.environ["CHAOS_CLOCK"]))
    role, *arguments = sys.argv[1:]
    if role == "engine":
        return int(importlib.import_module("local_swf.cli").main(arguments))
    return int(importlib.import_module("tests.chaos.roles").serve(role, arguments))


if __name__ == "__main__":
    sys.exit(main())
