"""Simulations of the definitions on disk, with this application's policy."""

from __future__ import annotations

import time

import process
import published
from config import Settings
from runner.simulation import Simulation, plan_of, simulate
from wire import Json
from workflow import Definition


def simulation(
    settings: Settings,
    definition: Definition,
    input: Json,  # noqa: A002 - as everywhere in this application
    plan: Json,
    *,
    timeout: str | None = None,
    start: float | None = None,
) -> Simulation:
    """Run a definition on the virtual clock; `plan` as `runner.simulation.plan_of` has it."""
    outcomes, signals = plan_of(plan)
    return simulate(
        definition,
        input,
        outcomes,
        signals=signals,
        definitions=published.find,
        policy=process.policy_of(settings),
        timeout=None if timeout in (None, "NONE") else float(timeout),
        start=time.time() if start is None else start,
    )
