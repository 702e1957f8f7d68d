"""State machines in States Language for the stage."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from asl.loading import load
from workflow import Definition

from .conftest import until

ACTIVITY = "arn:aws:states:us-east-1:123456789012:activity:"
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:"
MESSAGE = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
CHILD = "arn:aws:states:::states:startExecution"


def machine(
    states: Mapping[str, Any], name: str = "Machine", version: str = "1", **members: Any
) -> Definition:
    """A state machine; it begins with the first of its states."""
    return load({"StartAt": next(iter(states)), "States": states, **members}, name, version)


def scope(states: Mapping[str, Any]) -> dict[str, Any]:
    """A branch, or what is done with each item."""
    return {"StartAt": next(iter(states)), "States": states}


def task(activity: str, **members: Any) -> dict[str, Any]:
    """A Task of an activity (or another `Resource`); it ends unless it says what is next."""
    end = {} if "Next" in members else {"End": True}
    return {"Type": "Task", "Resource": ACTIVITY + activity, **end, **members}


def line(*names: str, **last: Any) -> dict[str, Any]:
    """Tasks one after the other, each placing its result under its name."""
    states: dict[str, Any] = {}
    for name, following in zip(names, [*names[1:], None], strict=True):
        end = {"Next": following} if following else {}
        states[name] = task(name, ResultPath=f"$.{name}", **end)
    states[names[-1]] |= last
    return states


def ask(**members: Any) -> dict[str, Any]:
    """A Task that sends its task token away, and waits for the answer."""
    body = {"MessageBody": {"token.$": "$$.Task.Token"}}
    return task("", **{"Resource": MESSAGE, "Parameters": body, **members})


FORK = {
    "Ship": {
        "Type": "Parallel",
        "Branches": [scope(line("Pick", "Pack")), scope(line("Bill", "Print"))],
        "ResultPath": "$.ship",
        "Next": "Each",
    },
    "Each": {
        "Type": "Map",
        "ItemsPath": "$.items",
        "ItemProcessor": scope(line("Weigh", "Label")),
        "ResultPath": "$.each",
        "Next": "Send",
    },
    "Send": task("Send", ResultPath="$.sent"),
}
ORDER = {"order_id": "ORD-1", "items": [{"n": 0}, {"n": 1}, {"n": 2}]}


def jump(stage: Any, run: Mapping[str, Any], path: str, **options: Any) -> Any:
    """Resume from a state; what the starter answers."""
    return stage.starter.resume_workflow_from_step(**run, step_name=path, **options)


def output(stage: Any, run: Mapping[str, Any]) -> Any:
    """The result of a run that ends."""
    return stage.ends(run)["result"]


def visits(stage: Any) -> dict[str, int]:
    """The newest visit of each path that activities were called for."""
    return {call.path: call.visit for call in stage.calls}


def failing(error: str) -> Callable[[Any], Any]:
    """An activity that fails with an error of that name."""
    kind = type(error, (Exception,), {})

    def function(_: Any) -> Any:
        raise kind("no disk")

    return function


def token_of(stage: Any, run: Mapping[str, Any]) -> str:
    """The task token that was sent away, once it is waited for."""
    waits = until(lambda: stage.status(run).get("waits_for"), "a token")
    return str(waits[0]["token"])
