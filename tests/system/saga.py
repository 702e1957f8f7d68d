"""A process with much to undo, and what serves it: `saga.py decider`, `saga.py worker`."""

from __future__ import annotations

import sys
import time
from typing import Any

import sqlalchemy as sa

import polling
from activities import effects
from activity_worker import ActivityWorker, NonRetryableError, current_task
from decision_worker import DecisionWorker
from workflow import map_items, parallel, process, step

rows = effects.effect_table("saga_rows", sa.Column("note", sa.Text))

UNDO = "RollbackStep"
SAGA = process(
    "Saga",
    "1.0",
    [
        step("Reserve", compensation=UNDO),
        parallel("Both", [step("Left", compensation=UNDO)], [step("Right", compensation=UNDO)]),
        map_items("Each", [step("Bill", compensation=UNDO)], concurrency=1),
        step("Ship"),
    ],
)
UNDO_SECONDS = 0.1  # so that there is a middle in which somebody can be killed


def write(data: dict[str, Any]) -> dict[str, Any]:
    """Leave a row."""
    task = current_task()
    with effects.write(task, task.activity) as connection:
        row = {**effects.key_of(task, task.activity), "note": task.idempotency_key}
        connection.execute(sa.insert(rows), row)
    return {"wrote": task.path}


def refuse(data: dict[str, Any]) -> dict[str, Any]:
    """Fail for good."""
    raise NonRetryableError("no carrier")


class SagaWorker(ActivityWorker):
    """Writes a row for each step, and takes its time to take one back."""

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self.activities.update(dict.fromkeys(("Reserve", "Left", "Right", "Bill"), write))
        self.activities["Ship"] = refuse

    def rollback_step(self, data: dict[str, Any]) -> dict[str, Any]:
        """The shipped one, slowly."""
        done = super().rollback_step(data)
        time.sleep(UNDO_SECONDS)
        return done


def main() -> int:
    """Serve until told to stop."""
    role = sys.argv[1]
    if role == "decider":
        return polling.serve(
            "A decider.",
            lambda settings, _: DecisionWorker(settings, definitions=[SAGA]),
            [],
            concurrency=4,
        )
    return polling.serve("A worker.", lambda settings, _: SagaWorker(settings), [], concurrency=4)


if __name__ == "__main__":
    sys.exit(main())
