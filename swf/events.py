"""The events of SWF's histories: read from the wire, unsealed, their references resolved."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from datetime import datetime, timezone
from functools import cache
from typing import Any

from botocore.parsers import ResponseParserError
from botocore.session import get_session
from botocore.validate import ParamValidator

import logs
import wire
from errors import PayloadError, PayloadStoreError
from payloads import Payloads
from wire import Json

CLOSING = frozenset(
    "WorkflowExecution" + how
    for how in ("Completed", "Failed", "TimedOut", "Canceled", "Terminated", "ContinuedAsNew")
)
"""The event types after which a run has no more events."""

PAYLOAD_MEMBERS = ("input", "result", "details")
"""The members of decisions that carry payloads; `control` is always short."""

TEXT_OF = {
    "WorkflowExecutionStarted": "input",
    "WorkflowExecutionCompleted": "result",
    "WorkflowExecutionFailed": "details",
    "WorkflowExecutionCanceled": "details",
    "WorkflowExecutionContinuedAsNew": "input",
    "WorkflowExecutionTerminated": "details",
    "WorkflowExecutionSignaled": "input",
    "DecisionTaskCompleted": "executionContext",
    "ActivityTaskScheduled": "input",
    "ActivityTaskCompleted": "result",
    "ActivityTaskFailed": "details",
    "ActivityTaskTimedOut": "details",
    "ActivityTaskCanceled": "details",
    "MarkerRecorded": "details",
    "StartChildWorkflowExecutionInitiated": "input",
    "ChildWorkflowExecutionCompleted": "result",
    "ChildWorkflowExecutionFailed": "details",
    "ChildWorkflowExecutionCanceled": "details",
    "SignalExternalWorkflowExecutionInitiated": "input",
    "LambdaFunctionScheduled": "input",
    "LambdaFunctionCompleted": "result",
    "LambdaFunctionFailed": "details",
}
"""The member of each event type that carries its payload; no event of SWF has two."""

HIDDEN = "(encrypted)"
"""What stands for a reason that travels within the encrypted details."""

_log = logs.get("swf_client")


def attributes(event: Json) -> Json:
    """The attribute block of an event: `activityTaskCompletedEventAttributes` and the like."""
    return event.get(attribute_name(event["eventType"]), {})


@cache
def attribute_name(event_type: str) -> str:
    """SWF's name of the attribute block of an event type."""
    return f"{event_type[0].lower()}{event_type[1:]}EventAttributes"


def misfit(event: Json) -> str:
    """What an event of a saved history lacks to be one of SWF's, or has wrong; empty if nothing.

    Members that SWF's model does not know are let be: a later one may.
    """
    kind = event.get("eventType") if isinstance(event, dict) else None
    if not isinstance(kind, str) or not kind:
        return "it has no eventType"
    shape, name = _event_shape(), attribute_name(kind)
    known = {key: event[key] for key in ("eventId", "eventType", "eventTimestamp") if key in event}
    if name in shape.members:
        known[name] = _known(event.get(name, {}), shape.members[name])
    report = ParamValidator().validate(known, shape)
    return " ".join(report.generate_report().split()) if report.has_errors() else ""


def _known(value: Json, shape: Any) -> Json:
    """A value with the members only that its shape has."""
    if shape.type_name != "structure" or not isinstance(value, dict):
        return value
    members = shape.members
    return {key: _known(item, members[key]) for key, item in value.items() if key in members}


@cache
def _event_shape() -> Any:
    """SWF's own model of an event."""
    return get_session().get_service_model("swf").shape_for("HistoryEvent")


# --- from the wire -----------------------------------------------------------------------


def read_answer(
    response_dict: Json, operation_model: Any, customized_response_dict: Json, **_: Any
) -> None:
    """Check that an answer is whole and SWF's; read lists of events ourselves (`before-parse`).

    botocore takes a body that is not JSON for an empty answer, and a proxy's page for a refusal;
    here they are errors, for the request may have been carried out.  Its shape-driven parser needs
    40 microseconds for an event, which are JSON but for their timestamps: these become aware
    datetimes in UTC.
    """
    status, body = response_dict["status_code"], response_dict["body"]
    shape = operation_model.output_shape
    if status == 200 and shape is None and not body:
        return
    try:
        answer = json.loads(body)
    except ValueError as error:
        if status in _BARE:
            return
        raise ResponseParserError(_foreign(status, body)) from error
    if status != 200:
        if not isinstance(answer, dict) or not answer.keys() & _OF_FAULTS:
            raise ResponseParserError(_foreign(status, body))
        return
    if not isinstance(answer, dict) or not (shape is None or answer.keys() & shape.members.keys()):
        raise ResponseParserError("the answer is not the operation's")
    events = answer.get("events")
    if isinstance(events, list) and _dated(events):
        response_dict["body"] = b""
        customized_response_dict.update(answer)


_BARE = (413, 429)
"""Statuses that say enough without a fault in the body."""

_OF_FAULTS = frozenset({"__type", "message", "Message"})
"""Of which a fault has at least one."""

_EXCERPT_CHARACTERS = 80


def _foreign(status: int, body: bytes) -> str:
    """What came instead of an answer of SWF's: of a page only how it begins."""
    text = " ".join(body.decode("utf-8", "replace").split())
    begins = f": {text[:_EXCERPT_CHARACTERS]}" if text else ""
    return f"status {status} with a body that is not JSON{begins}"


def _dated(events: list[Json]) -> bool:
    """Turn all timestamps into datetimes; False where they are not SWF's numbers."""
    for event in events:
        seconds = event.get("eventTimestamp")
        if not isinstance(seconds, (int, float)):
            return False
        event["eventTimestamp"] = datetime.fromtimestamp(seconds, timezone.utc)
    return True


# --- payloads of events ------------------------------------------------------------------


def opened(event: Json, payloads: Payloads) -> Json:
    """An event with its sealed text readable; one that cannot be opened here stays."""
    text = _text(event)
    if text is None or not text.startswith(wire.SEAL):
        return event
    with contextlib.suppress(PayloadError):
        return _with(event, payloads.opened(text))
    return event


def decoded(event: Json, payloads: Payloads) -> Json:
    """A copy of an event, its text opened, each reference in it replaced by what it stands for.

    What is lost or cannot be decrypted here stays as it is, with an error in the log: a
    history must remain readable.  A store that is away is `PayloadStoreError`.
    """
    name = attribute_name(event["eventType"])
    copy = {**event, name: {**event.get(name, {})}}
    text = _text(copy)
    if text is None or not (wire.REFERENCE in text or text.startswith(wire.SEAL)):
        return copy
    return _with(copy, _expanded(copy, text, payloads))


def decoded_for_core(event: Json, payloads: Payloads) -> Json:
    """An event as the core reads it: nothing sealed, and no reference where it looks inside.

    Inputs and results stay references, which the core passes on unread.  Raises
    `PayloadError` and its kinds: a decision must not be made from half a history.
    """
    text = _text(event)
    if text is None:
        return event
    refers = event["eventType"] in _READ_BY_CORE and wire.REFERENCE in text
    if not refers and not text.startswith(wire.SEAL):
        return event
    return _with(event, _for_core(event["eventType"], payloads.opened(text), payloads))


def with_envelope(first: Json, payloads: Payloads) -> Json:
    """A WorkflowExecutionStarted whose input has a readable envelope, its parts as they are."""
    text = _text(first)
    return first if text is None else _with(first, _envelope_text(text, payloads))


def open_text(event: Json, payloads: Payloads) -> str:
    """The payload of an event, opened; empty where it has none.  `PayloadError` and its kinds."""
    return payloads.opened(_text(event) or "")


def _for_core(event_type: str, text: str, payloads: Payloads) -> str:
    if event_type not in _READ_BY_CORE or wire.REFERENCE not in text:
        return text
    if event_type != "WorkflowExecutionStarted":
        return payloads.expand(text)
    whole = _envelope_text(text, payloads)
    value = wire.loads(whole)
    envelope = wire.unwrap_start(value)[1]
    if not wire.is_reference(envelope.get("snapshot")):
        return whole
    snapshot = wire.loads(payloads.get(envelope["snapshot"]))
    return wire.dumps({**value, wire.ENVELOPE: {**value[wire.ENVELOPE], "snapshot": snapshot}})


def _envelope_text(text: str, payloads: Payloads) -> str:
    """A start's input, resolved as a whole only where it hides an envelope."""
    text = payloads.opened(text)
    if wire.REFERENCE not in text:
        return text
    whole = payloads.expand(text)
    return whole if wire.unwrap_start(wire.loads(whole))[1] else text


_READ_BY_CORE = frozenset(
    {
        "WorkflowExecutionStarted",
        "WorkflowExecutionSignaled",
        "MarkerRecorded",
        "ActivityTaskFailed",
        "ChildWorkflowExecutionFailed",
    }
)


def _text(event: Json) -> str | None:
    """The payload of an event, where it has one."""
    place = _PLACES.get(event["eventType"])
    if place is None:
        return None
    block = event.get(place[0])
    text: str | None = block.get(place[1]) if block else None
    return text


_PLACES = {kind: (attribute_name(kind), member) for kind, member in TEXT_OF.items()}


def _with(event: Json, text: str) -> Json:
    """The event with its payload changed, and with the reason that hid in it."""
    name, member = _PLACES[event["eventType"]]
    facts = {**event[name], member: text}
    if "reason" in facts and wire.HIDDEN_REASON in text:
        facts |= _revealed(text)
    return {**event, name: facts}


def _revealed(details: str) -> dict[str, str]:
    hidden = wire.loads(details)
    if not isinstance(hidden, dict) or hidden.keys() != {wire.HIDDEN_REASON, "details"}:
        return {}
    return {"reason": str(hidden[wire.HIDDEN_REASON]), "details": str(hidden["details"])}


def _expanded(event: Json, text: str, payloads: Payloads) -> str:
    try:
        return payloads.expand_deep(text)
    except PayloadStoreError:
        raise
    except PayloadError as error:
        _log.error(
            "A large value of the history cannot be read",
            event_id=event["eventId"],
            event_type=event["eventType"],
            error=str(error),
        )
        return text


# --- payloads of decisions ---------------------------------------------------------------

_STARTING = (
    "startChildWorkflowExecutionDecisionAttributes",
    "continueAsNewWorkflowExecutionDecisionAttributes",
)
_LAMBDA = "scheduleLambdaFunctionDecisionAttributes"


def shrunk(decision: Json, payloads: Payloads) -> Json:
    """A decision whose payloads fit SWF's limit: too long ones become references.

    With keys all are sealed but the input of a Lambda function, which has no keys.
    """
    changed = {}
    for name, block in decision.items():
        if isinstance(block, dict):
            sealing = payloads.seals and name != _LAMBDA
            changed[name] = _shrunk_block(
                _hiding(block) if sealing else block,
                _shrink(name, payloads),
                least=0 if sealing else _SURELY_SHORT,
            )
    return {**decision, **changed}


def _shrink(name: str, payloads: Payloads) -> Callable[[str], str]:
    if name in _STARTING:
        return payloads.shrink_start
    return payloads.fit if name == _LAMBDA else payloads.shrink


def hiding(reason: str, details: str) -> str:
    """Details that carry a reason with them, which must not be read by SWF."""
    return wire.dumps({wire.HIDDEN_REASON: reason, "details": details})


def public_reason(reason: str) -> str:
    """What of a reason may be read by SWF: the exception's name, which is code and no data."""
    name = reason.partition(":")[0]
    return name if name.isidentifier() else HIDDEN


def _hiding(block: Json) -> Json:
    if not block.get("reason"):
        return block
    details = hiding(block["reason"], block.get("details") or "")
    return {**block, "reason": HIDDEN, "details": details}


def _shrunk_block(block: Json, shrink: Callable[[str], str], least: int) -> Json:
    long = [member for member in PAYLOAD_MEMBERS if len(block.get(member) or "") > least]
    return {**block, **{member: shrink(block[member]) for member in long}}


_SURELY_SHORT = wire.PAYLOAD_CHARACTERS // 2  # no character counts more than twice
