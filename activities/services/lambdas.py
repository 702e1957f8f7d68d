"""The shapes of `lambda:invoke`, for functions that are activities here."""

from __future__ import annotations

import wire
from activities.context import current_task
from activities.services import calls
from wire import Json


def event(parameters: Json) -> Json:
    """The event that the parameters of lambda:invoke send to the function.

    `Payload` absent or null gives `{}`; a text is taken for JSON text, or else for itself.
    """
    payload = parameters.get("Payload") if isinstance(parameters, dict) else None
    if payload is None:
        return {}
    return wire.loads(payload) if isinstance(payload, str) else payload


def result(payload: Json) -> Json:
    """The result of lambda:invoke for what the function returned."""
    told = {
        "HTTPStatusCode": 200,
        "HTTPHeaders": {"Content-Type": "application/json"},
        "RequestId": current_task().idempotency_key,
    }
    return {
        "ExecutedVersion": "$LATEST",
        "Payload": payload,
        **calls.metadata(told),
        "StatusCode": 200,
    }
