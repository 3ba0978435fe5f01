"""Sums of a period for the dashboard: figures, hours, products, people (BX-DSH-01, BX-DSH-02).

They come from rows that are kept up as changes come in, never from all orders. A page asks for them at once,
so the statements are made once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from reference.backoffice import tables

UNACKNOWLEDGED: Final = ("waiting", "done")
"""How far receipts are that the operator has not acknowledged."""
_BRANCHES: Final = sa.bindparam("branches", expanding=True, type_=sa.BigInteger())
_FIRST: Final = sa.bindparam("first", type_=sa.String())
_LAST: Final = sa.bindparam("last", type_=sa.String())
_Hour, _Product, _Employee = tables.Hour, tables.Product, tables.Employee
_IN_HOURS: Final = (_Hour.branch.in_(_BRANCHES), _Hour.hour >= _FIRST, _Hour.hour <= _LAST)
_FIGURES: Final = sa.select(
    sa.func.sum(_Hour.revenue),
    sa.func.sum(_Hour.spent),
    sa.func.sum(_Hour.surcharge),
    sa.func.sum(_Hour.orders),
).where(*_IN_HOURS)
_OF_DAY: Final = sa.func.substr(_Hour.hour, 12, 2)
_HOURS: Final = sa.select(_OF_DAY, sa.func.sum(_Hour.orders)).where(*_IN_HOURS).group_by(_OF_DAY)


def _products_of() -> Any:
    sums = tables.ProductDay
    # Summed first and named then: a year of days is many rows for few products.
    whole = (
        sa.select(
            sums.link,
            sums.product,
            sa.func.sum(sums.sold).label("sold"),
            sa.func.sum(sums.revenue).label("revenue"),
        )
        .where(sums.branch.in_(_BRANCHES), sums.day >= _FIRST, sums.day <= _LAST)
        .group_by(sums.link, sums.product)
        .subquery()
    )
    return (
        sa.select(_Product.name, _Product.category, sa.func.sum(whole.c.sold), sa.func.sum(whole.c.revenue))
        .join(_Product, sa.and_(_Product.link == whole.c.link, _Product.key == whole.c.product))
        .group_by(_Product.name, _Product.category)
    )


def _people_of() -> Any:
    sums, links = tables.EmployeeDay, tables.Link
    whole = (
        sa.select(
            sums.link,
            sums.employee,
            sa.func.sum(sums.orders).label("orders"),
            sa.func.sum(sums.revenue).label("revenue"),
        )
        .where(sums.branch.in_(_BRANCHES), sums.day >= _FIRST, sums.day <= _LAST)
        .group_by(sums.link, sums.employee)
        .subquery()
    )
    return (
        sa.select(
            links.identity,
            _Employee.key,
            _Employee.first_name,
            _Employee.last_name,
            _Employee.role,
            whole.c.orders,
            whole.c.revenue,
        )
        .join(_Employee, sa.and_(_Employee.link == whole.c.link, _Employee.key == whole.c.employee))
        .join(links, links.id == whole.c.link)
        .order_by(links.id.desc(), _Employee.key)
    )


_PRODUCTS: Final = _products_of()
_PEOPLE: Final = _people_of()
_UNACKNOWLEDGED: Final = sa.select(sa.func.count()).where(
    tables.ShopOrder.branch.in_(_BRANCHES), tables.ShopOrder.fiscal.in_(UNACKNOWLEDGED)
)


@dataclass(frozen=True, slots=True)
class Figures:
    """Sums of a period: revenue, profit of products, surcharges of places, and how many orders."""

    revenue: int
    product_profit: int
    surcharge: int
    orders: int

    @property
    def profit(self) -> int:
        """Of products and places together."""
        return self.product_profit + self.surcharge


@dataclass(frozen=True, slots=True)
class ProductSum:
    """What was sold of a product."""

    name: str
    category: str
    sold: int
    revenue: int


@dataclass(frozen=True, slots=True)
class EmployeeSum:
    """What came in through an employee; `average` is of one order."""

    name: str
    role: str
    orders: int
    revenue: int

    @property
    def average(self) -> int:
        """Of one order, rounded down; 0 without orders."""
        return self.revenue // self.orders if self.orders else 0


def figures(session: Session, branches: Sequence[int], first: date, last: date) -> Figures:
    """The figures of a period, both days included."""
    row = session.execute(_FIGURES, _hours_asked(branches, first, last)).one()
    revenue, spent, surcharge, orders = (int(value or 0) for value in row)
    return Figures(revenue, revenue - spent - surcharge, surcharge, orders)


def hours(session: Session, branches: Sequence[int], first: date, last: date) -> tuple[int, ...]:
    """Orders by the hour of the day, 24 of them."""
    asked = _hours_asked(branches, first, last)
    known = {int(name): int(count) for name, count in session.execute(_HOURS, asked)}
    return tuple(known.get(each, 0) for each in range(24))


def products(session: Session, branches: Sequence[int], first: date, last: date) -> list[ProductSum]:
    """What was sold of each product, by revenue."""
    rows = session.execute(_PRODUCTS, _days_asked(branches, first, last))
    found = [ProductSum(name, kind, int(sold), int(revenue)) for name, kind, sold, revenue in rows]
    return sorted(found, key=lambda each: (-each.revenue, each.name))


def staff(session: Session, branches: Sequence[int], first: date, last: date) -> tuple[EmployeeSum, ...]:
    """People by revenue, each once, in however many branches he worked."""
    people: dict[tuple[str, str], _Person] = {}
    rows = session.execute(_PEOPLE, _days_asked(branches, first, last))
    for book, key, name, surname, role, orders, revenue in rows:
        # The newest link names him: the same book may have been linked to another branch before.
        person = people.setdefault((book, key), _Person(book, f"{name} {surname}".strip(), role))
        person.orders += int(orders)
        person.revenue += int(revenue)
    return tuple(sorted(_one_each(people.values()), key=lambda each: (-each.revenue, each.name)))


def unacknowledged(session: Session, branches: Sequence[int]) -> int:
    """How many receipts the operator has not acknowledged."""
    return int(session.scalar(_UNACKNOWLEDGED, {"branches": list(branches)}) or 0)


@dataclass(slots=True)
class _Person:
    """What came in through an employee of one book."""

    book: str
    name: str
    role: str
    orders: int = 0
    revenue: int = 0


def _one_each(people: Iterable[_Person]) -> Iterator[EmployeeSum]:
    """Who bears the same name and role in several books is one; namesakes within a book stay two."""
    namesakes: Counter[tuple[str, str, str]] = Counter()
    found: dict[tuple[str, str, int], list[_Person]] = {}
    for each in people:
        place = namesakes[each.book, each.name, each.role]
        namesakes[each.book, each.name, each.role] += 1
        found.setdefault((each.name, each.role, place), []).append(each)
    for (name, role, _), same in found.items():
        yield EmployeeSum(name, role, sum(each.orders for each in same), sum(each.revenue for each in same))


def _hours_asked(branches: Sequence[int], first: date, last: date) -> dict[str, Any]:
    return {"branches": list(branches), "first": f"{first}T00", "last": f"{last}T23"}


def _days_asked(branches: Sequence[int], first: date, last: date) -> dict[str, Any]:
    return {"branches": list(branches), "first": str(first), "last": str(last)}
