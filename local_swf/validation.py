"""Requests checked against the service model, with SWF's own wording.

Each shape is compiled once into a function. A value of the wrong JSON type ends the check
with SerializationException; broken constraints are collected and reported together.
Unknown members are dropped and null counts as absent, as the real service does.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from local_swf import errors, lexical, model
from local_swf.jsontext import Json


class Broken(NamedTuple):
    """A constraint that a member breaks."""

    path: str
    text: str
    constraint: bool = True
    """False for what the service only looks at once all constraints hold."""


Check = Callable[[Json, str, str, list[Broken]], Json]
"""`check(value, prefix, name, broken)` answers the cleaned value and adds to `broken`."""

_DECISION_TYPE_ORDER = (
    "CompleteWorkflowExecution, StartTimer, RequestCancelExternalWorkflowExecution, "
    "SignalExternalWorkflowExecution, CancelTimer, RecordMarker, ScheduleActivityTask, "
    "ContinueAsNewWorkflowExecution, ScheduleLambdaFunction, FailWorkflowExecution, "
    "RequestCancelActivityTask, StartChildWorkflowExecution, CancelWorkflowExecution"
)
"""The service prints this enum in an order of its own; others follow the model."""

_JAVA_NAMES = {
    str: "java.lang.String",
    bool: "java.lang.Boolean",
    int: "java.lang.Integer",
    float: "java.lang.Double",
}

_EARLIEST_MS = -(10**14)
_LATEST_MS = 10**14


def check_request(operation: str, body: dict[str, Json]) -> dict[str, Json]:
    """The cleaned members of a request; raises one fault that names everything wrong."""
    broken: list[Broken] = []
    cleaned: dict[str, Json] = compiled(model.input_shape(operation))(body, "", "", broken)
    if broken:
        raise _refusal(broken)
    return cleaned


def _refusal(broken: list[Broken]) -> errors.SwfFault:
    broken.sort(key=lambda failure: [_place(name) for name in failure.path.split(".")])
    constraints = [failure.text for failure in broken if failure.constraint]
    return errors.constraints(constraints) if constraints else errors.validation(broken[0].text)


def _place(name: str) -> int:
    """Where the service names a member among its siblings; items of a list by their index.

    It walks a structure's members as a Java map of 16 buckets holds them. Seen on AWS in
    2026: `execution` before `domain`, `runId` before `workflowId`.
    """
    if name.isdigit():
        return int(name)
    code = 0
    for letter in name:
        code = (31 * code + ord(letter)) & 0xFFFFFFFF
    return (code ^ code >> 16) & 15


@cache
def compiled(shape_name: str) -> Check:
    """The check for one shape of the model."""
    shape = model.shape(shape_name)
    kind = shape["type"]
    if kind == "structure":
        return _structure(shape_name, shape)
    if kind == "list":
        return _list(shape)
    if kind == "string":
        return _string(shape_name, shape)
    if kind in ("integer", "long"):
        return _integer(shape)
    return {"boolean": _boolean, "timestamp": _timestamp}[kind]


def _structure(shape_name: str, shape: model.Shape) -> Check:
    checks = {name: compiled(member["shape"]) for name, member in shape["members"].items()}
    rules = {
        name: rule for name in checks if (rule := lexical.rule_for(shape_name, name)) is not None
    }
    required = tuple(shape.get("required", ()))

    def check(value: Json, prefix: str, name: str, broken: list[Broken]) -> Json:
        if type(value) is not dict:
            raise _wrong_type(value, "structure or map")
        inner = f"{prefix}{name}." if name else ""
        cleaned: dict[str, Json] = {}
        for member, given in value.items():
            if given is None or (member_check := checks.get(member)) is None:
                continue
            before = len(broken)
            cleaned[member] = member_check(given, inner, member, broken)
            if (rule := rules.get(member)) is not None and len(broken) == before:
                _apply(rule, cleaned[member], inner + member, broken)
        broken += [
            _failure("null", inner + member, "Member must not be null")
            for member in required
            if member not in cleaned
        ]
        return cleaned

    return check


def _list(shape: model.Shape) -> Check:
    # A null among texts is kept: the real service echoes `"tagList": [null]`.
    item = compiled(shape["member"]["shape"])
    item_is_text = model.shape(shape["member"]["shape"])["type"] == "string"
    most = shape.get("max")

    def check_item(given: Json, prefix: str, broken: list[Broken]) -> Json:
        if given is not None:
            return item(given, prefix, "member", broken)
        if not item_is_text:
            broken.append(_failure("null", f"{prefix}member", "Member must not be null"))
        return None

    def check(value: Json, prefix: str, name: str, broken: list[Broken]) -> Json:
        if type(value) is not list:
            raise _wrong_type(value, "list")
        if most is not None and len(value) > most:
            shown = ", ".join(str(given) for given in value)
            broken.append(_length_failure(f"'[{shown}]'", prefix + name, "less", most))
        return [
            check_item(given, f"{prefix}{name}.{index}.", broken)
            for index, given in enumerate(value, 1)
        ]

    return check


def _string(shape_name: str, shape: model.Shape) -> Check:
    least, most = shape.get("min", 0), shape.get("max", float("inf"))
    allowed = frozenset(shape.get("enum", ()))
    listed = ", ".join(shape.get("enum", ()))
    if shape_name == "DecisionType":
        listed = _DECISION_TYPE_ORDER
    rule = lexical.BY_SHAPE.get(shape_name)

    def check(value: Json, prefix: str, name: str, broken: list[Broken]) -> Json:
        if type(value) is not str:
            raise _wrong_type(value, "String")
        if len(value) > most:
            broken.append(_length_failure(f"'{value}'", prefix + name, "less", int(most)))
        elif len(value) < least:
            broken.append(_length_failure(f"'{value}'", prefix + name, "greater", least))
        elif allowed and value not in allowed:
            tail = f"Member must satisfy enum value set: [{listed}]"
            broken.append(_failure(f"'{value}'", prefix + name, tail))
        elif rule is not None:
            _apply(rule, value, prefix + name, broken)
        return value

    return check


def _integer(shape: model.Shape) -> Check:
    least, most = shape.get("min", -(2**63)), shape.get("max", 2**63 - 1)

    def check(value: Json, prefix: str, name: str, broken: list[Broken]) -> Json:
        if type(value) is float and value.is_integer():
            value = int(value)
        if type(value) is not int:
            raise _wrong_type(value, "Integer")
        if not least <= value <= most:
            side, bound = ("less", most) if value > most else ("greater", least)
            tail = f"Member must have value {side} than or equal to {bound}"
            broken.append(_failure(f"'{value}'", prefix + name, tail))
        return value

    return check


def _boolean(value: Json, prefix: str, name: str, broken: list[Broken]) -> Json:
    if type(value) is not bool:
        raise _wrong_type(value, "Boolean")
    return value


def _timestamp(value: Json, prefix: str, name: str, broken: list[Broken]) -> Json:
    """Epoch seconds in, whole milliseconds out."""
    if type(value) not in (int, float):
        raise _wrong_type(value, "Date")
    if abs(value) > _LATEST_MS:
        return _LATEST_MS if value > 0 else _EARLIEST_MS
    return max(_EARLIEST_MS, min(_LATEST_MS, round(value * 1000)))


def _apply(rule: lexical.Rule, value: Json, path: str, broken: list[Broken]) -> None:
    text = lexical.text_of(value)
    tail = rule(text)
    if tail == lexical.INVALID:
        broken.append(Broken(path, f"Invalid {path.rpartition('.')[2]}: {text}", constraint=False))
    elif tail is not None:
        where = f"{path}.name" if isinstance(value, dict) else path
        broken.append(_failure(f"'{text}'", where, tail))


def _failure(shown: str, path: str, tail: str) -> Broken:
    return Broken(path, f"Value {shown} at '{path}' failed to satisfy constraint: {tail}")


def _length_failure(shown: str, path: str, side: str, bound: int) -> Broken:
    return _failure(shown, path, f"Member must have length {side} than or equal to {bound}")


def _wrong_type(value: Json, wanted: str) -> errors.SwfFault:
    if isinstance(value, dict):
        return errors.serialization("Start of structure or map found where not expected.")
    if isinstance(value, list):
        return errors.serialization("Start of list found where not expected.")
    found = _JAVA_NAMES.get(type(value), "java.lang.Object")
    return errors.serialization(f"class {found} can not be converted to an {wanted}")
