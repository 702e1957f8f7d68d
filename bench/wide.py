"""Many steps side by side in one execution."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bench import executions, shapes
from bench.processes import measured
from bench.table import Row


def wide(sizes: Sequence[int]) -> Iterator[Row]:
    """Branches of one step each; from the start to the completion of the execution."""
    for steps in sizes:
        with measured(f"fan:{steps}", "sequence:20") as app:
            executions.seconds(app, shapes.sequence(20))
            before = app.cpu_seconds()
            took = executions.seconds(app, shapes.fan(steps))
            after = app.cpu_seconds()
            reports = app.reports()
        yield Row(f"{steps} parallel steps, rate", steps / took, "/s", "400 or better")
        calls = sum(report["calls"] for report in reports.values())
        yield Row(f"{steps} parallel steps, calls to SWF per step", calls / (steps + 20), "")
        decisions = len(reports["decider"]["times"]) - 21
        yield Row(f"{steps} parallel steps, decision tasks", decisions, "")
        for part, used in after.items():
            cpu = (used - before[part]) / steps * 1000
            yield Row(f"{steps} parallel steps, CPU of the {part} per step", cpu, "ms")
