"""The order that the process works on, read from JSON once and for all steps alike.

Only `order_id` is required.  `Order.read` collects every problem instead of stopping at the
first, so that whoever sent the order mends it in one go.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from activities import money
from errors import NonRetryableError
from wire import Json

MOST_INSTALLMENTS = 360
ZERO = Decimal(0)
ONE = Decimal(1)


@dataclass(frozen=True)
class Line:
    """One item of an order."""

    name: str
    """The item's name, else its sku, else its number in the order."""
    quantity: Decimal = ONE
    unit_price: Decimal | None = None
    """None when the order does not say."""
    discount: Decimal = ZERO
    """A fraction: 0.10 is 10 %."""

    @property
    def gross(self) -> Decimal:
        """Price before discount, in whole cents; an unknown price counts as nothing."""
        return money.cents(money.times(self.quantity, self.unit_price or ZERO))

    @property
    def net(self) -> Decimal:
        """Price after discount, rounded once, in whole cents."""
        price = money.times(self.quantity, self.unit_price or ZERO, ONE - self.discount)
        return money.cents(price)


@dataclass(frozen=True)
class Order:
    """An order whose shapes and amounts are sound."""

    order_id: str | int
    lines: tuple[Line, ...] = ()
    shipping_method: str = ""
    shipping_cost: Decimal = ZERO
    installments: int = 1
    given_total: Decimal | None = None
    tier: str = ""
    """The customer's tier, when the order gives one."""
    customer_id: str = ""

    @property
    def priced(self) -> bool:
        """Whether the items alone say what the order costs."""
        return bool(self.lines) and all(line.unit_price is not None for line in self.lines)

    @property
    def items_total(self) -> Decimal:
        """What the items cost after discount, without shipping."""
        return sum((line.net for line in self.lines), ZERO)

    @classmethod
    def read(cls, data: Mapping[str, Json]) -> Order:
        """The order in an activity's input; `NonRetryableError` lists every problem in it."""
        reader = _Reader()
        order = reader.order(data)
        if reader.problems:
            raise NonRetryableError("the order is not valid: " + "; ".join(reader.problems))
        return order


class _Reader:
    """Reads an order and notes what is wrong with it; what is wrong reads as absent."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def order(self, data: Mapping[str, Json]) -> Order:
        customer = self._object(data, "customer")
        shipping = self._object(data, "shipping")
        payment = self._object(data, "payment")
        self._object(data, "metadata")
        self._text(data, "payment_method")
        order = Order(
            order_id=self._order_id(data),
            lines=self._lines(data.get("items")),
            shipping_method=self._text(shipping, "method", "shipping."),
            shipping_cost=self._amount(shipping, "cost", "shipping.") or ZERO,
            installments=self._installments(payment),
            given_total=self._amount(data, "total"),
            tier=self._text(customer, "tier", "customer."),
            customer_id=self._id(data, "customer_id") or self._id(customer, "id", "customer."),
        )
        if not self.problems:
            self._check_total(order)
        return order

    def _note(self, where: str, problem: object) -> None:
        self.problems.append(f"{where} {problem}")

    def _order_id(self, data: Mapping[str, Json]) -> str | int:
        value = data.get("order_id")
        if value is None or value == "":
            self._note("order_id", "is required")
        elif isinstance(value, bool) or not isinstance(value, (str, int)):
            self._note("order_id", "must be text or a whole number")
        elif isinstance(value, str) and not value.strip():
            self._note("order_id", "must not be blank")
        else:
            return value
        return ""

    def _object(self, data: Mapping[str, Json], name: str) -> Mapping[str, Json]:
        value = data.get(name)
        if value is None or isinstance(value, dict):
            return value or {}
        self._note(name, "must be an object")
        return {}

    def _text(self, data: Mapping[str, Json], name: str, inside: str = "") -> str:
        value = data.get(name)
        if value is None or isinstance(value, str):
            return value or ""
        self._note(inside + name, "must be text")
        return ""

    def _id(self, data: Mapping[str, Json], name: str, inside: str = "") -> str:
        value = data.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        return self._text(data, name, inside)

    def _amount(self, data: Mapping[str, Json], name: str, inside: str = "") -> Decimal | None:
        number = self._number(data, name, inside)
        if number is not None and number < 0:
            self._note(inside + name, "must not be negative")
            return None
        return number

    def _number(self, data: Mapping[str, Json], name: str, inside: str = "") -> Decimal | None:
        value = data.get(name)
        if value is None:
            return None
        try:
            return money.number(value)
        except ValueError as error:
            self._note(inside + name, error)
            return None

    def _installments(self, payment: Mapping[str, Json]) -> int:
        number = self._number(payment, "installments", "payment.")
        if number is None:
            return 1
        if number != number.to_integral_value() or not 1 <= number <= MOST_INSTALLMENTS:
            self._note(
                "payment.installments", f"must be a whole number from 1 to {MOST_INSTALLMENTS}"
            )
            return 1
        return int(number)

    def _lines(self, items: Json) -> tuple[Line, ...]:
        if items is None:
            return ()
        if not isinstance(items, list):
            self._note("items", "must be a list")
            return ()
        return tuple(self._line(item, index) for index, item in enumerate(items))

    def _line(self, item: Json, index: int) -> Line:
        inside = f"items[{index}]."
        if isinstance(item, str):
            return Line(item)
        if not isinstance(item, dict):
            self._note(f"items[{index}]", "must be text or an object")
            return Line("")
        sku, name = (self._id(item, key, inside) for key in ("sku", "name"))
        return Line(
            name=name or sku or f"item {index + 1}",
            quantity=self._quantity(item, inside),
            unit_price=self._unit_price(item, inside),
            discount=self._discount(item, inside),
        )

    def _quantity(self, item: Mapping[str, Json], inside: str) -> Decimal:
        quantity = self._number(item, "quantity", inside)
        if quantity is not None and quantity <= 0:
            self._note(inside + "quantity", "must be above 0")
        return ONE if quantity is None else quantity

    def _unit_price(self, item: Mapping[str, Json], inside: str) -> Decimal | None:
        price = self._amount(item, "price", inside)
        unit_price = self._amount(item, "unit_price", inside)
        if price is not None and unit_price is not None and price != unit_price:
            self._note(inside + "price", "and unit_price differ")
        return unit_price if price is None else price

    def _discount(self, item: Mapping[str, Json], inside: str) -> Decimal:
        discount = self._number(item, "discount", inside)
        if discount is None:
            return ZERO
        if not 0 <= discount <= 1:
            self._note(inside + "discount", "must be a fraction from 0 to 1 (0.10 is 10 %)")
        return discount

    def _check_total(self, order: Order) -> None:
        """A given total is the items' or the items' plus shipping, to the cent."""
        if order.given_total is None or not order.priced:
            return
        items, shipping = order.items_total, order.shipping_cost
        allowed = dict.fromkeys(money.text(sum_) for sum_ in (items, items + shipping))
        if order.given_total not in map(Decimal, allowed):
            self._note(
                "total", f"is {order.given_total}, but the items give {' or '.join(allowed)}"
            )


def previous_result(data: Mapping[str, Json], step: str) -> Mapping[str, Json]:
    """What an earlier step gave, or an empty object where it has not run or was skipped."""
    results: Any = data.get("previous_results")
    result = results.get(step) if isinstance(results, dict) else None
    return result if isinstance(result, dict) else {}
