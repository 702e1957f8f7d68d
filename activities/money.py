"""Amounts of money as exact decimals.

An amount arrives as a JSON number or as text (`19.9`, `"19.90"`) and leaves as text with two
decimals (`"19.90"`): JSON numbers are binary fractions in most readers, and money is not.
"""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal, InvalidOperation, localcontext
from typing import Any

CENT = Decimal("0.01")
LARGEST_EXPONENT = 12  # amounts stay below 10**12: products and sums then fit decimal's 28 digits
FINEST_EXPONENT = -12  # digits after the point that a price or quantity may have
EXACT = Context(prec=80, rounding=ROUND_HALF_UP)  # a price times a quantity never rounds in it


def number(value: Any) -> Decimal:
    """The exact decimal that a JSON number or its text says; anything else is a ValueError.

    A float counts as the digits that JSON shows for it: 0.1 is one tenth.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)):
        raise ValueError("must be a number")  # noqa: TRY004 - one kind of error for callers
    try:
        decimal = Decimal(str(value).strip())
    except InvalidOperation:
        raise ValueError("must be a number") from None
    if not decimal.is_finite():
        raise ValueError("must be a finite number")
    return _of_sane_size(decimal)


def _of_sane_size(decimal: Decimal) -> Decimal:
    if decimal and decimal.adjusted() >= LARGEST_EXPONENT:
        raise ValueError("is too large")
    exponent = decimal.as_tuple().exponent
    if isinstance(exponent, int) and exponent < FINEST_EXPONENT:
        raise ValueError(f"has more than {-FINEST_EXPONENT} digits after the point")
    return decimal


def cents(amount: Decimal) -> Decimal:
    """Rounded to whole cents, half a cent upwards."""
    return amount.quantize(CENT, ROUND_HALF_UP, EXACT)


def text(amount: Decimal) -> str:
    """`Decimal("1234.5")` as `"1234.50"`."""
    return f"{cents(amount):f}"


def times(*factors: Decimal) -> Decimal:
    """The exact product."""
    with localcontext(EXACT):
        product = Decimal(1)
        for factor in factors:
            product *= factor
        return product


def split(amount: Decimal, parts: int) -> list[Decimal]:
    """Whole-cent parts that differ by a cent at most, the larger ones first, and sum exactly."""
    with localcontext(EXACT):
        least = (amount / parts).quantize(CENT, ROUND_DOWN)
        left_over = int((amount - least * parts) / CENT)
        return [least + CENT if index < left_over else least for index in range(parts)]
