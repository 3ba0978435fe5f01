"""What the owner sees (BX-DSH, BX-ORD, BX-PRD, BX-EMP, BX-TRX).

Sums come from rows that are kept up as changes come in, never from all orders: a million cost no more.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, Session

from reference.backoffice import tables, totals
from reference.backoffice.branches import chosen
from reference.backoffice.entrance import Visitor
from reference.backoffice.moments import day_begins, local_day
from reference.backoffice.office import Office
from reference.backoffice.totals import UNACKNOWLEDGED, EmployeeSum, Figures, ProductSum
from reference.runtime.refusals import Finding, InvalidError, UnknownError
from reference.runtime.words import Words

DAYS: Final = 7
"""The dashboard's period without a choice."""
MOST_DAYS: Final = 366
EARLIEST: Final = date(2000, 1, 1)
LATEST: Final = date(2199, 12, 31)
"""Days that a period may reach; beyond them there is no period before, or no day after."""
TOP: Final = 10
PAGE: Final = 50
_PERIOD: Final = Words("Davr noto'g'ri", "Неверный период", "The period ends before it begins or is too long")


@dataclass(frozen=True, slots=True)
class Dashboard:
    """The first page. `before`: the period of equal length before; `hours`: orders by hour of the day."""

    first: date
    last: date
    now: Figures
    before: Figures
    hours: tuple[int, ...]
    products: tuple[ProductSum, ...]
    categories: tuple[tuple[str, int], ...]
    staff: tuple[EmployeeSum, ...]
    unacknowledged: int


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order in a list. `fiscal`: waiting, done (not acknowledged yet), acknowledged, refused or empty."""

    id: int
    number: str
    opened: str
    closed: str | None
    place: str
    employee: str
    total: int
    state: str
    refund: bool
    fiscal: str


@dataclass(frozen=True, slots=True)
class TransactionRow:
    """A payment in a list."""

    id: int
    group: str
    kind: str
    made: str
    amount: int
    state: str
    employee: str
    branch: str
    order: int | None


@dataclass(frozen=True, slots=True)
class TransactionPage:
    """Payments, newest first, and count and sum of all that the filter holds."""

    rows: tuple[TransactionRow, ...]
    count: int
    sum: int


def percent(now: int, before: int) -> int | None:
    """By how many percent more (below zero: less) than before; None when there was nothing before."""
    if not before:
        return None
    return round((now - before) * 100 / abs(before))


class Reports:
    """The desk that shows; `branch` None is all of the owner's."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def dashboard(
        self, visitor: Visitor, branch: int | None, first: date | None, last: date | None
    ) -> Dashboard:
        """The first page of a period, both days included; the last seven days without a choice."""
        _check_day("first", first)
        _check_day("last", last)
        end = last or self._today()
        begin = first or end - timedelta(days=DAYS - 1)
        span = (end - begin).days + 1
        if not 0 < span <= MOST_DAYS:
            raise InvalidError([Finding("last", "period", _PERIOD)])
        if begin - date.min < timedelta(days=span):
            raise InvalidError([Finding("first", "period", _PERIOD)])
        with self._office.reading() as session:
            branches = chosen(session, visitor, branch)
            products = totals.products(session, branches, begin, end)
            categories: dict[str, int] = {}
            for each in products:
                categories[each.category] = categories.get(each.category, 0) + each.revenue
            return Dashboard(
                begin,
                end,
                totals.figures(session, branches, begin, end),
                totals.figures(session, branches, begin - timedelta(days=span), begin - timedelta(days=1)),
                totals.hours(session, branches, begin, end),
                tuple(products[:TOP]),
                tuple(sorted(categories.items(), key=lambda pair: -pair[1])),
                totals.staff(session, branches, begin, end),
                totals.unacknowledged(session, branches),
            )

    def sold(self, visitor: Visitor, branch: int | None, first: date, last: date) -> list[ProductSum]:
        """What was sold of every product in a period, both days included, by revenue."""
        with self._office.reading() as session:
            return totals.products(session, chosen(session, visitor, branch), first, last)

    def orders(
        self,
        visitor: Visitor,
        branch: int | None,
        *,
        state: str = "",
        fiscal: str = "",
        before: int = 0,
        first: date | None = None,
        last: date | None = None,
        most: int = PAGE,
    ) -> list[OrderRow]:
        """At most so many orders, newest first, opened on these days; `before` an id goes on from there."""
        table = tables.ShopOrder
        with self._office.reading() as session:
            branches = chosen(session, visitor, branch)
            wanted: list[sa.ColumnElement[bool]] = []
            if state:
                wanted.append(table.state == state)
            if fiscal:
                wanted.append(table.fiscal.in_(UNACKNOWLEDGED if fiscal == "unacknowledged" else (fiscal,)))
            if first:
                wanted.append(table.opened >= day_begins(first))
            if last:
                wanted.append(table.opened < day_begins(last + timedelta(days=1)))
            if before:
                known = session.get(table, before)
                if known is None or known.branch not in branches:
                    raise UnknownError("order")
                wanted.append(sa.tuple_(table.opened, table.id) < sa.tuple_(known.opened, known.id))
            newest = _newest(table.opened, table.id, table.branch, branches, wanted, most)
            query = sa.select(table).where(table.id.in_(newest))
            rows = session.scalars(query.order_by(table.opened.desc(), table.id.desc()).limit(most)).all()
            return [order_row(session, row) for row in rows]

    def unacknowledged(self, visitor: Visitor, branch: int | None) -> int:
        """How many receipts the operator has not acknowledged."""
        with self._office.reading() as session:
            return totals.unacknowledged(session, chosen(session, visitor, branch))

    def order(self, visitor: Visitor, order: int) -> dict[str, Any]:
        """One order with its lines and its receipt; UnknownError unless it is the owner's."""
        with self._office.reading() as session:
            row = session.get(tables.ShopOrder, order)
            if row is None or row.branch not in chosen(session, visitor, None):
                raise UnknownError("order")
            return {
                "row": order_row(session, row),
                "order": json.loads(row.body),
                "receipt": json.loads(row.receipt),
            }

    def products(self, visitor: Visitor, branch: int | None, text: str = "") -> list[tables.Product]:
        """Products by name."""
        table = tables.Product
        with self._office.reading() as session:
            query = sa.select(table).where(table.branch.in_(chosen(session, visitor, branch)))
            rows = session.scalars(query.order_by(table.name, table.link, table.key))
            # Here and not in the query: SQLite knows capitals of ASCII alone.
            wanted = text.casefold()
            return [row for row in rows if wanted in row.name.casefold()]

    def staff(self, visitor: Visitor, branch: int | None) -> list[tables.Employee]:
        """Employees by name."""
        table = tables.Employee
        with self._office.reading() as session:
            query = sa.select(table).where(table.branch.in_(chosen(session, visitor, branch)))
            return list(session.scalars(query.order_by(table.first_name, table.last_name, table.link)))

    def transactions(self, visitor: Visitor, branch: int | None, before: int = 0) -> TransactionPage:
        """Payments, newest first, with count and sum of all."""
        table = tables.Transaction
        with self._office.reading() as session:
            branches = chosen(session, visitor, branch)
            sums = tables.PaymentDay
            whole = sa.select(sa.func.sum(sums.payments), sa.func.sum(sums.amount))
            count, total = session.execute(whole.where(sums.branch.in_(branches))).one()
            wanted: list[sa.ColumnElement[bool]] = []
            if before:
                known = session.get(table, before)
                if known is None or known.branch not in branches:
                    raise UnknownError("transaction")
                wanted.append(sa.tuple_(table.made, table.id) < sa.tuple_(known.made, known.id))
            orders = tables.ShopOrder
            newest = _newest(table.made, table.id, table.branch, branches, wanted, PAGE)
            query = (
                sa.select(table, orders.id)
                .outerjoin(orders, sa.and_(orders.link == table.link, orders.key == table.order))
                .where(table.id.in_(newest))
            )
            rows = session.execute(query.order_by(table.made.desc(), table.id.desc()).limit(PAGE)).all()
            return TransactionPage(
                tuple(_transaction_row(session, row, order) for row, order in rows),
                int(count or 0),
                int(total or 0),
            )

    def _today(self) -> date:
        return local_day(self._office.now)


def _newest(
    moment: InstrumentedAttribute[str],
    number: InstrumentedAttribute[int],
    place: InstrumentedAttribute[int],
    branches: Sequence[int],
    wanted: Sequence[sa.ColumnElement[bool]],
    most: int,
) -> Any:
    """Numbers of the newest rows that are wanted, so many of each branch.

    Each branch's index gives its own in their order; of all branches together every row would be sorted.
    """
    parts = [
        sa.select(number.label("number"))
        .where(place == branch, *wanted)
        .order_by(moment.desc(), number.desc())
        .limit(most)
        .subquery()
        for branch in branches
    ]
    return sa.union_all(*(sa.select(part.c.number) for part in parts)) if parts else ()


def _check_day(name: str, day: date | None) -> None:
    if day is not None and not EARLIEST <= day <= LATEST:
        raise InvalidError([Finding(name, "period", _PERIOD)])


def _name(session: Session, link: int, key: str) -> str:
    row = session.get(tables.Employee, (link, key))
    return "" if row is None else f"{row.first_name} {row.last_name}".strip()


def order_row(session: Session, row: tables.ShopOrder) -> OrderRow:
    """An order as lists show it."""
    body = json.loads(row.body)
    return OrderRow(
        row.id,
        str(body.get("number", "")),
        row.opened,
        row.closed,
        str(body.get("place_name", "")),
        _name(session, row.link, row.employee),
        row.total,
        row.state,
        row.refund,
        row.fiscal,
    )


def transaction_row(session: Session, row: tables.Transaction) -> TransactionRow:
    """A payment as lists show it."""
    orders = tables.ShopOrder
    order = session.scalars(
        sa.select(orders.id).where(orders.link == row.link, orders.key == row.order)
    ).first()
    return _transaction_row(session, row, order)


def _transaction_row(session: Session, row: tables.Transaction, order: int | None) -> TransactionRow:
    branch = session.get_one(tables.Branch, row.branch)
    name = _name(session, row.link, row.employee)
    return TransactionRow(
        row.id, row.group, row.kind, row.made, row.amount, row.state, name, branch.name, order
    )
