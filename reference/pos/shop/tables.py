"""The shop's tables; the migrations build the same.

Moments are aware UTC as ISO text with milliseconds, days are Tashkent's. Money is tiyin, amounts are
thousandths of the unit.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

Counter: Final = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_MOMENT: Final = sa.String(29)


class Base(DeclarativeBase):
    """All tables of the point of sale."""


class Product(Base):
    """A good. `stock` is what is left, None without end (∞); `cost` what the shop paid for a unit."""

    __tablename__ = "pos_products"
    id: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    name: Mapped[str] = mapped_column(sa.String(255))
    category: Mapped[str] = mapped_column(sa.String(100), default="")
    mxik: Mapped[str] = mapped_column(sa.String(17))
    package_code: Mapped[str] = mapped_column(sa.String(20), default="")
    unit: Mapped[str] = mapped_column(sa.String(20), default="dona")
    units: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    price: Mapped[int] = mapped_column(sa.BigInteger)
    cost: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    vat_percent: Mapped[int] = mapped_column(sa.SmallInteger, default=12)
    barcode: Mapped[str] = mapped_column(sa.String(20), default="", index=True)
    stock: Mapped[int | None] = mapped_column(sa.BigInteger)
    marked: Mapped[bool] = mapped_column(sa.Boolean, default=False)
    best_before: Mapped[str | None] = mapped_column(sa.String(10))
    active: Mapped[bool] = mapped_column(sa.Boolean, default=True)


class Place(Base):
    """A table or a place; orders there cost `surcharge` hundredths of a percent more."""

    __tablename__ = "pos_places"
    id: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    name: Mapped[str] = mapped_column(sa.String(100), unique=True)
    kind: Mapped[str] = mapped_column(sa.String(8))
    surcharge: Mapped[int] = mapped_column(sa.Integer, default=0)
    active: Mapped[bool] = mapped_column(sa.Boolean, default=True)


class Employee(Base):
    """Who works here; `pin` is an argon2 hash."""

    __tablename__ = "pos_employees"
    id: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    first_name: Mapped[str] = mapped_column(sa.String(100))
    last_name: Mapped[str] = mapped_column(sa.String(100))
    role: Mapped[str] = mapped_column(sa.String(16))
    pin: Mapped[str] = mapped_column(sa.String(255))
    active: Mapped[bool] = mapped_column(sa.Boolean, default=True)
    failures: Mapped[int] = mapped_column(sa.SmallInteger, default=0)
    locked_until: Mapped[str | None] = mapped_column(_MOMENT)


class Stay(Base):
    """An employee at the till; only the hash of the secret is kept."""

    __tablename__ = "pos_stays"
    secret: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    employee: Mapped[int] = mapped_column(sa.BigInteger, index=True)
    begun: Mapped[str] = mapped_column(_MOMENT)


class ShopOrder(Base):
    """An order or a refund. `id` is day and number («20261121-00001»); sums are as of now.

    `discount` is given on the whole order; that of lines stands with them. `profit` is known when it is
    completed.
    """

    __tablename__ = "pos_orders"
    id: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    day: Mapped[str] = mapped_column(sa.String(10))
    number: Mapped[int] = mapped_column(sa.Integer)
    state: Mapped[str] = mapped_column(sa.String(12), index=True)
    place: Mapped[int | None] = mapped_column(sa.BigInteger)
    employee: Mapped[int] = mapped_column(sa.BigInteger)
    opened: Mapped[str] = mapped_column(_MOMENT)
    confirmed: Mapped[str | None] = mapped_column(_MOMENT)
    closed: Mapped[str | None] = mapped_column(_MOMENT)
    surcharge: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    discount: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    total: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    kind: Mapped[int] = mapped_column(sa.SmallInteger, default=0)
    refund_of: Mapped[str | None] = mapped_column(sa.String(32), index=True)
    reason: Mapped[str] = mapped_column(sa.String(255), default="")
    __table_args__ = (sa.UniqueConstraint("day", "number"),)


class OrderLine(Base):
    """A line. Name, price and the rest are the product's at that moment; `discount` is for the whole line."""

    __tablename__ = "pos_order_lines"
    id: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    order: Mapped[str] = mapped_column("order_id", sa.String(32), index=True)
    product: Mapped[int | None] = mapped_column(sa.BigInteger)
    name: Mapped[str] = mapped_column(sa.String(255))
    amount: Mapped[int] = mapped_column(sa.BigInteger)
    price: Mapped[int] = mapped_column(sa.BigInteger)
    cost: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    discount: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    label: Mapped[str] = mapped_column(sa.String(255), default="")
    position: Mapped[int | None] = mapped_column(sa.Integer)


class Payment(Base):
    """Money for an order: positive, or negative when it was given back.

    `attempt` counts the tries to pay an order; of those before the last nothing counts. `given` is the cash
    that was handed over, where it was more.
    """

    __tablename__ = "pos_payments"
    id: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    order: Mapped[str] = mapped_column("order_id", sa.String(32), index=True)
    attempt: Mapped[int] = mapped_column(sa.Integer, default=1)
    kind: Mapped[str] = mapped_column(sa.String(16))
    amount: Mapped[int] = mapped_column(sa.BigInteger)
    state: Mapped[str] = mapped_column(sa.String(12))
    made: Mapped[str] = mapped_column(_MOMENT)
    given: Mapped[int | None] = mapped_column(sa.BigInteger)


class Fiscal(Base):
    """The fiscal receipt of an order: `body` is the till's order as JSON, fixed when it was paid."""

    __tablename__ = "pos_fiscal"
    order: Mapped[str] = mapped_column("order_id", sa.String(32), primary_key=True)
    state: Mapped[str] = mapped_column(sa.String(12))
    body: Mapped[str] = mapped_column(sa.Text)
    terminal: Mapped[str] = mapped_column(sa.String(14), default="")
    number: Mapped[int | None] = mapped_column(sa.BigInteger)
    made: Mapped[str | None] = mapped_column(sa.String(19))
    sign: Mapped[str] = mapped_column(sa.String(12), default="")
    address: Mapped[str] = mapped_column(sa.String(255), default="")
    acknowledged: Mapped[bool] = mapped_column(sa.Boolean, default=False)
    reason: Mapped[str] = mapped_column(sa.String(500), default="")
    serial: Mapped[str] = mapped_column(sa.String(32), default="", server_default="")
    __table_args__ = (sa.Index("ix_pos_fiscal_state", "state", "acknowledged"),)


class Setting(Base):
    """A setting as JSON."""

    __tablename__ = "pos_settings"
    name: Mapped[str] = mapped_column(sa.String(50), primary_key=True)
    value: Mapped[str] = mapped_column(sa.Text)


class Print(Base):
    """A paper for the printer: a receipt of an order, or the Z-report of a shift (prints/queue.py).

    `number` counts how often the paper was asked for, from 0.
    """

    __tablename__ = "pos_prints"
    id: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    kind: Mapped[str] = mapped_column(sa.String(8))
    key: Mapped[str] = mapped_column(sa.String(64))
    number: Mapped[int] = mapped_column(sa.Integer)
    copy: Mapped[bool] = mapped_column(sa.Boolean)
    state: Mapped[str] = mapped_column(sa.String(8), index=True)
    reason: Mapped[str] = mapped_column(sa.String(255))
    asked: Mapped[str] = mapped_column(_MOMENT)
    __table_args__ = (sa.UniqueConstraint("kind", "key", "number"),)


class Change(Base):
    """What the owner is told, in order; written in the transaction that made it so."""

    __tablename__ = "pos_changes"
    n: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    kind: Mapped[str] = mapped_column(sa.String(16))
    key: Mapped[str] = mapped_column(sa.String(64))
    made: Mapped[str] = mapped_column(_MOMENT)
    body: Mapped[str] = mapped_column(sa.Text)


_SETTINGS: Final = Base.metadata.tables[Setting.__tablename__].c
_SETTING: Final = sa.select(_SETTINGS.value).where(_SETTINGS.name == sa.bindparam("name"))


def setting_in(session: Session | sa.Connection, name: str) -> str:
    """The JSON of a setting as a session sees it; of one that was never kept, an empty object."""
    return str(session.scalar(_SETTING, {"name": name}) or "{}")
