"""Building, testing and deploying an application."""

from __future__ import annotations

import re
from collections.abc import Mapping

import sqlalchemy as sa

from activities import effects
from activities.context import current_task
from activities.samples.undoing import take_back
from wire import Json

deployments = effects.effect_table(
    "sample_deployments",
    sa.Column("environment", sa.Text, nullable=False),
    sa.Column("artifact", sa.Text, nullable=False),
)


class BuildFailedError(Exception):
    """The version cannot be built."""


class TestsFailedError(Exception):
    """A suite of tests found a mistake."""

    __test__ = False  # its name misleads pytest


def build(data: Mapping[str, Json]) -> dict[str, Json]:
    """Build a version.

    In: `{"application", "version"}`.  Out: `{"artifact"}`.  Raises `BuildFailedError` for a
    version that is not like `1.2.3` or `1.2.3-rc1`.
    """
    if not re.fullmatch(r"\d+\.\d+\.\d+(-\w+)?", str(data["version"])):
        raise BuildFailedError(f"{data['version']} is no version")
    return {"artifact": f"{data['application']}-{data['version']}.zip"}


def run_tests(data: Mapping[str, Json]) -> dict[str, Json]:
    """Run a suite against an artifact.

    In: `{"suite", "artifact"}`.  Out: `{"suite", "passed"}`.  Raises `TestsFailedError` for a
    version with the suffix `-broken`.
    """
    if str(data["artifact"]).endswith("-broken.zip"):
        raise TestsFailedError(f"{data['suite']}: 1 of 12 tests failed")
    return {"suite": data["suite"], "passed": 12}


def deploy(data: Mapping[str, Json]) -> dict[str, Json]:
    """Deploy an artifact, once per visit.

    In: `{"environment", "artifact"}`.  Out: the same.
    """
    task = current_task()
    deployed = {name: str(data[name]) for name in ("environment", "artifact")}
    with effects.write(task, "Deploy") as connection:
        connection.execute(sa.insert(deployments), {**effects.key_of(task, "Deploy"), **deployed})
    return {**deployed}


def roll_back_deployment(data: Mapping[str, Json]) -> dict[str, Json]:
    """Take a deployment back.

    In: `{"step_to_rollback"}`, the step that deployed.  Out: `{"rolled_back": 1 or 0}`.
    """
    return {"rolled_back": take_back(str(data["step_to_rollback"]))}
