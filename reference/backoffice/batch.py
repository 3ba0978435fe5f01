"""What one request of a point of sale brings: put together in memory, written with one statement a table."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from reference.backoffice import tables
from reference.backoffice.branches import Linked
from reference.backoffice.moments import local_hour, moment_of, written

Row = dict[str, Any]
_Upserts = Mapping[str, sa.Insert]
"""One statement by name of the database's dialect."""


def _upserts(
    kept: type[tables.Base], keys: Sequence[str], anew: Sequence[str] = (), more: Sequence[str] = ()
) -> _Upserts:
    """Rows by `keys`: in one that is there, columns `anew` are as they come, `more` grow by what comes."""
    table = kept.__table__
    assert isinstance(table, sa.Table)
    made: dict[str, sa.Insert] = {}
    for name, insert in (("sqlite", sqlite.insert(table)), ("postgresql", postgresql.insert(table))):
        changed = {each: insert.excluded[each] for each in anew}
        grown = {each: table.c[each] + insert.excluded[each] for each in more}
        made[name] = insert.on_conflict_do_update(index_elements=keys, set_=changed | grown)
    return made


_BY_KEY: Final = ("link", "key")
_PRODUCTS: Final = _upserts(tables.Product, _BY_KEY, ("name", "category", "price", "stock", "active"))
_EMPLOYEES: Final = _upserts(tables.Employee, _BY_KEY, ("first_name", "last_name", "role", "active"))
_SHIFTS: Final = _upserts(tables.Shift, _BY_KEY, ("body",))
_ORDERS: Final = _upserts(
    tables.ShopOrder,
    _BY_KEY,
    ("opened", "closed", "state", "employee", "total", "refund", "fiscal", "body"),
)
_PAYMENTS: Final = _upserts(
    tables.Transaction,
    _BY_KEY,
    ("order_key", "kind", "kind_group", "amount", "state", "made", "employee"),
)
_HOURS: Final = _upserts(tables.Hour, ("branch", "hour"), more=("orders", "revenue", "spent", "surcharge"))
_PRODUCT_DAYS: Final = _upserts(
    tables.ProductDay, ("branch", "day", "link", "product"), more=("sold", "revenue")
)
_EMPLOYEE_DAYS: Final = _upserts(
    tables.EmployeeDay, ("branch", "day", "link", "employee"), more=("orders", "revenue")
)
_PAYMENT_DAYS: Final = _upserts(tables.PaymentDay, ("branch", "day"), more=("payments", "amount"))


def _growing(kept: type[tables.Base], counted: str) -> sa.Update:
    """Products or employees: what they came to grows, where they are known."""
    table = kept.__table__
    assert isinstance(table, sa.Table)
    known = sa.and_(table.c.link == sa.bindparam("of_link"), table.c.key == sa.bindparam("of_key"))
    first, revenue = sa.bindparam("first", type_=sa.BigInteger), sa.bindparam("second", type_=sa.BigInteger)
    return (
        sa.update(table)
        .where(known)
        .values({counted: table.c[counted] + first, "revenue": table.c.revenue + revenue})
    )


_SOLD: Final = _growing(tables.Product, "sold")
_SERVED: Final = _growing(tables.Employee, "orders")
_Order = tables.ShopOrder
_KNOWN: Final = sa.select(_Order.id, _Order.key, _Order.state, _Order.fiscal, _Order.body).where(
    _Order.link == sa.bindparam("link"), _Order.key.in_(sa.bindparam("keys", expanding=True))
)
_ELSEWHERE: Final = (
    sa.select(_Order.id)
    .join(tables.Link, tables.Link.id == _Order.link)
    .join(tables.Branch, tables.Branch.id == _Order.branch)
    .where(
        _Order.key == sa.bindparam("key"),
        tables.Branch.owner == sa.bindparam("owner"),
        tables.Link.identity
        == sa.select(tables.Link.identity).where(tables.Link.id == sa.bindparam("link")).scalar_subquery(),
    )
    .order_by(_Order.id.desc())
    .limit(1)
)
_RECEIPTS: Final = (
    sa.update(_Order.__table__)  # type: ignore[arg-type]
    .where(_Order.id == sa.bindparam("of"))
    .values(fiscal=sa.bindparam("far"), receipt=sa.bindparam("paper"))
)
_IDS: Final = sa.select(_Order.key, _Order.id).where(
    _Order.link == sa.bindparam("link"), _Order.key.in_(sa.bindparam("keys", expanding=True))
)
_PAID: Final = sa.select(
    tables.Transaction.key,
    tables.Transaction.branch,
    tables.Transaction.state,
    tables.Transaction.amount,
    tables.Transaction.made,
).where(
    tables.Transaction.link == sa.bindparam("link"),
    tables.Transaction.key.in_(sa.bindparam("keys", expanding=True)),
)
_MOVED: Final = frozenset({"confirmed", "returned"})
"""States of payments whose money came in or went back."""
_CLOSED: Final = frozenset({"completed", "cancelled"})
"""States of orders that may have been counted."""


@dataclass(slots=True)
class Sums:
    """Differences to be added, by row."""

    hours: dict[tuple[Any, ...], list[int]] = field(default_factory=lambda: defaultdict(lambda: [0] * 4))
    products: dict[tuple[Any, ...], list[int]] = field(default_factory=lambda: defaultdict(lambda: [0] * 2))
    employees: dict[tuple[Any, ...], list[int]] = field(default_factory=lambda: defaultdict(lambda: [0] * 2))
    payments: dict[tuple[Any, ...], list[int]] = field(default_factory=lambda: defaultdict(lambda: [0] * 2))

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

    def pay(self, payment: Mapping[str, Any], sign: int) -> None:
        """Add (1) or take away (-1) a payment's row."""
        day = local_hour(moment_of(payment["made"]))[:10]
        moved = payment["amount"] if payment["state"] in _MOVED else 0
        _add(self.payments[payment["branch"], day], sign, sign * moved)

    def write(self, connection: sa.Connection) -> None:
        """Add the differences to the rows, which begin with nothing."""
        hours = _named(("branch", "hour", "orders", "revenue", "spent", "surcharge"), self.hours)
        _put(connection, _HOURS, hours)
        days = _named(("branch", "day", "payments", "amount"), self.payments)
        _put(connection, _PAYMENT_DAYS, days)
        keys = ("branch", "day", "link")
        _put(connection, _PRODUCT_DAYS, _named((*keys, "product", "sold", "revenue"), self.products))
        _put(connection, _EMPLOYEE_DAYS, _named((*keys, "employee", "orders", "revenue"), self.employees))
        _grow(connection, _SOLD, self.products)
        _grow(connection, _SERVED, self.employees)


@dataclass(slots=True)
class _Known:
    """An order as this request found it, or has made it: `body` is its JSON."""

    state: str
    fiscal: str
    body: str
    id: int | None = None


class Batch:
    """Changes of one point of sale, in their order; `keys` are the orders that they are about, `paid` the
    payments among them.
    """

    def __init__(
        self,
        connection: sa.Connection,
        linked: Linked,
        sums: Sums,
        keys: Iterable[str],
        paid: Sequence[str] = (),
    ) -> None:
        self._connection, self._linked, self.sums = connection, linked, sums
        self._products: dict[str, Row] = {}
        self._employees: dict[str, Row] = {}
        self._shifts: dict[str, Row] = {}
        self._payments: dict[str, Row] = {}
        self._orders: dict[str, Row] = {}
        self._receipts: dict[str, Row] = {}
        self._elsewhere: dict[int, Row] = {}
        self._known: dict[str, _Known] = {}
        wanted = list(dict.fromkeys(keys))
        if wanted:
            for row in connection.execute(_KNOWN, {"link": linked.link, "keys": wanted}):
                self._known[row.key] = _Known(row.state, row.fiscal, row.body, row.id)
        self._paid: dict[str, Mapping[str, Any]] = {}
        if paid:
            asked = {"link": linked.link, "keys": list(paid)}
            for each in connection.execute(_PAID, asked).mappings():
                self._paid[each["key"]] = dict(each)

    def product(self, key: str, body: Mapping[str, Any]) -> None:
        """A product as it is now."""
        stock = body["stock"]
        self._products[key] = self._row(key) | {
            "name": str(body["name"])[:255],
            "category": str(body["category"])[:100],
            "price": int(body["price"]),
            "stock": None if stock is None else int(stock),
            "active": bool(body["active"]),
        }

    def employee(self, key: str, body: Mapping[str, Any]) -> None:
        """An employee as he is now."""
        most = {"first_name": 100, "last_name": 100, "role": 16}
        known: Row = {name: str(body[name])[:length] for name, length in most.items()}
        self._employees[key] = self._row(key) | known | {"active": bool(body["active"])}

    def shift(self, key: str, body: Mapping[str, Any]) -> None:
        """A Z-report."""
        self._shifts[key] = self._row(key) | {"body": _text(body)}

    def order(self, key: str, body: Mapping[str, Any]) -> None:
        """An order as it is now: what it came to before counts no longer."""
        known = self._known.get(key)
        if known is not None and known.state in _CLOSED:
            self.sums.count(self._linked, json.loads(known.body), -1)
        self.sums.count(self._linked, body, 1)
        if known is None:
            known = self._known[key] = _Known("", "", "")
        known.state, known.body = str(body["state"]), _text(body)
        if known.state == "completed" and not known.fiscal:
            known.fiscal = "waiting"
        self._orders[key] = self._row(key) | {
            "opened": _moment(body["opened"]),
            "closed": body["closed"] and _moment(body["closed"]),
            "state": known.state,
            "employee": str(body["employee"]),
            "total": int(body["total"]),
            "refund": bool(body["refund_of"]),
            "body": known.body,
        }

    def payment(self, key: str, body: Mapping[str, Any]) -> None:
        """A payment as it is now: what it came to before counts no longer."""
        told = self._row(key) | {
            "order_key": str(body["order"]),
            "kind": str(body["kind"]),
            "kind_group": str(body["group"]),
            "amount": int(body["amount"]),
            "state": str(body["state"]),
            "made": _moment(body["made"]),
            "employee": str(body["employee"]),
        }
        known = self._paid.get(key)
        if known is not None:
            self.sums.pay(known, -1)
            told["branch"] = known["branch"]  # where it came in, it stays
        self.sums.pay(told, 1)
        self._paid[key] = self._payments[key] = told

    def fiscal(self, body: Mapping[str, Any]) -> None:
        """How far the receipt of an order is."""
        key, state = str(body["order"]), str(body["state"])
        far = "acknowledged" if state == "done" and body["acknowledged"] else state
        row = {"far": far, "paper": _text(body)}
        known = self._known.get(key)
        if known is not None:
            known.fiscal, self._receipts[key] = far, row
            return
        asked = {"key": key, "link": self._linked.link, "owner": self._linked.owner}
        elsewhere = self._connection.execute(_ELSEWHERE, asked).scalar()
        # None: an order that was told to another owner before this point of sale was linked here.
        if elsewhere is not None:
            self._elsewhere[elsewhere] = row | {"of": elsewhere}

    def write(self) -> None:
        """Everything into its table."""
        connection = self._connection
        _put(connection, _PRODUCTS, list(self._products.values()))
        _put(connection, _EMPLOYEES, list(self._employees.values()))
        _put(connection, _SHIFTS, list(self._shifts.values()))
        told = [row | {"fiscal": self._known[key].fiscal} for key, row in self._orders.items()]
        _put(connection, _ORDERS, told)
        _put(connection, _PAYMENTS, list(self._payments.values()))
        receipts = self._papers() + list(self._elsewhere.values())
        if receipts:
            connection.execute(_RECEIPTS, receipts)
        self.sums.write(connection)

    def _papers(self) -> list[Row]:
        """Receipts of orders that are known here, by the orders' ids."""
        new = [key for key in self._receipts if self._known[key].id is None]
        asked = {"link": self._linked.link, "keys": new}
        ids: dict[str, int] = {}
        if new:
            ids.update((row.key, row.id) for row in self._connection.execute(_IDS, asked))
        return [row | {"of": self._known[key].id or ids[key]} for key, row in self._receipts.items()]

    def _row(self, key: str) -> Row:
        return {"link": self._linked.link, "key": key, "branch": self._linked.branch}


def _named(names: Sequence[str], rows: Mapping[tuple[Any, ...], Sequence[int]]) -> list[Row]:
    """Rows of a table of sums, in the order in which every request writes them."""
    return [dict(zip(names, (*key, *row), strict=True)) for key, row in sorted(rows.items())]


def _put(connection: sa.Connection, statements: _Upserts, rows: list[Row]) -> None:
    if rows:
        connection.execute(statements[connection.dialect.name], rows)


def _grow(
    connection: sa.Connection, statement: sa.Update, rows: Mapping[tuple[Any, ...], Sequence[int]]
) -> None:
    """Add what came in, of whatever day, to products or employees."""
    found: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0, 0])
    for (_branch, _day, link, key), (first, second) in rows.items():
        _add(found[link, key], first, second)
    if found:
        connection.execute(
            statement,
            [
                {"of_link": link, "of_key": key, "first": first, "second": second}
                for (link, key), (first, second) in sorted(found.items())
            ],
        )


def _text(body: Mapping[str, Any]) -> str:
    return json.dumps(dict(body), ensure_ascii=False)


def _moment(value: object) -> str:
    """A moment as columns have it."""
    return written(moment_of(str(value)))


def _add(row: list[int], *more: int) -> None:
    for place, number in enumerate(more):
        row[place] += number
