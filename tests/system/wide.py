"""A wide process with a child, a wait and somebody's word: `wide.py decider`, `wide.py worker`."""

from __future__ import annotations

import sys
from typing import Any

import polling
from activity_worker import ActivityWorker, current_task
from decision_worker import DecisionWorker
from workflow import Retry, child, map_items, process, step, wait, wait_for_signal

SUB = process("Sub", "1.0", [step("Inside"), wait("Breath", 1)])
WIDE = process(
    "Wide",
    "1.0",
    [
        child("Call", "Sub@1.0"),
        map_items("Each", [step("Flaky", retry=Retry(initial_seconds=1, rate=1.0))]),
        wait_for_signal("Approve", signal="APPROVAL"),
        step("Done", needs=["Approve"]),
    ],
)


def note(data: dict[str, Any]) -> dict[str, Any]:
    """Say where it was done."""
    return {"at": current_task().path}


def flaky(data: dict[str, Any]) -> dict[str, Any]:
    """Fail twice, then give the item back."""
    if current_task().attempt < 3:
        raise ConnectionError("not yet")
    return {"item": data["item"]}


class WideWorker(ActivityWorker):
    """Has the functions of both processes."""

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self.activities.update({"Inside": note, "Flaky": flaky, "Done": note})


def main() -> int:
    """Serve until told to stop."""
    if sys.argv[1] == "decider":
        return polling.serve(
            "A decider.",
            lambda settings, _: DecisionWorker(settings, definitions=[WIDE, SUB]),
            [],
            concurrency=4,
        )
    return polling.serve("A worker.", lambda settings, _: WideWorker(settings), [], concurrency=8)


if __name__ == "__main__":
    sys.exit(main())
