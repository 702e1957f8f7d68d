"""JSON as SWF writes it: compact, members sorted at every level, absent members left out."""

from __future__ import annotations

import json
from typing import Any, TypeAlias

from local_swf import errors

Json: TypeAlias = Any

_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), check_circular=False).encode


def dumps(value: Json) -> bytes:
    """The compact text of `value`; pure ASCII, so any text survives, lone surrogates too."""
    return _encode(value).encode("ascii")


def _refuse_constant(name: str) -> Json:
    raise ValueError(name)


_decode = json.JSONDecoder(parse_constant=_refuse_constant).decode


def loads_request(body: bytes) -> dict[str, Json]:
    """The JSON object of a request body; SerializationException when it is none.

    An empty body counts as `{}`. Text that no UTF-8 file can hold (lone surrogates) is
    refused here, so that nothing behind this point has to expect it.
    """
    if not body:
        return {}
    try:
        value = _decode(body.decode("utf-8"))
        if b"\\u" in body:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError):
        raise errors.serialization("The request body is not valid JSON") from None
    if not isinstance(value, dict):
        raise errors.serialization("Start of structure or map expected")
    return value


def present(**members: Json) -> dict[str, Json]:
    """The members that are not None, as a dict."""
    return {name: value for name, value in members.items() if value is not None}


def seconds_text(milliseconds: int) -> str:
    """A timestamp as SWF sends it: seconds since the epoch with three decimals."""
    return f"{milliseconds // 1000}.{milliseconds % 1000:03d}"


class _EventFrame:
    """The constant text around the attributes of one event type."""

    __slots__ = ("head", "middle", "tail")

    def __init__(self, event_type: str) -> None:
        member = f"{event_type[0].lower()}{event_type[1:]}EventAttributes"
        if member < "eventId":
            self.head = f'{{"{member}":'
            self.middle = ',"eventId":%d,"eventTimestamp":%s,"eventType":"' + event_type + '"}'
            self.tail = ""
        else:
            self.head = '{"eventId":%d,"eventTimestamp":%s,"eventType":"' + event_type + '",'
            self.middle = f'"{member}":'
            self.tail = "}"

    def render(self, event_id: int, when: str, attributes: str) -> bytes:
        if self.tail:
            return f"{self.head % (event_id, when)}{self.middle}{attributes}}}".encode("ascii")
        return f"{self.head}{attributes}{self.middle % (event_id, when)}".encode("ascii")


_frames: dict[str, _EventFrame] = {}


def event(event_type: str, event_id: int, milliseconds: int, attributes: dict[str, Json]) -> bytes:
    """One history event, ready to be sent; members of `attributes` that are None are left out."""
    frame = _frames.get(event_type)
    if frame is None:
        frame = _frames[event_type] = _EventFrame(event_type)
    kept = {name: value for name, value in attributes.items() if value is not None}
    return frame.render(event_id, seconds_text(milliseconds), _encode(kept))


def event_attributes(body: bytes) -> dict[str, Json]:
    """The attributes of a stored event."""
    value = json.loads(body)
    name = value["eventType"]
    attributes: dict[str, Json] = value[f"{name[0].lower()}{name[1:]}EventAttributes"]
    return attributes
