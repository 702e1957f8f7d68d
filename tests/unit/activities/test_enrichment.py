from typing import Any

import pytest

from activities.enrichment import enrich_data


def enriched(**order: Any) -> dict[str, Any]:
    return enrich_data({"order_id": "ORD-1", **order})


@pytest.mark.parametrize(
    ("total", "tier"),
    [("0.00", "standard"), ("999.99", "standard"), ("1000.00", "silver"), ("5000.00", "gold")],
)
def test_the_tier_comes_from_the_total(total: str, tier: str) -> None:
    assert enriched(previous_results={"ProcessData": {"total": total}})["customer_tier"] == tier


def test_a_given_tier_is_kept() -> None:
    assert enriched(customer={"tier": "Família ✨"}, total=9000)["customer_tier"] == "Família ✨"


@pytest.mark.parametrize("previous", [None, {}, {"ProcessData": None}, {"ProcessData": {}}])
def test_without_the_processed_total_it_is_computed(previous: Any) -> None:
    order = {"items": [{"price": 600, "quantity": 2}], "previous_results": previous}
    assert enriched(**order)["customer_tier"] == "silver"


@pytest.mark.parametrize(
    ("method", "tier", "days"),
    [("express", "", 2), ("Same-Day", "", 0), ("economy", "gold", 7), ("same day", "VIP", 0),
     ("by balloon", "", 5), ("", "", 5)],
)  # fmt: skip
def test_delivery_depends_on_method_and_tier(method: str, tier: str, days: int) -> None:
    result = enriched(shipping={"method": method}, customer={"tier": tier})
    assert result["delivery_days"] == days


@pytest.mark.parametrize(
    ("created_at", "arrival"),
    [("2026-02-26T23:59:00Z", "2026-03-03"), ("2026-02-26", "2026-03-03"), ("yesterday", None),
     ("9999-12-31", None), (1767225600, None), (None, None)],
)  # fmt: skip
def test_the_delivery_date_counts_from_the_orders_own_date(created_at: Any, arrival: Any) -> None:
    assert enriched(created_at=created_at).get("delivery_date") == arrival


def test_the_same_order_gives_the_same_result() -> None:
    assert enriched(items=["a"]) == enriched(items=["a"])
