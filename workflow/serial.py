"""The serial form of a graph: States Language, with a few members of our own.

Ours are `Needs`, `Compensation`, `OnFailure`, `Settings` and `Default` on states, `Rollback` on
the machine, and `arn:aws:states:::signal:NAME` as the resource of a step that waits for a signal.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from errors import DefinitionError
from wire import Json
from workflow.graph import (
    ROLLBACK,
    Await,
    Child,
    Choice,
    Fail,
    Map,
    Parallel,
    Pass,
    Retrier,
    Scope,
    Settings,
    State,
    Task,
    Wait,
)

if TYPE_CHECKING:
    from workflow.definition import Definition

ACTIVITY_RESOURCE = "arn:aws:states:::activity:"
CHILD_RESOURCE = "arn:aws:states:::states:startExecution.sync:2"
SIGNAL_RESOURCE = "arn:aws:states:::signal:"
RESULTS_PATH = "$.previous_results."


# --- writing ----------------------------------------------------------------------------------


def to_json(definition: Definition, *, shape_only: bool = False) -> dict[str, Json]:
    """The whole definition; `shape_only` leaves out what is not shape."""
    rollback = definition.rollback
    undoing: dict[str, Json] = {"Step": rollback.step, "Transaction": rollback.transaction}
    if rollback.on_cancel:
        undoing["OnCancel"] = True
    if rollback.on_deadline:
        undoing["OnDeadline"] = True
    document: dict[str, Json] = {
        "Comment": definition.comment,
        **_scope_to_json(definition.root, shape_only=shape_only),
        "Rollback": undoing,
    }
    if definition.deadline is not None:
        document["TimeoutSeconds"] = definition.deadline
    return document


def _scope_to_json(scope: Scope, *, shape_only: bool) -> dict[str, Json]:
    states = {
        name: _state_to_json(state, shape_only=shape_only) for name, state in scope.states.items()
    }
    return {"StartAt": scope.start_at, "States": states}


def _state_to_json(state: State, *, shape_only: bool) -> dict[str, Json]:
    document: dict[str, Json] = _KINDS[type(state)](state, shape_only=shape_only)
    for member, name, absent in _COMMON:
        value = getattr(state, name, absent)
        if value != absent:
            document[member] = list(value) if isinstance(value, tuple) else value
    if not shape_only:
        document |= settings_to_json(state)
    if isinstance(state, Choice | Fail):
        return document
    return document | ({"Next": state.next} if state.next else {"End": True})


_COMMON = (
    ("Needs", "needs", None),
    ("Compensation", "compensation", None),
    ("OnFailure", "on_failure", ROLLBACK),
)


def _task(state: Task, **_: bool) -> dict[str, Json]:
    return {
        "Type": "Task",
        "Resource": ACTIVITY_RESOURCE + state.activity,
        "ResultPath": RESULTS_PATH + state.name,
    }


def _child(state: Child, **_: bool) -> dict[str, Json]:
    return {
        "Type": "Task",
        "Resource": CHILD_RESOURCE,
        "Parameters": {"StateMachine": f"{state.process}@{state.version}", "Input.$": "$"},
        "ResultPath": RESULTS_PATH + state.name,
    }


def _await(state: Await, **_: bool) -> dict[str, Json]:
    document: dict[str, Json] = {
        "Type": "Task",
        "Resource": SIGNAL_RESOURCE + state.signal,
        "ResultPath": RESULTS_PATH + state.name,
    }
    if state.seconds is not None:
        document["TimeoutSeconds"] = state.seconds
    if state.has_default:
        document["Default"] = state.default
    return document


def _wait(state: Wait, **_: bool) -> dict[str, Json]:
    members = {
        "Seconds": state.seconds,
        "Timestamp": state.timestamp,
        "SecondsPath": state.seconds_path,
        "TimestampPath": state.timestamp_path,
    }
    return {"Type": "Wait"} | {key: item for key, item in members.items() if item is not None}


def _choice(state: Choice, **_: bool) -> dict[str, Json]:
    rules = [{**condition, "Next": target} for condition, target in state.rules]
    document: dict[str, Json] = {"Type": "Choice", "Choices": rules}
    return document | ({"Default": state.default} if state.default else {})


def _parallel(state: Parallel, *, shape_only: bool) -> dict[str, Json]:
    branches = [_scope_to_json(branch, shape_only=shape_only) for branch in state.branches]
    return {"Type": "Parallel", "Branches": branches, "ResultPath": RESULTS_PATH + state.name}


def _map(state: Map, *, shape_only: bool) -> dict[str, Json]:
    document: dict[str, Json] = {
        "Type": "Map",
        "ItemsPath": state.items_path,
        "ItemProcessor": _scope_to_json(state.processor, shape_only=shape_only),
        "ResultPath": RESULTS_PATH + state.name,
    }
    return document | ({"MaxConcurrency": state.concurrency} if state.concurrency else {})


def _pass(_: Pass, **__: bool) -> dict[str, Json]:
    return {"Type": "Pass"}


def _fail(state: Fail, **_: bool) -> dict[str, Json]:
    members = {"Error": state.error, "Cause": state.cause}
    return {"Type": "Fail"} | {key: item for key, item in members.items() if item}


_KINDS: dict[type, Any] = {
    Task: _task,
    Child: _child,
    Await: _await,
    Wait: _wait,
    Choice: _choice,
    Parallel: _parallel,
    Map: _map,
    Pass: _pass,
    Fail: _fail,
}


# --- settings ---------------------------------------------------------------------------------


def settings_to_json(state: State) -> dict[str, Json]:
    """What a step says about its own attempts, as members of its state; empty for most."""
    settings: Settings | None = getattr(state, "settings", None)
    if settings is None or settings == Settings():
        return {}
    document: dict[str, Json] = {}
    if settings.retry is not None:
        document["Retry"] = [_retrier_to_json(item) for item in settings.retry]
    if settings.start_to_close is not None:
        document["TimeoutSeconds"] = _seconds(settings.start_to_close)
    if settings.heartbeat is not None:
        document["HeartbeatSeconds"] = _seconds(settings.heartbeat)
    ours = {
        "ScheduleToStart": settings.schedule_to_start,
        "ScheduleToClose": settings.schedule_to_close,
        "TaskList": settings.task_list,
        "Priority": settings.priority,
    }
    ours = {key: item for key, item in ours.items() if item is not None}
    return document | ({"Settings": ours} if ours else {})


def settings_from_json(document: Mapping[str, Any]) -> Settings:
    """The settings that `settings_to_json` wrote."""
    ours = document.get("Settings", {})
    retry = document.get("Retry")
    return Settings(
        retry=None if retry is None else tuple(_retrier_from_json(item) for item in retry),
        start_to_close=_text(document.get("TimeoutSeconds")),
        heartbeat=_text(document.get("HeartbeatSeconds")),
        schedule_to_start=_text(ours.get("ScheduleToStart")),
        schedule_to_close=_text(ours.get("ScheduleToClose")),
        task_list=ours.get("TaskList"),
        priority=ours.get("Priority"),
    )


def _seconds(text: str) -> Json:
    return int(text) if text.isdecimal() else text


def _text(value: Json) -> str | None:
    return None if value is None else str(value)


def _retrier_to_json(retrier: Retrier) -> dict[str, Json]:
    document: dict[str, Json] = {
        "ErrorEquals": list(retrier.errors),
        "IntervalSeconds": retrier.interval,
        "MaxAttempts": retrier.retries,
        "BackoffRate": retrier.rate,
    }
    if retrier.cap is not None:
        document["MaxDelaySeconds"] = retrier.cap
    return document | ({"JitterStrategy": "FULL"} if retrier.jitter else {})


def _retrier_from_json(document: Mapping[str, Any]) -> Retrier:
    return Retrier(
        errors=tuple(document["ErrorEquals"]),
        retries=document.get("MaxAttempts", 3),
        interval=document.get("IntervalSeconds", 1),
        rate=document.get("BackoffRate", 2.0),
        cap=document.get("MaxDelaySeconds"),
        jitter=document.get("JitterStrategy") == "FULL",
    )


# --- reading ----------------------------------------------------------------------------------


def states_from_json(document: Mapping[str, Any]) -> dict[str, State]:
    """The states of a scope, by name."""
    return {name: _state_from_json(name, item) for name, item in document.items()}


def _scope_from_json(document: Mapping[str, Any]) -> Scope:
    return Scope(document["StartAt"], states_from_json(document["States"]))


def _state_from_json(name: str, document: Mapping[str, Any]) -> State:
    kind = document["Type"]
    common: dict[str, Any] = {"next": document.get("Next")}
    if kind == "Task":
        return _task_from_json(name, document, common)
    if kind == "Wait":
        members = ("Seconds", "seconds"), ("Timestamp", "timestamp")
        paths = ("SecondsPath", "seconds_path"), ("TimestampPath", "timestamp_path")
        found = {key: document.get(member) for member, key in (*members, *paths)}
        return Wait(name, **common, **found)
    if kind == "Choice":
        rules = [(_without_next(rule), rule["Next"]) for rule in document["Choices"]]
        return Choice(name, tuple(rules), document.get("Default"))
    if kind == "Pass":
        return Pass(name, **common)
    if kind == "Fail":
        return Fail(name, document.get("Error", ""), document.get("Cause", ""))
    return _composite_from_json(name, document, common)


def _without_next(rule: Mapping[str, Any]) -> dict[str, Json]:
    return {key: item for key, item in rule.items() if key != "Next"}


def _task_from_json(name: str, document: Mapping[str, Any], common: dict[str, Any]) -> State:
    needs = document.get("Needs")
    common |= {
        "compensation": document.get("Compensation"),
        "on_failure": document.get("OnFailure", ROLLBACK),
    }
    resource = document["Resource"]
    if resource.startswith(SIGNAL_RESOURCE):
        return Await(
            name,
            resource.removeprefix(SIGNAL_RESOURCE),
            seconds=document.get("TimeoutSeconds"),
            default=document.get("Default"),
            has_default="Default" in document,
            **common,
        )
    common |= {
        "needs": None if needs is None else tuple(needs),
        "settings": settings_from_json(document),
    }
    if resource == CHILD_RESOURCE:
        process, _, version = document["Parameters"]["StateMachine"].partition("@")
        return Child(name, process, version, **common)
    if resource.startswith(ACTIVITY_RESOURCE):
        return Task(name, resource.removeprefix(ACTIVITY_RESOURCE), **common)
    raise DefinitionError(f"state {name!r} is not a Task of an activity, a process or a signal")


def _composite_from_json(name: str, document: Mapping[str, Any], common: dict[str, Any]) -> State:
    common |= {
        "on_failure": document.get("OnFailure", ROLLBACK),
        "settings": settings_from_json(document),
    }
    if document["Type"] == "Parallel":
        branches = tuple(_scope_from_json(branch) for branch in document["Branches"])
        return Parallel(name, branches, **common)
    if document["Type"] == "Map":
        return Map(
            name,
            document.get("ItemsPath", "$"),
            _scope_from_json(document["ItemProcessor"]),
            document.get("MaxConcurrency", 0),
            **common,
        )
    raise DefinitionError(f"state {name!r} is of no known type: {document['Type']!r}")
