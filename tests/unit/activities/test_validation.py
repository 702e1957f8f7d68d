from typing import Any

import pytest

from activities.validation import validate_input
from errors import NonRetryableError

NESTED = {
    "order_id": "PEDIDO-ção-✨-\ud83d\ude00",
    "customer": {"id": "C-1", "name": "José 李 \0", "tier": "Ouro", "address": {"lines": ["a"]}},
    "items": [{"sku": "A", "name": "Café", "quantity": 2, "unit_price": 99.9, "discount": 0.1}],
    "shipping": {"method": "express", "cost": 25, "address": {"city": "São Paulo"}},
    "payment": {"method": "card", "installments": 3},
    "metadata": {"any": {"depth": [1, None, {"x": True}]}},
    "total": "204.82",
}


@pytest.mark.parametrize(
    "order",
    [
        {"order_id": "ORD-1"},
        {"order_id": 17},
        {"order_id": "ORD-1", "items": None},
        {"order_id": "ORD-1", "items": []},
        {"order_id": "ORD-1", "items": ["a", "b"], "customer_id": "C-1"},
        {"order_id": "ORD-1", "items": ["a"], "total": 99.99},
        {"order_id": "ORD-1", "items": [{}]},
        {"order_id": "ORD-1", "items": [{"name": "x"}], "total": 5},
        {"order_id": "ORD-1", "items": [{"price": "1.10", "quantity": 3}], "total": 3.3},
        {"order_id": "ORD-1", "items": [{"price": 1, "unit_price": "1.00"}]},
        {"order_id": "ORD-1", "payment_method": "pix", "created_at": "2026-01-01"},
        {"order_id": "ORD-1", "items": [{"price": 10}], "shipping": {"cost": 2}, "total": 10},
        {"order_id": "ORD-1", "items": [{"price": 10}], "shipping": {"cost": 2}, "total": 12},
        NESTED,
    ],
)
def test_good_orders_are_validated(order: dict[str, Any]) -> None:
    result = validate_input({**order, "previous_results": {}})
    assert result["status"] == "validated"
    assert result["order_id"] == order["order_id"]
    assert result["item_count"] == len(order.get("items") or [])


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"order_id": None}, "order_id is required"),
        ({"order_id": ""}, "order_id is required"),
        ({"order_id": "  "}, "order_id must not be blank"),
        ({"order_id": ["x"]}, "order_id must be text or a whole number"),
        ({"order_id": True}, "order_id must be text or a whole number"),
        ({"items": "a"}, "items must be a list"),
        ({"items": [7]}, "items[0] must be text or an object"),
        ({"items": [{"price": -1}]}, "items[0].price must not be negative"),
        ({"items": [{"price": "ten"}]}, "items[0].price must be a number"),
        ({"items": [{"price": 1, "unit_price": 2}]}, "items[0].price and unit_price differ"),
        ({"items": ["a", {"quantity": 0}]}, "items[1].quantity must be above 0"),
        ({"items": [{"quantity": True}]}, "items[0].quantity must be a number"),
        ({"items": [{"discount": 10}]}, "items[0].discount must be a fraction from 0 to 1"),
        ({"items": [{"sku": {}}]}, "items[0].sku must be text"),
        ({"total": -1}, "total must not be negative"),
        ({"total": float("nan")}, "total must be a finite number"),
        ({"items": [{"price": 0.1, "quantity": 3}], "total": 0.31}, "total is 0.31, but the items"),
        ({"items": [{"price": 10}], "shipping": {"cost": 2}, "total": 11}, "10.00 or 12.00"),
        ({"customer": "C-1"}, "customer must be an object"),
        ({"customer": {"tier": 3}}, "customer.tier must be text"),
        ({"shipping": {"cost": "free"}}, "shipping.cost must be a number"),
        ({"payment": {"installments": 0}}, "payment.installments must be a whole number"),
        ({"payment": {"installments": 1.5}}, "payment.installments must be a whole number"),
        ({"payment_method": 1}, "payment_method must be text"),
        ({"metadata": []}, "metadata must be an object"),
    ],
)
def test_what_is_wrong_is_named_and_not_retried(change: dict[str, Any], problem: str) -> None:
    with pytest.raises(NonRetryableError) as raised:
        validate_input({"order_id": "ORD-1", **change})
    assert problem in str(raised.value)


def test_all_problems_are_listed_at_once() -> None:
    with pytest.raises(NonRetryableError) as raised:
        validate_input({"items": [{"quantity": -1, "price": "x"}], "total": "y"})
    assert str(raised.value).count(";") == 3


def test_the_total_is_compared_as_decimals() -> None:
    tenth = {"price": 0.1, "quantity": 1}
    order = {"order_id": "ORD-1", "items": [tenth, tenth, tenth], "total": 0.3}
    assert validate_input(order)["items_total"] == "0.30"  # 0.1 + 0.1 + 0.1 != 0.3 in floats
