"""What one execution takes in a decider that remembers it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bench import shapes
from bench.processes import Application, measured, until
from bench.table import Row
from run_cache import RunCache
from workflow_starter import WorkflowStarter

WARM_UP = 100  # executions after which the decider's own memory has grown
PATIENCE_SECONDS = 120.0


def memory(executions: int) -> Iterator[Row]:
    """Executions that wait behind five steps: what each adds to the decider's resident memory."""
    count = min(executions, RunCache().size - WARM_UP)
    with measured("kept") as app:
        _wait_behind_steps(app, WARM_UP, WARM_UP)
        before = _resident(app.processes["decider"])
        _wait_behind_steps(app, count, WARM_UP + count)
        after = _resident(app.processes["decider"])
    name = f"per cached execution, {shapes.KEPT_STEPS} steps done, over {count}"
    yield Row(name, (after - before) / count / 1024, "KiB")
    yield Row("decider with all of them", after / 1024 / 1024, "MiB")


def _wait_behind_steps(app: Application, count: int, total: int) -> None:
    starter = WorkflowStarter(app.settings, swf_client=app.client)
    for _ in range(count):
        run = starter.start_workflow(shapes.INPUT, definition=shapes.kept())
    last = (run["workflow_id"], run["run_id"])
    until(lambda: _waits(app, *last), f"{total} executions that wait", PATIENCE_SECONDS)


def _waits(app: Application, workflow_id: str, run_id: str) -> bool:
    return "waits_for" in app.client.describe(workflow_id, run_id).get("latestExecutionContext", "")


def _resident(pid: int) -> int:
    """Bytes of memory that a process holds (Linux only)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    found = next(line for line in lines if line.startswith("VmRSS:"))
    return int(found.split()[1]) * 1024
