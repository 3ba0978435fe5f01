"""What the judge's register sells: lines, modifiers and tickets whose sums are the judge's own arithmetic
(kz-ofd §10, §14).

Sums are tiyn, quantities and percents thousandths, times naive local time.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from reference.protocol.kz.tickets import Line, Modifier, Operator, ParentTicket, Payment, TaxEntry, Ticket

BUY, BUY_RETURN, SELL, SELL_RETURN = range(4)
CASH, CARD, CREDIT, TARE, MOBILE = range(5)
COMMODITY, STORNO, MARKUP, STORNO_MARKUP, DISCOUNT, STORNO_DISCOUNT = range(1, 7)
VAT: Final = 16_000
CASHIER: Final = Operator(1, "TEST кассир")
FOREIGN_RNM: Final = "010203040506"
"""RNM of a register of another operator."""
LOAF: Final = 42_000
PARENT_SINCE: Final = 203
UNIT_SINCE: Final = 201

Sold = Line | Modifier
_SIGNS: Final = {
    COMMODITY: 1,
    STORNO: -1,
    MARKUP: 1,
    STORNO_MARKUP: -1,
    DISCOUNT: -1,
    STORNO_DISCOUNT: 1,
}


def inside(base: int, percent: int) -> int:
    """The tax in a base, rounded half up to tiyn (kz-ofd §14.2)."""
    return int((2 * base * percent + 100_000 + percent) // (2 * (100_000 + percent)))


def on_top(base: int, percent: int) -> int:
    """The tax on a base, rounded half up to tiyn (kz-ofd §14.2)."""
    return int((2 * base * percent + 100_000) // 200_000)


def tax(base: int, percent: int = VAT) -> TaxEntry:
    """VAT that a sum contains."""
    return TaxEntry(percent, inside(base, percent), inside=True, taxation_type=101)


def line(price: int = LOAF, quantity: int = 1000, *, vat: int | None = None, **fields: Any) -> Line:
    """A commodity; `vat` is the percent its sum contains."""
    total = (price * quantity + 500) // 1000
    taxes = () if vat is None else (tax(total, vat),)
    made = Line(
        COMMODITY,
        "TEST нан",
        "1",
        quantity,
        price,
        total,
        taxes,
        measure_unit="796",
        commodity_type=0,
    )
    return replace(made, **fields)


def storno(of: Line, **fields: Any) -> Line:
    """The line that takes a commodity back in its own ticket."""
    return replace(of, type=STORNO, **fields)


def modifier(kind: int, total: int, **fields: Any) -> Modifier:
    """A discount or markup on the line before it, or its storno."""
    return replace(Modifier(kind, "TEST жеңілдік", total), **fields)


def total_of(items: tuple[Sold, ...], discount: Modifier | None, markup: Modifier | None) -> int:
    """What a ticket comes to (T13)."""
    total = sum(_SIGNS[item.type or 0] * (item.sum or 0) for item in items)
    return total - ((discount.sum or 0) if discount else 0) + ((markup.sum or 0) if markup else 0)


def parent_of(time: datetime, total: int, **fields: Any) -> ParentTicket:
    """The ticket that a return gives back, one of another operator's."""
    return replace(ParentTicket("3145678901", time, FOREIGN_RNM, total, is_offline=False), **fields)


def ticket(*items: Sold, time: datetime, version: int = 203, **fields: Any) -> Ticket:
    """A correct ticket of what is sold; one loaf with VAT unless items are given.

    Without `payments` it is paid in cash, without `operation` it is a sale; a return has a parent ticket
    from 2.0.3 on. Any field of Ticket may be given as it shall stand.
    """
    sold = items or (line(vat=VAT),)
    total = fields.pop("total", None)
    if total is None:
        total = total_of(sold, fields.get("discount"), fields.get("markup"))
    operation = fields.pop("operation", SELL)
    payments = fields.pop("payments", None)
    if payments is None:
        payments = (Payment(CASH, total),)
    cash = sum(payment.sum or 0 for payment in payments if payment.type == CASH)
    paid_cash = any(payment.type == CASH for payment in payments)
    values: dict[str, Any] = {
        "taken": cash + (fields.get("change") or 0) if paid_cash else None,
        "domain": 0,
        "operator": CASHIER,
        "parent": parent_of(time, total)
        if operation in (BUY_RETURN, SELL_RETURN) and version >= PARENT_SINCE
        else None,
    }
    return Ticket(
        operation=operation,
        time=time,
        items=sold,
        payments=tuple(payments),
        total=total,
        **(values | fields),
    )


def paid(**sums: int) -> tuple[Payment, ...]:
    """Payments by kind, such as `paid(cash=100, card=200)`."""
    kinds = {"cash": CASH, "card": CARD, "credit": CREDIT, "tare": TARE, "mobile": MOBILE}
    return tuple(Payment(kinds[name], total) for name, total in sums.items())
