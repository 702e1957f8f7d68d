"""The demo's activity worker: the shipped activities, and accidents that an order asks for.

An order says in `metadata.demo` what shall go wrong with it:

| Key | Accident |
|---|---|
| `process_data_fails` | so many attempts of ProcessData fail |
| `enrich_data_hangs` | the first visit of EnrichData works until it is asked to stop |
| `save_results_breaks` | SaveResults fails behind its write, until that flag file is there |
| `ship_refuses` | Ship fails for good |
| `ship_hangs` | the first visit of Ship works until it is asked to stop |
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa

from activities import effects
from activity_worker import (
    ActivityCanceled,
    ActivityWorker,
    NonRetryableError,
    TaskContext,
    current_task,
)
from config import Settings
from wire import Json

HANG_SECONDS = 60.0  # longer than any scenario takes
HEARTBEAT_SECONDS = 0.25

Order = dict[str, Json]


notes = effects.effect_table("demo_notes", sa.Column("note", sa.Text, nullable=False))
"""What the steps of `demonstration.processes` leave behind, and RollbackStep takes back."""


class DemoWorker(ActivityWorker):
    """Overrides three activities; what they do when nothing goes wrong is the shipped one's.

    It has those of `demonstration.processes` beside them.
    """

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self.activities.update(dict.fromkeys(("Reserve", "Pack", "Label", "Bill"), note))
        self.activities["Ship"] = ship

    def process_data(self, data: Order) -> dict[str, Json]:
        """Fail the first attempts, as while a price service restarts."""
        attempt = current_task().attempt
        if attempt <= _accident(data, "process_data_fails", 0):
            raise ConnectionError(f"the price service is restarting (attempt {attempt})")
        return super().process_data(data)

    def enrich_data(self, data: Order) -> dict[str, Json]:
        """Hang on the first visit, as a slow lookup would, but listen to who wants it to stop."""
        task = current_task()
        if task.visit == 1 and _accident(data, "enrich_data_hangs", default=False):
            _hang(task)
        return super().enrich_data(data)

    def save_results(self, data: Order) -> dict[str, Json]:
        """Fail after the record is written, so that the rollback has something to take back."""
        result = super().save_results(data)
        flag = _accident(data, "save_results_breaks", "")
        if flag and not flag_file(self.settings, flag).exists():
            raise OSError("the archive is full")
        return result


def note(data: Order) -> dict[str, Json]:
    """Leave a row that says which step has been here."""
    task = current_task()
    with effects.write(task, task.activity) as connection:
        row = {**effects.key_of(task, task.activity), "note": str(data.get("order_id"))}
        connection.execute(sa.insert(notes), row)
    return {"status": "noted"}


def ship(data: Order) -> dict[str, Json]:
    """Hand the parcel to the carrier, who may refuse it, or take very long."""
    task = current_task()
    if _accident(data, "ship_refuses", default=False):
        raise NonRetryableError("no carrier goes there")
    if task.visit == 1 and _accident(data, "ship_hangs", default=False):
        _hang(task)
    return {"status": "shipped"}


def flag_file(settings: Settings, name: str) -> Path:
    """The file that says: the cause of that failure is gone."""
    return folder(settings) / "mended" / Path(name).name


def folder(settings: Settings) -> Path:
    """What the demo keeps of its own: business database, outbox, logs, flag files."""
    return settings.data_dir / "demo"


def _accident(data: Order, name: str, default: Json) -> Json:
    metadata = data.get("metadata")
    asked = metadata.get("demo") if isinstance(metadata, dict) else None
    return asked.get(name, default) if isinstance(asked, dict) else default


def _hang(task: TaskContext) -> None:
    for beat in range(int(HANG_SECONDS / HEARTBEAT_SECONDS)):
        task.heartbeat(f"looked up {beat}")
        if task.wait_for_cancel(HEARTBEAT_SECONDS):
            raise ActivityCanceled("asked to stop")
