from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.processing import process_data
from errors import NonRetryableError


def processed(**order: Any) -> dict[str, Any]:
    return process_data({"order_id": "ORD-1", **order})


def test_an_order_is_computed_to_the_cent() -> None:
    result = processed(
        items=[
            {"name": "Pen", "quantity": 3, "price": "9.99", "discount": 0.1},
            {"sku": "B-7", "unit_price": 2.675},
        ],
        shipping={"cost": 5},
        payment={"installments": 3},
    )
    assert result == {
        "status": "processed",
        "order_id": "ORD-1",
        "lines": [
            {"name": "Pen", "quantity": "3", "unit_price": "9.99", "discount": "0.1",
             "total": "26.97"},
            {"name": "B-7", "quantity": "1", "unit_price": "2.675", "discount": "0",
             "total": "2.68"},
        ],
        "subtotal": "32.65",
        "discount": "3.00",
        "shipping": "5.00",
        "total": "34.65",
        "installments": ["11.55", "11.55", "11.55"],
        "notes": [],
    }  # fmt: skip


def test_items_without_a_price_count_as_nothing_and_are_noted() -> None:
    result = processed(items=["plain", {"price": 4}, {}])
    assert result["total"] == "4.00"
    assert result["notes"] == [
        "no price for plain: counted as 0",
        "no price for item 3: counted as 0",
    ]


def test_a_given_total_stands_where_the_items_give_none() -> None:
    result = processed(items=["plain"], total=99.99, payment={"installments": 2})
    assert (result["total"], result["installments"]) == ("99.99", ["50.00", "49.99"])
    assert "the given total stands" in result["notes"][-1]


def test_an_order_without_items_costs_its_shipping() -> None:
    assert processed(shipping={"cost": "7.5"})["total"] == "7.50"


def test_a_bad_order_is_not_retried_here_either() -> None:
    with pytest.raises(NonRetryableError):
        processed(items=[{"price": "x"}])


ITEMS = st.fixed_dictionaries(
    {
        "price": st.decimals(0, 10**6, places=4).map(str),
        "quantity": st.integers(1, 10**4),
        "discount": st.decimals(0, 1, places=3).map(str),
    }
)


@given(items=st.lists(ITEMS, max_size=20), parts=st.integers(1, 36))
def test_installments_and_lines_sum_to_the_total(items: list[Any], parts: int) -> None:
    result = processed(items=items, payment={"installments": parts}, shipping={"cost": "3.33"})
    lines = sum((Decimal(line["total"]) for line in result["lines"]), Decimal(0))
    total = Decimal(result["total"])
    assert total == lines + Decimal("3.33")
    assert total == Decimal(result["subtotal"]) - Decimal(result["discount"]) + Decimal("3.33")
    assert sum(map(Decimal, result["installments"])) == total
