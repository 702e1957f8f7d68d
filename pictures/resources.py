"""What a state works with, in few words: `lambda charge`, `dynamodb:putItem`, `for 30 s`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pictures.conditions import expression
from pictures.seen import LONGEST, duration
from wire import Json

SUFFIXES = {
    ".waitForTaskToken": " (callback)",
    ".sync:2": " (sync)",
    ".sync": " (sync)",
}
INTEGRATION = "arn:aws:states:::"


def about(name: str, state: Mapping[str, Json]) -> str:
    """The line under a state's name; empty when there is nothing to add."""
    kind = state.get("Type")
    tell = _TELLERS.get(kind) if isinstance(kind, str) else None
    return tell(name, state) if tell else ""


def resource(name: str, state: Mapping[str, Json]) -> str:
    """The short name of a Task's resource; an activity named as its state is just `activity`."""
    arn = state.get("Resource")
    if not isinstance(arn, str):
        return ""
    arguments = _arguments(state)
    if arn.startswith(INTEGRATION):
        return _integration(name, arn.removeprefix(INTEGRATION), arguments)
    parts = arn.split(":")
    if len(parts) >= 7 and parts[2] == "lambda":
        return f"lambda {parts[6]}"
    if len(parts) >= 7 and parts[2] == "states":
        return _activity(name, parts[6])
    return arn


def _integration(name: str, service: str, arguments: Mapping[str, Json]) -> str:
    kind, _, rest = service.partition(":")
    if kind == "activity":
        return _activity(name, rest)
    if kind == "signal":
        return f"signal {rest}"
    if kind == "lambda":
        return f"lambda {_last(arguments, 'FunctionName') or rest}"
    if service.startswith("states:startExecution"):
        child = _last(arguments, "StateMachine") or _last(arguments, "StateMachineArn")
        return f"process {child}" if child else "process"
    service = service.removeprefix("aws-sdk:")
    for suffix, words in SUFFIXES.items():
        if service.endswith(suffix):
            return service.removesuffix(suffix) + words
    return service


def _activity(name: str, activity: str) -> str:
    return "activity" if activity == name else f"activity {activity}"


def _arguments(state: Mapping[str, Json]) -> Mapping[str, Json]:
    for member in ("Arguments", "Parameters"):
        if isinstance(found := state.get(member), Mapping):
            return found
    return {}


def _last(arguments: Mapping[str, Json], member: str) -> str:
    """The last part of an ARN that is an argument, or the expression that gives it."""
    value = arguments.get(member, arguments.get(member + ".$"))
    if not isinstance(value, str):
        return ""
    if value.startswith("arn:"):
        parts = value.split(":")
        return parts[6] if len(parts) >= 7 else parts[-1]
    return expression(value)


def _wait(_: str, state: Mapping[str, Json]) -> str:
    seconds = state.get("Seconds")
    if isinstance(seconds, int | float) and 0 <= seconds <= LONGEST:
        return f"for {duration(seconds)}"
    for member, word in (
        ("Seconds", "for"),
        ("SecondsPath", "for"),
        ("Timestamp", "until"),
        ("TimestampPath", "until"),
    ):
        if member in state:
            return f"{word} {expression(state[member])}"
    return ""


def _fail(_: str, state: Mapping[str, Json]) -> str:
    return next((expression(state[key]) for key in ("Error", "ErrorPath") if key in state), "")


def _parallel(_: str, state: Mapping[str, Json]) -> str:
    branches = state.get("Branches")
    count = len(branches) if isinstance(branches, list) else 0
    return "1 branch" if count == 1 else f"{count} branches"


def _map(_: str, state: Mapping[str, Json]) -> str:
    items = next((state[key] for key in ("ItemsPath", "Items") if key in state), "$")
    text = "for each item" if items == "$" else f"for each of {expression(items)}"
    if isinstance(limit := state.get("MaxConcurrency"), int) and 0 < limit <= LONGEST:
        text += f", {limit} at a time"
    return text


_TELLERS: dict[str, Callable[[str, Mapping[str, Json]], str]] = {
    "Task": resource,
    "Wait": _wait,
    "Fail": _fail,
    "Parallel": _parallel,
    "Map": _map,
}
