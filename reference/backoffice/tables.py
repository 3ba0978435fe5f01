"""The owner portal's tables; the migrations build the same.

Moments are aware UTC as ISO text with milliseconds, days are Tashkent's, money is tiyin, amounts thousandths.
What comes from a point of sale carries its link and the key it has there; sums are kept up as it comes in.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

Counter: Final = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_MOMENT: Final = sa.String(29)


class Base(DeclarativeBase):
    """All tables of the owner portal."""


# --- owners --------------------------------------------------------------------------------------------


class Owner(Base):
    """Who owns a business; `phone` is his login. `renew`: his password was reset and is to be changed."""

    __tablename__ = "bx_owners"
    id: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    phone: Mapped[str] = mapped_column(sa.String(13), unique=True)
    password: Mapped[str] = mapped_column(sa.String(255))
    first_name: Mapped[str] = mapped_column(sa.String(100))
    last_name: Mapped[str] = mapped_column(sa.String(100))
    business: Mapped[str] = mapped_column(sa.String(100))
    created: Mapped[str] = mapped_column(_MOMENT)
    renew: Mapped[bool] = mapped_column(sa.Boolean, default=False)
    failures: Mapped[int] = mapped_column(sa.SmallInteger, default=0)
    locked_until: Mapped[str | None] = mapped_column(_MOMENT)


class Visit(Base):
    """An owner's session on one device; only the hash of its secret is kept."""

    __tablename__ = "bx_visits"
    secret: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    owner: Mapped[int] = mapped_column(sa.BigInteger, index=True)
    begun: Mapped[str] = mapped_column(_MOMENT)
    seen: Mapped[str] = mapped_column(_MOMENT)
    device: Mapped[str] = mapped_column(sa.String(100), default="")


class Enrolment(Base):
    """A registration on its way; `code` is the hash of the newest SMS code, `step` what comes next."""

    __tablename__ = "bx_enrolments"
    secret: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    phone: Mapped[str] = mapped_column(sa.String(13), index=True)
    step: Mapped[int] = mapped_column(sa.SmallInteger)
    code: Mapped[str] = mapped_column(sa.String(64))
    sent: Mapped[str] = mapped_column(_MOMENT)
    tries: Mapped[int] = mapped_column(sa.SmallInteger, default=0)
    begun: Mapped[str] = mapped_column(_MOMENT)


class Sms(Base):
    """A message in the outbox that everybody at the stand can read."""

    __tablename__ = "bx_sms"
    id: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    sent: Mapped[str] = mapped_column(_MOMENT)
    phone: Mapped[str] = mapped_column(sa.String(13), index=True)
    text: Mapped[str] = mapped_column(sa.String(255))


# --- branches and their points of sale -----------------------------------------------------------------


class Branch(Base):
    """A branch of a business."""

    __tablename__ = "bx_branches"
    id: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    owner: Mapped[int] = mapped_column(sa.BigInteger, index=True)
    name: Mapped[str] = mapped_column(sa.String(100))
    address: Mapped[str] = mapped_column(sa.String(200), default="")
    phone: Mapped[str] = mapped_column(sa.String(13), default="")
    active: Mapped[bool] = mapped_column(sa.Boolean, default=True)
    login: Mapped[str] = mapped_column(sa.String(32), unique=True)
    password: Mapped[str] = mapped_column(sa.String(255))


class Offer(Base):
    """A point of sale that shows its QR code and waits for an owner; `key` is its own secret's hash.

    `identity` is the same as long as the shop's book lives, `newest` the number of its newest change.
    """

    __tablename__ = "bx_offers"
    code: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(64), unique=True)
    device: Mapped[str] = mapped_column(sa.String(100))
    identity: Mapped[str] = mapped_column(sa.String(64))
    newest: Mapped[int] = mapped_column(sa.BigInteger)
    made: Mapped[str] = mapped_column(_MOMENT)


class Link(Base):
    """A point of sale of a branch. `last` is the number of the newest change that was taken from it.

    One that is linked again goes on where it was, so that nothing counts twice.
    """

    __tablename__ = "bx_links"
    id: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    branch: Mapped[int] = mapped_column(sa.BigInteger, index=True)
    device: Mapped[str] = mapped_column(sa.String(100))
    identity: Mapped[str] = mapped_column(sa.String(64), index=True)
    key: Mapped[str] = mapped_column(sa.String(64), unique=True)
    made: Mapped[str] = mapped_column(_MOMENT)
    ended: Mapped[str | None] = mapped_column(_MOMENT)
    seen: Mapped[str | None] = mapped_column(_MOMENT)
    last: Mapped[int] = mapped_column(sa.BigInteger, default=0)


# --- what points of sale tell --------------------------------------------------------------------------


class Product(Base):
    """A product of a point of sale, with what was sold of it."""

    __tablename__ = "bx_products"
    link: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    branch: Mapped[int] = mapped_column(sa.BigInteger, index=True)
    name: Mapped[str] = mapped_column(sa.String(255))
    category: Mapped[str] = mapped_column(sa.String(100), default="")
    price: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    stock: Mapped[int | None] = mapped_column(sa.BigInteger)
    active: Mapped[bool] = mapped_column(sa.Boolean, default=True)
    sold: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    revenue: Mapped[int] = mapped_column(sa.BigInteger, default=0)


class Employee(Base):
    """An employee of a point of sale, with what came in through him."""

    __tablename__ = "bx_employees"
    link: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    branch: Mapped[int] = mapped_column(sa.BigInteger, index=True)
    first_name: Mapped[str] = mapped_column(sa.String(100), default="")
    last_name: Mapped[str] = mapped_column(sa.String(100), default="")
    role: Mapped[str] = mapped_column(sa.String(16), default="cashier")
    active: Mapped[bool] = mapped_column(sa.Boolean, default=True)
    orders: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    revenue: Mapped[int] = mapped_column(sa.BigInteger, default=0)


class ShopOrder(Base):
    """An order or a refund as it was told last; `body` is all of it as JSON. `fiscal`: waiting, done,
    acknowledged, refused, or empty while there is no receipt to be made."""

    __tablename__ = "bx_orders"
    id: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    link: Mapped[int] = mapped_column(sa.BigInteger)
    key: Mapped[str] = mapped_column(sa.String(32))
    branch: Mapped[int] = mapped_column(sa.BigInteger)
    opened: Mapped[str] = mapped_column(_MOMENT)
    closed: Mapped[str | None] = mapped_column(_MOMENT)
    state: Mapped[str] = mapped_column(sa.String(12))
    employee: Mapped[str] = mapped_column(sa.String(32))
    total: Mapped[int] = mapped_column(sa.BigInteger)
    refund: Mapped[bool] = mapped_column(sa.Boolean)
    fiscal: Mapped[str] = mapped_column(sa.String(12), default="")
    body: Mapped[str] = mapped_column(sa.Text)
    receipt: Mapped[str] = mapped_column(sa.Text, default="{}")
    __table_args__ = (
        sa.UniqueConstraint("link", "key"),
        sa.Index("ix_bx_orders_branch_opened", "branch", "opened"),
        sa.Index("ix_bx_orders_branch_fiscal", "branch", "fiscal"),
    )


class Transaction(Base):
    """A payment; negative when the money went back."""

    __tablename__ = "bx_transactions"
    id: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    link: Mapped[int] = mapped_column(sa.BigInteger)
    key: Mapped[str] = mapped_column(sa.String(32))
    branch: Mapped[int] = mapped_column(sa.BigInteger)
    order: Mapped[str] = mapped_column("order_key", sa.String(32))
    kind: Mapped[str] = mapped_column(sa.String(16))
    group: Mapped[str] = mapped_column("kind_group", sa.String(8))
    amount: Mapped[int] = mapped_column(sa.BigInteger)
    state: Mapped[str] = mapped_column(sa.String(12))
    made: Mapped[str] = mapped_column(_MOMENT)
    employee: Mapped[str] = mapped_column(sa.String(32))
    __table_args__ = (
        sa.UniqueConstraint("link", "key"),
        sa.Index("ix_bx_transactions_branch_made", "branch", "made"),
    )


class Hour(Base):
    """Sums of completed orders of a branch by hour (`YYYY-MM-DDTHH`, Tashkent); refunds count below zero."""

    __tablename__ = "bx_sums_hour"
    branch: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True)
    hour: Mapped[str] = mapped_column(sa.String(13), primary_key=True)
    orders: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    revenue: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    spent: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    surcharge: Mapped[int] = mapped_column(sa.BigInteger, default=0)


class ProductDay(Base):
    """Sums of a product by day."""

    __tablename__ = "bx_sums_product"
    branch: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True)
    day: Mapped[str] = mapped_column(sa.String(10), primary_key=True)
    link: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True)
    product: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    sold: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    revenue: Mapped[int] = mapped_column(sa.BigInteger, default=0)


class EmployeeDay(Base):
    """Sums of an employee by day."""

    __tablename__ = "bx_sums_employee"
    branch: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True)
    day: Mapped[str] = mapped_column(sa.String(10), primary_key=True)
    link: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True)
    employee: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    orders: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    revenue: Mapped[int] = mapped_column(sa.BigInteger, default=0)


class PaymentDay(Base):
    """How many payments a branch had on a day (Tashkent), and what of them came in or went back."""

    __tablename__ = "bx_sums_payment"
    branch: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True)
    day: Mapped[str] = mapped_column(sa.String(10), primary_key=True)
    payments: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    amount: Mapped[int] = mapped_column(sa.BigInteger, default=0)


class Shift(Base):
    """A Z-report as the service gave it."""

    __tablename__ = "bx_shifts"
    link: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    branch: Mapped[int] = mapped_column(sa.BigInteger, index=True)
    body: Mapped[str] = mapped_column(sa.Text)


# --- subscription and payments -------------------------------------------------------------------------


class Subscription(Base):
    """What an owner has paid for, until when; `card`: brand, last four digits and expiry of a saved card."""

    __tablename__ = "bx_subscriptions"
    owner: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True)
    plan: Mapped[str] = mapped_column(sa.String(32))
    until: Mapped[str] = mapped_column(_MOMENT)
    stopped: Mapped[bool] = mapped_column(sa.Boolean, default=False)
    renews: Mapped[bool] = mapped_column(sa.Boolean, default=False)
    card: Mapped[str] = mapped_column(sa.String(64), default="")


class Invoice(Base):
    """A period of a plan to be paid; `state` is waiting, paid or cancelled."""

    __tablename__ = "bx_invoices"
    id: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    owner: Mapped[int] = mapped_column(sa.BigInteger, index=True)
    plan: Mapped[str] = mapped_column(sa.String(32))
    months: Mapped[int] = mapped_column(sa.SmallInteger)
    amount: Mapped[int] = mapped_column(sa.BigInteger)
    provider: Mapped[str] = mapped_column(sa.String(8))
    state: Mapped[str] = mapped_column(sa.String(12), index=True)
    made: Mapped[str] = mapped_column(_MOMENT)
    paid: Mapped[str | None] = mapped_column(_MOMENT)


class Receipt(Base):
    """A provider's transaction for an invoice: Payme's states and times, Click's prepare and complete.

    `given` is when Payme itself made it; the other times are the portal's.
    """

    __tablename__ = "bx_receipts"
    provider: Mapped[str] = mapped_column(sa.String(8), primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    id: Mapped[int] = mapped_column(sa.BigInteger, unique=True)
    invoice: Mapped[int] = mapped_column(sa.BigInteger, index=True)
    state: Mapped[int] = mapped_column(sa.SmallInteger)
    reason: Mapped[int | None] = mapped_column(sa.SmallInteger)
    given: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    created: Mapped[int] = mapped_column(sa.BigInteger)
    performed: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    cancelled: Mapped[int] = mapped_column(sa.BigInteger, default=0)


class Merchant(Base):
    """A branch's account at a payment provider; the secret is sealed."""

    __tablename__ = "bx_merchants"
    branch: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True)
    provider: Mapped[str] = mapped_column(sa.String(16), primary_key=True)
    store: Mapped[str] = mapped_column(sa.String(64))
    application: Mapped[str] = mapped_column(sa.String(64))
    secret: Mapped[bytes] = mapped_column(sa.LargeBinary)
    active: Mapped[bool] = mapped_column(sa.Boolean, default=True)
    token_until: Mapped[str | None] = mapped_column(_MOMENT)
