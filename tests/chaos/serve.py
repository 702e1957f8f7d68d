"""One process of the application: `python -m tests.chaos.serve decider|worker`.

`CHAOS_DEFINITIONS` names the folder of the published definitions.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
from pathlib import Path
from typing import Any

import polling
import published
from activity_worker import ActivityWorker
from decision_worker import DecisionWorker
from tests.chaos import definitions


class ChaosWorker(ActivityWorker):
    """Has the functions of all processes."""

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self.activities.update(definitions.ACTIVITIES)


def main() -> int:
    """Serve until told to stop."""
    if hasattr(faulthandler, "register"):
        faulthandler.register(signal.SIGUSR1)  # for one that does not end when it is told to
    published.FOLDER = Path(os.environ["CHAOS_DEFINITIONS"])
    if sys.argv[1] == "decider":
        return polling.serve(
            "A decider.", lambda settings, _: DecisionWorker(settings), [], concurrency=4
        )
    return polling.serve(
        "A worker.", lambda settings, _: ChaosWorker(settings, concurrency=8), [], concurrency=8
    )


if __name__ == "__main__":
    sys.exit(main())
