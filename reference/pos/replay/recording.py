"""A day of a shop, read from its tables into a file that can be replayed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from reference.pos.errors import OrderError
from reference.pos.replay.model import (
    BackLine,
    DayHead,
    Event,
    Goods,
    OrderEvent,
    OrderLine,
    Paid,
    PaidBy,
    PlaceKind,
    PlaceOfDay,
    RecordedDay,
    RefundEvent,
    ShiftEvent,
    Sums,
)
from reference.pos.shop import tables
from reference.pos.shop.checkout import payments_of
from reference.pos.shop.moments import local_day, moment_of
from reference.pos.shop.order_rows import lines_of
from reference.pos.shop.orders import State
from reference.pos.shop.payments import KINDS
from reference.pos.shop.settings import ShopSettings

_DONE: Final = "done"
_NO_PRODUCT: Final = 0


def record_day(session: Session, day: str = "") -> RecordedDay:
    """The day, by default the last one with an order; OrderError when there is nothing to record."""
    rows = _rows(session, day or _last_day(session))
    orders = [row for row in rows if row.refund_of is None]
    known = {row.id for row in orders}
    refunds = [row for row in rows if row.refund_of in known]
    people = {row.id: _name(row) for row in session.scalars(sa.select(tables.Employee))}
    places = {row.id: row for row in session.scalars(sa.select(tables.Place))}
    events: list[Event] = [
        *(_order(session, row, people, places) for row in orders),
        *(_refund(session, row, people) for row in refunds),
        *_shifts(session, rows[0].day),
    ]
    events.sort(key=lambda event: event.at)
    used = {place for row in orders if (place := row.place) is not None}
    return RecordedDay(
        head=DayHead(day=rows[0].day, begins=events[0].at, shop=_shop(session)),
        goods=tuple(_goods(session, orders)),
        places=tuple(
            PlaceOfDay(name=row.name, place_kind=cast(PlaceKind, row.kind), surcharge=row.surcharge)
            for row in places.values()
            if row.id in used
        ),
        events=tuple(events),
        sums=_sums(session, orders, refunds, len(rows) - len(orders) - len(refunds)),
    )


def _last_day(session: Session) -> str:
    found: str | None = session.scalar(sa.select(sa.func.max(tables.ShopOrder.day)))
    if not found:
        raise OrderError("day", "the shop has no order yet")
    return found


def _rows(session: Session, day: str) -> Sequence[tables.ShopOrder]:
    table = tables.ShopOrder
    rows = session.scalars(sa.select(table).where(table.day == day).order_by(table.number)).all()
    if not rows:
        raise OrderError("day", f"the shop has no order of {day!r}")
    return rows


def _name(row: tables.Employee) -> str:
    return f"{row.first_name} {row.last_name}".strip()


def _shop(session: Session) -> str:
    row = session.get(tables.Setting, "shop")
    return ShopSettings.model_validate_json("{}" if row is None else row.value).name


def _order(
    session: Session, row: tables.ShopOrder, people: dict[int, str], places: dict[int, tables.Place]
) -> OrderEvent:
    completed = row.state == State.COMPLETED.value
    taken = payments_of(session, row.id) if completed else []
    lines = lines_of(session, row.id)
    return OrderEvent(
        at=moment_of(row.opened),
        ref=row.id,
        employee=people.get(row.employee, ""),
        place=None if row.place is None else places[row.place].name,
        lines=tuple(
            OrderLine(
                product=line.product or _NO_PRODUCT,
                amount=line.amount,
                price=line.price,
                discount=line.discount,
                label=line.label,
            )
            for line in lines
        ),
        discount=row.discount,
        confirmed=_moment(row.confirmed),
        closed=_moment(row.closed),
        end=State(row.state).value,
        type=row.kind,
        payments=tuple(Paid(kind=cast(PaidBy, each.kind), amount=each.amount) for each in taken),
        reason=row.reason,
        total=row.total if completed else 0,
    )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else moment_of(text)


def _refund(session: Session, row: tables.ShopOrder, people: dict[int, str]) -> RefundEvent:
    return RefundEvent(
        at=moment_of(row.closed or row.opened),
        ref=row.id,
        of=str(row.refund_of),
        employee=people.get(row.employee, ""),
        lines=tuple(
            BackLine(line=line.position or 0, amount=line.amount) for line in lines_of(session, row.id)
        ),
        total=row.total,
    )


def _shifts(session: Session, day: str) -> list[ShiftEvent]:
    """Shifts that were closed in the day's hours, by the log of changes."""
    table = tables.Change
    query = sa.select(table.made).where(table.kind == "shift").order_by(table.n)
    return [ShiftEvent(at=at) for made in session.scalars(query) if local_day(at := moment_of(made)) == day]


def _goods(session: Session, orders: Sequence[tables.ShopOrder]) -> list[Goods]:
    sold: dict[int, int] = {}
    for row in orders:
        for line in lines_of(session, row.id):
            done = line.amount if row.state == State.COMPLETED.value else 0
            sold[line.product or _NO_PRODUCT] = sold.get(line.product or _NO_PRODUCT, 0) + done
    return [
        _good(session.get_one(tables.Product, product), amount) for product, amount in sorted(sold.items())
    ]


def _good(row: tables.Product, sold: int) -> Goods:
    same = {name: getattr(row, name) for name in Goods.model_fields if name not in ("kind", "ref", "stock")}
    return Goods(ref=row.id, stock=None if row.stock is None else row.stock + sold, **same)


def _sums(
    session: Session, orders: Sequence[tables.ShopOrder], refunds: Sequence[tables.ShopOrder], left_out: int
) -> Sums:
    completed = [row for row in orders if row.state == State.COMPLETED.value]
    moved = [each for row in (*completed, *refunds) for each in payments_of(session, row.id)]
    fiscal = [session.get(tables.Fiscal, row.id) for row in (*completed, *refunds)]
    return Sums(
        orders=len(orders),
        completed=len(completed),
        cancelled=sum(row.state == State.CANCELLED.value for row in orders),
        refunds=len(refunds),
        sold=sum(row.total for row in completed),
        refunded=sum(row.total for row in refunds),
        cash=sum(each.amount for each in moved if KINDS[each.kind].is_cash),
        card=sum(each.amount for each in moved if not KINDS[each.kind].is_cash),
        receipts=sum(each is not None and each.state == _DONE for each in fiscal),
        left_out=left_out,
    )


def as_text(sums: Sums) -> dict[str, Any]:
    """Sums as a command prints them."""
    return dict(json.loads(sums.model_dump_json(exclude={"kind"})))
