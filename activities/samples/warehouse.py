"""Sources, transformation and warehouse of a small ETL pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from activities import effects
from activities.context import current_task
from errors import NonRetryableError
from wire import Json

REGIONS = ("north", "south", "west")
CUSTOMERS = {"C-0": "Ada", "C-1": "Ben", "C-2": "Cleo", "C-3": "Dov"}
ROWS = 12

warehouse = effects.effect_table(
    "sample_warehouse",
    sa.Column("sale", sa.Text, primary_key=True),
    sa.Column("customer", sa.Text, nullable=False),
    sa.Column("region", sa.Text, nullable=False),
    sa.Column("amount", sa.Integer, nullable=False),
    several_rows=True,
)


def extract_source(data: Mapping[str, Json]) -> dict[str, Json]:
    """Read a source.

    In: `{"source", "day"}`.  Out, for `customers`: `{"names": {ID: NAME}}`; for `sales`:
    `{"partitions": [{"region", "rows": [{"sale", "customer", "amount"}]}]}`, one a region.
    """
    if data["source"] == "customers":
        return {"names": CUSTOMERS}
    if data["source"] != "sales":
        raise NonRetryableError(f"there is no source {data['source']}")
    rows: dict[str, list[Json]] = {region: [] for region in REGIONS}
    for number in range(ROWS):
        row = {
            "sale": f"{data['day']}/{number}",
            "customer": f"C-{number % 5}",
            "amount": 10 * number + 5,
        }
        rows[REGIONS[number % len(REGIONS)]].append(row)
    return {"partitions": [{"region": region, "rows": found} for region, found in rows.items()]}


def transform_partition(event: Mapping[str, Json]) -> dict[str, Json]:
    """Put customers' names in; rows of unknown customers are rejected.

    In: `{"partition", "names"}`.  Out: `{"region", "rows": [...], "rejected": COUNT}`.
    """
    partition, names = event["partition"], event["names"]
    rows = [
        {**row, "customer": names[row["customer"]]}
        for row in partition["rows"]
        if row["customer"] in names
    ]
    rejected = len(partition["rows"]) - len(rows)
    return {"region": partition["region"], "rows": rows, "rejected": rejected}


def load_rows(data: Mapping[str, Json]) -> dict[str, Json]:
    """Write transformed partitions to the warehouse, once per visit.

    In: `{"partitions": [{"region", "rows", "rejected"}]}`.  Out: `{"loaded", "rejected",
    "amount"}`.  `RollbackStep` takes the rows out again.
    """
    task, partitions = current_task(), data["partitions"]
    key = effects.key_of(task, "LoadRows")
    rows: list[dict[str, Any]] = [
        {**key, **row, "region": partition["region"]}
        for partition in partitions
        for row in partition["rows"]
    ]
    with effects.write(task, "LoadRows") as connection:
        if rows:
            connection.execute(sa.insert(warehouse), rows)
    return {
        "loaded": len(rows),
        "rejected": sum(partition["rejected"] for partition in partitions),
        "amount": sum(row["amount"] for row in rows),
    }
