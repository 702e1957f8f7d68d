"""Telling a webhook or an SNS topic that an execution has failed: `monitor --alert TARGET`.

The notifiers are those of the activities; import rules let the command line know them, while
deciders and starters never do.  The message has ids, state and reason, and no business data:

    {"text": "Order order-1 FAILED: ...", "workflow_id": ..., "run_id": ..., "type": ...,
     "version": ..., "state": "FAILED", "step": ..., "reason": ..., "closed_at": SECONDS}
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

import redaction
from errors import BusinessProcessError, NonRetryableError, NotificationError
from starter.executions.status import Status
from wire import Json

if TYPE_CHECKING:
    from activities.notifiers import Notifier
    from config import Settings

FAILED = ("FAILED", "TIMED_OUT", "TERMINATED")
"""States of which an alert tells; who cancels an execution knows of it."""

ATTEMPTS = 3
FIELDS = ("workflow_id", "run_id", "type", "version", "state", "step", "reason", "closed_at")


def target(text: str) -> str:
    """`text` where it is the URL of a webhook or the ARN of an SNS topic."""
    try:
        parts = urlsplit(text)
        is_url = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        is_url = False
    if is_url or _is_topic(text):
        return text
    raise argparse.ArgumentTypeError("a webhook's URL, or arn:aws:sns:REGION:ACCOUNT:TOPIC")


def _is_topic(text: str) -> bool:
    parts = text.split(":")
    return len(parts) == 6 and parts[0] == "arn" and parts[2] == "sns" and all(parts[3:])


def send(where: str, last: Status, settings: Settings) -> str:
    """Tell of an execution that has failed; what went wrong, or nothing.

    Tried three times where that may help.  The key is the run's id: who takes each key once
    is told once, however many monitors run.
    """
    try:
        notifier = _notifier(where, settings)
        for attempt in Retrying(
            retry=retry_if_exception_type(NotificationError),
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_exponential(multiplier=0.5),
            reraise=True,
        ):
            with attempt:
                notifier.send(f"alert-{last['run_id']}", message(last))
    except (BusinessProcessError, NonRetryableError) as error:
        return str(error)
    return ""


def message(last: Status) -> dict[str, Json]:
    """What is sent."""
    found: dict[str, Json] = {name: last.get(name) for name in FIELDS}
    reason = last.get("reason")
    found["reason"] = None if reason is None else redaction.text(reason)
    told = f"{last['type']} {last['workflow_id']} {last['state']}"
    return {"text": f"{told}: {found['reason']}" if reason else told, **found}


def _notifier(where: str, settings: Settings) -> Notifier:
    from activities.notifiers import SnsTopic, Webhook  # noqa: PLC0415 - only who alerts needs it

    return SnsTopic(where, settings) if _is_topic(where) else Webhook(where)
