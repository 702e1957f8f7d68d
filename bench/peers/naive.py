"""SWF as it is often written by hand: the whole history is read and gone through every time."""

from __future__ import annotations

import json
import sys
from typing import Any

from bench.peers import driver

NAME = "naive"
ACTIVITY = {"name": "nothing", "version": driver.VERSION}
TASKS = {"domain": driver.DOMAIN, "taskList": {"name": NAME}}


def register(client: Any) -> None:
    """Register domain and types."""
    kept = {"workflowExecutionRetentionPeriodInDays": "1"}
    driver.ignoring(client.register_domain, name=driver.DOMAIN, **kept)
    kind = {"domain": driver.DOMAIN, "version": driver.VERSION}
    driver.ignoring(client.register_workflow_type, name=NAME, **kind)
    driver.ignoring(client.register_activity_type, name=ACTIVITY["name"], **kind)


def decide(client: Any, steps: int) -> None:
    """The decider."""
    while True:
        task = client.poll_for_decision_task(**TASKS)
        if not task.get("taskToken"):
            continue
        events, token = task["events"], task.get("nextPageToken")
        while token:
            page = client.poll_for_decision_task(**TASKS, nextPageToken=token)
            events += page["events"]
            token = page.get("nextPageToken")
        decision = _next(events, steps)
        client.respond_decision_task_completed(taskToken=task["taskToken"], decisions=[decision])


def _next(events: list[Any], steps: int) -> dict[str, Any]:
    results = [
        event["activityTaskCompletedEventAttributes"]["result"]
        for event in events
        if event["eventType"] == "ActivityTaskCompleted"
    ]
    if len(results) == steps:
        return {"decisionType": "CompleteWorkflowExecution"}
    before = json.loads(results[-1]) if results else None
    return {
        "decisionType": "ScheduleActivityTask",
        "scheduleActivityTaskDecisionAttributes": {
            "activityId": f"step-{len(results)}",
            "activityType": ACTIVITY,
            "taskList": {"name": NAME},
            "input": json.dumps({"order_id": "BENCH-1", "before": before}),
            "startToCloseTimeout": "300",
            "scheduleToStartTimeout": "300",
            "scheduleToCloseTimeout": "600",
            "heartbeatTimeout": "NONE",
        },
    }


def work(client: Any, _: int) -> None:
    """The activity worker."""
    while True:
        task = client.poll_for_activity_task(**TASKS)
        if task.get("taskToken"):
            result = json.dumps({"done": True})
            client.respond_activity_task_completed(taskToken=task["taskToken"], result=result)


if __name__ == "__main__":
    sys.exit(driver.main(NAME, register, decide, work))
