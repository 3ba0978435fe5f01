"""One order, payment, employee or product with all that is known of it (BX-ORD-01, BX-TRX-01, BX-EMP-01).

Bodies of orders and receipts are a point of sale's own words: whatever is missing or of another kind there
shows as nothing, and never as an error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from reference.backoffice import tables
from reference.backoffice.branches import chosen
from reference.backoffice.entrance import Visitor
from reference.backoffice.moments import moment_of
from reference.backoffice.office import Office
from reference.backoffice.reports import OrderRow, TransactionRow, order_row, transaction_row
from reference.backoffice.totals import EmployeeSum
from reference.runtime.refusals import UnknownError

_MOST: Final = 2**53
_DRIVE_TIME: Final = re.compile(r"^(\d{4})-?(\d\d)-?(\d\d)[ T]?(\d\d):?(\d\d):?(\d\d)$")
"""A receipt's time as the drive service gives it."""
_SCHEMES: Final = ("http://", "https://")


@dataclass(frozen=True, slots=True)
class SoldLine:
    """A line of an order: `amount` in thousandths, `price` of one, `sum` what the line comes to."""

    name: str
    amount: int
    price: int
    discount: int
    sum: int


@dataclass(frozen=True, slots=True)
class FiscalFacts:
    """The fiscal receipt of an order; `address` only where it is a link, `reason` when it was refused."""

    state: str
    terminal: str
    number: str
    made: str
    sign: str
    address: str
    reason: str


@dataclass(frozen=True, slots=True)
class OrderDetails:
    """An order with everything. `original` is the id of the order that a refund gives back."""

    row: OrderRow
    branch: str
    confirmed: str
    goods: int
    discount: int
    surcharge: int
    reason: str
    original: int | None
    original_number: str
    lines: tuple[SoldLine, ...]
    fiscal: FiscalFacts
    payments: tuple[TransactionRow, ...]


@dataclass(frozen=True, slots=True)
class EmployeeDetails:
    """An employee with what came in through him, and where he works."""

    link: int
    key: str
    sums: EmployeeSum
    active: bool
    branch: str
    recent: tuple[OrderRow, ...]


RECENT: Final = 10
"""Orders on an employee's page."""


class Details:
    """The desk that shows one thing; UnknownError for everything that is not the owner's."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def order(self, visitor: Visitor, order: int) -> OrderDetails:
        """One order."""
        with self._office.reading() as session:
            row = session.get(tables.ShopOrder, order)
            if row is None or row.branch not in chosen(session, visitor, None):
                raise UnknownError("order")
            body, table = _mapping(row.body), tables.Transaction
            original = _order(session, row.link, _text(body, "refund_of"))
            paid = sa.select(table).where(table.link == row.link, table.order == row.key).order_by(table.id)
            return OrderDetails(
                row=order_row(session, row),
                branch=session.get_one(tables.Branch, row.branch).name,
                confirmed=_moment(body, "confirmed"),
                goods=_number(body, "goods"),
                discount=_number(body, "discount"),
                surcharge=_number(body, "surcharge"),
                reason=_text(body, "reason"),
                original=None if original is None else original.id,
                original_number="" if original is None else _text(_mapping(original.body), "number"),
                lines=_lines(body),
                fiscal=_fiscal(row),
                payments=tuple(transaction_row(session, each) for each in session.scalars(paid)),
            )

    def transaction(self, visitor: Visitor, transaction: int) -> tuple[TransactionRow, OrderRow | None]:
        """One payment, and the order that it pays."""
        with self._office.reading() as session:
            row = session.get(tables.Transaction, transaction)
            if row is None or row.branch not in chosen(session, visitor, None):
                raise UnknownError("transaction")
            order = _order(session, row.link, row.order)
            return transaction_row(session, row), None if order is None else order_row(session, order)

    def employee(self, visitor: Visitor, link: int, key: str) -> EmployeeDetails:
        """One employee of one point of sale."""
        with self._office.reading() as session:
            row = session.get(tables.Employee, (link, key))
            if row is None or row.branch not in chosen(session, visitor, None):
                raise UnknownError("employee")
            table = tables.ShopOrder
            query = sa.select(table).where(
                table.branch == row.branch, table.link == link, table.employee == key
            )
            recent = session.scalars(query.order_by(table.opened.desc(), table.id.desc()).limit(RECENT))
            name = f"{row.first_name} {row.last_name}".strip()
            return EmployeeDetails(
                link,
                key,
                EmployeeSum(name, row.role, row.orders, row.revenue),
                row.active,
                session.get_one(tables.Branch, row.branch).name,
                tuple(order_row(session, each) for each in recent),
            )


def _order(session: Session, link: int, key: str) -> tables.ShopOrder | None:
    table = tables.ShopOrder
    if not key:
        return None
    return session.scalars(sa.select(table).where(table.link == link, table.key == key)).first()


def _fiscal(row: tables.ShopOrder) -> FiscalFacts:
    told = _mapping(row.receipt)
    address = _text(told, "address")
    return FiscalFacts(
        state=row.fiscal,
        terminal=_text(told, "terminal"),
        number=_text(told, "number"),
        made=_DRIVE_TIME.sub(r"\3.\2.\1 \4:\5:\6", _text(told, "made")),
        sign=_text(told, "sign"),
        address=address if address.startswith(_SCHEMES) else "",
        reason=_text(told, "reason"),
    )


def _lines(body: Mapping[str, Any]) -> tuple[SoldLine, ...]:
    listed = body.get("lines")
    return tuple(
        SoldLine(
            name=_text(each, "name"),
            amount=_number(each, "amount"),
            price=_number(each, "price"),
            discount=_number(each, "discount"),
            sum=_number(each, "sum"),
        )
        for each in (listed if isinstance(listed, list) else ())
        if isinstance(each, Mapping)
    )


def _mapping(text: str) -> Mapping[str, Any]:
    read = json.loads(text)
    return read if isinstance(read, Mapping) else {}


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    return str(value)[:1000] if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _moment(body: Mapping[str, Any], name: str) -> str:
    text = _text(body, name)
    try:
        return text if moment_of(text).tzinfo is not None else ""
    except ValueError:
        return ""


def _number(body: Mapping[str, Any], name: str) -> int:
    value = body.get(name)
    known = isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _MOST
    return int(value or 0) if known else 0
