"""Rows of orders and their lines as plain values, by statements that are built once.

An order is read with all its lines in one statement, and written with all its new lines in two.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any, Final

from sqlalchemy import BindParameter, Connection, Select, bindparam, delete, func, insert, select, update
from sqlalchemy.orm import Session

from reference.pos.shop import tables
from reference.pos.shop.payments import PaymentState
from reference.pos.shop.premises import Premises, Writing
from reference.pos.shop.sums import LineSum
from reference.runtime.refusals import UnknownError


class _Number(int):
    """The highest number of a day's orders."""


@dataclass(slots=True)
class OrderRow:
    """An order or a refund, as tables.ShopOrder says."""

    id: str
    day: str
    number: int
    state: str
    place: int | None
    employee: int
    opened: str
    confirmed: str | None = None
    closed: str | None = None
    surcharge: int = 0
    discount: int = 0
    total: int = 0
    kind: int = 0
    refund_of: str | None = None
    reason: str = ""


@dataclass(slots=True)
class LineRow:
    """A line, as tables.OrderLine says; `id` is 0 until it is written."""

    id: int
    order_id: str
    product: int | None
    name: str
    amount: int
    price: int
    cost: int = 0
    discount: int = 0
    label: str = ""
    position: int | None = None


@dataclass(slots=True)
class Whole:
    """An order with its lines in the order they came, and how often it was tried to pay it.

    `waiting`: a payment of it is not decided.
    """

    row: OrderRow
    lines: list[LineRow]
    attempts: int = 0
    waiting: bool = False


_ORDERS: Final = tables.Base.metadata.tables[tables.ShopOrder.__tablename__]
_LINES: Final = tables.Base.metadata.tables[tables.OrderLine.__tablename__]
_PAYMENTS: Final = tables.Base.metadata.tables[tables.Payment.__tablename__].c
_ORDER_NAMES: Final = tuple(each.name for each in fields(OrderRow))
_LINE_NAMES: Final = tuple(each.name for each in fields(LineRow))
_ROW: Final = [_ORDERS.c[name] for name in _ORDER_NAMES]
_LINE: Final = [_LINES.c[name] for name in _LINE_NAMES]
_WIDTH: Final = len(_ROW)
_ID: Final[BindParameter[str]] = bindparam("order")
_WHOLE: Final = (
    select(
        *_ROW,
        select(func.max(_PAYMENTS.attempt)).where(_PAYMENTS.order_id == _ID).scalar_subquery(),
        select(_PAYMENTS.id)
        .where(_PAYMENTS.order_id == _ID, _PAYMENTS.state == PaymentState.PENDING.value)
        .exists(),
        *_LINE,
    )
    .select_from(_ORDERS.outerjoin(_LINES, _LINES.c.order_id == _ORDERS.c.id))
    .where(_ORDERS.c.id == _ID)
    .order_by(_LINES.c.id)
)
_LINES_OF: Final = select(*_LINE).where(_LINES.c.order_id == _ID).order_by(_LINES.c.id)
_LINES_OF_ALL: Final = (
    select(*_LINE).where(_LINES.c.order_id.in_(bindparam("orders", expanding=True))).order_by(_LINES.c.id)
)
_HIGHEST: Final = select(func.max(_ORDERS.c.number)).where(_ORDERS.c.day == bindparam("day"))
_NEW: Final = insert(_ORDERS)
_SAVE: Final = update(_ORDERS).where(_ORDERS.c.id == bindparam("key"))
_TELLING: Final = ("product", "label", "position")
"""What tells the lines of an order apart."""
_NEW_LINES: Final = insert(_LINES).returning(_LINES.c.id, *(_LINES.c[name] for name in _TELLING))
_SAVE_LINE: Final = update(_LINES).where(_LINES.c.id == bindparam("key"))
_DROP_LINE: Final = delete(_LINES).where(_LINES.c.id == bindparam("key"))

Asked = Connection | Session | Writing
"""Whatever executes a statement."""


def whole(asked: Asked, order: str) -> Whole:
    """An order with its lines; UnknownError."""
    found = asked.execute(_WHOLE, {"order": order}).all()
    if not found:
        raise UnknownError("order")
    first = found[0]
    lines = [LineRow(*each[_WIDTH + 2 :]) for each in found if each[_WIDTH + 2] is not None]
    return Whole(OrderRow(*first[:_WIDTH]), lines, first[_WIDTH] or 0, bool(first[_WIDTH + 1]))


def lines_of(asked: Asked, order: str) -> list[LineRow]:
    """The lines of an order, in the order they came."""
    return [LineRow(*each) for each in asked.execute(_LINES_OF, {"order": order})]


def listed(asked: Asked, states: Sequence[str], day: str, before: str, limit: int) -> list[Whole]:
    """Orders with their lines, newest first; by states and day, and before an id, where they are given."""
    query: Select[Any] = select(*_ROW).order_by(_ORDERS.c.id.desc()).limit(limit)
    if states:
        query = query.where(_ORDERS.c.state.in_(states))
    if day:
        query = query.where(_ORDERS.c.day == day)
    if before:
        query = query.where(_ORDERS.c.id < before)
    rows = [OrderRow(*each) for each in asked.execute(query)]
    lines = defaultdict[str, list[LineRow]](list)
    for each in asked.execute(_LINES_OF_ALL, {"orders": [row.id for row in rows]}):
        line = LineRow(*each)
        lines[line.order_id].append(line)
    return [Whole(row, lines[row.id]) for row in rows]


def new_row(premises: Premises, writing: Writing, employee: int, state: str) -> OrderRow:
    """An order with the day's next number, which is its id, too; `insert_whole` writes it."""
    day, known = premises.today, premises.memory.of(_Number)
    highest = known.get(day) or writing.execute(_HIGHEST, {"day": day}).scalar() or 0
    number = known[day] = _Number(highest + 1)
    return OrderRow(
        f"{day.replace('-', '')}-{number:05d}", day, number, state, None, employee, writing.moment
    )


def insert_whole(writing: Writing, row: OrderRow, lines: list[LineRow]) -> None:
    """Write a new order and its lines, which learn their numbers."""
    writing.execute(_NEW, {name: getattr(row, name) for name in _ORDER_NAMES})
    insert_lines(writing, lines)


def insert_lines(writing: Writing, lines: list[LineRow]) -> None:
    """Write new lines; they learn their numbers, and stand in the order of these."""
    if not lines:
        return
    rows = [{name: getattr(line, name) for name in _LINE_NAMES if name != "id"} for line in lines]
    for line, number in zip(lines, writing.added(_NEW_LINES, rows, _TELLING), strict=True):
        line.id = number
    lines.sort(key=attrgetter("id"))


def save(writing: Writing, row: OrderRow, *names: str) -> None:
    """Write fields of an order that changed."""
    writing.execute(_SAVE, {"key": row.id} | {name: getattr(row, name) for name in names})


def save_line(writing: Writing, line: LineRow) -> None:
    """Write amount and discount of a line."""
    writing.execute(_SAVE_LINE, {"key": line.id, "amount": line.amount, "discount": line.discount})


def drop_line(writing: Writing, line: LineRow) -> None:
    """Take a line out."""
    writing.execute(_DROP_LINE, {"key": line.id})


def line_sums(lines: Sequence[LineRow]) -> list[LineSum]:
    """What the lines cost."""
    return [LineSum(line.price, line.amount, line.discount, line.cost) for line in lines]
