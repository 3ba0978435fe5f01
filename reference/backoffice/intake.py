"""What points of sale tell, taken in their order, each change once; sums are kept up in the same transaction.

A point of sale numbers its changes from 1 without a gap. Numbers already taken are acknowledged again and
change nothing; a gap is refused with the number that is wanted.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from reference.backoffice import tables
from reference.backoffice.branches import Linked
from reference.backoffice.moments import local_hour, moment_of, written
from reference.backoffice.office import Office
from reference.backoffice.told import check
from reference.runtime.forms import LISTED
from reference.runtime.refusals import Finding, InvalidError, RefusedError
from reference.runtime.words import Words

MOST: Final = 500
"""Changes in one request."""
KINDS: Final = ("product", "place", "employee", "settings", "order", "payment", "fiscal", "shift")
_GAP: Final = Words(
    "O'zgarishlar ketma-ketligi uzilgan", "Пропущены изменения", "Changes are missing in between"
)


@dataclass(frozen=True, slots=True)
class Change:
    """One change: `body` is the whole of what it is about, as it then was."""

    n: int
    kind: str
    key: str
    made: str
    body: Mapping[str, Any]


class GapError(RefusedError):
    """Changes are missing; `wanted` is the number that has to come next."""

    def __init__(self, wanted: int) -> None:
        super().__init__("gap", _GAP)
        self.wanted = wanted


@dataclass(slots=True)
class Sums:
    """Differences to be added, by row."""

    hours: dict[tuple[Any, ...], list[int]] = field(default_factory=lambda: defaultdict(lambda: [0] * 4))
    products: dict[tuple[Any, ...], list[int]] = field(default_factory=lambda: defaultdict(lambda: [0] * 2))
    employees: dict[tuple[Any, ...], list[int]] = field(default_factory=lambda: defaultdict(lambda: [0] * 2))

    def hour_of(self, order: Mapping[str, Any]) -> str:
        """The Tashkent hour that an order counts for."""
        return local_hour(moment_of(str(order["closed"])))

    def count(self, linked: Linked, order: Mapping[str, Any], sign: int) -> None:
        """Add (1) or take away (-1) what an order comes to; nothing unless it is completed."""
        if order.get("state") != "completed":
            return
        way = -sign if order.get("refund_of") else sign
        hour = self.hour_of(order)
        made = 0 if order.get("refund_of") else sign
        total = int(order["total"])
        _add(
            self.hours[linked.branch, hour],
            made,
            way * total,
            way * int(order.get("spent", 0)),
            way * int(order.get("surcharge", 0)),
        )
        day = hour[:10]
        _add(self.employees[linked.branch, day, linked.link, str(order["employee"])], made, way * total)
        for line in order.get("lines", ()):
            if line.get("product") is not None:
                row = self.products[linked.branch, day, linked.link, str(line["product"])]
                _add(row, way * int(line["amount"]), way * int(line["sum"]))


class Intake:
    """The desk that points of sale report to."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def take(self, linked: Linked, changes: Sequence[Change]) -> int:
        """Take changes; the number of the newest that is taken. GapError; InvalidError names a wrong one."""
        office = self._office
        with office.changing() as session:
            link = session.get_one(tables.Link, linked.link, with_for_update=True)
            sums, wanted = self._begun(), link.last + 1
            for change in changes:
                if change.n <= link.last:
                    continue
                if change.n != link.last + 1:
                    # Nothing of this request stays, so what it brought itself is wanted, too.
                    raise GapError(wanted)
                check(f"changes[{change.n}].body", change.kind, change.body)
                self._apply(session, linked, change, sums)
                link.last = change.n
            self._write(session, sums)
            link.seen = written(office.now)
            return link.last

    def _begun(self) -> Sums:
        """The differences of a request that begins."""
        return Sums()

    def _apply(self, session: Session, linked: Linked, change: Change, sums: Sums) -> None:
        body = change.body
        match change.kind:
            case "product":
                _put(session, tables.Product, linked, change.key, _product(body))
            case "employee":
                _put(session, tables.Employee, linked, change.key, _employee(body))
            case "order":
                _take_order(session, linked, change.key, body, sums)
            case "payment":
                _take_payment(session, linked, change.key, body)
            case "fiscal":
                _take_fiscal(session, linked, body)
            case "shift":
                known = {"body": json.dumps(dict(body), ensure_ascii=False)}
                _put(session, tables.Shift, linked, change.key, known)
            case "place" | "settings":
                pass  # nothing here shows them yet; they are acknowledged, since the order of numbers counts
            case _:
                raise InvalidError([Finding(f"changes[{change.n}].kind", "list", LISTED)])

    def _write(self, session: Session, sums: Sums) -> None:
        names = ("orders", "revenue", "spent", "surcharge")
        _add_rows(session, tables.Hour, ("branch", "hour"), names, sums.hours)
        keys = ("branch", "day", "link")
        _add_rows(session, tables.ProductDay, (*keys, "product"), ("sold", "revenue"), sums.products)
        _add_rows(session, tables.EmployeeDay, (*keys, "employee"), ("orders", "revenue"), sums.employees)
        for (_branch, _day, link, product), (sold, revenue) in sums.products.items():
            table: Any = tables.Product
            session.execute(
                sa.update(table)
                .where(table.link == link, table.key == product)
                .values(sold=table.sold + sold, revenue=table.revenue + revenue)
            )
        for (_branch, _day, link, employee), (orders, revenue) in sums.employees.items():
            people: Any = tables.Employee
            session.execute(
                sa.update(people)
                .where(people.link == link, people.key == employee)
                .values(orders=people.orders + orders, revenue=people.revenue + revenue)
            )


def _take_order(session: Session, linked: Linked, key: str, body: Mapping[str, Any], sums: Sums) -> None:
    table = tables.ShopOrder
    query = sa.select(table).where(table.link == linked.link, table.key == key)
    row = session.scalars(query).first()
    if row is None:
        row = table(link=linked.link, key=key, branch=linked.branch, fiscal="", receipt="{}")
        session.add(row)
    else:
        sums.count(linked, json.loads(row.body), -1)
    sums.count(linked, body, 1)
    row.opened, row.closed = _moment(body["opened"]), body["closed"] and _moment(body["closed"])
    row.state, row.employee, row.total = str(body["state"]), str(body["employee"]), int(body["total"])
    row.refund, row.body = bool(body["refund_of"]), json.dumps(dict(body), ensure_ascii=False)
    if row.state == "completed" and not row.fiscal:
        row.fiscal = "waiting"
    session.flush()


def _take_payment(session: Session, linked: Linked, key: str, body: Mapping[str, Any]) -> None:
    table = tables.Transaction
    query = sa.select(table).where(table.link == linked.link, table.key == key)
    row = session.scalars(query).first()
    if row is None:
        row = table(link=linked.link, key=key, branch=linked.branch)
        session.add(row)
    row.order, row.kind, row.group = str(body["order"]), str(body["kind"]), str(body["group"])
    row.amount, row.state = int(body["amount"]), str(body["state"])
    row.made, row.employee = _moment(body["made"]), str(body["employee"])
    session.flush()


def _take_fiscal(session: Session, linked: Linked, body: Mapping[str, Any]) -> None:
    row = _order_of(session, linked, str(body["order"]))
    if row is None:
        return  # an order that was told to another owner before this point of sale was linked here
    state = str(body["state"])
    row.fiscal = "acknowledged" if state == "done" and body["acknowledged"] else state
    row.receipt = json.dumps(dict(body), ensure_ascii=False)


def _order_of(session: Session, linked: Linked, key: str) -> tables.ShopOrder | None:
    """The order that a point of sale has told under a key, to whatever branch of the same owner."""
    orders, links, branches = tables.ShopOrder, tables.Link, tables.Branch
    identity = session.get_one(links, linked.link).identity
    query = (
        sa.select(orders)
        .join(links, links.id == orders.link)
        .join(branches, branches.id == orders.branch)
        .where(orders.key == key, links.identity == identity, branches.owner == linked.owner)
        .order_by((orders.link == linked.link).desc(), orders.id.desc())
    )
    return session.scalars(query.limit(1)).first()


def _product(body: Mapping[str, Any]) -> dict[str, Any]:
    stock = body["stock"]
    return {
        "name": str(body["name"])[:255],
        "category": str(body["category"])[:100],
        "price": int(body["price"]),
        "stock": None if stock is None else int(stock),
        "active": bool(body["active"]),
    }


def _employee(body: Mapping[str, Any]) -> dict[str, Any]:
    most = {"first_name": 100, "last_name": 100, "role": 16}
    known: dict[str, Any] = {name: str(body[name])[:length] for name, length in most.items()}
    return known | {"active": bool(body["active"])}


def _moment(value: object) -> str:
    """A moment as columns have it."""
    return written(moment_of(str(value)))


def _put(session: Session, table: Any, linked: Linked, key: str, known: Mapping[str, Any]) -> None:
    row = session.get(table, (linked.link, key))
    if row is None:
        row = table(link=linked.link, key=key, branch=linked.branch)
        session.add(row)
    for name, value in known.items():
        setattr(row, name, value)
    session.flush()


def _add_rows(
    session: Session,
    table: Any,
    keys: Sequence[str],
    names: Sequence[str],
    rows: Mapping[tuple[Any, ...], Sequence[int]],
) -> None:
    """Add differences to rows, which begin with nothing."""
    if not rows:
        return
    values = [dict(zip((*keys, *names), (*key, *row), strict=True)) for key, row in sorted(rows.items())]
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = insert(table).values(values)
    more = {name: getattr(table, name) + getattr(statement.excluded, name) for name in names}
    session.execute(statement.on_conflict_do_update(index_elements=list(keys), set_=more))


def _add(row: list[int], *more: int) -> None:
    for place, number in enumerate(more):
        row[place] += number
