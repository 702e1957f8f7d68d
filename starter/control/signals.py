"""Operator signals: what is sent, and the marker with which the decider answers.

Every signal carries a `request_id`; the decider acts once on each and records a marker
`SIGNAL_HANDLED` whose details name the request and its outcome.
"""

from __future__ import annotations

import getpass
import uuid
from collections.abc import Callable
from typing import Literal, TypedDict

import wire
from errors import InvalidInputError, SignalRefusedError, UnknownExecutionError
from starter.runs import CLOSINGS, Event, attributes
from swf_client import SwfClient
from wire import Json

RESUME_FROM_STEP = "RESUME_FROM_STEP"
GO_BACK = "GO_BACK"
REPROCESS_STEP = "REPROCESS_STEP"
SKIP_STEP = "SKIP_STEP"
PAUSE = "PAUSE"
CONTINUE = "CONTINUE"
ROLL_BACK = "ROLL_BACK"
SIGNAL_HANDLED = "SIGNAL_HANDLED"
LOOKS = 3  # for the open run of a chain, where it closes while it is read
NAME_CHARACTERS = 256  # SWF's limit for the name of a signal


class Sent(TypedDict):
    """A signal that SWF has taken."""

    workflow_id: str
    run_id: str
    request_id: str | None
    """By which the decider's answer is found; None for what is no request."""


class Outcome(TypedDict):
    """How a signal was answered."""

    outcome: Literal["done", "waiting", "refused", "closed"]
    """`closed`: the run ended before any decider answered."""
    why: str | None


def new_request(reason: str | None, actor: str | None) -> dict[str, Json]:
    """The members that every operator signal has: `request_id`, `actor`, maybe `reason`."""
    request: dict[str, Json] = {"request_id": str(uuid.uuid4()), "actor": actor or os_user()}
    return request | ({"reason": reason} if reason else {})


def payload(value: Json, reason: str | None, actor: str | None) -> Json:
    """What a signal carries: an object, or nothing, gets the members of a request."""
    if value is None or isinstance(value, dict):
        return {**new_request(reason, actor), **(value or {})}
    return value


def os_user() -> str:
    """Name of the person at the machine, for the audit; `unknown` where there is none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown"


def to_open_run(send: Callable[[str], None], look: Callable[[], str]) -> str:
    """Send to the open run, whose run id `look` gives, or raises; that run id.

    A run that continues as new between the two refuses what is sent to it: then its successor
    gets it.
    """
    for _ in range(LOOKS - 1):
        run_id = look()
        try:
            send(run_id)
        except UnknownExecutionError:
            continue
        return run_id
    run_id = look()
    send(run_id)
    return run_id


def checked_name(signal_name: str) -> str:
    """`signal_name` if SWF would take it."""
    if not 1 <= wire.length(signal_name) <= NAME_CHARACTERS:
        raise InvalidInputError(f"a signal's name has 1 to {NAME_CHARACTERS} characters")
    return signal_name


def answer(client: SwfClient, workflow_id: str, run_id: str, request_id: str) -> Outcome | None:
    """The decider's answer to a request, or None as long as there is none.

    Reads the history backwards, to the signal itself at most.
    """
    closed = False
    for event in client.history(workflow_id, run_id, reverse=True, page_size=50):
        closed = closed or event["eventType"] in CLOSINGS
        found = _answer_in(client, event, request_id)
        if found is not None:
            return found
        if _is_request(event, request_id):
            break
    return Outcome(outcome="closed", why="the run closed before it answered") if closed else None


def check_not_refused(signal_name: str, outcome: Outcome | None) -> None:
    """Raise `SignalRefusedError` with the decider's reason when it refused."""
    if outcome is not None and outcome["outcome"] in ("refused", "closed"):
        raise SignalRefusedError(
            f"{signal_name} was refused: {outcome['why'] or 'no reason given'}"
        )


def _answer_in(client: SwfClient, event: Event, request_id: str) -> Outcome | None:
    if event["eventType"] != "MarkerRecorded":
        return None
    if attributes(event)["markerName"] != SIGNAL_HANDLED:
        return None
    details = wire.loads(attributes(client.decode_event(event)).get("details"))
    if not isinstance(details, dict) or details.get("request_id") != request_id:
        return None
    return Outcome(outcome=details["outcome"], why=details.get("why"))


def _is_request(event: Event, request_id: str) -> bool:
    if event["eventType"] != "WorkflowExecutionSignaled":
        return False
    return request_id in (attributes(event).get("input") or "")
