"""The events of SWF's histories: read from the wire, and with their references resolved."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from botocore.parsers import ResponseParserError

import logs
import payloads
import wire
from errors import PayloadError
from payloads import PayloadStore
from wire import Json

CLOSING = frozenset(
    "WorkflowExecution" + how
    for how in ("Completed", "Failed", "TimedOut", "Canceled", "Terminated", "ContinuedAsNew")
)
"""The event types after which a run has no more events."""

PAYLOAD_MEMBERS = ("input", "result", "details")
"""The members of events and decisions that carry payloads; `control` is always short."""

_log = logs.get("swf_client")


def attributes(event: Json) -> Json:
    """The attribute block of an event: `activityTaskCompletedEventAttributes` and the like."""
    return event.get(attribute_name(event["eventType"]), {})


def attribute_name(event_type: str) -> str:
    """SWF's name of the attribute block of an event type."""
    return f"{event_type[0].lower()}{event_type[1:]}EventAttributes"


# --- from the wire -----------------------------------------------------------------------


def read_answer(
    response_dict: Json, operation_model: Any, customized_response_dict: Json, **_: Any
) -> None:
    """Check that an answer is whole, and read lists of events ourselves (`before-parse`).

    botocore takes a body that is not JSON for an empty answer; here it is an error, for the
    request may have been carried out.  Its shape-driven parser needs 40 microseconds for an
    event, which are JSON but for their timestamps: these become aware datetimes in UTC.
    """
    shape = operation_model.output_shape
    if response_dict["status_code"] != 200 or shape is None:
        return
    try:
        answer = json.loads(response_dict["body"])
    except ValueError as error:
        raise ResponseParserError(f"the answer is not JSON: {error}") from error
    if not isinstance(answer, dict) or not answer.keys() & shape.members.keys():
        raise ResponseParserError("the answer is not the operation's")
    events = answer.get("events")
    if isinstance(events, list) and _dated(events):
        response_dict["body"] = b""
        customized_response_dict.update(answer)


def _dated(events: list[Json]) -> bool:
    """Turn all timestamps into datetimes; False where they are not SWF's numbers."""
    for event in events:
        seconds = event.get("eventTimestamp")
        if not isinstance(seconds, (int, float)):
            return False
        event["eventTimestamp"] = datetime.fromtimestamp(seconds, timezone.utc)
    return True


# --- references --------------------------------------------------------------------------


def decoded(event: Json, store: PayloadStore) -> Json:
    """A copy of an event in which every reference is replaced by what it stands for.

    What cannot be found stays a reference, with an error in the log: a history must remain
    readable.
    """
    name = attribute_name(event["eventType"])
    copy = {**event, name: {**event.get(name, {})}}
    return _with_texts(copy, PAYLOAD_MEMBERS, lambda text: payloads.expand_deep(text, store))


def decoded_for_core(event: Json, store: PayloadStore) -> Json:
    """A copy of an event in which what the core itself reads is no reference.

    Inputs and results stay references, which the core passes on unread.
    """
    members = _READ_BY_CORE.get(event["eventType"])
    if members is None:
        return event
    if event["eventType"] == "WorkflowExecutionStarted":
        return _with_texts(event, members, lambda text: start_text(text, store))
    return _with_texts(event, members, lambda text: payloads.expand(text, store))


def start_text(text: str, store: PayloadStore) -> str:
    """The input of a start with a readable envelope and the snapshot in it.

    A whole-text reference is resolved only where it hides an envelope.
    """
    if wire.REFERENCE not in text:
        return text
    whole = payloads.expand(text, store)
    value = wire.loads(whole)
    envelope = wire.unwrap_start(value)[1]
    if not envelope:
        return text
    if not wire.is_reference(envelope.get("snapshot")):
        return whole
    snapshot = wire.loads(store.get(envelope["snapshot"]))
    return wire.dumps({**value, wire.ENVELOPE: {**value[wire.ENVELOPE], "snapshot": snapshot}})


_READ_BY_CORE = {
    "WorkflowExecutionStarted": ("input",),
    "WorkflowExecutionSignaled": ("input",),
    "MarkerRecorded": ("details",),
    "ActivityTaskFailed": ("details",),
}


def _with_texts(event: Json, members: tuple[str, ...], change: Callable[[str], str]) -> Json:
    block = attributes(event)
    changed = {}
    for member in members:
        text = block.get(member)
        if isinstance(text, str) and wire.REFERENCE in text:
            changed[member] = _changed(event, text, change)
    if not changed:
        return event
    return {**event, attribute_name(event["eventType"]): {**block, **changed}}


def _changed(event: Json, text: str, change: Callable[[str], str]) -> str:
    try:
        return change(text)
    except PayloadError as error:
        _log.error(
            "A large value of the history cannot be read",
            event_id=event["eventId"],
            event_type=event["eventType"],
            error=str(error),
        )
        return text


# --- decisions ---------------------------------------------------------------------------

_STARTING = (
    "startChildWorkflowExecutionDecisionAttributes",
    "continueAsNewWorkflowExecutionDecisionAttributes",
)


def shrunk(decision: Json, store: PayloadStore) -> Json:
    """A decision whose payloads fit SWF's limit: too long ones become references."""
    changed = {}
    for name, block in decision.items():
        if isinstance(block, dict):
            shrink = payloads.shrink_start if name in _STARTING else payloads.shrink
            changed[name] = _shrunk_block(block, shrink, store)
    return {**decision, **changed}


def _shrunk_block(
    block: Json, shrink: Callable[[str, PayloadStore], str], store: PayloadStore
) -> Json:
    long = [member for member in PAYLOAD_MEMBERS if len(block.get(member) or "") > _SURELY_SHORT]
    return {**block, **{member: shrink(block[member], store) for member in long}}


_SURELY_SHORT = wire.PAYLOAD_CHARACTERS // 2  # no character counts more than twice
