"""One process of the application: `python -m tests.load.serve decider|worker`."""

from __future__ import annotations

import sys
from typing import Any

import polling
from activity_worker import ActivityWorker
from decision_worker import DecisionWorker
from tests.load import definitions


class LoadWorker(ActivityWorker):
    """Has the functions of all processes."""

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self.activities.update(definitions.ACTIVITIES)


def main() -> int:
    """Serve until told to stop."""
    if sys.argv[1] == "decider":
        return polling.serve(
            "A decider.",
            lambda settings, _: DecisionWorker(settings, definitions=definitions.OURS),
            [],
            concurrency=4,
        )
    return polling.serve(
        "A worker.", lambda settings, _: LoadWorker(settings, concurrency=8), [], concurrency=8
    )


if __name__ == "__main__":
    sys.exit(main())
