"""Every constraint that the service model states, broken once; every answer, as it describes it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from local_swf import model
from local_swf.testing import LocalSWF
from local_swf.validation import _DECISION_TYPE_ORDER
from tests.contract.local_swf.swf_world import Raw

FITTING = {"DurationInDays": "1", "TaskPriority": "1"}
"""Texts of the shapes that have a rule beyond their length."""


def fitting(shape_name: str) -> Any:
    """The smallest value that the model allows for a shape, with every member there is."""
    shape = model.shape(shape_name)
    kind = shape["type"]
    if kind == "structure":
        return {name: fitting(member["shape"]) for name, member in shape["members"].items()}
    if kind == "list":
        return [fitting(shape["member"]["shape"])]
    if kind == "string":
        return shape["enum"][0] if "enum" in shape else FITTING.get(shape_name, "1")
    return {"boolean": True, "timestamp": 1}.get(kind, 1)


Place = tuple[str, ...]


def places(shape_name: str, path: Place = ()) -> Iterator[tuple[Place, str, bool]]:
    """Each member within a shape, as a path, with its shape's name and whether it is required."""
    shape = model.shape(shape_name)
    if shape["type"] == "list":
        yield from places(shape["member"]["shape"], (*path, "1", "member"))
    elif shape["type"] == "structure":
        for name, member in shape["members"].items():
            yield (*path, name), member["shape"], name in shape.get("required", ())
            yield from places(member["shape"], (*path, name))


def put(body: dict[str, Any], path: Place, value: Any) -> dict[str, Any]:
    """A copy of a body with one member changed; None takes it away."""
    changed = copy.deepcopy(body)
    inside: Any = changed
    for name in path[:-1]:
        if name == "member":
            continue
        inside = inside[int(name) - 1] if name == "1" else inside[name]
    inside[path[-1]] = value
    return changed


def broken(shape_name: str, *, required: bool) -> Iterator[tuple[Any, str]]:
    """Values that break a constraint of a shape, each with what SWF says about it."""
    shape = model.shape(shape_name)
    length = "Member must have length {} than or equal to {}"
    if required:
        yield None, "Value null at '{}' failed to satisfy constraint: Member must not be null"
    if shape["type"] == "string" and "enum" in shape:
        values = ", ".join(shape["enum"])
        if shape_name == "DecisionType":
            values = _DECISION_TYPE_ORDER
        yield "no", _says("no", f"Member must satisfy enum value set: [{values}]")
    elif shape["type"] == "string":
        if shape.get("min", 0) > 0:
            yield "", _says("", length.format("greater", shape["min"]))
        if "max" in shape:
            long = "1" * (shape["max"] + 1)
            yield long, _says(long, length.format("less", shape["max"]))
    elif shape["type"] == "integer":
        for bound, side, beyond in (("max", "less", 1), ("min", "greater", -1)):
            if bound in shape:
                value = shape[bound] + beyond
                tail = f"Member must have value {side} than or equal to {shape[bound]}"
                yield value, _says(value, tail)


def _says(value: Any, tail: str) -> str:
    return f"Value '{value}' at '{{}}' failed to satisfy constraint: {tail}"


def with_blocks(operation: str) -> dict[str, Any]:
    """A request with every member that the operation has, down to the last decision attribute."""
    return fitting(model.input_shape(operation))


@pytest.fixture(scope="module")
def empty() -> Iterator[Raw]:
    with LocalSWF() as swf:
        raw = Raw(swf.url)
        yield raw
        raw.connection.close()


@pytest.mark.parametrize("operation", sorted(model.operations()))
def test_each_constraint_is_reported_in_the_words_of_the_service(empty, operation):
    body = with_blocks(operation)
    for path, shape_name, required in places(model.input_shape(operation)):
        for value, message in broken(shape_name, required=required):
            expected = "1 validation error detected: " + message.format(".".join(path))
            answer = empty.refusal(operation, put(body, path, value))
            assert answer == ("ValidationException", expected), path


WRONG = {"string": 1, "integer": "x", "boolean": "x", "timestamp": "x", "structure": [], "list": {}}


@pytest.mark.parametrize("operation", sorted(model.operations()))
def test_each_member_of_the_wrong_json_type_is_refused(empty, operation):
    body = with_blocks(operation)
    for path, shape_name, _ in places(model.input_shape(operation)):
        value = WRONG[model.shape(shape_name)["type"]]
        assert empty.refusal(operation, put(body, path, value))[0] == "SerializationException", path
