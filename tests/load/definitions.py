"""The processes under load beside the one that ships, and the functions of their steps."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from activity_worker import NonRetryableError, current_task
from asl.loading import load
from workflow import Definition, process, step, wait_for_signal

VERSION = "1.0"
SIGNAL = "GO"
LARGE = 45_000  # characters; SWF takes 32,768

WAITING = load(
    '{"StartAt": "Wait", '
    '"States": {"Wait": {"Type": "Wait", "SecondsPath": "$.seconds", "End": true}}}',
    "LoadWaiting",
    VERSION,
)
"""Nothing but a timer, of as many seconds as its input says."""

MIXED = process(
    "LoadMixed",
    VERSION,
    [
        step("LoadFlaky"),
        wait_for_signal("Go", signal=SIGNAL),
        step("LoadLarge"),
        step("LoadLast", needs=["LoadLarge"], compensation="RollbackStep"),
        step("LoadRefuse", needs=[]),
    ],
)
"""Fails once, waits for a signal, carries a large value, is rolled back now and then."""

OURS: tuple[Definition, ...] = (WAITING, MIXED)


def is_refused(number: int) -> bool:
    """Whether the mixed execution of that number ends rolled back: one of four."""
    return number % 4 == 0


def flaky(data: dict[str, Any]) -> dict[str, Any]:
    """Fails the first time."""
    if current_task().attempt == 1:
        raise ConnectionError("not yet")
    return {"tried": True}


def large(data: dict[str, Any]) -> dict[str, Any]:
    """A value that the payload store has to keep."""
    return {"text": "".join(random.choices("abcdefgh", k=LARGE))}


def last(data: dict[str, Any]) -> dict[str, Any]:
    """Reads the large value."""
    return {"length": len(data["previous_results"]["LoadLarge"]["text"])}


def refuse(data: dict[str, Any]) -> dict[str, Any]:
    """Fails for good where that is wanted."""
    if is_refused(data["number"]):
        raise NonRetryableError("not this one")
    return {"done": True}


ACTIVITIES: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "LoadFlaky": flaky,
    "LoadLarge": large,
    "LoadLast": last,
    "LoadRefuse": refuse,
}


def order(number: int) -> dict[str, Any]:
    """An order for the process that ships."""
    return {"order_id": f"ORD-{number}", "items": ["a", "b"], "customer_id": "C-1"}
