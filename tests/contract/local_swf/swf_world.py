"""A registered world on the embedded SWF, shorthands for it, and a raw HTTP client."""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

from local_swf.testing import LocalSWF

WORKFLOW = {"name": "order", "version": "1"}
ACTIVITY = {"name": "step", "version": "1"}
LIST = {"name": "main"}


class World:
    """A registered domain with one workflow type and one activity type, and shorthands."""

    def __init__(self, swf: LocalSWF, client: Any) -> None:
        self.swf = swf
        self.client = client

    def register(self) -> World:
        """Register everything that the tests start."""
        self.client.register_domain(name="d", workflowExecutionRetentionPeriodInDays="7")
        self.client.register_workflow_type(
            domain="d",
            **WORKFLOW,
            defaultTaskList=LIST,
            defaultChildPolicy="TERMINATE",
            defaultTaskStartToCloseTimeout="30",
            defaultExecutionStartToCloseTimeout="3600",
        )
        self.client.register_activity_type(
            domain="d",
            **ACTIVITY,
            defaultTaskList=LIST,
            defaultTaskScheduleToStartTimeout="60",
            defaultTaskScheduleToCloseTimeout="200",
            defaultTaskStartToCloseTimeout="100",
            defaultTaskHeartbeatTimeout="NONE",
        )
        return self

    def start(self, workflow_id: str = "w", **options: Any) -> str:
        """Start a run and answer its id."""
        started = self.client.start_workflow_execution(
            domain="d", workflowId=workflow_id, workflowType=WORKFLOW, **options
        )
        return started["runId"]

    def decision(self, task_list: str = "main", **options: Any) -> dict[str, Any]:
        """Poll for a decision task."""
        return self.client.poll_for_decision_task(
            domain="d", taskList={"name": task_list}, **options
        )

    def activity(self, task_list: str = "main", **options: Any) -> dict[str, Any]:
        """Poll for an activity task."""
        return self.client.poll_for_activity_task(
            domain="d", taskList={"name": task_list}, **options
        )

    def decide(self, *decisions: dict[str, Any], **options: Any) -> dict[str, Any]:
        """Take the next decision task and answer it; the task is returned."""
        task = self.decision()
        self.respond(task, *decisions, **options)
        return task

    def respond(self, task: dict[str, Any], *decisions: dict[str, Any], **options: Any) -> None:
        """Answer a decision task."""
        self.client.respond_decision_task_completed(
            taskToken=task["taskToken"], decisions=list(decisions), **options
        )

    def history(self, run_id: str, workflow_id: str = "w") -> list[dict[str, Any]]:
        """All events of a run."""
        pages = self.client.get_paginator("get_workflow_execution_history").paginate(
            domain="d", execution={"workflowId": workflow_id, "runId": run_id}
        )
        return [event for page in pages for event in page["events"]]

    def types(self, run_id: str, workflow_id: str = "w") -> list[str]:
        """The types of all events of a run."""
        return [event["eventType"] for event in self.history(run_id, workflow_id)]

    def describe(self, run_id: str, workflow_id: str = "w") -> dict[str, Any]:
        """Describe a run."""
        return self.client.describe_workflow_execution(
            domain="d", execution={"workflowId": workflow_id, "runId": run_id}
        )


def decision(kind: str, **attributes: Any) -> dict[str, Any]:
    """A decision as SWF takes it."""
    return {
        "decisionType": kind,
        f"{kind[0].lower()}{kind[1:]}DecisionAttributes": attributes,
    }


def schedule(activity_id: str = "a", **attributes: Any) -> dict[str, Any]:
    """ScheduleActivityTask of the registered type."""
    return decision(
        "ScheduleActivityTask", activityId=activity_id, activityType=ACTIVITY, **attributes
    )


def timer(timer_id: str, seconds: int, **attributes: Any) -> dict[str, Any]:
    """StartTimer."""
    return decision("StartTimer", timerId=timer_id, startToFireTimeout=str(seconds), **attributes)


def attributes(event: dict[str, Any]) -> dict[str, Any]:
    """The attributes of an event."""
    name = event["eventType"]
    return event[f"{name[0].lower()}{name[1:]}EventAttributes"]


def last(events: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    """The attributes of the newest event of a type."""
    return [attributes(event) for event in events if event["eventType"] == kind][-1]


COMPLETE = decision("CompleteWorkflowExecution")


class Raw:
    """A plain HTTP client: what is on the wire, unchecked and uninterpreted."""

    def __init__(self, url: str) -> None:
        where = urlsplit(url)
        self.connection = http.client.HTTPConnection(where.hostname, where.port, timeout=70)

    def send(
        self, operation: str, body: bytes | dict[str, Any], headers: dict[str, str] | None = None
    ) -> http.client.HTTPResponse:
        """Send a request and answer the response, its body still unread."""
        sent = {
            "X-Amz-Target": f"SimpleWorkflowService.{operation}",
            "Content-Type": "application/x-amz-json-1.0",
            **(headers or {}),
        }
        data = json.dumps(body).encode() if isinstance(body, dict) else body
        self.connection.request("POST", "/", data, sent)
        return self.connection.getresponse()

    def call(self, operation: str, body: bytes | dict[str, Any]) -> tuple[int, Any]:
        """Send a request and answer status and JSON (None for an empty body)."""
        response = self.send(operation, body)
        data = response.read()
        return response.status, json.loads(data) if data else None

    def refusal(self, operation: str, body: bytes | dict[str, Any]) -> tuple[str, str]:
        """Send a request that is refused; the fault's code and message."""
        status, answer = self.call(operation, body)
        assert status == 400, answer
        return answer["__type"].rpartition("#")[2], answer["message"]
