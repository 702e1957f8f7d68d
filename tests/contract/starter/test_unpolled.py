"""Tasks that nothing takes, as both engines' histories tell of them."""

from __future__ import annotations

import time

from cli.unpolled import late
from tests.contract.starter.conftest import decide
from workflow_starter import WorkflowStarter


def test_first_the_decider_is_missing_then_the_worker(starter: WorkflowStarter) -> None:
    started = starter.start_workflow({"order_id": "A-1"})
    client, later = starter.swf_client, time.time() + 60

    def steps(now: float) -> list[str | None]:
        return [task.step for task in late(client, **started, now=now)]

    assert (steps(later), steps(later - 60)) == ([None], [])
    decide(client)
    assert steps(later) == ["ValidateInput"]
    client.poll_activity_task(client.settings.swf_task_list)
    assert steps(later) == []
