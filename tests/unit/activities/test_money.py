from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities import money


@pytest.mark.parametrize(
    ("value", "decimal"),
    [(0.1, "0.1"), ("19.90", "19.90"), (3, "3"), (" 7 ", "7"), (1e-7, "1E-7"), (-2, "-2")],
)
def test_a_number_is_read_as_the_digits_that_json_shows(value: object, decimal: str) -> None:
    assert money.number(value) == Decimal(decimal)


@pytest.mark.parametrize(
    "value",
    [None, True, [], {}, "", "abc", "12,50", "NaN", "Infinity", float("nan"), float("inf"),
     1e13, "1e999999", "1e-999999"],
)  # fmt: skip
def test_anything_else_is_no_number(value: object) -> None:
    with pytest.raises(ValueError, match=r"number|large|digits"):
        money.number(value)


@pytest.mark.parametrize(
    ("amount", "text"),
    [("0.005", "0.01"), ("0.0049", "0.00"), ("2.675", "2.68"), ("1E+3", "1000.00"), ("0", "0.00")],
)
def test_amounts_have_two_decimals_rounded_half_up(amount: str, text: str) -> None:
    assert money.text(Decimal(amount)) == text


@given(
    cents=st.integers(0, 10**14),
    parts=st.integers(1, 360),
)
def test_parts_sum_exactly_and_differ_by_a_cent_at_most(cents: int, parts: int) -> None:
    amount = Decimal(cents) / 100
    split = money.split(amount, parts)
    assert len(split) == parts
    assert sum(split) == amount
    assert split == sorted(split, reverse=True)
    assert split[0] - split[-1] in (0, money.CENT)
