"""The examples that users start from are orders that the process takes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from activities.validation import validate_input
from starter.requests import checked_input

FOLDER = Path(__file__).parents[2] / "docs" / "examples"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*order*.json")), ids=lambda path: path.name)
def test_example_orders_are_valid(path: Path) -> None:
    order = json.loads(path.read_text(encoding="utf-8"))

    assert validate_input(checked_input(order))["status"] == "validated"


def test_every_line_of_the_example_batch_is_valid() -> None:
    lines = (FOLDER / "batch.jsonl").read_text(encoding="utf-8").splitlines()

    orders = [checked_input(json.loads(line)) for line in lines]

    assert len({order["order_id"] for order in orders}) == len(orders) > 3
    assert all(validate_input(order)["status"] == "validated" for order in orders)


def test_the_complex_example_has_nested_objects_and_unicode() -> None:
    text = (FOLDER / "complex-order.json").read_text(encoding="utf-8")

    assert not text.isascii()
    assert isinstance(json.loads(text)["customer"]["address"], dict)
