"""An activity worker that is killed (SIGKILL) by one of its own activities.

    python dying_worker.py STEP before|after

`before`: in the middle of the step; `after`: when its effect is there and nobody knows yet.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

import polling
from activity_worker import ActivityWorker


def main() -> int:
    step, moment = sys.argv[1], sys.argv[2]
    worker = ActivityWorker()
    activity = worker.activities[step]

    def deadly(value: dict[str, Any]) -> dict[str, Any]:
        if moment == "after":
            activity(value)
        os.kill(os.getpid(), signal.SIGKILL)
        return {}

    worker.activities[step] = deadly
    return polling.serve("A worker that dies.", lambda *_: worker, [], concurrency=1)


if __name__ == "__main__":
    sys.exit(main())
