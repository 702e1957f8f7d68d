"""What executions cost: SWF's prices, and Step Functions' beside them, from `prices.json`."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TypedDict

from wire import Json

FILE = Path(__file__).with_name("prices.json")
DAY_SECONDS = 86_400


class Units(TypedDict):
    """What is billed, of one execution with its children."""

    starts: int
    """Runs: starts, children, and runs that continue as new."""
    activity_tasks: int
    decision_tasks: int
    timers: int
    signals: int
    markers: int
    open_days: float
    """Days open beyond the first, of all runs."""
    retained_days: float
    """Days that the closed runs are kept."""
    transitions: int
    """What Step Functions Standard would count: states entered, and retries."""
    seconds: float
    """Duration."""


class Dollars(TypedDict):
    """Prices in US dollars."""

    swf: float
    """Decision tasks not counted, as in the official example."""
    swf_with_decision_tasks: float
    step_functions_standard: float
    step_functions_express: float | None
    """None where it takes longer than Express executions may."""


@lru_cache(maxsize=1)
def prices() -> dict[str, Json]:
    """The price list: its `date`, `region`, `currency`, and a part for each service."""
    found: dict[str, Json] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def dollars(units: Units) -> Dollars:
    """What one execution costs, free quotas left aside."""
    swf, standard = prices()["swf"], prices()["step_functions_standard"]
    small = sum(units[name] for name in ("activity_tasks", "timers", "signals", "markers"))
    price = (
        units["starts"] * swf["start"]
        + small * swf["task_timer_signal_marker"]
        + units["open_days"] * swf["open_day"]
        + units["retained_days"] * swf["retained_day"]
    )
    decisions = units["decision_tasks"] * swf["task_timer_signal_marker"]
    return Dollars(
        swf=round(price, 9),
        swf_with_decision_tasks=round(price + decisions, 9),
        step_functions_standard=round(units["transitions"] * standard["transition"], 9),
        step_functions_express=_express(prices()["step_functions_express"], units["seconds"]),
    )


def _express(part: Mapping[str, Json], seconds: float) -> float | None:
    """One request in the first tier; None where it would take too long."""
    if seconds > part["longest_seconds"]:
        return None
    steps = max(1, math.ceil(seconds / part["duration_step_seconds"]))
    gigabytes = part["memory_step_mb"] / 1024
    duration = steps * part["duration_step_seconds"] * gigabytes * part["gb_second"][0][1]
    return round(float(part["request"] + duration), 12)
