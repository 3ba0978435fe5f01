"""The portal's own tables, beside the ledger's in one database; the migrations build the same.

Times are aware UTC moments as ISO text with microseconds cut, money is tiyn. What the wire needs of a
register (state, token, registration data) stands in the ledger's `kz_devices` alone, under the same id.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

Counter: Final = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_MOMENT: Final = sa.String(25)


class Base(DeclarativeBase):
    """All tables of the portal."""


class Organisation(Base):
    """A taxpayer with an account. `number` is his IIN or BIN; `personal_account` the number behind «ЛС»."""

    __tablename__ = "kz_portal_organisations"
    id: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    number: Mapped[str] = mapped_column(sa.String(12), unique=True)
    name: Mapped[str] = mapped_column(sa.String(255))
    personal_account: Mapped[int] = mapped_column(sa.BigInteger, unique=True)
    created: Mapped[str] = mapped_column(_MOMENT)
    balance: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    bic: Mapped[str | None] = mapped_column(sa.String(8))
    iik: Mapped[str | None] = mapped_column(sa.String(20))
    legal_address: Mapped[str] = mapped_column(sa.String(500))
    actual_address: Mapped[str] = mapped_column(sa.String(500))
    email: Mapped[str] = mapped_column(sa.String(254))
    phones: Mapped[str] = mapped_column(sa.String(255))
    head_position: Mapped[str] = mapped_column(sa.String(255))
    head_name: Mapped[str] = mapped_column(sa.String(255))


class User(Base):
    """Who may come in. `role` is a number of UserRoleEnum; the administrator's login is the IIN or BIN.

    `must_change`: somebody else gave him the password, so that he has to choose his own first.
    """

    __tablename__ = "kz_portal_users"
    id: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    organisation: Mapped[int] = mapped_column(sa.BigInteger, index=True)
    login: Mapped[str] = mapped_column(sa.String(100), unique=True)
    password: Mapped[str] = mapped_column(sa.String(255))
    name: Mapped[str] = mapped_column(sa.String(255))
    role: Mapped[int] = mapped_column(sa.SmallInteger)
    active: Mapped[bool] = mapped_column(sa.Boolean, default=True)
    failures: Mapped[int] = mapped_column(sa.SmallInteger, default=0)
    locked_until: Mapped[str | None] = mapped_column(_MOMENT)
    must_change: Mapped[bool] = mapped_column(sa.Boolean, default=False, server_default=sa.false())


class Visit(Base):
    """A user's session; only the hash of its secret is kept."""

    __tablename__ = "kz_portal_visits"
    secret: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    user: Mapped[int] = mapped_column(sa.BigInteger, index=True)
    begun: Mapped[str] = mapped_column(_MOMENT)
    seen: Mapped[str] = mapped_column(_MOMENT)


class Challenge(Base):
    """A text handed out to be signed for a login; it goes with its first use (SG-07)."""

    __tablename__ = "kz_portal_challenges"
    text: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    made: Mapped[str] = mapped_column(_MOMENT)


class Group(Base):
    """A named set of outlets that its users may see."""

    __tablename__ = "kz_portal_groups"
    id: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    organisation: Mapped[int] = mapped_column(sa.BigInteger, index=True)
    name: Mapped[str] = mapped_column(sa.String(255))


class GroupOutlet(Base):
    """An outlet in a group."""

    __tablename__ = "kz_portal_group_outlets"
    group: Mapped[int] = mapped_column("group_id", sa.BigInteger, primary_key=True)
    outlet: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, index=True)


class GroupUser(Base):
    """A user in a group."""

    __tablename__ = "kz_portal_group_users"
    group: Mapped[int] = mapped_column("group_id", sa.BigInteger, primary_key=True)
    user: Mapped[int] = mapped_column("user_id", sa.BigInteger, primary_key=True, index=True)


class Outlet(Base):
    """A «торговая точка» (KZ-OUT-01); `settlement` is an id of the directory.

    A removed one stays as a row, since cards of deregistered registers name it.
    """

    __tablename__ = "kz_portal_outlets"
    id: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    organisation: Mapped[int] = mapped_column(sa.BigInteger, index=True)
    name: Mapped[str] = mapped_column(sa.String(255))
    settlement: Mapped[int] = mapped_column(sa.Integer)
    street: Mapped[str] = mapped_column(sa.String(255))
    house: Mapped[str] = mapped_column(sa.String(32))
    building: Mapped[str] = mapped_column(sa.String(32), default="")
    room: Mapped[str] = mapped_column(sa.String(32), default="")
    removed: Mapped[bool] = mapped_column(sa.Boolean, default=False)


class Card(Base):
    """A register as its owner sees it; `id` is the device ID of the wire and of `kz_devices`.

    `before` is the state that a block or a waiting re-registration stands in for, `suspend_on` the day on
    which a suspension takes effect, `move_to` the outlet of a waiting re-registration. `charged_until` is the
    last day whose charge is booked. A `removed` draft stays as a row: its id is never given out again.
    """

    __tablename__ = "kz_portal_cards"
    id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    organisation: Mapped[int] = mapped_column(sa.BigInteger, index=True)
    outlet: Mapped[int] = mapped_column(sa.BigInteger, index=True)
    name: Mapped[str] = mapped_column(sa.String(255))
    model: Mapped[int | None] = mapped_column(sa.Integer)
    serial: Mapped[str] = mapped_column(sa.String(32), index=True)
    year: Mapped[int | None] = mapped_column(sa.SmallInteger)
    consent: Mapped[bool] = mapped_column(sa.Boolean, default=False)
    shown_state: Mapped[str] = mapped_column(sa.String(16))
    since: Mapped[str | None] = mapped_column(_MOMENT)
    reason: Mapped[str] = mapped_column(sa.String(500), default="")
    tariff: Mapped[int | None] = mapped_column(sa.Integer)
    tariff_since: Mapped[str | None] = mapped_column(sa.String(10))
    charged_until: Mapped[str | None] = mapped_column(sa.String(10))
    suspend_on: Mapped[str | None] = mapped_column(sa.String(10), index=True)
    before: Mapped[str | None] = mapped_column(sa.String(16))
    move_to: Mapped[int | None] = mapped_column(sa.BigInteger)
    removed: Mapped[bool] = mapped_column(sa.Boolean, default=False)


class Application(Base):
    """A signed application («Документы»): the very text that was signed, and its CMS."""

    __tablename__ = "kz_portal_applications"
    id: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    organisation: Mapped[int] = mapped_column(sa.BigInteger, index=True)
    card: Mapped[int | None] = mapped_column(sa.BigInteger, index=True)
    kind: Mapped[str] = mapped_column(sa.String(32))
    text: Mapped[str] = mapped_column(sa.Text)
    cms: Mapped[bytes] = mapped_column(sa.LargeBinary)
    signer: Mapped[str] = mapped_column(sa.String(255))
    signed: Mapped[str] = mapped_column(_MOMENT)


class TaxRequest(Base):
    """What was asked of the tax body about a register, and what it said; no `due` while it stays silent."""

    __tablename__ = "kz_portal_tax_requests"
    id: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    card: Mapped[int] = mapped_column(sa.BigInteger, index=True)
    kind: Mapped[str] = mapped_column(sa.String(16))
    asked: Mapped[str] = mapped_column(_MOMENT)
    due: Mapped[str | None] = mapped_column(_MOMENT, index=True)
    answer: Mapped[str] = mapped_column(sa.String(8))
    reason: Mapped[str] = mapped_column(sa.String(500), default="")
    answered: Mapped[str | None] = mapped_column(_MOMENT)


class Entry(Base):
    """A line of the «Лицевой счет»: a top-up above zero, a charge below. `balance` is what it left."""

    __tablename__ = "kz_portal_entries"
    id: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    organisation: Mapped[int] = mapped_column(sa.BigInteger, index=True)
    day: Mapped[str] = mapped_column(sa.String(10))
    made: Mapped[str] = mapped_column(_MOMENT)
    amount: Mapped[int] = mapped_column(sa.BigInteger)
    balance: Mapped[int] = mapped_column(sa.BigInteger)
    card: Mapped[int | None] = mapped_column(sa.BigInteger)
    tariff: Mapped[int | None] = mapped_column(sa.Integer)
    payment: Mapped[str | None] = mapped_column(sa.String(64), unique=True)


class Payment(Base):
    """A top-up on its way through the bank. `number` is what bank and portal call it, `secret` what the bank
    signs its word with; `bank` is what the bank has decided, `state` what the portal has been told of it.
    """

    __tablename__ = "kz_portal_payments"
    id: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    organisation: Mapped[int] = mapped_column(sa.BigInteger, index=True)
    number: Mapped[str] = mapped_column(sa.String(64), unique=True)
    secret: Mapped[str] = mapped_column(sa.String(64))
    amount: Mapped[int] = mapped_column(sa.BigInteger)
    asked: Mapped[str] = mapped_column(_MOMENT)
    bank: Mapped[str] = mapped_column(sa.String(8))
    state: Mapped[str] = mapped_column(sa.String(8))
    answered: Mapped[str | None] = mapped_column(_MOMENT)


class Enrolment(Base):
    """A registration on its way through the five steps (KZ-REG-01…06); `facts` is JSON of what is known."""

    __tablename__ = "kz_portal_enrolments"
    id: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    secret: Mapped[str] = mapped_column(sa.String(64), unique=True)
    number: Mapped[str | None] = mapped_column(sa.String(12), index=True)
    step: Mapped[int] = mapped_column(sa.SmallInteger)
    challenge: Mapped[str] = mapped_column(sa.String(64))
    password: Mapped[str | None] = mapped_column(sa.String(255))
    facts: Mapped[str] = mapped_column(sa.Text)
    begun: Mapped[str] = mapped_column(_MOMENT)


class MailCode(Base):
    """A code mailed to confirm an address, as a hash. `owner`: "enrolment 5", "organisation 2"."""

    __tablename__ = "kz_portal_mail_codes"
    id: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    owner: Mapped[str] = mapped_column(sa.String(32), index=True)
    email: Mapped[str] = mapped_column(sa.String(254))
    code: Mapped[str] = mapped_column(sa.String(64))
    sent: Mapped[str] = mapped_column(_MOMENT)
    tries: Mapped[int] = mapped_column(sa.SmallInteger, default=0)
    confirmed: Mapped[bool] = mapped_column(sa.Boolean, default=False)


class Mail(Base):
    """A mail in the outbox that everybody at the stand can read."""

    __tablename__ = "kz_portal_mails"
    id: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    sent: Mapped[str] = mapped_column(_MOMENT)
    to: Mapped[str] = mapped_column("recipient", sa.String(254))
    subject: Mapped[str] = mapped_column(sa.String(255))
    text: Mapped[str] = mapped_column(sa.Text)


class Note(Base):
    """A line of the audit log: who did what, from where; never a password, a token or a signature."""

    __tablename__ = "kz_portal_notes"
    id: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    made: Mapped[str] = mapped_column(_MOMENT)
    organisation: Mapped[int | None] = mapped_column(sa.BigInteger, index=True)
    user: Mapped[int | None] = mapped_column("user_id", sa.BigInteger)
    act: Mapped[str] = mapped_column(sa.String(64))
    detail: Mapped[str] = mapped_column(sa.String(500), default="")
    address: Mapped[str] = mapped_column(sa.String(64), default="")
