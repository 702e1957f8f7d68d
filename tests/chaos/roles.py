"""The processes of the application, with the definitions of the chaos and their functions.

`CHAOS_DEFINITIONS` names the folder of the published definitions.
"""

from __future__ import annotations

import faulthandler
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polling
import published
from activity_worker import ActivityWorker
from cli import app
from decision_worker import DecisionWorker
from tests.chaos import definitions


class ChaosWorker(ActivityWorker):
    """Has the functions of all processes."""

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self.activities.update(definitions.ACTIVITIES)


def serve(role: str, arguments: Sequence[str]) -> int:
    """Be a decider or a worker until told to stop, or a starter for one command."""
    if hasattr(faulthandler, "register"):
        faulthandler.register(signal.SIGUSR1)  # for one that does not end when it is told to
    published.FOLDER = Path(os.environ["CHAOS_DEFINITIONS"])
    definitions.shorten_histories()
    if role == "starter":
        return app.main(list(arguments))
    if role == "decider":
        return polling.serve(
            "A decider.", lambda settings, _: DecisionWorker(settings), arguments, concurrency=4
        )
    return polling.serve(
        "A worker.", lambda settings, _: ChaosWorker(settings, concurrency=8), arguments,
        concurrency=8,
    )  # fmt: skip
