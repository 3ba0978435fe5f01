"""A million orders for the shop's benchmark: one day told over the portal's own wire, then repeated.

The first day comes in through the sync API, so the portal's own code makes its rows and its sums. Every other
day is those rows under other dates and numbers; what is summed over all days grows with them. The sums can be
recounted from the orders.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Engine

from reference.backoffice import tables
from reference.runtime.chance import generator

FIRST_DAY: Final = date(2024, 1, 1)
DAY_ORDERS: Final = 1_000
PRODUCTS: Final = 200
STAFF: Final = 12
_HOURS: Final = range(3, 17)
"""UTC: the café's hours lie within one day of both clocks."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a point of sale tells: kind, key, body."""

    kind: str
    key: str
    body: dict[str, Any]


def first_day(orders: int) -> Iterator[Change]:
    """People, goods and a day's orders with payments and receipts, as a point of sale tells them."""
    rng = generator(1, "bench shop")
    for number in range(1, STAFF + 1):
        name: dict[str, Any] = {
            "first_name": "Xodim",
            "last_name": str(number),
            "role": "waiter",
            "active": True,
        }
        yield Change("employee", str(number), name)
    prices = [100_00 * rng.randint(30, 900) for _ in range(PRODUCTS)]
    for number, price in enumerate(prices, 1):
        known: dict[str, Any] = {"name": f"Taom {number}", "category": f"Tur {number % 12}", "price": price}
        yield Change("product", str(number), known | {"stock": None, "active": True})
    for number in range(1, orders + 1):
        key, moment = f"{FIRST_DAY:%Y%m%d}-{number:05d}", _moment(rng.choice(_HOURS), rng.randrange(60))
        wanted = [
            (each, 1_000 * rng.choice((1, 1, 2))) for each in rng.sample(range(PRODUCTS), rng.randint(1, 3))
        ]
        body = _order(key, number, moment, rng.randint(1, STAFF), [(p, a, prices[p]) for p, a in wanted])
        kind = rng.choice(("cash", "card"))
        paid: dict[str, Any] = {"order": key, "kind": kind, "group": kind, "amount": body["total"]}
        paid |= {"state": "confirmed", "made": moment, "employee": body["employee"]}
        yield Change("payment", str(number), paid)
        yield Change("order", key, body)
        yield Change("fiscal", key, _receipt(key, number, moment))


def _order(
    key: str, number: int, moment: str, employee: int, wanted: Sequence[tuple[int, int, int]]
) -> dict[str, Any]:
    lines: list[dict[str, Any]] = [
        {"id": place, "product": product + 1, "name": f"Taom {product + 1}", "amount": amount, "price": price}
        | {"discount": 0, "label": "", "sum": price * amount // 1_000}
        for place, (product, amount, price) in enumerate(wanted, 1)
    ]
    goods = sum(line["sum"] for line in lines)
    return {
        "id": key,
        "number": f"#{number:03d}",
        "day": str(FIRST_DAY),
        "state": "completed",
        "place": 1,
        "place_name": "Stol 1",
        "employee": employee,
        "opened": moment,
        "confirmed": None,
        "closed": moment,
        "goods": goods,
        "discount": 0,
        "surcharge": goods // 10,
        "total": goods + goods // 10,
        "refund_of": None,
        "reason": "",
        "spent": goods // 2,
        "lines": lines,
    }


def _receipt(key: str, number: int, moment: str) -> dict[str, Any]:
    return {
        "order": key,
        "state": "done",
        "terminal": "UZ170703100189",
        "number": number,
        "made": f"{FIRST_DAY} {moment[11:19]}",
        "sign": f"{number:012d}",
        "address": "",
        "acknowledged": True,
        "reason": "",
    }


def _moment(hour: int, minute: int) -> str:
    return f"{FIRST_DAY}T{hour:02d}:{minute:02d}:00.000+00:00"


def repeat(engine: Engine, days: int) -> None:
    """Let the day that stands in the database be the first of `days` alike."""
    dates = [FIRST_DAY + timedelta(days=number) for number in range(1, days)]
    copied: tuple[tuple[Any, str | None], ...] = (
        (tables.ShopOrder, "id"),
        (tables.Transaction, "id"),
        (tables.Hour, None),
        (tables.ProductDay, None),
        (tables.EmployeeDay, None),
        (tables.PaymentDay, None),
    )
    for model, counter in copied:
        _copy_days(engine, model.__table__, counter, dates)
    with engine.begin() as connection:
        for model, names in (
            (tables.Product, ("sold", "revenue")),
            (tables.Employee, ("orders", "revenue")),
        ):
            table: sa.Table = model.__table__  # type: ignore[assignment]
            connection.execute(sa.update(table).values({name: table.c[name] * days for name in names}))
        if engine.dialect.name == "postgresql":
            connection.execute(sa.text("analyze"))  # what a server that ran for a while has done by itself


def _copy_days(engine: Engine, table: sa.Table, counter: str | None, dates: Sequence[date]) -> None:
    columns = [column for column in table.columns if column.name != counter]
    with engine.connect() as connection:
        rows = [tuple(row) for row in connection.execute(sa.select(*columns))]
    names = [column.name for column in columns]
    transaction = table.name == tables.Transaction.__tablename__

    def made() -> Iterator[tuple[Any, ...]]:
        for number, day in enumerate(dates, 1):
            dated, compact = _shift(day)
            for row in rows:
                moved = [compact(dated(cell)) if isinstance(cell, str) else cell for cell in row]
                if transaction:
                    moved[names.index("key")] = f"{row[names.index('key')]}-{number}"
                yield tuple(moved)

    _fill(engine, table.name, names, made())


def _shift(day: date) -> tuple[Callable[[str], str], Callable[[str], str]]:
    """Functions that put another day for the first one, as dates and as beginnings of order numbers."""
    known, compact = str(FIRST_DAY), f"{FIRST_DAY:%Y%m%d}-"
    other, other_compact = str(day), f"{day:%Y%m%d}-"
    return (lambda text: text.replace(known, other)), (lambda text: text.replace(compact, other_compact))


def _fill(engine: Engine, table: str, names: Sequence[str], rows: Iterator[tuple[Any, ...]]) -> None:
    """Put rows in by the quickest way that the database has."""
    if engine.dialect.name == "sqlite":
        places = ", ".join("?" * len(names))
        with closing(sqlite3.connect(str(engine.url.database), isolation_level=None)) as store:
            for pragma in ("synchronous=OFF", "cache_size=-500000", "wal_autocheckpoint=50000"):
                store.execute(f"PRAGMA {pragma}")
            store.execute("begin")
            store.executemany(f"insert into {table} ({', '.join(names)}) values ({places})", rows)  # noqa: S608
            store.execute("commit")
            store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return
    with engine.begin() as connection:
        driver: Any = connection.connection.driver_connection
        with (
            driver.cursor() as cursor,
            cursor.copy(f"copy {table} ({', '.join(names)}) from stdin") as copy,
        ):
            for row in rows:
                copy.write_row(row)


def recounted(engine: Engine) -> tuple[int, int]:
    """Orders and revenue that the orders themselves come to."""
    orders = tables.ShopOrder
    sign = sa.case((orders.refund, -1), else_=1)
    query = sa.select(sa.func.count(), sa.func.sum(sign * orders.total)).where(orders.state == "completed")
    with engine.connect() as connection:
        count, revenue = connection.execute(query).one()
    return int(count), int(revenue or 0)


def summed(engine: Engine) -> dict[str, tuple[int, int]]:
    """Orders and revenue as each of the kept sums has them; the sum by product counts no orders."""
    hours, people = tables.Hour, tables.EmployeeDay
    with engine.connect() as connection:
        by_hour = connection.execute(sa.select(sa.func.sum(hours.orders), sa.func.sum(hours.revenue))).one()
        by_person = connection.execute(
            sa.select(sa.func.sum(people.orders), sa.func.sum(people.revenue))
        ).one()
    return {
        "hours": (int(by_hour[0]), int(by_hour[1])),
        "employees": (int(by_person[0]), int(by_person[1])),
    }
