"""Parameters and results of a Task, to and from what botocore takes and gives.

The service's model says what is a member's name and what is data: names are spelled as Step
Functions spells them, the keys of maps stay as they are.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

import wire
from activities.services import casing, failures
from wire import Json

_RENAMED = {"Equals": "EqualsValue"}  # a method that every Java object has


def iso(moment: datetime) -> str:
    """ISO 8601 with Z, and with milliseconds unless they are zero, as Java writes an instant."""
    utc = moment.astimezone(timezone.utc)
    text = utc.isoformat(timespec="milliseconds" if utc.microsecond >= 1_000 else "seconds")
    return text.replace("+00:00", "Z")


def epoch_milliseconds(moment: datetime) -> int:
    """Milliseconds since 1970, as the optimised integrations give times."""
    return round(moment.timestamp() * 1_000)


@dataclass(frozen=True)
class Style:
    """How an integration spells names and values."""

    spell: Callable[[str], str]
    """The name of a member in a result."""
    time: Callable[[datetime], Json]
    strict: bool
    """Whether a parameter that the API does not have is refused, or else left out."""
    base64_blobs: bool = False
    """Whether binary values are base64 (DynamoDB) or text."""


SDK = Style(casing.pascal, iso, strict=True)
OPTIMISED = Style(casing.first_upper, epoch_milliseconds, strict=False)


# --- parameters --------------------------------------------------------------------------


def to_api(shape: Shape | None, value: Json, style: Style, where: str = "Parameters") -> Any:
    """What botocore takes for a value of the Task's parameters.

    An object or number where the API has a text goes as JSON text.  Raises States.Runtime for
    a value of the wrong kind and, if `style` is strict, for an unknown member.
    """
    if getattr(shape, "is_document_type", False):
        return value
    if isinstance(shape, StructureShape):
        return _structure_to_api(shape, _a(dict, value, where, "an object"), style, where)
    if isinstance(shape, ListShape):
        items = enumerate(_a(list, value, where, "an array"))
        return [to_api(shape.member, item, style, f"{where}[{at}]") for at, item in items]
    if isinstance(shape, MapShape):
        members = _a(dict, value, where, "an object").items()
        return {key: to_api(shape.value, item, style, f"{where}.{key}") for key, item in members}
    return _scalar_to_api(shape, value, style, where)


def _structure_to_api(
    shape: StructureShape, value: dict[str, Json], style: Style, where: str
) -> dict[str, Any]:
    given: dict[str, Any] = {}
    names = _names(shape, style)
    for key, item in value.items():
        name = names.get(key)
        if name is not None and item is not None:
            given[name] = to_api(shape.members[name], item, style, f"{where}.{key}")
        elif name is None and style.strict:
            known = ", ".join(sorted(map(style.spell, shape.members)))
            raise failures.runtime(f"The field {key!r} of {where} is not one of: {known}")
    return given


def _names(shape: StructureShape, style: Style) -> dict[str, str]:
    """The API's name of each member by the spellings that are taken, all with a capital first."""
    names: dict[str, str] = {}
    for name in shape.members:
        upper = casing.first_upper(name)
        for spelling in (style.spell(name), _RENAMED.get(upper, upper), upper):
            names.setdefault(spelling, name)
    return names


def _a(kind: type, value: Json, where: str, what: str) -> Any:
    if not isinstance(value, kind):
        raise failures.runtime(f"{where} must be {what}, and is {wire.dumps(value)[:200]}")
    return value


def _scalar_to_api(shape: Shape | None, value: Json, style: Style, where: str) -> Any:
    kind = shape.type_name if shape is not None else ""
    if kind == "blob":
        return _blob_to_api(value, style, where)
    if kind == "string" and shape is not None and shape.serialization.get("jsonvalue"):
        return wire.loads(value) if isinstance(value, str) else value
    if kind == "string" and not isinstance(value, str):
        return wire.dumps(value)
    if kind in ("integer", "long") and isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _blob_to_api(value: Json, style: Style, where: str) -> bytes:
    if not style.base64_blobs:
        return (value if isinstance(value, str) else wire.dumps(value)).encode()
    try:
        return base64.b64decode(_a(str, value, where, "text in base64"), validate=True)
    except binascii.Error as error:
        raise failures.runtime(f"{where} must be text in base64: {error}") from error


# --- results -----------------------------------------------------------------------------


def from_api(shape: Shape | None, value: Any, style: Style) -> Json:
    """The JSON of a value that botocore gave; members that the model does not have are left out."""
    if getattr(shape, "is_document_type", False):
        return value
    if isinstance(shape, StructureShape):
        return {
            style.spell(name): from_api(shape.members[name], item, style)
            for name, item in value.items()
            if name in shape.members and item is not None
        }
    if isinstance(shape, ListShape):
        return [from_api(shape.member, item, style) for item in value]
    if isinstance(shape, MapShape):
        return {key: from_api(shape.value, item, style) for key, item in value.items()}
    return _scalar_from_api(value, style)


def _scalar_from_api(value: Any, style: Style) -> Json:
    if isinstance(value, datetime):
        return style.time(value)
    if hasattr(value, "read"):
        value = value.read()
    return _text(value, style) if isinstance(value, bytes) else value


def _text(value: bytes, style: Style) -> str:
    """Binary data as text where it is text, or else in base64."""
    if not style.base64_blobs:
        try:
            return value.decode()
        except UnicodeDecodeError:
            pass
    return base64.b64encode(value).decode()
