import dataclasses
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import config
from activities import database
from activities.context import TaskContext
from config import Settings

POSTGRESQL = "TEST_POSTGRESQL_URL"
"""Names a PostgreSQL database that tests may fill, as a URL; without it they use SQLite only."""


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    nothing = tmp_path / "empty.env"
    nothing.touch()
    loaded = config.load({"DATA_DIR": str(tmp_path / "data")}, nothing)
    yield loaded
    database.close()


@pytest.fixture(params=["sqlite", *(["postgresql"] if POSTGRESQL in os.environ else [])])
def any_database(request: pytest.FixtureRequest, settings: Settings) -> Settings:
    if request.param == "sqlite":
        return settings
    return dataclasses.replace(settings, database_url=os.environ[POSTGRESQL])


@pytest.fixture
def task_of(settings: Settings) -> Callable[..., TaskContext]:
    def make(path: str, visit: int = 1, **members: object) -> TaskContext:
        facts = {
            "workflow_id": "workflow-1",
            "run_id": "run-1",
            "start_id": "start-1",
            "settings": settings,
        }
        return TaskContext(**{**facts, "path": path, "visit": visit, **members})  # type: ignore[arg-type]

    return make
