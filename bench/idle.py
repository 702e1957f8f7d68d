"""An idle decider and an idle activity worker: how often they ask, what they burn."""

from __future__ import annotations

import time
from collections.abc import Iterator

from bench.processes import application
from bench.table import Row
from workflow_starter import WorkflowStarter


def idle(seconds: float) -> Iterator[Row]:
    """Watch idle processes for a while, after one execution has warmed them up."""
    with application() as app:
        starter = WorkflowStarter(app.settings, swf_client=app.client)
        run = starter.start_workflow({"order_id": "WARM-UP"})
        for _ in app.client.follow(run["workflow_id"], run["run_id"]):
            pass
        before = app.cpu_seconds()
        time.sleep(seconds)
        after = app.cpu_seconds()
    for part, used in after.items():
        percent = (used - before[part]) / seconds * 100
        yield Row(f"idle {part}", percent, "% CPU", "decider and worker together under 1")
