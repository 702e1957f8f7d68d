"""The process that ships: five steps in order, and two activities for undoing.

To add a step: write its function in `activities/`, name it in `STEPS`, run `setup.py`.
"""

from __future__ import annotations

from functools import lru_cache

import config
from config import Settings
from workflow import Definition, Policy, process, step

NAME = "BusinessProcess"

STEPS = (
    step("ValidateInput"),
    step("ProcessData"),
    step("EnrichData"),
    step("SaveResults", compensation="RollbackStep"),
    step("NotifyCompletion"),
)
"""The ordered list of steps.  Only SaveResults leaves something that must be undone."""


FURTHER: tuple[Definition, ...] = ()
"""Other processes of yours, each made with `workflow.process`; `setup.py` registers them."""


@lru_cache(maxsize=8)
def definition(version: str) -> Definition:
    """The shipped process as that version."""
    return process(NAME, version, STEPS, comment="An order, from validation to notification")


def shipped() -> Definition:
    """The shipped process at the version that the settings name (`WORKFLOW_VERSION`)."""
    return definition(config.settings().workflow_version)


def ours() -> dict[tuple[str, str], Definition]:
    """Every process that is written here, by name and version."""
    return {(item.name, item.version): item for item in (shipped(), *FURTHER)}


def policy_of(settings: Settings) -> Policy:
    """What the settings give to runs that begin now."""
    return Policy(
        max_attempts=settings.max_attempts,
        retry_initial_seconds=settings.retry_initial_seconds,
        retry_backoff_rate=settings.retry_backoff_rate,
        retry_max_seconds=settings.retry_max_seconds,
        start_to_close=settings.activity_start_to_close_timeout,
        schedule_to_start=settings.activity_schedule_to_start_timeout,
        schedule_to_close=settings.activity_schedule_to_close_timeout,
        heartbeat=settings.activity_heartbeat_timeout,
        lambda_tasks=bool(settings.lambda_role),
    )
