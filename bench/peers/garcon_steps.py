"""The same steps written with garcon."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

from garcon import activity as activities  # type: ignore[import-not-found,unused-ignore]
from garcon import decider, runner, task  # type: ignore[import-not-found,unused-ignore]

from bench.peers import driver

NAME = "garcon"


@task.decorate(timeout=300)  # type: ignore[untyped-decorator,unused-ignore]
def nothing(
    activity: Any,
    before: Any = None,
) -> dict[str, Any]:
    """The work of every step."""
    return {"done": before is None or "done" in before}


def _flow(client: Any, steps: int) -> Any:
    create = activities.create(client, driver.DOMAIN, NAME)
    step = create(name="nothing", run=runner.Sync(nothing.fill(before="before")), requires=[])

    def decide(schedule: Any) -> None:
        state = None
        for number in range(steps):
            before = None if state is None else state.result
            state = schedule(f"step-{number}", step, input={"before": before})

    return SimpleNamespace(
        client=client, domain=driver.DOMAIN, name=NAME, step=step, decider=decide
    )


def register(client: Any) -> None:
    """Register domain and types."""
    kept = {"workflowExecutionRetentionPeriodInDays": "1"}
    driver.ignoring(client.register_domain, name=driver.DOMAIN, **kept)
    kind = {"domain": driver.DOMAIN, "version": driver.VERSION}
    driver.ignoring(client.register_workflow_type, name=NAME, **kind)
    driver.ignoring(client.register_activity_type, name=f"{NAME}_nothing", **kind)


def decide(client: Any, steps: int) -> None:
    """The decider."""
    worker = decider.DeciderWorker(_flow(client, steps), register=False)
    while worker.run():
        pass


def work(client: Any, steps: int) -> None:
    """The activity worker."""
    activities.ActivityWorker(_flow(client, steps)).run()


if __name__ == "__main__":
    sys.exit(driver.main(NAME, register, decide, work))
