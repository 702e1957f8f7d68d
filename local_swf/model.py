"""SWF's service model as botocore ships it: operations, members, enums and limits.

Nothing of the model is copied into this package; a newer botocore brings newer members.
"""

from __future__ import annotations

from functools import lru_cache

import botocore.loaders

from local_swf.jsontext import Json

Shape = dict[str, Json]


@lru_cache(maxsize=1)
def service() -> dict[str, Json]:
    """The whole model: `metadata`, `operations`, `shapes`."""
    model: dict[str, Json] = botocore.loaders.Loader().load_service_model("swf", "service-2")
    return model


def shape(name: str) -> Shape:
    """The definition of one shape: `type`, `members`, `required`, `min`, `max`, `enum`."""
    found: Shape = service()["shapes"][name]
    return found


def operations() -> dict[str, Shape]:
    """All operations by name, each with its `input` and, if it answers anything, `output`."""
    found: dict[str, Shape] = service()["operations"]
    return found


def input_shape(operation: str) -> str:
    """The name of the shape that an operation takes."""
    name: str = operations()[operation]["input"]["shape"]
    return name


def event_types() -> list[str]:
    """The names of all history events."""
    names: list[str] = shape("EventType")["enum"]
    return names


def decision_types() -> list[str]:
    """The names of all decisions."""
    names: list[str] = shape("DecisionType")["enum"]
    return names
