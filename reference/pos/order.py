"""Orders: what a guest buys and how it is paid. Money in tiyin, quantities in thousandths of the unit.

Pure values and rules; how an order becomes a receipt is in receipt_body.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from reference.pos.errors import OrderError
from reference.protocol.uz.values import MAX_BCD

THOUSAND: Final = 1000
MXIK_DIGITS: Final = 17

SALE: Final = "sale"
REFUND: Final = "refund"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Line(_Strict):
    """One line: `price` is for one unit, `amount` in thousandths, `discount` and `other` for the whole
    line."""

    name: str = Field(min_length=1)
    mxik: str = Field(default="", pattern=r"^([0-9]{17})?$", description="product code, 17 digits")
    package_code: str = Field(default="", pattern=r"^[0-9]{0,20}$")
    unit: str = "dona"
    units: int = Field(default=0, ge=0, le=MAX_BCD)
    amount: int = Field(default=THOUSAND, gt=0, le=MAX_BCD)
    price: int = Field(ge=0, le=MAX_BCD)
    discount: int = Field(default=0, ge=0, le=MAX_BCD)
    other: int = Field(default=0, ge=0, le=MAX_BCD)
    vat_percent: int = Field(default=12, ge=0, le=99)
    barcode: str = ""
    label: str = Field(default="", description="marking code; stands once on a receipt (UZ-POS-06)")
    best_before: date | None = Field(default=None, description="a good past this day is not sold (UZ-POS-06)")
    owner_type: int | None = Field(default=None, ge=0, le=2)
    position: int | None = Field(
        default=None, description="on a refund: place of the line in the sale, from 0"
    )
    share: tuple[int, int] | None = Field(
        default=None, description="on a refund: its part of the line's total and VAT"
    )

    @property
    def total(self) -> int:
        """Line total before discount, half a tiyin rounded up (uz-fiscal §2.1 Price)."""
        if self.share is not None:
            return self.share[0]
        return (self.price * self.amount + THOUSAND // 2) // THOUSAND

    @property
    def net(self) -> int:
        """What is owed in cash or by card."""
        return self.total - self.discount - self.other

    @property
    def vat(self) -> int:
        """VAT inside the net sum, rounded to the nearest tiyin (uz-fiscal §8.7)."""
        if self.share is not None:
            return self.share[1]
        base = 100 + self.vat_percent
        return (2 * self.net * self.vat_percent + base) // (2 * base)


class Payment(_Strict):
    """What was received. `app` names the payment application where card money came through one."""

    cash: int = Field(default=0, ge=0, le=MAX_BCD)
    card: int = Field(default=0, ge=0, le=MAX_BCD)
    app: str = ""


class RefundOf(_Strict):
    """The receipt a refund pays back (UZ-POS-03), and which order it was."""

    order: str
    terminal_id: str
    receipt_seq: int
    date_time: str = Field(pattern=r"^[0-9]{14}$")
    fiscal_sign: str = Field(pattern=r"^[0-9]{12}$")


class Order(_Strict):
    """An order. `at` is when it comes in on a planned day, `HH:MM`; `type` 0 purchase, 1 advance, 2
    credit."""

    id: str = Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+$")
    lines: tuple[Line, ...] = Field(min_length=1)
    payment: Payment
    at: str = Field(default="", pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9])?$")
    place: str = ""
    type: int = Field(default=0, ge=0, le=2)
    refund_of: RefundOf | None = None
    refund_order: str = Field(default="", description="on a planned day: the order that is given back")

    @property
    def operation(self) -> str:
        """`sale` or `refund`."""
        return SALE if self.refund_of is None else REFUND

    @property
    def total(self) -> int:
        """What is owed in cash or by card."""
        return sum(line.net for line in self.lines)


@dataclass(frozen=True, slots=True)
class Day:
    """A planned day: orders in the order of their times."""

    name: str
    orders: tuple[Order, ...] = field(default=())


def read_order(values: Any) -> Order:
    """The order in JSON values; OrderError names the first field that breaks a rule."""
    try:
        return Order.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        raise OrderError(".".join(str(part) for part in first["loc"]) or "order", first["msg"]) from error


def read_day(values: Mapping[str, Any]) -> Day:
    """A planned day, `{"name", "orders": [...]}`."""
    orders = tuple(read_order(one) for one in values.get("orders", ()))
    return Day(str(values.get("name", "")), orders)


def check_order(order: Order, today: date) -> None:
    """Refuse what the service would refuse, and what a shop must not sell (UZ-POS-06); OrderError.

    Cash is rounded at the counter, so up to 10000 tiyin may lie between lines and money (uz-fiscal RC-08).
    """
    labels: set[str] = set()
    for place, line in enumerate(order.lines):
        where = f"lines[{place}]"
        if line.discount + line.other > line.total:
            raise OrderError(f"{where}.discount", "discount and other are more than the line costs")
        if line.label and line.label in labels:
            raise OrderError(f"{where}.label", f"marking code {line.label} stands on the receipt already")
        if line.best_before is not None and line.best_before < today and order.operation == SALE:
            raise OrderError(f"{where}.best_before", f"{line.name} expired on {line.best_before}")
        labels.add(line.label)
    received = order.payment.cash + order.payment.card
    if abs(order.total - received) > 10_000:
        raise OrderError("payment", f"received {received} tiyin for lines of {order.total}")
