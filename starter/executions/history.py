"""A run's history as its caller knows it: SWF's events, our wrapping taken off."""

from __future__ import annotations

import wire
from starter.runs import Event, attributes
from swf.events import attribute_name
from swf_client import SwfClient

START = "WorkflowExecutionStarted"


def plain(client: SwfClient, event: Event) -> Event:
    """One event with references expanded and, at a start, the envelope stripped."""
    decoded = client.decode_event(event)
    facts = attributes(decoded)
    if decoded["eventType"] != START or "input" not in facts:
        return decoded
    return {**decoded, attribute_name(START): {**facts, "input": callers_input(facts["input"])}}


def callers_input(text: str) -> str:
    """The caller's JSON text in the input of a start; a text without envelope as it is."""
    value, envelope = wire.unwrap_start(wire.loads(text))
    return wire.dumps(value) if envelope else text
