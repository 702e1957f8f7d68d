"""The shapes that SWF's histories carry: reserved keys, references, lengths.

Pure functions on text and JSON values, shared by the core, the SWF client, the workers and
the starter.  What is written here is final: histories outlive releases.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeAlias

from errors import InvalidInputError

Json: TypeAlias = Any
"""Any JSON value: None, bool, int, float, str, list of Json, dict of str to Json."""

ENVELOPE = "_process"
"""The key under which our own facts travel in the input of an execution or activity."""

REFERENCE = "_process_ref"
"""The key of a reference: `{"_process_ref": {"sha256": HEX, "size": BYTES}}`."""

SEALED = "_process_enc"
"""The key of an encrypted text: `{"_process_enc": {"k": KEY_ID, "d": BASE64}}`."""

HIDDEN_REASON = "_process_reason"
"""Where the reason of a failure travels within its encrypted details, beside `details`."""

RESERVED_KEYS = (ENVELOPE, REFERENCE, SEALED, HIDDEN_REASON)

SEAL = f'{{"{SEALED}":'
"""What an encrypted text begins with, and no other."""

PAYLOAD_CHARACTERS = 32_768  # SWF's limit for input, result, details, control, context
REASON_CHARACTERS = 256  # SWF's limit for the reason of a failure or termination
HEARTBEAT_CHARACTERS = 2_048  # SWF's limit for the details of a heartbeat


def dumps(value: Json) -> str:
    """Compact JSON text; Unicode is kept, for SWF counts characters and not bytes."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def loads(text: str | None) -> Json:
    """The value of a JSON text, or the text itself where it is not JSON (others may write it)."""
    if text is None:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text


def length(text: str) -> int:
    """Characters as SWF counts them: a character outside the basic plane counts twice."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def cut(text: str, characters: int) -> str:
    """`text`, shortened to what a field of so many characters holds, marked where it was cut."""
    if length(text) <= characters:
        return text
    room = characters - 1
    kept = text[:room]
    while length(kept) > room:
        kept = kept[: len(kept) - max(1, (length(kept) - room) // 2)]
    return kept + "…"


def reference(sha256: str, size: int) -> dict[str, Json]:
    """The JSON that stands for a value kept outside the history; `size` in bytes."""
    return {REFERENCE: {"sha256": sha256, "size": size}}


def is_reference(value: Json) -> bool:
    """Whether a JSON value stands for one that is kept outside."""
    return isinstance(value, dict) and len(value) == 1 and isinstance(value.get(REFERENCE), dict)


def sealed(key_id: str, data: str) -> str:
    """The JSON text that stands for an encrypted one; `data` is base64."""
    return dumps({SEALED: {"k": key_id, "d": data}})


def is_sealed(text: str) -> bool:
    """Whether a text is an encrypted one, as `sealed` writes it."""
    return text.startswith(SEAL)


def activity_input(value: Json) -> tuple[Json, dict[str, Json]]:
    """An activity's input and our envelope, from the value on the wire, its references resolved.

    Where the envelope has `json` (States Language), the input is any value.  Else it is an
    object: what travelled in the envelope is merged under the rest, input of others that is no
    object stands under `input`, and none is an empty object.
    """
    if not isinstance(value, dict):
        return ({} if value is None else {"input": value}), {}
    rest = {key: item for key, item in value.items() if key != ENVELOPE}
    envelope = value.get(ENVELOPE)
    if not isinstance(envelope, dict):
        return rest, {}
    if envelope.get("json") and "input" in envelope:
        return envelope["input"], envelope
    carried = envelope.get("input", {})
    return {**(carried if isinstance(carried, dict) else {"input": carried}), **rest}, envelope


def function_names(name: str) -> tuple[str, ...]:
    """The names by which a Lambda function may be known: as it is written, and its own name.

    `arn:aws:lambda:REGION:ACCOUNT:function:NAME[:ALIAS]`, `ACCOUNT:NAME` or `NAME`.
    """
    own = name.partition(":function:")[2] or name
    return tuple(dict.fromkeys([name, own, own.partition(":")[0], own.rpartition(":")[2]]))


def pending(state: Json, seconds: int) -> dict[str, Json]:
    """What an activity gives that is not done yet: it is called again after so many seconds.

    `state` is then its `current_task().poll`: an id to ask for, say.
    """
    return {ENVELOPE: {"poll": state, "after": seconds}}


def pending_of(value: Json) -> tuple[Json, int] | None:
    """State and seconds, where a result is one of `pending`; None for any other."""
    if not isinstance(value, dict) or len(value) != 1:
        return None
    told = value.get(ENVELOPE)
    if not isinstance(told, dict) or told.keys() != {"poll", "after"}:
        return None
    return told["poll"], int(told["after"])


def check_free_of_reserved_keys(value: Json) -> None:
    """Refuse input that uses a key of ours, at any depth."""
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            for key in RESERVED_KEYS:
                if key in item:
                    raise InvalidInputError(f"the input may not use the reserved key {key!r}")
            pending.extend(item.values())
        elif isinstance(item, list):
            pending.extend(item)


def wrap_start(value: Json, envelope: Mapping[str, Json]) -> Json:
    """The input of a start on the wire: the caller's value plus our envelope."""
    if isinstance(value, dict) and not is_reference(value):
        return {**value, ENVELOPE: dict(envelope)}
    return {ENVELOPE: {**envelope, "input": value}}


def unwrap_start(value: Json) -> tuple[Json, dict[str, Json]]:
    """The caller's value and our envelope (empty for a start by hand) from a start's input."""
    if not isinstance(value, dict) or not isinstance(value.get(ENVELOPE), dict):
        return value, {}
    envelope = dict(value[ENVELOPE])
    if "input" in envelope:
        return envelope.pop("input"), envelope
    return {key: item for key, item in value.items() if key != ENVELOPE}, envelope
